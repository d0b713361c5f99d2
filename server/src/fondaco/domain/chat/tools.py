"""Tools: functions that a model may call, and the choice among them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call."""

    name: str
    description: str | None = None
    parameters: str | None = None
    """JSON Schema of the arguments, as JSON text; None: no arguments."""
    strict: bool = False
    """Whether arguments must match the schema."""


@dataclass(frozen=True, slots=True)
class NamedTool:
    """A tool choice: the one function that must be called."""

    name: str


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | NamedTool


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """The tools of a request. Source: POST /chat/completions, `tools`, `tool_choice`."""

    tools: tuple[Tool, ...]
    """At least one."""
    choice: ToolChoice = "auto"
    parallel: bool = True
    """Whether one response may contain several tool calls."""

    @property
    def callable(self) -> tuple[Tool, ...]:
        """The tools that the model may call under the tool choice."""
        match self.choice:
            case "none":
                return ()
            case NamedTool(name):
                return tuple(tool for tool in self.tools if tool.name == name)
            case "auto" | "required":
                return self.tools
