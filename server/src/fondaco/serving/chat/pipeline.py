"""Chat: the use case from a validated request to its last event.

`Chat.answer` is the whole line, one step after the other:

    route -> capability check -> admission -> estimate and hold -> media inputs, retrieval
          -> count the prompt -> extend the hold -> engine, with failover -> meter and output
          -> settlement
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from fondaco.domain.chat.message import Image, Message
from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
from fondaco.domain.errors import (
    FondacoError,
    InvalidModelError,
    PromptNotCountableError,
    SealedRequestError,
)
from fondaco.domain.models.catalogue import Catalogue, Route
from fondaco.domain.models.model import Model, ModelType
from fondaco.domain.models.names import DeprecationNotice
from fondaco.domain.money.account import Account
from fondaco.domain.money.call import Call
from fondaco.domain.money.limits import Quota
from fondaco.ports import ChatEngine, ImmediateChatEngine
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.paid_call import PaidCall, PaidCalls
from fondaco.serving.billing.token_meter import TokenMeter
from fondaco.serving.chat.buffered import buffered
from fondaco.serving.chat.call.events import CallEvent, CallFinished, CallStarted
from fondaco.serving.chat.call.fast import FastCall
from fondaco.serving.chat.call.relay import StreamSink, relay_of
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.serving.chat.failover import ChatFailover
from fondaco.serving.chat.hearing import ChatHearing
from fondaco.serving.chat.media_inputs import CHARACTERS_A_TOKEN, fetch_media
from fondaco.serving.chat.output.pipeline import OutputPipeline
from fondaco.serving.chat.output_hold import hold_output, limited, longest_output
from fondaco.serving.chat.retrieval import ChatRetrieval
from fondaco.serving.inputs.media import Media
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from fondaco.serving.routing.failover import ModelEngines

_USUAL_OUTPUT = 1_024
"""The most tokens of one choice that the token limit reserves before they are counted."""


@dataclass(frozen=True, slots=True)
class CountedPrompt:
    """A request's prompt as the engine counts it, and so as it would be charged."""

    model: Model
    engine: str
    quota: Quota
    notice: DeprecationNotice | None
    """The requested model's deprecation notice."""
    input_tokens: int


class Chat:
    """Answers chat requests."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, ChatEngine],
        paid_calls: PaidCalls,
        *,
        system_prompt: str = "",
        web_retrieval: WebRetrieval | None = None,
        negotiation: CapabilityNegotiation,
        media: Media | None = None,
        hearing: ChatHearing | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._engines = ModelEngines(catalogue, engines)
        self._immediate = {
            model.id: first
            for model in catalogue.models(ModelType.TEXT)
            if model.reasoning is None and not model.capabilities.e2ee
            if (first := self._engines.first(model)) and isinstance(first, ImmediateChatEngine)
        }
        """Model id -> its first engine, where that can be asked with no wait, for text and nothing else."""
        self._paid_calls = paid_calls
        self._system_prompt = system_prompt
        self._negotiation = negotiation
        self._media = media or Media(catalogue)
        self._hearing = hearing
        self._retrieval = ChatRetrieval(web_retrieval or WebRetrieval(), negotiation)

    async def answer(  # noqa: C901, PLR0915 - the whole line of a call can be read in one place
        self,
        call: Call,
        request: ChatRequest,
        requested_tokens: int | None,
        instructions: str = "",
        sink: StreamSink | None = None,
    ) -> AsyncGenerator[CallEvent]:
        """Yield the answer as it is produced; what was produced is charged when the generator ends.

        Args:
            call: the call.
            request: its model is any name that routes to a text model. Its `max_output_tokens` is set
                here, as are the model's own temperature and top_p where it leaves them open, and the
                platform's system prompt, unless request or model goes without.
            requested_tokens: the caller's limit for one choice; None: the model's own.
            instructions: a character's, which come before all other messages.
            sink: takes text of a stream where it arrives; such batches are not yielded, and an empty one is
                where the sink has to be looked after.

        Raises:
            FondacoError: before the first event, retrieval and the search decision are charged; after
                it, the delivered output, too.
        """
        route = self._route(request)
        model, whole = route.model, not request.stream
        self._expect_able(model, request)
        request = self._with_defaults(model, request, requested_tokens, instructions)
        failover = ChatFailover(self._engines.of(model, request.options.engine), model.id)
        estimated, meter = _estimated_tokens(request, requested_tokens), CallMeter(whole=whole)
        # Entering admits the request; leaving settles it.
        async with self._paid_calls.open(call, model, meter, estimated_tokens=estimated) as paid:
            output_pipeline: OutputPipeline | None = None
            if request.options.media:
                request = await fetch_media(self._media, self._hearing, model, request, paid)
            if _is_negotiated(model, request):
                request, output_pipeline = await self._negotiation.fit(model, request)
            if (web := request.options.web) is not None:
                request = await self._retrieval.augment(model, request, web, failover, paid)
            prompt = await failover.measure(request)
            request, tokens = await hold_output(model, request, prompt, requested_tokens, paid)
            if whole:
                batches = await buffered(
                    request, failover, output_pipeline, tokens, paid.server_stops
                )
                meter.deliver()
                yield _started(route, failover, output_pipeline, paid, tokens)
                for batch in batches:
                    yield batch
            else:
                relay = None if output_pipeline else relay_of(tokens, sink)
                async with failover.answer(request, relay) as answer:
                    yield _started(route, failover, output_pipeline, paid, tokens)
                    if output_pipeline is None:
                        yield tokens.take(answer.first)
                        at_once = tokens.cut_off  # so that mypy does not narrow the attribute
                        if not at_once:
                            async for batch in answer.rest:
                                yield tokens.take(batch)
                                if tokens.cut_off:
                                    break
                    else:
                        deliver = output_pipeline.deliver(answer.first, answer.rest, tokens)
                        async with aclosing(deliver) as delivered:
                            async for batch in delivered:
                                yield batch
        yield CallFinished(paid.usage)

    def prepared(
        self, account: Account, request: ChatRequest, requested_tokens: int | None
    ) -> FastCall | None:
        """Return a plain call of an account whose key has no limit, or None; it has no effect yet.

        None stands for all that takes waiting, is refused, or is out of the ordinary: `answer` then does it.
        """
        try:
            return self._prepared(account, request, requested_tokens)
        except FondacoError:
            return None

    def _prepared(
        self, account: Account, request: ChatRequest, requested_tokens: int | None
    ) -> FastCall | None:
        route = self._catalogue.route(request.model)
        model = route.model
        engine = self._immediate.get(model.id)
        if engine is None or route.notice is not None:
            return None
        request = self._with_defaults(model, request, requested_tokens, "")
        prompt = engine.bound(request)
        if prompt is None:
            return None
        limit = longest_output(model, prompt, requested_tokens)
        if requested_tokens is None or limit != requested_tokens:
            request = limited(model, request, limit, open_ended=requested_tokens is None)
        tokens = TokenMeter(prompt, limit, request.choices)
        estimated_tokens = _estimated_tokens(request, requested_tokens)
        ceiling = model.price.ceiling(tokens.most)
        calls = self._paid_calls
        if not ceiling or not calls.ledger.covers(account.id, ceiling):
            return None
        reserve = calls.limits.room(account.id, account.tier, model, estimated_tokens)
        if reserve is None:
            return None
        begun, engines = engine.begin(request), self._engines.of(model)
        return FastCall(calls, model, begun, engines, request, tokens, ceiling, reserve)

    def _route(self, request: ChatRequest) -> Route[Model]:
        """Return the model that answers a request.

        Raises:
            ModelNotFoundError: no text model does.
        """
        options = request.options
        if options is NO_OPTIONS:
            return self._catalogue.route(request.model)
        tools = options.tool_options
        return self._catalogue.route_for(
            request.model,
            tools=bool(tools and tools.callable),
            images=options.media and any(map(_shows_images, request.messages)),
        )

    async def count(self, call: Call, request: ChatRequest) -> CountedPrompt:
        """Count a request's prompt, without web retrieval; it counts in the rate limits, and costs nothing.

        Raises:
            PromptNotCountableError: the model's engine reports the number only with its answer.
            FondacoError: as `answer` before its first event.
        """
        route = self._route(request)
        model = route.model
        self._expect_able(model, request)
        request = self._with_defaults(model, request, None, "")
        reservation = await self._paid_calls.limits.admit(call, model, 0)
        if request.options.media:  # an engine counts media only while it processes them
            raise PromptNotCountableError
        if _is_negotiated(model, request):
            request, _ = await self._negotiation.fit(model, request)
        failover = ChatFailover(self._engines.of(model, request.options.engine), model.id)
        prompt = await failover.measure(request)
        if not prompt.exact:
            raise PromptNotCountableError
        return CountedPrompt(
            model, failover.engine.name, reservation.quota, route.notice, prompt.input_tokens
        )

    def _expect_able(self, model: Model, request: ChatRequest) -> None:
        """Return if the model can do what is requested, as far as that shows without any work.

        Raises:
            SealedRequestError: the model takes encrypted content only.
            InvalidModelError: the model gives no log probabilities, does not take images, or does not
                keep to output formats.
            InvalidRequestError: web retrieval was requested, and the operator has switched it off.
        """
        if model.capabilities.e2ee:
            raise SealedRequestError(
                f"The model {model.id!r} accepts only encrypted content, and this request is not encrypted. "
                "Send it to POST /api/v1/chat/completions with the headers of end-to-end encryption "
                "(docs/how-to/confidential-chat.md), or use the model without 'e2ee-'.",
                reason="e2ee_header_missing",
                faults={"model": ("Takes encrypted content only",)},
            )
        if request.top_logprobs is not None and not model.capabilities.log_probs:
            raise InvalidModelError(
                f"The model {model.id!r} returns no log probabilities. Leave out logprobs.",
                faults={"logprobs": ("Not supported by this model",)},
            )
        options = request.options
        if options is NO_OPTIONS:
            return
        if options.media:
            self._media.expect_able(model, request)
        self._negotiation.expect_able(model, request)
        if options.web is not None:
            self._retrieval.expect_able(model, request, options.web)

    def _with_defaults(
        self, model: Model, request: ChatRequest, requested_tokens: int | None, instructions: str
    ) -> ChatRequest:
        """Return the request with the model's default sampling, and with its system prompts.

        The platform's own is left out where caller or model opted out of it.
        """
        own = request.system_prompt and model.system_prompt
        if instructions:
            if own and self._system_prompt:
                request = request.with_instructions(self._system_prompt)
        elif own:
            instructions = self._system_prompt
        if request.within_context and requested_tokens is not None:
            requested_tokens = min(requested_tokens, model.context_tokens)
        sampling = request.sampling.filled(model.defaults.temperature, model.defaults.top_p)
        return request.for_model(
            model.id, requested_tokens or 0, sampling, instructions=instructions
        )


def _is_negotiated(model: Model, request: ChatRequest) -> bool:
    """Whether options are mapped to the model; the output of raw prompts passes as it is."""
    if request.options is NO_OPTIONS:
        return model.reasoning is not None
    return request.options.raw is None


def _started(
    route: Route[Model],
    failover: ChatFailover,
    output_pipeline: OutputPipeline | None,
    paid: PaidCall,
    tokens: TokenMeter,
) -> CallStarted:
    ignored = failover.ignored
    if output_pipeline is not None:
        ignored += output_pipeline.ignored
    return CallStarted(
        route.model,
        failover.engine.name,
        paid.quota,
        route.notice,
        paid.meter.web,
        ignored,
        tokens.input_tokens,
    )


def _shows_images(message: Message) -> bool:
    content = message.content
    return isinstance(content, tuple) and any(isinstance(part, Image) for part in content)


def _estimated_tokens(request: ChatRequest, requested_tokens: int | None) -> int:
    """Return the tokens that the limit reserves for a call until its settlement."""
    output = min(requested_tokens or _USUAL_OUTPUT, _USUAL_OUTPUT) * request.choices
    return request.characters // CHARACTERS_A_TOKEN + output
