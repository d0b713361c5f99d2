"""Validation of output formats in requests and of output against them."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

from fondaco.domain.chat.events import EventBatch, Finish, Refusal, Text
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import InferenceFailedError, InvalidRequestError
from fondaco.domain.output_format.constraint_bounds import expect_constraint_bounded
from fondaco.domain.output_format.output_format import (
    Choices,
    Constraint,
    Grammar,
    JsonObject,
    JsonSchema,
    OutputFormat,
    Regex,
)
from fondaco.domain.output_format.schema_bounds import expect_bounded
from fondaco.ports import Enforcement, OutputFormats

Check: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Says what is wrong with a text, if anything is."""

_ANY_OBJECT = '{"type":"object"}'
_ANY_JSON = "true"


class InvalidOutputError(InferenceFailedError):
    """The answer does not have the requested output format."""

    def __init__(self, what: str, *, charged: bool = True) -> None:
        """State the fault, and whether the answer is charged."""
        cost = "What it delivered is charged" if charged else "Nothing was charged"
        super().__init__(f"{what} {cost}; please try again.")
        self.what = what


async def expect_usable(
    forms: OutputFormats, schema: str, field: str, held: Enforcement, *, scope: str
) -> None:
    """Return if answers can be requested and validated by a schema, given as JSON text.

    Raises:
        InvalidRequestError: it is too large, invalid, too complex, or nothing fits it; or an engine here
            cannot enforce it. The fault stands at `field`.
        EngineBusyError: too many schemas are being judged.
    """
    expect_bounded(schema, field)
    flaw = await forms.schema_error(schema, held, scope=scope)
    if flaw is not None:
        raise InvalidRequestError(f"The schema at {field!r} {flaw}.", faults={field: (flaw,)})


async def _expect_followed(forms: OutputFormats, constraint: Constraint, scope: str) -> None:
    """Return if answers can be held to a constraint; raises as `expect_usable` does."""
    expect_constraint_bounded(constraint)
    flaw = await forms.constraint_error(constraint, scope=scope)
    if flaw is not None:
        raise InvalidRequestError(
            f"{constraint.field_path} {flaw}.", faults={constraint.field_path: (flaw,)}
        )


async def _expect_spaced(forms: OutputFormats, schema: str, whitespace: str, scope: str) -> None:
    """Return if the JSON of a schema can be spaced so; raises as `expect_usable` does."""
    field_path = "guided_whitespace_pattern"
    await _expect_followed(forms, Regex(whitespace, field_path), scope)
    flaw = await forms.schema_error(schema, Enforcement.GRAMMAR, scope=scope, whitespace=whitespace)
    if flaw is not None:
        raise InvalidRequestError(
            f"With {field_path} the schema {flaw}.", faults={field_path: (flaw,)}
        )


async def output_validation_of(
    request: ChatRequest, forms: OutputFormats, *, compiled: bool
) -> "OutputValidation | None":
    """Return the check of the output format that a request asks for; None where there is nothing to be checked.

    Where the caller has the answer end at words of its own, an output format may be cut; with `strict: false`
    it only has to be JSON.

    Args:
        request: the chat request.
        forms: judges schemas and constraints.
        compiled: whether an engine here may make a grammar of it; else it is an upstream's own matter
            what it makes of a schema, and the answer alone is checked.

    Raises:
        InvalidRequestError: answers cannot be constrained by its schema.
        EngineBusyError: too many schemas are being judged.
    """
    check: Check
    scope = request.cache_scope
    match output_format := request.options.output_format:
        case None:
            return None
        case JsonObject():
            check = partial(forms.schema_mismatch, _ANY_OBJECT)
        case JsonSchema(schema=schema, strict=strict):
            if (held := held_to(promised=strict is not False, compiled=compiled)) is not None:
                await expect_usable(forms, schema, output_format.field_path, held, scope=scope)
            if output_format.whitespace is not None:
                await _expect_spaced(forms, schema, output_format.whitespace, scope)
            check = partial(forms.schema_mismatch, _ANY_JSON if strict is False else schema)
        case Regex() | Choices() | Grammar():
            await _expect_followed(forms, output_format, scope)
            check = partial(forms.constraint_mismatch, output_format)
    if request.sampling.stop or request.sampling.stop_token_ids:
        return None
    return OutputValidation(check, field_of(output_format))


def held_to(*, promised: bool, compiled: bool) -> Enforcement | None:
    """Return how an answer is validated against a schema; None: it is not, and the schema is not checked.

    Args:
        promised: whether the answer must fit it.
        compiled: whether an engine here may make a grammar of it.
    """
    if compiled:
        return Enforcement.WHOLLY if promised else Enforcement.GRAMMAR
    return Enforcement.CHECK if promised else None


def field_of(output_format: OutputFormat) -> str:
    """Return the field of the request in which an output format was requested."""
    return (
        "response_format"
        if isinstance(output_format, JsonObject)
        else output_format.field_path.partition(".")[0]
    )


class OutputValidation:
    """Holds each choice of an answer to an output format."""

    __slots__ = ("_check", "_field", "_refused", "_texts")

    def __init__(self, check: Check, field: str) -> None:
        """Expect texts.

        Args:
            check: says what is wrong with one.
            field: of the request, in which the output format was requested.
        """
        self._check = check
        self._field = field
        self._refused: set[int] = set()
        self._texts: dict[int, list[str]] = {}

    def restarted(self) -> "OutputValidation":
        """Return the same expectation of another answer."""
        return OutputValidation(self._check, self._field)

    async def expect(self, batch: EventBatch) -> None:
        """Return if no choice ends in the batch with a text that does not fit.

        One that was cut by its limit or a filter, that calls functions, or in which the model
        refuses to answer, is not judged.

        Raises:
            InvalidOutputError: one does.
        """
        for event in batch:
            match event:
                case Text():
                    self._texts.setdefault(event.choice, []).append(event.text)
                case Refusal():
                    self._refused.add(event.choice)
                case Finish(choice=choice, reason="stop") if choice not in self._refused:
                    await self._expect(choice)
                case _:
                    pass

    async def _expect(self, choice: int) -> None:
        fault = await self._check("".join(self._texts.pop(choice, ())))
        if fault is not None:
            raise InvalidOutputError(f"The answer {fault}: the model did not follow {self._field}.")
