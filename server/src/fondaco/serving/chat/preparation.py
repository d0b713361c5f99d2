"""Preparation: a request made ready for an engine: negotiated, with retrieval and media, measured, and held for."""

from dataclasses import dataclass

from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
from fondaco.domain.errors import ContextTooLongError, InsufficientBalanceError, InvalidModelError
from fondaco.domain.fast_init import fast_init
from fondaco.domain.models.model import Model
from fondaco.domain.web import WebOptions
from fondaco.ports import Prompt
from fondaco.serving.billing.paid_call import PaidCall
from fondaco.serving.billing.token_meter import TokenMeter
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.serving.chat.failover import ChatFailover
from fondaco.serving.chat.output.pipeline import OutputPipeline
from fondaco.serving.chat.search_decision import decided, question
from fondaco.serving.inputs.media import Media, with_last_image
from fondaco.serving.retrieval.context import with_context
from fondaco.serving.retrieval.web_retrieval import RetrievalRequest, WebRetrieval, last_user_text

_CHARACTERS_A_TOKEN = 4
"""An estimate for prompts that no engine has counted yet."""


@fast_init
@dataclass(frozen=True, slots=True)
class Ready:
    """A request whose cost is held, ready to be sent to an engine."""

    request: ChatRequest
    meter: TokenMeter
    output_pipeline: OutputPipeline | None = None
    """Post-processing of its output; None: output passes unchanged."""


class Preparation:
    """Prepares requests; work that costs money starts only after its cost is held."""

    def __init__(
        self,
        web_retrieval: WebRetrieval,
        negotiation: CapabilityNegotiation,
        media: Media,
        system_prompt: str,
    ) -> None:
        self._web_retrieval = web_retrieval
        self._negotiation = negotiation
        self._media = media
        self._system_prompt = system_prompt

    def expect_able(self, model: Model, request: ChatRequest) -> None:
        """Validate what can be checked without any work.

        Raises:
            InvalidModelError: the model gives no log probabilities, does not take images, or does not
                keep to output formats.
            InvalidRequestError: what is wanted from the web is switched off.
        """
        if request.top_logprobs is not None and not model.capabilities.log_probs:
            raise InvalidModelError(
                f"The model {model.id!r} gives no log probabilities. Leave out logprobs.",
                faults={"logprobs": ("Not supported by this model",)},
            )
        if request.options.media:
            self._media.expect_able(model, request)
        if request.options is not NO_OPTIONS:
            self._negotiation.expect_able(model, request)
        self._retrieval_request(request, model)

    def begun(
        self, model: Model, request: ChatRequest, requested_tokens: int | None, instructions: str
    ) -> ChatRequest:
        """Return the request with the model's default sampling and its system prompt."""
        sampling = request.sampling.filled(model.defaults.temperature, model.defaults.top_p)
        told = self._told(model, request, instructions)
        return told.for_model(model.id, requested_tokens or 0, sampling)

    async def ready(
        self,
        model: Model,
        request: ChatRequest,
        requested_tokens: int | None,
        *,
        failover: ChatFailover,
        paid: PaidCall,
    ) -> Ready:
        """Return the request ready to run, with its cost held.

        Raises:
            FondacoError: it cannot be; charged was what had been brought or decided for it.
        """
        output_pipeline = None
        if request.options.media:
            request = await self._shown(request, model, paid)
        if _is_negotiated(model, request):
            request, output_pipeline = await self._negotiation.fit(model, request)
        if request.options.web is not None:
            request = await self._supplied(
                request, request.options.web, model, failover=failover, paid=paid
            )
        prompt = await failover.measure(request)
        limit = _output_limit(model, prompt, requested_tokens)
        open_ended = requested_tokens is None
        if open_ended and not prompt.exact:
            limit = (
                model.output_limit(0, None) or limit
            )  # the prompt is not counted, so what it leaves is unknown
        tokens = paid.meter.current = TokenMeter(prompt, limit, request.choices)
        try:
            await paid.cover()
        except InsufficientBalanceError:
            if requested_tokens is not None:
                raise
            open_ended = False
            tokens, limit = await _as_far_as_paid(model, prompt, request.choices, paid)
        if open_ended or limit != request.max_output_tokens:
            request = request.for_model(model.id, limit, request.sampling, open_ended=open_ended)
        return Ready(request, tokens, output_pipeline)

    def _told(self, model: Model, request: ChatRequest, instructions: str) -> ChatRequest:
        """Return the request with the platform's system prompt, unless caller or model opted out."""
        wanted = self._system_prompt and request.system_prompt and model.system_prompt
        told = request.with_instructions(self._system_prompt) if wanted else request
        return told.with_instructions(instructions) if instructions else told

    async def _shown(self, request: ChatRequest, model: Model, paid: PaidCall) -> ChatRequest:
        """Return the request with its media; they are fetched only once the call is affordable."""
        if not model.capabilities.many_images:
            request = with_last_image(request)
        if self._media.needs_fetching(request):
            words = request.characters // _CHARACTERS_A_TOKEN
            paid.meter.current = _least(
                request, Prompt(words + self._media.most_tokens(model, request))
            )
            await paid.cover()
        return await self._media.brought(model, request)

    def _retrieval_request(self, request: ChatRequest, model: Model) -> RetrievalRequest | None:
        """Return what to retrieve from the web: for nearly all calls nothing."""
        if request.options.web is None:
            return None
        return self._web_retrieval.retrieval_request(
            request, request.options.web, searches=model.capabilities.web_search
        )

    def _undecided(self, request: ChatRequest, wish: WebOptions, model: Model) -> bool:
        """Whether the model itself decides if a search is needed."""
        able = model.capabilities
        judges = model.judges_searches and able.response_schema and able.web_search
        return judges and self._web_retrieval.undecided(request, wish)

    async def _supplied(
        self,
        request: ChatRequest,
        wish: WebOptions,
        model: Model,
        *,
        failover: ChatFailover,
        paid: PaidCall,
    ) -> ChatRequest:
        """Return the request with its web context, if any.

        Nothing is fetched for a request that is not affordable, or too long without it.
        """
        retrieval_request = self._retrieval_request(request, model)
        if self._undecided(request, wish, model):
            query = await decided(
                model,
                question(request, last_user_text(request)),
                failover.restart(),
                self._negotiation,
                paid=paid,
            )
            if query is not None:
                retrieval_request = RetrievalRequest(query=query, cite=wish.cite) if query else None
        if retrieval_request is None:
            return request
        asked = request.max_output_tokens or None
        bare = await failover.measure(request)
        _output_limit(model, bare, asked)
        paid.meter.current = _least(request, bare)
        paid.meter.order(retrieval_request.most)
        await paid.cover()
        paid.meter.retrieved(found := await self._web_retrieval.bring(retrieval_request))
        request, paid.meter.web = await with_context(
            request, found, failover.measure, bare, context_tokens=model.context_tokens, asked=asked
        )
        return request


def _is_negotiated(model: Model, request: ChatRequest) -> bool:
    """Whether options are mapped to the model; the output of raw prompts passes as it is."""
    if request.options is NO_OPTIONS:
        return model.reasoning is not None
    return request.options.raw is None


def _least(request: ChatRequest, prompt: Prompt) -> TokenMeter:
    """Return the meter of the shortest answer to a request, to check whether it is affordable."""
    return TokenMeter(prompt, request.max_output_tokens or 1, request.choices)


async def _as_far_as_paid(
    model: Model, prompt: Prompt, choices: int, paid: PaidCall
) -> tuple[TokenMeter, int]:
    """Hold for the longest answer that is affordable; return its meter and its limit.

    Raises:
        InsufficientBalanceError: not even a single token of each choice is affordable.
    """
    paid.meter.current, paid.meter.truncated = TokenMeter(prompt, 1, choices), True
    await paid.cover()
    most = paid.meter.most
    covered = model.price.affordable_output(paid.affordable, most) or most.output_tokens
    covered -= paid.meter.completed.output_tokens
    limit = min(covered // choices, _output_limit(model, prompt, None))
    tokens = paid.meter.current = TokenMeter(prompt, limit, choices)
    await paid.cover()
    return tokens, limit


def _output_limit(model: Model, prompt: Prompt, asked: int | None) -> int:
    """Return the most tokens of one choice.

    Where the prompt's length is only an upper bound, a tight limit would refuse calls that fit. So at
    least a quarter of the context is left, and the engine judges.
    """
    if prompt.exact:
        limit = model.output_limit(prompt.longest, asked)
    else:
        bounded = min(prompt.longest, model.context_tokens * 3 // 4)
        limit = model.output_limit(
            bounded, min(asked, model.context_tokens) if asked is not None else None
        )
        if limit is None and asked is not None and asked <= model.context_tokens:
            limit = asked
    if limit is None:
        raise ContextTooLongError(prompt.longest, asked or 1, model.context_tokens)
    return limit
