"""Preparation: a turn on its way to an engine: fitted to its model, supplied, measured, within its means."""

from dataclasses import dataclass

from fondaco.domain.call import Call
from fondaco.domain.chat import PLAIN, Turn
from fondaco.domain.errors import ContextTooLongError, InvalidModelError
from fondaco.domain.light import light
from fondaco.domain.model import Model
from fondaco.domain.usage import Usage
from fondaco.domain.web import Gathered, WebWish
from fondaco.ports import Prompt
from fondaco.serving.admission import Admission
from fondaco.serving.attempts import Attempts
from fondaco.serving.augment import Augment, Errand, latest_said
from fondaco.serving.decision import MOST_OUTPUT, decided, question
from fondaco.serving.delivery import Delivery
from fondaco.serving.fitting import Fitting
from fondaco.serving.ledger import Ledger
from fondaco.serving.material import supplied
from fondaco.serving.media import Media, with_last_image
from fondaco.serving.tally import Tally


@light
@dataclass(frozen=True, slots=True)
class Ready:
    """A turn that only has to be paid and answered."""

    turn: Turn
    tally: Tally
    curtailed: bool
    """Whether the balance or the key's limit allows for less than the model."""
    delivery: Delivery | None = None
    """How its answer reaches the caller; None: as it comes."""


class Preparation:
    """Makes turns ready."""

    def __init__(
        self,
        ledger: Ledger,
        augment: Augment,
        fitting: Fitting,
        media: Media,
        system_prompt: str,
    ) -> None:
        self._ledger = ledger
        self._augment = augment
        self._fitting = fitting
        self._media = media
        self._system_prompt = system_prompt

    def expect_able(self, model: Model, turn: Turn) -> None:
        """Return if nothing speaks against the turn that can be told without any work.

        Raises:
            InvalidModelError: the model gives no log probabilities, does not take images, or does not
                keep to forms.
            InvalidRequestError: what is wanted from the web is switched off.
        """
        if turn.top_logprobs is not None and not model.capabilities.log_probs:
            raise InvalidModelError(
                f"The model {model.id!r} gives no log probabilities. Leave out logprobs.",
                faults={"logprobs": ("Not supported by this model",)},
            )
        if turn.wishes.media:
            self._media.expect_able(model, turn)
        if turn.wishes is not PLAIN:
            self._fitting.expect_able(model, turn)
        self._errand(turn, model)

    def begun(self, model: Model, turn: Turn, asked_tokens: int | None, instructions: str) -> Turn:
        """Return the turn with the model's own sampling and all that is told before it."""
        sampling = turn.sampling.filled(model.defaults.temperature, model.defaults.top_p)
        told = self._told(model, turn, instructions)
        return told.of(model.id, asked_tokens or 0, sampling)

    async def ready(
        self,
        call: Call,
        model: Model,
        turn: Turn,
        asked_tokens: int | None,
        *,
        attempts: Attempts,
        admission: Admission,
    ) -> Ready:
        """Return the turn ready to run.

        Raises:
            FondacoError: it cannot be; nothing was charged.
        """
        delivery = web = None
        if turn.wishes.media:
            turn = await self._shown(call, turn, model, admission)
        if turn.wishes is not PLAIN or model.thinking is not None:
            turn, delivery = await self._fitting.fit(model, turn)
        errand, spent = self._errand(turn, model), None
        if turn.wishes.web is not None and self._undecided(turn, turn.wishes.web, model):
            errand, spent = await self._decided(
                call, turn, model, turn.wishes.web, errand, attempts=attempts, admission=admission
            )
        if errand is not None:
            turn, web = await self._supplied(
                call, turn, model, errand, attempts=attempts, admission=admission
            )
        prompt = await attempts.measure(turn)
        limit = means = _output_limit(model, prompt, asked_tokens)
        if asked_tokens is None and admission.charged:
            owed = _owed(model, web, spent)
            means = await self._means(call, model, prompt, turn.choices, owed=owed)
        if min(limit, means) != turn.max_output_tokens:
            turn = turn.of(model.id, min(limit, means), turn.sampling)
        tally = Tally(prompt, turn.max_output_tokens * turn.choices, web, spent)
        return Ready(turn, tally, means < limit, delivery)

    def _told(self, model: Model, turn: Turn, instructions: str) -> Turn:
        """Return the turn with the platform's prompt, where caller and model take it."""
        wanted = self._system_prompt and turn.system_prompt and model.system_prompt
        told = turn.told(self._system_prompt) if wanted else turn
        return told.told(instructions) if instructions else told

    async def _shown(self, call: Call, turn: Turn, model: Model, admission: Admission) -> Turn:
        """Return the turn with what the model is shown; as `_supplied`, nobody goes for nothing."""
        if not model.capabilities.many_images:
            turn = with_last_image(turn)
        if self._media.goes_out(turn):
            if admission.charged:
                await self._ledger.expect(call, model.price.ceiling(turn.characters, 1))
            admission.begun = True
        return await self._media.brought(model, turn)

    def _errand(self, turn: Turn, model: Model) -> Errand | None:
        """Return what is to be brought from the web: for nearly all calls nothing."""
        if turn.wishes.web is None:
            return None
        return self._augment.errand(turn, turn.wishes.web, searches=model.capabilities.web_search)

    def _undecided(self, turn: Turn, wish: WebWish, model: Model) -> bool:
        """Whether the model itself is to judge if a search is needed."""
        able = model.capabilities
        judges = model.judges_searches and able.response_schema and able.web_search
        return judges and self._augment.undecided(turn, wish)

    async def _decided(
        self,
        call: Call,
        turn: Turn,
        model: Model,
        wish: WebWish,
        otherwise: Errand | None,
        *,
        attempts: Attempts,
        admission: Admission,
    ) -> tuple[Errand | None, Usage]:
        """Return the errand on which the model sends, and what its decision has consumed."""
        asked = question(turn, latest_said(turn))
        if admission.charged:
            await self._ledger.expect(call, model.price.ceiling(asked.characters, MOST_OUTPUT))
        admission.begun = True
        query, spent = await decided(model, asked, attempts.afresh(), self._fitting)
        if query is None:
            return otherwise, spent
        return Errand(query=query, cite=wish.cite) if query else None, spent

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
        self, call: Call, model: Model, prompt: Prompt, choices: int, *, owed: int
    ) -> int:
        """Return the most tokens of one choice that can be paid beside what is `owed`; at least 1."""
        free = (await self._ledger.free(call)).total - owed
        covered = model.price.affordable(free, prompt.input_tokens)
        return model.context_tokens if covered is None else max(1, covered // choices)


def _owed(model: Model, web: Gathered | None, spent: Usage | None) -> int:
    """Return what has been consumed before the turn itself, in nano-dollars."""
    owed = 0 if web is None else model.price.web.ceiling(web.searches, web.scrapes)
    if spent is not None:
        owed += model.price.ceiling(spent.input_tokens, spent.output_tokens)
    return owed


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
