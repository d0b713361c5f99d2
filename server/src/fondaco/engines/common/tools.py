"""Tool definitions as OpenAI-compatible requests and chat templates carry them."""

import orjson

from fondaco.domain.chat.tools import NamedTool, Tool, ToolOptions
from fondaco.engines.common.dialects import Dialect

_NO_PARAMETERS = {"type": "object", "properties": {}}
_MOST_SPACING = 2
"""How much longer a template may write a schema than it came, for its indents."""


def offered(tool_options: ToolOptions, dialect: Dialect) -> dict[str, object]:
    """Return the fields of a request that offer functions; none, where none may be called."""
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
    """Return all functions as a request names them."""
    return [{"type": "function", "function": _function(tool)} for tool in tool_options.tools]


def most_text(tool_options: ToolOptions) -> str:
    """Return a text that has at least as many tokens as an engine's template makes of the functions."""
    return orjson.dumps(tools(tool_options)).decode() * _MOST_SPACING


def _function(tool: Tool) -> dict[str, object]:
    function: dict[str, object] = {
        "name": tool.name,
        # Not every engine takes a function that leaves them out.
        "parameters": _NO_PARAMETERS
        if tool.parameters is None
        else orjson.Fragment(tool.parameters),
    }
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict:
        function["strict"] = True
    return function
