"""Fitting: a turn's wishes, as far as its model can fulfil them."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from fondaco.domain.catalogue import Catalogue
from fondaco.domain.chat import PLAIN, Turn
from fondaco.domain.errors import InvalidModelError, InvalidRequestError
from fondaco.domain.form import Choices, Grammar, Regex
from fondaco.domain.model import Model, ModelType
from fondaco.ports import Forms
from fondaco.serving.conformity import conformity_of, field_of
from fondaco.serving.delivery import Delivery
from fondaco.serving.discretion import discreet
from fondaco.serving.thinking import Thinking, think
from fondaco.serving.tool_conformity import ToolConformity, expect_callable, without_tools


class Fitting:
    """Makes of what a caller wishes what an engine can be asked for."""

    def __init__(
        self,
        catalogue: Catalogue,
        forms: Forms,
        grammars: Mapping[str, Callable[[Turn], str | None]] | None = None,
    ) -> None:
        """Prepare.

        Args:
            catalogue: the models there are.
            forms: what judges schemas and guides.
            grammars: name of each engine that compiles them on this machine -> the grammar that it makes
                of a turn, if any. Other engines judge for themselves what they are sent.
        """
        self._catalogue = catalogue
        self._forms = forms
        self._grammars = grammars or {}

    def expect_able(self, model: Model, turn: Turn) -> None:
        """Return if the model keeps to forms and calls functions, where the turn asks for that.

        Raises:
            InvalidModelError: it does not; models that do are named.
            InvalidRequestError: an answer cannot be both that the turn asks for.
        """
        able, wishes = model.capabilities, turn.wishes
        if wishes.form is not None and not able.response_schema:
            names = [one.id for one in self._models() if one.capabilities.response_schema]
            raise _unable(model, field_of(wishes.form), names)
        if (tooling := wishes.tooling) and tooling.callable and not able.function_calling:
            names = [one.id for one in self._models() if one.capabilities.function_calling]
            raise _unable(model, "tools", names)
        if tooling and tooling.callable and isinstance(wishes.form, Regex | Choices | Grammar):
            raise InvalidRequestError(
                f"{wishes.form.place} holds the whole answer, which then can call no function. "
                "Leave out one of the two, or set tool_choice to 'none'.",
                faults={wishes.form.place: ("Not together with tools",)},
            )

    def _models(self) -> Iterable[Model]:
        return self._catalogue.models(ModelType.TEXT)

    async def fit(self, model: Model, turn: Turn) -> tuple[Turn, Delivery]:
        """Return the turn as the model gets it, and how its answer reaches the caller.

        Raises:
            InvalidModelError: the model cannot do what is asked.
            InvalidRequestError: what is asked cannot be done at all.
            EngineBusyError: too many schemas are being judged.
        """
        turn = without_tools(model, turn)
        compiling = self._compiling(model, turn)
        conformity = await conformity_of(turn, self._forms, compiled=bool(compiling))
        calls = await self._calls(turn, compiled=bool(compiling))
        thinking: Thinking | None = None
        moot: tuple[str, ...] = ()
        turn, kept_off = discreet(model, turn)
        if model.thinking is not None or turn.wishes.thinking is not None:
            turn, thinking, moot = think(model, turn)
        if calls is not None and compiling:
            await self._expect_followed(turn, compiling)
        return turn, Delivery(
            (*kept_off, *moot), thinking=thinking, conformity=conformity, calls=calls
        )

    def _compiling(self, model: Model, turn: Turn) -> Sequence[Callable[[Turn], str | None]]:
        """Return what makes grammars of the turn, for each engine that may answer it and compiles."""
        if turn.wishes is PLAIN:
            return ()
        names = (turn.wishes.engine,) if turn.wishes.engine else model.engines
        return [self._grammars[name] for name in names if name in self._grammars]

    async def _calls(self, turn: Turn, *, compiled: bool) -> ToolConformity | None:
        """Return what the answer's calls are held to; None where its caller may have cut them."""
        tooling = turn.wishes.tooling
        if tooling is None:
            return None
        await expect_callable(tooling, self._forms, scope=turn.cache_scope, compiled=compiled)
        if turn.sampling.stop or turn.sampling.stop_token_ids:
            return None
        return ToolConformity(self._forms, tooling)

    async def _expect_followed(
        self, turn: Turn, compiling: Iterable[Callable[[Turn], str | None]]
    ) -> None:
        """Return if engines can follow all functions and the form together, each of which they can alone.

        Raises:
            InvalidRequestError: together they are too much.
            EngineBusyError: too many schemas are being judged.
        """
        for grammar_of in compiling:
            if (grammar := grammar_of(turn)) is None:
                continue
            flaw = await self._forms.grammar_flaw(grammar, scope=turn.cache_scope)
            if flaw is not None:
                raise InvalidRequestError(
                    f"The functions cannot be offered together: their grammar {flaw}. Offer fewer of "
                    "them, or simpler parameters.",
                    faults={"tools": (flaw,)},
                )


def _unable(model: Model, field: str, able: Sequence[str]) -> InvalidModelError:
    hint = f"These do: {', '.join(able)}." if able else "No model here does."
    return InvalidModelError(
        f"The model {model.id!r} does not support {field}. {hint}",
        faults={field: ("Not supported by this model",)},
    )
