"""Chat: the use case from an admitted request to its last event."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import EngineUnavailableError
from fondaco.domain.fast_init import fast_init
from fondaco.domain.models.catalogue import Catalogue, Route
from fondaco.domain.models.model import Model
from fondaco.domain.models.names import Notice
from fondaco.domain.money.call import Call
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.price import FreePricing
from fondaco.domain.money.usage import Usage
from fondaco.domain.web import RetrievedContext
from fondaco.ports import ChatEngine, Clock, RateLimiter
from fondaco.serving.admission.admission import Admission
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.billing.call_usage import CallUsage
from fondaco.serving.billing.ledger import Ledger
from fondaco.serving.billing.paid_call import PaidCall
from fondaco.serving.chat.buffered import gathered
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.serving.chat.preparation import Preparation, Ready
from fondaco.serving.inputs.media import Media
from fondaco.serving.metrics import Metrics
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from fondaco.serving.routing.failover import Failover

_USUAL_OUTPUT = 1_024
"""Most tokens of a choice that the token limit reserves before they are counted."""
_CHARACTERS_A_TOKEN = 4
"""Of a prompt that nobody has counted yet."""


@fast_init
@dataclass(frozen=True, slots=True)
class CallStarted:
    """What is known when the first burst arrives."""

    model: Model
    engine: str
    quota: Quota
    notice: Notice | None = None
    """That the model that was asked for ends, or has ended."""
    web: RetrievedContext | None = None
    """What was brought from the web; None: nothing was wanted."""
    ignored: tuple[str, ...] = ()
    """Known fields of the request that mean nothing to the model or its engine."""


@fast_init
@dataclass(frozen=True, slots=True)
class CallFinished:
    """The end of a call whose charge is durable."""

    usage: Usage


CallEvent: TypeAlias = CallStarted | EventBatch | CallFinished
"""A call is one Began, bursts, one Settled; an error ends it anywhere."""


class Chat:
    """Answers turns: routes, measures, holds, runs, settles."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, ChatEngine],
        *,
        ledger: Ledger,
        limits: RateLimiter,
        idempotency: IdempotencyStore,
        clock: Clock,
        metrics: Metrics,
        system_prompt: str = "",
        web_retrieval: WebRetrieval | None = None,
        negotiation: CapabilityNegotiation,
        media: Media | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._plans = {
            model.id: plan
            for model in catalogue.models()
            if (plan := tuple(engines[name] for name in model.engines if name in engines))
        }
        self._ledger = ledger
        self._limits = limits
        self._idempotency = idempotency
        self._clock = clock
        self._metrics = metrics
        self._preparation = Preparation(
            web_retrieval or WebRetrieval(), negotiation, media or Media(catalogue), system_prompt
        )

    async def answer(
        self, call: Call, request: ChatRequest, requested_tokens: int | None, instructions: str = ""
    ) -> AsyncGenerator[CallEvent]:
        """Yield the answer as it is produced; what was produced is charged when the generator ends.

        Args:
            call: who asks.
            request: what is asked; its model is any name that routes. Set here are its `max_output_tokens`
                and, where it leaves them open, the model's own temperature and top_p; put before it is
                the platform's prompt, unless the turn or the model goes without.
            requested_tokens: the caller's limit for one choice, or None for the model's own.
            instructions: a character's; the model is told them before anything else.

        Raises:
            FondacoError: before the first step, charged was what had been brought from the web or
                decided for the call; after it, what was delivered, too.
        """
        route = self._catalogue.route(request.model)
        model, whole = route.model, not request.stream
        self._preparation.expect_able(model, request)
        request = self._preparation.begun(model, request, requested_tokens, instructions)
        failover = Failover(self._plan(model, request))
        meter = CallUsage(untold=whole)
        async with (
            self._admission(call, model, request, requested_tokens) as admission,
            self._paid(call, admission, model, meter) as paid,
        ):
            ready = await self._preparation.ready(
                model, request, requested_tokens, failover=failover, paid=paid, meter=meter
            )
            if whole:
                for step in await self._whole(route, ready, failover, admission, meter):
                    yield step
            else:
                tally, output_pipeline = ready.tally, ready.output_pipeline
                async with failover.chat(ready.request) as answer:
                    yield _began(route, failover, admission, ready, meter)
                    if output_pipeline is None:
                        yield tally.take(answer.first)
                        at_once = tally.over  # not narrowed: the loop asks again
                        if not at_once:
                            async for batch in answer.rest:
                                yield tally.take(batch)
                                if tally.over:
                                    break
                    else:
                        deliver = output_pipeline.deliver(answer.first, answer.rest, tally)
                        async with aclosing(deliver) as delivered:
                            async for batch in delivered:
                                yield batch
        self._metrics.consumed(model.id, paid.usage)
        yield CallFinished(paid.usage)

    async def _whole(
        self,
        route: Route[Model],
        ready: Ready,
        failover: Failover,
        admission: Admission,
        meter: CallUsage,
    ) -> Sequence[CallEvent]:
        """Return the steps of a whole answer, which counts once it is complete."""
        batches = await gathered(ready.request, failover, ready.output_pipeline, ready.tally)
        meter.untold = False
        return [_began(route, failover, admission, ready, meter), *batches]

    def _admission(
        self, call: Call, model: Model, request: ChatRequest, requested_tokens: int | None
    ) -> Admission:
        """Return the call's way past limits and repeats, for as many tokens as it will likely take."""
        output = min(requested_tokens or _USUAL_OUTPUT, _USUAL_OUTPUT) * request.choices
        tokens = request.characters // _CHARACTERS_A_TOKEN + output
        return Admission(self._limits, self._idempotency, call, model, tokens)

    def _paid(self, call: Call, admission: Admission, model: Model, meter: CallUsage) -> PaidCall:
        """Return the money side of the call; a tier that is not charged holds and pays nothing."""
        return PaidCall(
            self._ledger,
            self._clock,
            call,
            admission,
            model=model.id,
            price=model.price if admission.charged else FreePricing(model.price),
            meter=meter,
        )

    def _plan(self, model: Model, request: ChatRequest) -> tuple[ChatEngine, ...]:
        """Return the engines of the model in their order, or the one that the turn is for.

        Raises:
            EngineUnavailableError: there are none, or the operator took the model off.
        """
        plan = self._plans.get(model.id)
        if plan is not None and request.options.engine:
            plan = tuple(one for one in plan if one.name == request.options.engine) or None
        if plan is None or model.offline:
            raise EngineUnavailableError(
                f"The model {model.id!r} is offline. GET /api/v1/models lists those that run."
            )
        return plan


def _began(
    route: Route[Model],
    failover: Failover,
    admission: Admission,
    ready: Ready,
    meter: CallUsage,
) -> CallStarted:
    ignored = failover.ignored
    if ready.output_pipeline is not None:
        ignored += ready.output_pipeline.ignored
    return CallStarted(
        route.model, failover.engine, admission.quota, route.notice, meter.web, ignored
    )
