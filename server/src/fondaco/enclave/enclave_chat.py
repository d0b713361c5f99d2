"""Enclave chat: the use case of an enclave, from a sealed call to its signed receipt.

Nothing that it raises after a request was decrypted has any of its content.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from anyio import CapacityLimiter, to_thread

from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.confidential.sealed import EnclaveIdentity, Sealed, SealedCall, SealedFormat
from fondaco.domain.errors import (
    ContextTooLongError,
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    FieldNotTakenError,
    FondacoError,
    InvalidModelError,
    InvalidRequestError,
    ModelNotFoundError,
    SealedRequestError,
)
from fondaco.domain.models.model import Model
from fondaco.domain.money.usage import Usage
from fondaco.enclave.dialect import ReadRequest, SealedDialect
from fondaco.enclave.keyring import EnclaveKeys
from fondaco.enclave.opening import Opener
from fondaco.enclave.primitives.suites import X25519_SUITE
from fondaco.enclave.receipts import ReceiptBuilder, ReceiptStore
from fondaco.enclave.sealed_reply import Seal, reply_to
from fondaco.enclave.sealed_request import (
    expect_sealable,
    expect_verifiable,
    open_fields,
    read_opened,
    sealed_fields,
)
from fondaco.enclave.waiting import Waiting, WaitingLimits
from fondaco.ports import ChatEngine, Clock, Prompt
from fondaco.serving.billing.token_meter import TokenMeter
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.serving.chat.failover import ChatFailover
from fondaco.serving.chat.output.pipeline import OutputPipeline
from fondaco.serving.routing.failover import BrokenOffError

_FEW_FIELDS: Final = 4
"""So many are decrypted at once; more on a thread, as the loop would stand still."""
_THREADS: Final = 2
"""More of them would only take turns, each with a stack of its own in locked memory."""
_FLUSH_S: Final[Mapping[str, float]] = {X25519_SUITE.algo: 0.1}
"""Suite -> how long what a model says is collected, after the first of it, until it is encrypted as one.

Each ciphertext costs a key of its own; so an encrypted stream costs less than twice a plain one.
"""
_SLOW_FLUSH_S: Final = 0.25
"""For suites whose curve takes ten times as long."""

_QUOTING_NOTHING: Final = (SealedRequestError, ContextTooLongError, EngineUnavailableError)
"""Errors whose texts are this project's own."""
_REFUSALS: Final[tuple[type[InvalidRequestError], ...]] = (
    FieldNotTakenError,
    InvalidModelError,
    InvalidRequestError,
)
"""Errors that may pass to the caller: an engine's refusal becomes the first of them that it is."""


@dataclass(frozen=True, slots=True)
class SealedModel:
    """A model that the enclave runs."""

    model: Model
    """As its engines know it."""
    engines: tuple[ChatEngine, ...]
    """In the order of failover."""
    upstream: Mapping[str, tuple[str, str]]
    """Name of each engine elsewhere -> its name for the model, and its address without a path."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A decrypted call."""

    call: SealedCall
    model_id: str
    sealed_model: SealedModel
    body: Mapping[str, Any]
    """With its fields decrypted."""
    read: ReadRequest
    opener: Opener


@dataclass(frozen=True, slots=True)
class _Measured:
    """A decrypted call that waits for its answer."""

    opened: _Opened
    request: ChatRequest
    """As the model gets it."""
    pipeline: OutputPipeline
    failover: ChatFailover
    """The engine that measured is the first."""
    prompt: Prompt
    receipt: ReceiptBuilder


class EnclaveChat:
    """Answers sealed calls."""

    def __init__(
        self,
        *,
        keys: EnclaveKeys,
        receipts: ReceiptStore,
        models: Mapping[str, SealedModel],
        negotiation: CapabilityNegotiation,
        dialect: SealedDialect,
        clock: Clock,
        limits: WaitingLimits | None = None,
    ) -> None:
        """Prepare.

        Args:
            keys: decrypt, and vouch for what is signed.
            receipts: keeps what was signed.
            models: by the ids under which they take encrypted content.
            negotiation: maps requested options to what a model supports.
            dialect: reads requests and writes responses.
            clock: the current time.
            limits: of decrypted requests that wait.
        """
        self._keys, self._receipts = keys, receipts
        self._models = models
        self._negotiation = negotiation
        self._dialect = dialect
        self._clock = clock
        self._threads = CapacityLimiter(_THREADS)
        self._waiting: Waiting[_Measured] = Waiting(limits or WaitingLimits(), clock.monotonic)

    async def run(self) -> None:
        """Drop requests that wait for too long, until cancelled."""
        await self._waiting.run()

    async def measure(self, model_id: str, call: SealedCall) -> Prompt:
        """Decrypt a call and count its prompt; see `ports.engines.enclave`."""
        sealed_model = self._model(model_id)
        self._waiting.expect_room(call.completion_id, len(call.body))
        body = self._dialect.parse(call.body)
        if not isinstance(body, dict):
            raise InvalidRequestError("The body is not a JSON object.")
        # Checks that need no decryption come first: they are cheap, and their errors may quote values.
        read = self._dialect.read(body, cache_scope=call.owner)
        _expect_model(read, model_id)
        expect_sealable(read, call.format)
        expect_verifiable(call.headers, elsewhere=bool(sealed_model.upstream))
        fields = sealed_fields(body, call.format)
        opener = self._keys.opener(call, body.get("model"))
        opening = (fields, opener, call.format, self._dialect)
        if len(fields) <= _FEW_FIELDS:
            open_fields(*opening)
        else:
            await to_thread.run_sync(open_fields, *opening, limiter=self._threads)
        read = read_opened(self._dialect, body, cache_scope=call.owner)
        try:
            measured = await self._measured(
                _Opened(call, model_id, sealed_model, body, read, opener)
            )
        except FondacoError as error:
            raise without_content(error) from None
        self._waiting.put(call.completion_id, measured, len(call.body))
        return Prompt(measured.prompt.input_tokens, exact=measured.prompt.exact)

    def answer(self, completion_id: str, max_output_tokens: int) -> AsyncGenerator[Sealed]:
        """Answer a measured call, once; see `ports.engines.enclave`.

        Raises:
            SealedRequestError: at once, where no such call waits.
        """
        return self._pieces(self._waiting.take(completion_id), max_output_tokens)

    async def forget(self, completion_id: str) -> None:
        """Drop the decrypted content of a call that will not be answered; see `ports.engines.enclave`."""
        self._waiting.drop(completion_id)

    async def probe(self) -> None:
        """Show that an engine can answer.

        Raises:
            EngineError: it cannot.
        """
        first = next((engine for one in self._models.values() for engine in one.engines), None)
        if first is None:
            raise ModelNotFoundError("The enclave has no models.")
        await first.probe()

    async def identity(self) -> EnclaveIdentity:
        """Return the enclave's identity."""
        return self._keys.identity

    async def attestation(
        self, form: SealedFormat, *, nonce: str | None, model: str | None
    ) -> Mapping[str, Any]:
        """Return a fresh attestation report; see `ports.engines.enclave`."""
        return await self._keys.report(form, nonce, model)

    async def receipt(
        self, form: SealedFormat, receipt_id: str, *, owner: str, model: str | None
    ) -> Mapping[str, Any]:
        """Return a signed receipt; see `ports.engines.enclave`."""
        return self._receipts.get(form, receipt_id, owner=owner, model=model)

    async def rotate(self) -> EnclaveIdentity:
        """Replace the keys, and return what the enclave is called from now on."""
        self._keys.rotate()
        return self._keys.identity

    async def _measured(self, opened: _Opened) -> _Measured:
        """Return a decrypted call as its model gets it, with its prompt counted."""
        model = opened.sealed_model.model
        asked = opened.read.request
        sampling = asked.sampling.filled(model.defaults.temperature, model.defaults.top_p)
        request, pipeline = await self._negotiation.fit(
            model, asked.for_model(model.id, 0, sampling)
        )
        failover = ChatFailover(opened.sealed_model.engines, opened.model_id)
        prompt = await failover.measure(request)
        receipt = opened.opener.receipt(self._clock.now)
        receipt.received(orjson.dumps(opened.body))
        return _Measured(opened, request, pipeline, failover, prompt, receipt)

    async def _pieces(self, measured: _Measured, max_output_tokens: int) -> AsyncGenerator[Sealed]:
        """Yield an answer's pieces; errors come without content."""
        try:
            async with aclosing(self._answered(measured, max_output_tokens)) as pieces:
                async for piece in pieces:
                    yield piece
        except FondacoError as error:
            raise without_content(error) from None

    async def _answered(
        self, measured: _Measured, max_output_tokens: int
    ) -> AsyncGenerator[Sealed]:
        opened, request = measured.opened, measured.request
        request = request.for_model(request.model, max_output_tokens, request.sampling)
        seal = Seal(opened.opener.sealer(opened.call.completion_id), measured.receipt)
        reply = reply_to(opened.call, opened.model_id, opened.read, self._dialect, seal)
        meter = TokenMeter(measured.prompt, max_output_tokens, request.choices)
        told, flush_at, flush_s = Usage(), 0.0, _FLUSH_S.get(opened.opener.algo, _SLOW_FLUSH_S)
        async with measured.failover.answer(request) as answer:
            delivered = measured.pipeline.deliver(answer.first, answer.rest, meter)
            async with aclosing(delivered) as batches:
                async for batch in batches:
                    reply.add(batch)
                    now = self._clock.monotonic()
                    if now < flush_at:
                        continue
                    flush_at = now + flush_s
                    before, told = told, _most(told, meter.usage)
                    yield _piece(reply.flush(), before, told)
        self._record_forwarded(measured, max_output_tokens)
        usage = _most(told, meter.usage)
        last = reply.end(usage)
        self._receipts.put(measured.receipt.finish())
        piece = _piece(last, told, usage)
        yield replace(piece, input_tokens=usage.input_tokens, last=True)

    def _record_forwarded(self, measured: _Measured, max_output_tokens: int) -> None:
        """Record the engine's request: the body with its model and limit."""
        engine, opened = measured.failover.engine.name, measured.opened
        sealed_model = opened.sealed_model
        name, origin = sealed_model.upstream.get(engine, (sealed_model.model.id, None))
        limit = {"max_completion_tokens": max_output_tokens}
        measured.receipt.forwarded(orjson.dumps({**opened.body, "model": name, **limit}))
        if origin is not None:
            measured.receipt.upstream(engine, model=name, origin=origin)

    def _model(self, model_id: str) -> SealedModel:
        if (sealed_model := self._models.get(model_id)) is None:
            raise ModelNotFoundError(
                f"The enclave does not run the model {model_id[:100]!r}. It and its gateway need the same "
                "configuration of models."
            )
        return sealed_model


def _expect_model(read: ReadRequest, model_id: str) -> None:
    """Return if the gateway asks the model that the caller named, who may trust only one of them.

    Raises:
        SealedRequestError: it is another one.
    """
    if read.model != model_id:
        raise SealedRequestError(
            f"The request names a model that is {read.model[:100]!r} here, and its gateway asks "
            f"{model_id[:100]!r} for the answer. They need the same configuration of models.",
            reason="e2ee_invalid_payload_model",
        )


def _most(told: Usage, usage: Usage) -> Usage:
    """Return a reply's usage, which never goes back behind what was told: pieces report its growth.

    Cached tokens are not reported: they would reveal earlier callers' prompts.
    """
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=max(told.output_tokens, usage.output_tokens),
        reasoning_tokens=max(told.reasoning_tokens, usage.reasoning_tokens),
    )


def _piece(wire: bytes, told: Usage, usage: Usage) -> Sealed:
    """Return a piece of a response, with what was consumed since `told`."""
    return Sealed(
        wire,
        usage.output_tokens - told.output_tokens,
        usage.reasoning_tokens - told.reasoning_tokens,
    )


def without_content(error: FondacoError) -> FondacoError:
    """Return an error as it may leave the enclave: without a text that might quote what was decrypted.

    Errors of sealed requests, of their length and of engines that are not here are written for that; what
    engines, models and templates say of a request, or of their own failure, is not.
    """
    match error:
        case _ if isinstance(error, _QUOTING_NOTHING):
            return error
        case BrokenOffError():
            return BrokenOffError()
        case EngineRefusedError():
            return EngineRefusedError()
        case EngineTimeoutError():
            return EngineTimeoutError()
        case InvalidRequestError():
            kind = next(one for one in _REFUSALS if isinstance(error, one))
            return kind(
                "The model's engine refused the request. Its message stays in the enclave, "
                "since it may quote the conversation."
            )
        case _:
            return EngineError("The model's engine failed.")
