"""Fitting: a turn's wishes, as far as its model can fulfil them."""

from fondaco.domain.chat import Turn
from fondaco.domain.model import Model
from fondaco.serving.delivery import Delivery
from fondaco.serving.discretion import discreet
from fondaco.serving.thinking import Thinking, think


class Fitting:
    """Makes of what a caller wishes what an engine can be asked for."""

    async def fit(self, model: Model, turn: Turn) -> tuple[Turn, Delivery]:
        """Return the turn as the model gets it, and how its answer reaches the caller.

        Raises:
            InvalidModelError: the model cannot do what is asked.
            InvalidRequestError: what is asked cannot be done at all.
        """
        thinking: Thinking | None = None
        moot: tuple[str, ...] = ()
        turn, kept_off = discreet(model, turn)
        if model.thinking is not None or turn.wishes.thinking is not None:
            turn, thinking, moot = think(model, turn)
        return turn, Delivery((*kept_off, *moot), thinking=thinking)
