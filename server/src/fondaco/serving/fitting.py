"""Fitting: a turn's wishes, as far as its model can fulfil them."""

from fondaco.domain.catalogue import Catalogue
from fondaco.domain.chat import Turn
from fondaco.domain.errors import InvalidModelError
from fondaco.domain.model import Model, ModelType
from fondaco.ports import Forms
from fondaco.serving.conformity import conformity_of
from fondaco.serving.delivery import Delivery
from fondaco.serving.discretion import discreet
from fondaco.serving.thinking import Thinking, think


class Fitting:
    """Makes of what a caller wishes what an engine can be asked for."""

    def __init__(self, catalogue: Catalogue, forms: Forms) -> None:
        self._catalogue = catalogue
        self._forms = forms

    def expect_able(self, model: Model, turn: Turn) -> None:
        """Return if the model keeps to forms, where the turn asks for one.

        Raises:
            InvalidModelError: it does not; models that do are named.
        """
        if turn.wishes.form is None or model.capabilities.response_schema:
            return
        models = self._catalogue.models(ModelType.TEXT)
        able = [one.id for one in models if one.capabilities.response_schema]
        hint = f"These do: {', '.join(able)}." if able else "No model here does."
        raise InvalidModelError(
            f"The model {model.id!r} does not support response_format. {hint}",
            faults={"response_format": ("Not supported by this model",)},
        )

    async def fit(self, model: Model, turn: Turn) -> tuple[Turn, Delivery]:
        """Return the turn as the model gets it, and how its answer reaches the caller.

        Raises:
            InvalidModelError: the model cannot do what is asked.
            InvalidRequestError: what is asked cannot be done at all.
            EngineBusyError: too many schemas are being judged.
        """
        conformity = await conformity_of(turn, self._forms)
        thinking: Thinking | None = None
        moot: tuple[str, ...] = ()
        turn, kept_off = discreet(model, turn)
        if model.thinking is not None or turn.wishes.thinking is not None:
            turn, thinking, moot = think(model, turn)
        return turn, Delivery((*kept_off, *moot), thinking=thinking, conformity=conformity)
