"""Sealed chat: the use case from a request that only an enclave can read to its last byte.

`ConfidentialChat.answer` is the whole line, one step after the other:

    route -> admission -> the enclave decrypts and counts -> hold -> the enclave answers -> meter
          -> settlement -> last bytes

The gateway passes on what the enclave sends, unchanged: its signed receipt covers exactly these bytes.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import anyio

from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.confidential.sealed import (
    EnclaveIdentity,
    Sealed,
    SealedCall,
    SealedFormat,
    SealedRequest,
)
from fondaco.domain.errors import EngineError, InvalidModelError, NotFoundError
from fondaco.domain.fast_init import fast_init
from fondaco.domain.models.catalogue import Catalogue, Route
from fondaco.domain.models.model import Model, takes_plain
from fondaco.domain.money.call import Call, request_id
from fondaco.domain.money.usage import Usage
from fondaco.ports import Enclave
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.paid_call import PaidCall, PaidCalls
from fondaco.serving.billing.sealed_meter import SealedMeter
from fondaco.serving.chat.call.events import CallStarted
from fondaco.serving.chat.media_inputs import CHARACTERS_A_TOKEN
from fondaco.serving.chat.output_hold import hold_output
from fondaco.serving.routing.failover import Failover, ModelEngines

_FORGET_S = 2.0
_USUAL_OUTPUT = 1_024
"""The most tokens of one choice that the token limit reserves before they are counted."""


@dataclass(frozen=True, slots=True)
class SealedStarted:
    """The first event of a sealed call: the facts known once the enclave has started to answer."""

    call: CallStarted
    identity: EnclaveIdentity


@fast_init
@dataclass(frozen=True, slots=True)
class SealedFinished:
    """The last event of a sealed call: its charge is durable."""

    wire: bytes
    """The last bytes of the response's body; of a whole response all of them."""
    usage: Usage


SealedEvent: TypeAlias = SealedStarted | bytes | SealedFinished
"""A sealed call yields one `SealedStarted`, then bytes, then one `SealedFinished`; an error may end it anywhere."""


class ConfidentialChat:
    """Answers sealed requests, and attests to the enclave that does."""

    def __init__(
        self, catalogue: Catalogue, enclaves: Mapping[str, Enclave], paid_calls: PaidCalls
    ) -> None:
        self._catalogue = catalogue
        self._enclaves = enclaves
        self._of_models = ModelEngines(catalogue, enclaves)
        self._paid_calls = paid_calls

    async def answer(
        self, call: Call, request: SealedRequest, requested_tokens: int | None
    ) -> AsyncGenerator[SealedEvent]:
        """Yield the bytes of the answer as they are produced; what was produced is charged at the end.

        Args:
            call: the call.
            request: its model is any name that routes to a model for encrypted content.
            requested_tokens: the caller's limit for one choice; None: the model's own.

        Raises:
            InvalidModelError: the model takes no encrypted content.
            FondacoError: before the first event nothing is charged; after it, the delivered output.
        """
        route = self._sealed_route(request.model)
        model, sealed = route.model, request.call(request_id(call.id), int(call.opened_at))
        failover = Failover(self._of_models.of(model), model.id)
        meter = CallMeter(whole=not request.stream)
        estimated = _estimated_tokens(request, requested_tokens)
        # Entering admits the request; leaving settles it.
        async with self._paid_calls.open(call, model, meter, estimated_tokens=estimated) as paid:
            identity = await failover.engine.identity()
            limit, tokens = await _hold(
                model, sealed, request, requested_tokens, failover, paid=paid
            )
            answered = _answered(failover, sealed, limit, stream=request.stream)
            started, last = False, b""
            async with aclosing(answered) as pieces:
                async for piece in pieces:
                    tokens.take(piece)
                    if not started:
                        call_started = _call_started(route, failover.engine, paid, tokens)
                        yield SealedStarted(call_started, identity)
                        started = True
                    if piece.last:
                        last = piece.wire
                    elif piece.wire:
                        yield piece.wire
            meter.deliver()
        yield SealedFinished(last, paid.usage)

    async def attestation(
        self, form: SealedFormat, *, nonce: str | None, model: str | None = None
    ) -> Mapping[str, Any]:
        """Return an attestation report of the enclave, in the shape of either protocol.

        Args:
            form: the protocol.
            nonce: the caller's; None: none.
            model: any name of a model for encrypted content; None: the report is of no model.

        Raises:
            NotFoundError: no model here takes encrypted content.
            InvalidModelError: this one takes none.
            InvalidRequestError: the nonce has the wrong form.
            EngineError: the enclave cannot be reached.
        """
        if model is None:
            return await self._any().attestation(form, nonce=nonce)
        enclave = self._of(model)
        return await enclave.attestation(form, nonce=nonce, model=model)

    async def receipt(
        self, form: SealedFormat, receipt_id: str, *, owner: str, model: str | None = None
    ) -> Mapping[str, Any]:
        """Return the signed receipt of a response that has ended, in the shape of either protocol.

        Args:
            form: the protocol.
            receipt_id: of the receipt, or of the completion.
            owner: a digest of the key that asks.
            model: as in `attestation`.

        Raises:
            NotFoundError: there is none, or no model here takes encrypted content.
            UnauthorizedError: another key made the call.
            EngineError: the enclave cannot be reached.
        """
        enclave = self._any() if model is None else self._of(model)
        return await enclave.receipt(form, receipt_id, owner=owner, model=model)

    async def identity(self) -> EnclaveIdentity:
        """Return the enclave's identity, starting it where it does not run.

        Raises:
            NotFoundError: there is no enclave.
            EngineError: it cannot be reached.
        """
        return await self._any().identity()

    async def rotate(self) -> EnclaveIdentity:
        """Have the enclave replace its keys; return what it is called from now on.

        Raises:
            NotFoundError: there is no enclave.
            EngineError: it cannot be reached.
        """
        return await self._any().rotate()

    def _sealed_route(self, name: str) -> Route[Model]:
        route = self._catalogue.route(name)
        if takes_plain(route.model):
            raise InvalidModelError(
                f"The model {route.model.id!r} accepts no encrypted content; nothing was decrypted or run. "
                f"{self._alternatives()}",
                faults={"model": ("Takes no encrypted content",)},
            )
        return route

    def _of(self, name: str) -> Enclave:
        return self._of_models.of(self._sealed_route(name).model)[0]

    def _any(self) -> Enclave:
        for enclave in self._enclaves.values():
            return enclave
        raise NotFoundError(f"This server has no enclave. {self._alternatives()}")

    def _alternatives(self) -> str:
        ids = [model.id for model in self._catalogue.models() if not takes_plain(model)]
        return f"Models that do: {', '.join(ids)}." if ids else "No model on this server does."


async def _hold(
    model: Model,
    sealed: SealedCall,
    request: SealedRequest,
    requested_tokens: int | None,
    failover: Failover[Enclave],
    *,
    paid: PaidCall,
) -> tuple[int, SealedMeter]:
    """Have the enclave count the prompt, and hold it with its longest output.

    Returns:
        The limit of each choice, and the call's meter.

    Raises:
        SealedRequestError: the enclave cannot decrypt the request.
        ContextTooLongError, InsufficientBalanceError: as `hold_output`.
    """
    prompt = await failover.first(lambda enclave: enclave.measure(model.id, sealed))
    readable = ChatRequest(model.id, (), 0, choices=request.choices, stream=request.stream)
    try:
        readable, counted = await hold_output(model, readable, prompt, requested_tokens, paid)
    except BaseException:
        await _forget(failover.engine, sealed)
        raise
    tokens = paid.meter.current = SealedMeter(prompt, counted.most_output)
    return readable.max_output_tokens, tokens


async def _forget(enclave: Enclave, sealed: SealedCall) -> None:
    """Have an enclave drop a decrypted call at once, as far as that is possible; it would in a while."""
    with anyio.move_on_after(_FORGET_S, shield=True), suppress(EngineError):
        await enclave.forget(sealed)


async def _answered(
    failover: Failover[Enclave], sealed: SealedCall, limit: int, *, stream: bool
) -> AsyncGenerator[Sealed]:
    """Yield the pieces of an answer, as far as the last one.

    Raises:
        EngineError: the enclave failed before it delivered anything: nothing is charged.
        BrokenOffError: it failed later.
    """
    started = False
    async with aclosing(failover.engine.answer(failover.model_id, sealed, limit)) as pieces:
        try:
            async for piece in pieces:
                yield piece
                started = True
                if piece.last:
                    return
        except EngineError as error:
            _fail(failover, error, charged=started and stream)
    broken_off = EngineError("The enclave's response ended early.")
    _fail(failover, broken_off, charged=started and stream)


def _fail(failover: Failover[Enclave], error: EngineError, *, charged: bool) -> NoReturn:
    """Report that an enclave failed while it answered, and raise what its caller sees.

    Raises:
        BrokenOffError: what was delivered is charged.
        EngineError: nothing is.
    """
    if charged:
        failover.end(error)
    else:
        failover.skip(error)
    raise error


def _call_started(
    route: Route[Model], enclave: Enclave, paid: PaidCall, tokens: SealedMeter
) -> CallStarted:
    return CallStarted(
        route.model,
        enclave.name,
        paid.quota,
        route.notice,
        input_tokens=tokens.usage.input_tokens,
    )


def _estimated_tokens(request: SealedRequest, requested_tokens: int | None) -> int:
    """Return the tokens that the limit reserves for a call until its settlement."""
    output = min(requested_tokens or _USUAL_OUTPUT, _USUAL_OUTPUT) * request.choices
    return request.ciphertext_bytes // CHARACTERS_A_TOKEN + output
