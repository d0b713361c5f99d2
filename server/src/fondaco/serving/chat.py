"""Chat: the use case from an admitted request to its last event."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from fondaco.domain.call import Call
from fondaco.domain.catalogue import Catalogue, Route
from fondaco.domain.chat import Burst, Turn
from fondaco.domain.errors import EngineUnavailableError
from fondaco.domain.light import light
from fondaco.domain.limits import Quota
from fondaco.domain.model import Model
from fondaco.domain.names import Notice
from fondaco.domain.price import Charge, TokenPrice, WebPrice
from fondaco.domain.usage import Usage
from fondaco.domain.web import Gathered
from fondaco.ports import ChatEngine, Clock, Limits
from fondaco.serving.admission import Admission
from fondaco.serving.attempts import Attempts
from fondaco.serving.augment import Augment
from fondaco.serving.call import PaidCall
from fondaco.serving.call_usage import CallUsage
from fondaco.serving.fitting import Fitting
from fondaco.serving.ledger import Ledger
from fondaco.serving.media import Media
from fondaco.serving.meters import Meters
from fondaco.serving.preparation import Preparation, Ready
from fondaco.serving.repeats import Repeats
from fondaco.serving.whole import gathered

_USUAL_OUTPUT = 1_024
"""Most tokens of a choice that the token limit reserves before they are counted."""
_CHARACTERS_A_TOKEN = 4
"""Of a prompt that nobody has counted yet."""


@light
@dataclass(frozen=True, slots=True)
class Began:
    """What is known when the first burst arrives."""

    model: Model
    engine: str
    quota: Quota
    notice: Notice | None = None
    """That the model that was asked for ends, or has ended."""
    web: Gathered | None = None
    """What was brought from the web; None: nothing was wanted."""
    ignored: tuple[str, ...] = ()
    """Known fields of the request that mean nothing to the model or its engine."""


@light
@dataclass(frozen=True, slots=True)
class Settled:
    """The end of a call whose charge is durable."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Gift:
    """A model whose usage is counted and costs nothing."""

    id: str

    def ceiling(self, most: Usage) -> int:
        """Return nothing: there is nothing to hold."""
        return 0

    def charge(self, usage: Usage) -> Charge:
        """Return the usage as rows of no price."""
        return _FREE.charge(self.id, usage)


_FREE = TokenPrice(input=0, output=0, web=WebPrice(search=0, scrape=0))

Step: TypeAlias = Began | Burst | Settled
"""A call is one Began, bursts, one Settled; an error ends it anywhere."""


class Chat:
    """Answers turns: routes, measures, holds, runs, settles."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, ChatEngine],
        *,
        ledger: Ledger,
        limits: Limits,
        repeats: Repeats,
        clock: Clock,
        meters: Meters,
        system_prompt: str = "",
        augment: Augment | None = None,
        fitting: Fitting,
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
        self._repeats = repeats
        self._clock = clock
        self._meters = meters
        self._preparation = Preparation(
            augment or Augment(), fitting, media or Media(catalogue), system_prompt
        )

    async def answer(
        self, call: Call, turn: Turn, asked_tokens: int | None, instructions: str = ""
    ) -> AsyncGenerator[Step]:
        """Yield the answer as it is produced; what was produced is charged when the generator ends.

        Args:
            call: who asks.
            turn: what is asked; its model is any name that routes. Set here are its `max_output_tokens`
                and, where it leaves them open, the model's own temperature and top_p; put before it is
                the platform's prompt, unless the turn or the model goes without.
            asked_tokens: the caller's limit for one choice, or None for the model's own.
            instructions: a character's; the model is told them before anything else.

        Raises:
            FondacoError: before the first step, charged was what had been brought from the web or
                decided for the call; after it, what was delivered, too.
        """
        route = self._catalogue.route(turn.model)
        model, whole = route.model, not turn.stream
        self._preparation.expect_able(model, turn)
        turn = self._preparation.begun(model, turn, asked_tokens, instructions)
        attempts = Attempts(self._plan(model, turn))
        meter = CallUsage(untold=whole)
        async with (
            self._admission(call, model, turn, asked_tokens) as admission,
            self._paid(call, admission, model, meter) as paid,
        ):
            ready = await self._preparation.ready(
                model, turn, asked_tokens, attempts=attempts, paid=paid, meter=meter
            )
            if whole:
                for step in await self._whole(route, ready, attempts, admission, meter):
                    yield step
            else:
                tally, delivery = ready.tally, ready.delivery
                async with attempts.chat(ready.turn) as answer:
                    yield _began(route, attempts, admission, ready, meter)
                    if delivery is None:
                        yield tally.take(answer.first)
                        at_once = tally.over  # not narrowed: the loop asks again
                        if not at_once:
                            async for burst in answer.rest:
                                yield tally.take(burst)
                                if tally.over:
                                    break
                    else:
                        deliver = delivery.deliver(answer.first, answer.rest, tally)
                        async with aclosing(deliver) as delivered:
                            async for burst in delivered:
                                yield burst
        self._meters.consumed(model.id, paid.usage)
        yield Settled(paid.usage)

    async def _whole(
        self,
        route: Route,
        ready: Ready,
        attempts: Attempts,
        admission: Admission,
        meter: CallUsage,
    ) -> Sequence[Step]:
        """Return the steps of a whole answer, which counts once it is complete."""
        bursts = await gathered(ready.turn, attempts, ready.delivery, ready.tally)
        meter.untold = False
        return [_began(route, attempts, admission, ready, meter), *bursts]

    def _admission(
        self, call: Call, model: Model, turn: Turn, asked_tokens: int | None
    ) -> Admission:
        """Return the call's way past limits and repeats, for as many tokens as it will likely take."""
        output = min(asked_tokens or _USUAL_OUTPUT, _USUAL_OUTPUT) * turn.choices
        tokens = turn.characters // _CHARACTERS_A_TOKEN + output
        return Admission(self._limits, self._repeats, call, model, tokens)

    def _paid(self, call: Call, admission: Admission, model: Model, meter: CallUsage) -> PaidCall:
        """Return the money side of the call; a tier that is not charged holds and pays nothing."""
        return PaidCall(
            self._ledger,
            self._clock,
            call,
            admission,
            priced=model if admission.charged else Gift(model.id),
            meter=meter,
        )

    def _plan(self, model: Model, turn: Turn) -> tuple[ChatEngine, ...]:
        """Return the engines of the model in their order, or the one that the turn is for.

        Raises:
            EngineUnavailableError: there are none, or the operator took the model off.
        """
        plan = self._plans.get(model.id)
        if plan is not None and turn.wishes.engine:
            plan = tuple(one for one in plan if one.name == turn.wishes.engine) or None
        if plan is None or model.offline:
            raise EngineUnavailableError(
                f"The model {model.id!r} is offline. GET /api/v1/models lists those that run."
            )
        return plan


def _began(
    route: Route,
    attempts: Attempts,
    admission: Admission,
    ready: Ready,
    meter: CallUsage,
) -> Began:
    ignored = attempts.ignored
    if ready.delivery is not None:
        ignored += ready.delivery.ignored
    return Began(route.model, attempts.engine, admission.quota, route.notice, meter.web, ignored)
