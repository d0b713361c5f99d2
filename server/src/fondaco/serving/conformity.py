"""Conformity: what a schema of a caller must be, and whether an answer is what it promises."""

from fondaco.domain.bounds import expect_bounded
from fondaco.domain.chat import Burst, Finish, Text, Turn
from fondaco.domain.errors import InferenceFailedError, InvalidRequestError
from fondaco.domain.form import JsonObject, JsonSchema
from fondaco.ports import Forms

_ANY_OBJECT = '{"type":"object"}'
_ANY_JSON = "true"


class UnfitAnswerError(InferenceFailedError):
    """The answer does not have the form that was asked for."""


async def expect_usable(forms: Forms, schema: str, field: str) -> None:
    """Return if answers can be asked for by a schema, given as JSON text.

    Raises:
        InvalidRequestError: it is too large, invalid, too complex, or nothing fits it; the fault
            stands at `field`.
        EngineBusyError: too many schemas are being judged.
    """
    expect_bounded(schema, field)
    flaw = await forms.flaw(schema)
    if flaw is not None:
        raise InvalidRequestError(f"The schema at {field!r} {flaw}.", faults={field: (flaw,)})


async def conformity_of(turn: Turn, forms: Forms) -> "Conformity | None":
    """Return the check of the form that a turn asks for; None where there is nothing to be checked.

    Where the caller has the answer end at words of its own, a form may be cut; with `strict: false`
    it only has to be JSON.

    Raises:
        InvalidRequestError: answers cannot be asked for by its schema.
        EngineBusyError: too many schemas are being judged.
    """
    match turn.wishes.form:
        case None:
            return None
        case JsonObject():
            schema = _ANY_OBJECT
        case JsonSchema(schema=schema, strict=strict, place=place):
            await expect_usable(forms, schema, place)
            schema = _ANY_JSON if strict is False else schema
    if turn.sampling.stop or turn.sampling.stop_token_ids:
        return None
    return Conformity(forms, schema)


class Conformity:
    """Holds each choice of an answer to a schema."""

    __slots__ = ("_forms", "_schema", "_texts")

    def __init__(self, forms: Forms, schema: str) -> None:
        self._forms = forms
        self._schema = schema
        self._texts: dict[int, list[str]] = {}

    async def expect(self, burst: Burst) -> None:
        """Return if no choice ends in the burst with a text that does not fit.

        One that was cut by its limit or a filter, or that calls functions, is not judged.

        Raises:
            UnfitAnswerError: one does.
        """
        for event in burst:
            match event:
                case Text():
                    self._texts.setdefault(event.choice, []).append(event.text)
                case Finish(choice=choice, reason="stop"):
                    await self._expect(choice)
                case _:
                    pass

    async def _expect(self, choice: int) -> None:
        fault = await self._forms.fault(self._schema, "".join(self._texts.pop(choice, ())))
        if fault is not None:
            raise UnfitAnswerError(
                f"The answer {fault}: the model did not keep to response_format. "
                "What it delivered is charged; please try again."
            )
