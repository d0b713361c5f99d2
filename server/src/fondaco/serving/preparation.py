"""Preparation: a turn on its way to an engine: fitted to its model, supplied, measured, within its means."""

from dataclasses import dataclass

from fondaco.domain.chat import PLAIN, Turn
from fondaco.domain.errors import (
    ContextTooLongError,
    InsufficientBalanceError,
    InvalidModelError,
)
from fondaco.domain.light import light
from fondaco.domain.model import Model
from fondaco.domain.web import WebWish
from fondaco.ports import Prompt
from fondaco.serving.attempts import Attempts
from fondaco.serving.augment import Augment, Errand, latest_said
from fondaco.serving.call import PaidCall
from fondaco.serving.call_usage import CallUsage
from fondaco.serving.decision import decided, question
from fondaco.serving.delivery import Delivery
from fondaco.serving.fitting import Fitting
from fondaco.serving.material import supplied
from fondaco.serving.media import Media, with_last_image
from fondaco.serving.tally import Tally

_CHARACTERS_A_TOKEN = 4
"""Of a prompt that nobody has counted yet."""


@light
@dataclass(frozen=True, slots=True)
class Ready:
    """A turn that is paid for and only has to be answered."""

    turn: Turn
    tally: Tally
    delivery: Delivery | None = None
    """How its answer reaches the caller; None: as it comes."""


class Preparation:
    """Makes turns ready; whatever costs anything is done once it is paid for."""

    def __init__(
        self, augment: Augment, fitting: Fitting, media: Media, system_prompt: str
    ) -> None:
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
        model: Model,
        turn: Turn,
        asked_tokens: int | None,
        *,
        attempts: Attempts,
        paid: PaidCall,
        meter: CallUsage,
    ) -> Ready:
        """Return the turn ready to run, with the money for its answer held.

        Raises:
            FondacoError: it cannot be; charged was what had been brought or decided for it.
        """
        delivery = None
        if turn.wishes.media:
            turn = await self._shown(turn, model, paid, meter)
        if turn.wishes is not PLAIN or model.thinking is not None:
            turn, delivery = await self._fitting.fit(model, turn)
        if turn.wishes.web is not None:
            turn = await self._supplied(
                turn, turn.wishes.web, model, attempts=attempts, paid=paid, meter=meter
            )
        prompt = await attempts.measure(turn)
        limit = _output_limit(model, prompt, asked_tokens)
        open_ended = asked_tokens is None
        if open_ended and not prompt.exact:
            limit = (
                model.output_limit(0, None) or limit
            )  # nobody knows how little the prompt leaves
        tally = meter.tally = Tally(prompt, limit, turn.choices)
        try:
            await paid.cover()
        except InsufficientBalanceError:
            if asked_tokens is not None:
                raise
            open_ended = False
            tally, limit = await _as_far_as_paid(model, prompt, turn.choices, paid, meter)
        if open_ended or limit != turn.max_output_tokens:
            turn = turn.of(model.id, limit, turn.sampling, open_ended=open_ended)
        return Ready(turn, tally, delivery)

    def _told(self, model: Model, turn: Turn, instructions: str) -> Turn:
        """Return the turn with the platform's prompt, where caller and model take it."""
        wanted = self._system_prompt and turn.system_prompt and model.system_prompt
        told = turn.told(self._system_prompt) if wanted else turn
        return told.told(instructions) if instructions else told

    async def _shown(self, turn: Turn, model: Model, paid: PaidCall, meter: CallUsage) -> Turn:
        """Return the turn with what the model is shown; nobody goes for one that cannot be paid."""
        if not model.capabilities.many_images:
            turn = with_last_image(turn)
        if self._media.goes_out(turn):
            words = turn.characters // _CHARACTERS_A_TOKEN
            meter.tally = _least(turn, Prompt(words + self._media.most_tokens(model, turn)))
            await paid.cover()
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

    async def _supplied(
        self,
        turn: Turn,
        wish: WebWish,
        model: Model,
        *,
        attempts: Attempts,
        paid: PaidCall,
        meter: CallUsage,
    ) -> Turn:
        """Return the turn with what is brought for it from the web, where anything is.

        Nobody goes for a turn that cannot be paid, or is too long by itself.
        """
        errand = self._errand(turn, model)
        if self._undecided(turn, wish, model):
            query = await decided(
                model,
                question(turn, latest_said(turn)),
                attempts.afresh(),
                self._fitting,
                paid=paid,
                meter=meter,
            )
            if query is not None:
                errand = Errand(query=query, cite=wish.cite) if query else None
        if errand is None:
            return turn
        asked = turn.max_output_tokens or None
        bare = await attempts.measure(turn)
        _output_limit(model, bare, asked)
        meter.tally = _least(turn, bare)
        meter.order(errand.most)
        await paid.cover()
        meter.bring(found := await self._augment.bring(errand))
        turn, meter.web = await supplied(
            turn, found, attempts, bare, context_tokens=model.context_tokens, asked=asked
        )
        return turn


def _least(turn: Turn, prompt: Prompt) -> Tally:
    """Return the tally of the shortest answer that the turn can get, to see whether it can be paid."""
    return Tally(prompt, turn.max_output_tokens or 1, turn.choices)


async def _as_far_as_paid(
    model: Model, prompt: Prompt, choices: int, paid: PaidCall, meter: CallUsage
) -> tuple[Tally, int]:
    """Return the tally of the longest answer that can be paid, which is then held, and its limit.

    Raises:
        InsufficientBalanceError: there is not even the money for a single token of each choice.
    """
    meter.tally, meter.curtailed = Tally(prompt, 1, choices), True
    await paid.cover()
    before, most = meter.done, meter.most
    money = paid.means - model.price.web.ceiling(before.searches, before.scrapes)
    covered = model.price.affordable(money, most.input_tokens) or most.output_tokens
    limit = min((covered - before.output_tokens) // choices, _output_limit(model, prompt, None))
    tally = meter.tally = Tally(prompt, limit, choices)
    await paid.cover()
    return tally, limit


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
