"""Validation of tools in requests and of tool calls in responses."""

import json
from dataclasses import replace

from fondaco.domain.chat.events import EventBatch, Finish, Refusal, ToolPart
from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
from fondaco.domain.chat.tools import ToolOptions
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.models.model import Model
from fondaco.ports import OutputFormats
from fondaco.serving.chat.output.validation import InvalidOutputError, expect_usable, held_to

_ANY_OBJECT = '{"type":"object"}'
_UNCALLED = "The model called no function, although tool_choice requires one."


async def expect_callable(
    tool_options: ToolOptions, forms: OutputFormats, *, scope: str, compiled: bool
) -> None:
    """Return if every function that may be called can be.

    A schema is looked at where something is made of it: where its function is `strict`, or an engine here
    makes a grammar of it (`compiled`). What it asks for beyond that is between the caller and an upstream.

    Raises:
        InvalidRequestError: a function's schema cannot constrain arguments.
        EngineBusyError: too many schemas are being judged.
    """
    callable_ = tool_options.callable
    for number, tool in enumerate(tool_options.tools):
        held = held_to(promised=tool.strict, compiled=compiled and tool in callable_)
        if tool.parameters is None or held is None:
            continue
        field = f"tools.{number}.function.parameters"
        await expect_usable(forms, tool.parameters, field, held, scope=scope)
        if json.loads(tool.parameters).get("type", "object") != "object":
            raise InvalidRequestError(
                f"The arguments of the function {tool.name!r} are not an object. Set the type of "
                "its parameters to 'object'.",
                faults={f"{field}.type": ("Must be 'object'",)},
            )


def without_tools(model: Model, request: ChatRequest) -> ChatRequest:
    """Return the request as a model without functions gets it, which may call none anyway."""
    if request.options.tool_options is None or model.capabilities.function_calling:
        return request
    options = replace(request.options, tool_options=None)
    return replace(request, options=NO_OPTIONS if options == NO_OPTIONS else options)


class ToolCallValidation:
    """Holds the calls of each choice to the functions' schemas."""

    __slots__ = ("_calls", "_forms", "_must", "_refused", "_schemas", "_tool_options")

    def __init__(self, forms: OutputFormats, tool_options: ToolOptions) -> None:
        self._forms = forms
        self._tool_options = tool_options
        self._must = tool_options.choice not in ("auto", "none")
        self._refused: set[int] = set()
        self._schemas = {
            tool.name: (tool.parameters if tool.strict else None) or _ANY_OBJECT
            for tool in tool_options.tools
        }
        self._calls: dict[tuple[int, int], list[ToolPart]] = {}

    def restarted(self) -> "ToolCallValidation":
        """Return the same expectation of another answer."""
        return ToolCallValidation(self._forms, self._tool_options)

    async def expect(self, batch: EventBatch) -> None:
        """Return if no choice ends in the batch with a call that does not fit, or without one that it must make.

        Arguments must be a JSON object, and match their schema where the caller asked for that
        by `strict`. One that was cut by the output limit is not judged.

        Raises:
            InvalidOutputError: one does.
        """
        for event in batch:
            match event:
                case Refusal():
                    self._refused.add(event.choice)
                case ToolPart():
                    self._calls.setdefault((event.choice, event.index), []).append(event)
                case Finish(choice=choice, reason="stop" | "tool_calls"):
                    made = [place for place in self._calls if place[0] == choice]
                    if self._must and not made and choice not in self._refused:
                        raise InvalidOutputError(_UNCALLED)
                    for place in made:
                        await self._expect(self._calls.pop(place))
                case _:
                    pass

    async def _expect(self, parts: list[ToolPart]) -> None:
        name, arguments = parts[0].name, "".join(part.arguments for part in parts)
        schema = self._schemas.get(name, _ANY_OBJECT)
        if schema is _ANY_OBJECT:
            fault = None if _is_object(arguments) else "are not a JSON object"
        elif fault := await self._forms.schema_mismatch(schema, arguments):
            fault = f"do not match its parameters: the text {fault}"
        if fault is not None:
            raise InvalidOutputError(f"The arguments of the model's call of {name!r} {fault}.")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
