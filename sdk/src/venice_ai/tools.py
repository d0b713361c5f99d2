"""Python functions as tools: their schemas, and execution of tool calls."""

import inspect
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PydanticUserError,
    ValidationError,
    create_model,
)
from pydantic_core import to_json

from venice_ai._portal import in_callers_thread
from venice_ai.types.api.chat import FunctionDefinition, Tool, ToolCall

__all__ = ["tool_from_function"]

logger = logging.getLogger("venice_ai.tools")

_SECTION = re.compile(r"^\s*(Args|Arguments|Parameters):\s*$")
_ENTRY = re.compile(r"^(\s*)\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_FIELD = re.compile(r"^\s*:param\s+(?:[^:]*\s)?(\w+)\s*:\s*(.*)$")
_HEADING = re.compile(r"^\s*[A-Z]\w+:\s*$")


def tool_from_function(
    function: Callable[..., Any], *, name: str | None = None, description: str | None = None
) -> Tool:
    """Return the tool definition of a function: name, description, and schema of its arguments.

    The types come from the annotations, the texts from the docstring: its beginning, and what its
    section `Args:` (or `:param x:`) says.

    Raises:
        TypeError: The function takes `*args`, `**kwargs` or positional-only arguments, or an
            annotation has no JSON schema.

    >>> def add(a: int, b: int = 1) -> int:
    ...     "Add two numbers."
    ...     return a + b
    >>> tool_from_function(add).function.parameters["required"]
    ['a']
    """
    described, _ = _docs(function)
    return Tool(
        function=FunctionDefinition(
            name=name or _name(function),
            description=description or described or None,
            parameters=_parameters(function),
        )
    )


@dataclass(frozen=True, slots=True)
class Runnable:
    """A tool: a function that the model may call, with the schema of its arguments."""

    function: Callable[..., Any]
    arguments: type[BaseModel]

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Runnable":
        """Return a tool from a Python function.

        Raises:
            TypeError: as `tool_from_function` says.
        """
        return cls(function, _arguments(function))

    async def run(self, call: ToolCall) -> Any:
        """Run the function with a call's arguments and return its result.

        Raises:
            ValueError: The arguments do not match. Errors of the function pass through.
        """
        try:
            given = self.arguments.model_validate_json(call.function.arguments or "{}")
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}"
                for fault in error.errors(include_url=False, include_input=False)
            )
            raise ValueError(f"The arguments do not fit: {faults}") from error
        named = {
            field.alias or attribute: getattr(given, attribute)
            for attribute, field in self.arguments.model_fields.items()
            if attribute in given.model_fields_set
        }
        if inspect.iscoroutinefunction(self.function):
            return await self.function(**named)
        result = await in_callers_thread(partial(self.function, **named))
        return await result if inspect.isawaitable(result) else result


def runnables(tools: Sequence[Callable[..., Any] | Tool]) -> dict[str, Runnable]:
    """Return the functions among tools by their names.

    Raises:
        ValueError: Two have the same name.
    """
    found: dict[str, Runnable] = {}
    for tool in tools:
        if isinstance(tool, Tool | dict):
            continue
        name = _name(tool)
        if name in found:
            raise ValueError(f"Two tools are named {name!r}. Rename one of them.")
        found[name] = Runnable.of(tool)
    return found


def text_of(result: object) -> str:
    """Return a tool's result as text for the model: strings unchanged, other values as JSON.

    >>> text_of("sunny"), text_of({"degrees": 21})
    ('sunny', '{"degrees":21}')
    """
    if isinstance(result, str):
        return result
    return to_json(result, by_alias=True, fallback=str).decode()


def tell_model(call: ToolCall, error: Exception) -> str:
    """Log a tool's error, and return a text about it, so that the model can do better."""
    logger.error("Tool %r failed.", call.function.name, exc_info=error)
    return f"Error: {type(error).__name__}: {error}"


def _name(function: Callable[..., Any]) -> str:
    named = _unbound(function)
    name = getattr(named, "__name__", None) or type(named).__name__
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)


def _arguments(function: Callable[..., Any]) -> type[BaseModel]:
    """Return a model with a field for each argument."""
    _, texts = _docs(function)
    hints = get_type_hints(_routine(function), include_extras=True)
    fields: dict[str, Any] = {}
    for place, argument in enumerate(inspect.signature(function).parameters.values()):
        if argument.kind not in {argument.KEYWORD_ONLY, argument.POSITIONAL_OR_KEYWORD}:
            raise TypeError(
                f"Argument {argument.name!r} of {_name(function)!r} cannot be given by name, so "
                "no model can give it. Write every argument out."
            )
        default = ... if argument.default is argument.empty else argument.default
        shape = hints.get(argument.name, Any)
        told: dict[str, Any] = (
            {"description": texts[argument.name]} if argument.name in texts else {}
        )
        # Generated field names, as the function's may have a meaning in pydantic.
        fields[f"argument_{place}"] = (shape, Field(default, alias=argument.name, **told))
    try:
        return create_model(_name(function), __config__=ConfigDict(extra="forbid"), **fields)
    except (TypeError, ValueError, PydanticUserError) as error:
        raise _shapeless(function, error) from error


def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        schema = _arguments(function).model_json_schema(by_alias=True)
    except PydanticUserError as error:
        raise _shapeless(function, error) from error
    schema.pop("title", None)
    schema.setdefault("properties", {})
    for field in schema["properties"].values():
        field.pop("title", None)
    return schema


def _shapeless(function: Callable[..., Any], error: Exception) -> TypeError:
    return TypeError(f"{_name(function)!r} has an argument without a schema: {error}")


def _unbound(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of which some arguments are given already."""
    while isinstance(function, partial):
        function = function.func
    return function


def _routine(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return where the annotations and the docstring of something callable are."""
    unbound = _unbound(function)
    return unbound if inspect.isroutine(unbound) else type(unbound).__call__


def _docs(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Return a docstring's summary, and the description of each argument."""
    routine = _routine(function)
    text = inspect.getdoc(routine if routine.__doc__ else _unbound(function))
    lines = (text or "").splitlines()
    about: list[str] = []
    texts: dict[str, str] = {}
    within, current, indent = False, "", 0
    for line in lines:
        if _SECTION.match(line):
            within, current = True, ""
        elif found := _FIELD.match(line):
            texts[found[1]], within = found[2], True
        elif within and _HEADING.match(line) and not line.startswith(" "):
            within = False
        elif within and (found := _ENTRY.match(line)) and (not current or len(found[1]) <= indent):
            current, indent = found[2], len(found[1])
            texts[current] = found[3]
        elif within and current and line.strip():
            texts[current] = f"{texts[current]} {line.strip()}".strip()
        elif not within and not texts:
            about.append(line)
    return "\n".join(about).strip(), texts
