"""Chat: the use case from an admitted request to its last event."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from fondaco.domain.call import Call
from fondaco.domain.catalogue import Catalogue
from fondaco.domain.chat import Burst, Turn
from fondaco.domain.errors import (
    ContextTooLongError,
    EngineUnavailableError,
    InvalidModelError,
    NotSupportedYetError,
)
from fondaco.domain.light import light
from fondaco.domain.limits import Quota
from fondaco.domain.model import Model, ModelType
from fondaco.domain.names import Notice
from fondaco.domain.price import Charge, TokenPrice, WebPrice
from fondaco.domain.usage import Usage
from fondaco.domain.web import Gathered
from fondaco.ports import ChatEngine, Clock, Limits, Prompt
from fondaco.serving.admission import Admission
from fondaco.serving.attempts import Attempts
from fondaco.serving.augment import Augment, Errand
from fondaco.serving.call import PaidCall
from fondaco.serving.ledger import Ledger
from fondaco.serving.material import supplied
from fondaco.serving.meters import Meters
from fondaco.serving.repeats import Repeats
from fondaco.serving.tally import Tally

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


@light
@dataclass(frozen=True, slots=True)
class Settled:
    """The end of a call whose charge is durable."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Gift:
    """A model whose usage is counted and costs nothing."""

    id: str

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
        self._system_prompt = system_prompt
        self._augment = augment or Augment()

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
            FondacoError: before the first step, nothing was charged; after it, what was delivered was.
        """
        route = self._catalogue.route(turn.model)
        model = route.model
        _check(model, turn)
        errand = self._errand(turn, model)
        sampling = turn.sampling.filled(model.defaults.temperature, model.defaults.top_p)
        turn = self._told(model, turn, instructions).of(model.id, asked_tokens or 0, sampling)
        attempts = Attempts(self._plan(model))
        async with self._admission(call, model, turn, asked_tokens) as admission:
            web = None
            if errand is not None:
                turn, web = await self._supplied(
                    call, turn, model, errand, attempts=attempts, admission=admission
                )
            prompt = await attempts.measure(turn)
            limit = _output_limit(model, prompt, asked_tokens)
            if asked_tokens is None and admission.charged:
                means = await self._means(call, model, prompt, turn.choices, web)
            else:
                means = limit
            if min(limit, means) != turn.max_output_tokens:
                turn = turn.of(model.id, min(limit, means), sampling)
            tally = Tally(prompt, turn.max_output_tokens * turn.choices, web)
            async with (
                self._paid(call, admission, model, tally, curtailed=means < limit) as paid,
                attempts.chat(turn) as answer,
            ):
                if answer.first:
                    yield Began(model, attempts.engine, admission.quota, route.notice, web)
                    tally.add(answer.first)
                    yield answer.first
                async for burst in answer.rest:
                    tally.add(burst)
                    yield burst
        self._meters.consumed(model.id, paid.usage)
        yield Settled(paid.usage)

    def _told(self, model: Model, turn: Turn, instructions: str) -> Turn:
        """Return the turn with the platform's prompt, where caller and model take it."""
        wanted = self._system_prompt and turn.system_prompt and model.system_prompt
        told = turn.told(self._system_prompt) if wanted else turn
        return told.told(instructions) if instructions else told

    def _errand(self, turn: Turn, model: Model) -> Errand | None:
        """Return what is to be brought from the web: for nearly all calls nothing."""
        if turn.web is None:
            return None
        return self._augment.errand(turn, turn.web, searches=model.capabilities.web_search)

    def _admission(
        self, call: Call, model: Model, turn: Turn, asked_tokens: int | None
    ) -> Admission:
        """Return the call's way past limits and repeats, for as many tokens as it will likely take."""
        output = min(asked_tokens or _USUAL_OUTPUT, _USUAL_OUTPUT) * turn.choices
        tokens = turn.characters // _CHARACTERS_A_TOKEN + output
        return Admission(self._limits, self._repeats, call, model, tokens)

    async def _supplied(
        self,
        call: Call,
        turn: Turn,
        model: Model,
        errand: Errand,
        *,
        attempts: Attempts,
        admission: Admission,
    ) -> tuple[Turn, Gathered]:
        """Return the turn with what the errand brings.

        Nobody goes for a turn that cannot be paid or is too long by itself; once somebody has gone,
        the call counts against the limits.
        """
        asked = turn.max_output_tokens or None
        if admission.charged:
            await self._ledger.expect(call, errand.ceiling(model.price.web))
        bare = await attempts.measure(turn)
        _output_limit(model, bare, asked)
        admission.begun = True
        gathered = await self._augment.bring(errand)
        return await supplied(
            turn, gathered, attempts, bare, context_tokens=model.context_tokens, asked=asked
        )

    async def _means(
        self, call: Call, model: Model, prompt: Prompt, choices: int, web: Gathered | None
    ) -> int:
        """Return the most tokens of one choice that the key and its account can pay; at least 1."""
        free = (await self._ledger.free(call)).total
        if web is not None:
            free -= model.price.web.ceiling(web.searches, web.scrapes)
        covered = model.price.affordable(free, prompt.input_tokens)
        return model.context_tokens if covered is None else max(1, covered // choices)

    def _paid(
        self, call: Call, admission: Admission, model: Model, tally: Tally, *, curtailed: bool
    ) -> PaidCall:
        """Return the money side of the call; a tier that is not charged holds and pays nothing."""
        charged = admission.charged
        ceiling = model.price.ceiling(tally.most_input, tally.most_output)
        if tally.web is not None:
            ceiling += model.price.web.ceiling(tally.web.searches, tally.web.scrapes)
        return PaidCall(
            self._ledger,
            self._clock,
            call,
            admission,
            priced=model if charged else Gift(model.id),
            ceiling=ceiling if charged else 0,
            meter=tally,
            curtailed_at=tally.most_output if curtailed else None,
        )

    def refuse_images(self, name: str) -> NoReturn:
        """Refuse images, naming a model that takes them if there is one.

        Raises:
            InvalidModelError: always; images arrive with the vision models.
        """
        model = self._catalogue.route(name).model
        fault = ("Images are not supported by this model",)
        seeing = [m.id for m in self._catalogue.models(ModelType.TEXT) if m.capabilities.vision]
        hint = f" Models with vision: {', '.join(seeing)}." if seeing else " No model here does."
        if model.capabilities.vision:
            raise NotSupportedYetError(
                "Images are not supported yet.", faults={"messages": ("Not supported yet",)}
            )
        raise InvalidModelError(
            f"The model {model.id!r} does not take images.{hint}", faults={"messages": fault}
        )

    def _plan(self, model: Model) -> tuple[ChatEngine, ...]:
        """Return the engines of the model in their order.

        Raises:
            EngineUnavailableError: there are none, or the operator took the model off.
        """
        plan = self._plans.get(model.id)
        if plan is None or model.offline:
            raise EngineUnavailableError(
                f"The model {model.id!r} is offline. GET /api/v1/models lists those that run."
            )
        return plan


def _check(model: Model, turn: Turn) -> None:
    if turn.top_logprobs is not None and not model.capabilities.log_probs:
        raise InvalidModelError(
            f"The model {model.id!r} gives no log probabilities. Leave out logprobs.",
            faults={"logprobs": ("Not supported by this model",)},
        )


def _output_limit(model: Model, prompt: Prompt, asked: int | None) -> int:
    """Return the most tokens of one choice.

    Where the prompt is only bounded, not counted, a tight limit would refuse good calls, so at least
    a quarter of the context is left and the engine has the last word.
    """
    if prompt.exact:
        limit = model.output_limit(prompt.input_tokens, asked)
    else:
        bounded = min(prompt.input_tokens, model.context_tokens * 3 // 4)
        limit = model.output_limit(bounded, min(asked, model.context_tokens) if asked else None)
        if limit is None and asked is not None and asked <= model.context_tokens:
            limit = asked
    if limit is None:
        raise ContextTooLongError(prompt.input_tokens, asked or 1, model.context_tokens)
    return limit
