"""Chat: the use case from an admitted request to its last event."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.fast_init import fast_init
from fondaco.domain.models.catalogue import Catalogue, Route
from fondaco.domain.models.model import Model
from fondaco.domain.models.names import DeprecationNotice
from fondaco.domain.money.call import Call
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.usage import Usage
from fondaco.domain.web import RetrievedContext
from fondaco.ports import ChatEngine
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.paid_call import PaidCall, PaidCalls
from fondaco.serving.chat.buffered import buffered
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.serving.chat.failover import ChatFailover
from fondaco.serving.chat.preparation import Preparation, Ready
from fondaco.serving.inputs.media import Media
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from fondaco.serving.routing.failover import ModelEngines

_USUAL_OUTPUT = 1_024
"""The most tokens of one choice that the token limit reserves before they are counted."""
_CHARACTERS_A_TOKEN = 4
"""An estimate for prompts that no engine has counted yet."""


@fast_init
@dataclass(frozen=True, slots=True)
class CallStarted:
    """The first event of a call: what is known once an engine has begun to answer."""

    model: Model
    engine: str
    quota: Quota
    notice: DeprecationNotice | None = None
    """The requested model's deprecation notice."""
    web: RetrievedContext | None = None
    """Retrieved web context; None: no retrieval was requested."""
    ignored: tuple[str, ...] = ()
    """Request fields that the model or its engine ignored."""


@fast_init
@dataclass(frozen=True, slots=True)
class CallFinished:
    """The last event of a call: its charge is durable."""

    usage: Usage


CallEvent: TypeAlias = CallStarted | EventBatch | CallFinished
"""A call yields one `CallStarted`, then batches of chat events, then one `CallFinished`; an error may end it anywhere."""


class Chat:
    """Answers chat requests: routes, measures, holds, runs and settles them."""

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
    ) -> None:
        self._catalogue = catalogue
        self._engines = ModelEngines(catalogue, engines)
        self._paid_calls = paid_calls
        self._preparation = Preparation(
            web_retrieval or WebRetrieval(), negotiation, media or Media(catalogue), system_prompt
        )

    async def answer(
        self, call: Call, request: ChatRequest, requested_tokens: int | None, instructions: str = ""
    ) -> AsyncGenerator[CallEvent]:
        """Yield the answer as it is produced; what was produced is charged when the generator ends.

        Args:
            call: the call.
            request: its model is any name that routes to a text model. Its `max_output_tokens` is set
                here, as are the model's own temperature and top_p where it leaves them open, and the
                platform's system prompt, unless request or model goes without.
            requested_tokens: the caller's limit for one choice; None: the model's own.
            instructions: a character's, which come before all other messages.

        Raises:
            FondacoError: before the first event, retrieval and the search decision are charged; after
                it, the delivered output, too.
        """
        route = self._catalogue.route(request.model)
        model, whole = route.model, not request.stream
        self._preparation.expect_able(model, request)
        request = self._preparation.begun(model, request, requested_tokens, instructions)
        failover = ChatFailover(self._engines.of(model, request.options.engine), model.id)
        estimated = _estimated_tokens(request, requested_tokens)
        meter = CallMeter(whole=whole)
        async with self._paid_calls.open(call, model, meter, estimated_tokens=estimated) as paid:
            ready = await self._preparation.ready(
                model, request, requested_tokens, failover=failover, paid=paid
            )
            if whole:
                for step in await _whole(route, ready, failover, paid):
                    yield step
            else:
                tokens, output_pipeline = ready.meter, ready.output_pipeline
                async with failover.answer(ready.request) as answer:
                    yield _started(route, ready, failover, paid)
                    if output_pipeline is None:
                        yield tokens.take(answer.first)
                        at_once = tokens.cut_off  # not narrowed: the loop asks again
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


async def _whole(
    route: Route[Model], ready: Ready, failover: ChatFailover, paid: PaidCall
) -> Sequence[CallEvent]:
    """Return the events of a whole answer, which counts once it is complete."""
    batches = await buffered(ready.request, failover, ready.output_pipeline, ready.meter)
    paid.meter.deliver()
    return [_started(route, ready, failover, paid), *batches]


def _started(
    route: Route[Model], ready: Ready, failover: ChatFailover, paid: PaidCall
) -> CallStarted:
    ignored = failover.ignored
    if ready.output_pipeline is not None:
        ignored += ready.output_pipeline.ignored
    return CallStarted(
        route.model, failover.engine.name, paid.quota, route.notice, paid.meter.web, ignored
    )


def _estimated_tokens(request: ChatRequest, requested_tokens: int | None) -> int:
    """Return what the token limit reserves for a call until its settlement."""
    output = min(requested_tokens or _USUAL_OUTPUT, _USUAL_OUTPUT) * request.choices
    return request.characters // _CHARACTERS_A_TOKEN + output
