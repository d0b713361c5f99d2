"""Tool definitions as OpenAI-compatible requests and chat templates carry them."""

import orjson

from fondaco.domain.chat.tools import NamedTool, Tool, ToolOptions
from fondaco.engines.common.dialects import Dialect

_NO_PARAMETERS = {"type": "object", "properties": {}}
_MOST_SPACING = 2
"""Factor by which a template's indentation may lengthen a schema."""


def tool_fields(tool_options: ToolOptions, dialect: Dialect) -> dict[str, object]:
    """Return the tool fields of a request; none if no function may be called."""
    if not (dialect.tool_choice or tool_options.callable):
        return {}
    wire: dict[str, object] = {"tools": tools(tool_options)}
    if dialect.tool_choice and tool_options.choice != "auto":
        wire["tool_choice"] = (
            {"type": "function", "function": {"name": tool_options.choice.name}}
            if isinstance(tool_options.choice, NamedTool)
            else tool_options.choice
        )
    if dialect.parallel_tool_calls and not tool_options.parallel:
        wire["parallel_tool_calls"] = False
    return wire


def tools(tool_options: ToolOptions) -> list[dict[str, object]]:
    """Return all functions in the format of requests."""
    return [{"type": "function", "function": _function(tool)} for tool in tool_options.tools]


def longest_rendering(tool_options: ToolOptions) -> str:
    """Return a text with at least as many tokens as any template's rendering of the functions."""
    return orjson.dumps(tools(tool_options)).decode() * _MOST_SPACING


def _function(tool: Tool) -> dict[str, object]:
    function: dict[str, object] = {
        "name": tool.name,
        # Some engines reject a function without parameters.
        "parameters": _NO_PARAMETERS
        if tool.parameters is None
        else orjson.Fragment(tool.parameters),
    }
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict:
        function["strict"] = True
    return function
