"""Tooling: the functions that a model may call, and how free it is to do so."""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the caller offers."""

    name: str
    description: str | None = None
    parameters: str | None = None
    """JSON Schema of its arguments as JSON text; None: it takes none."""
    strict: bool = False
    """Whether its arguments are promised to fit the schema."""


@dataclass(frozen=True, slots=True)
class NamedTool:
    """The one function that has to be called."""

    name: str


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | NamedTool


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """What a turn offers. Source: POST /chat/completions, `tools`, `tool_choice`."""

    tools: tuple[Tool, ...]
    """At least one."""
    choice: ToolChoice = "auto"
    parallel: bool = True
    """Whether one answer may make several calls."""

    @property
    def callable(self) -> tuple[Tool, ...]:
        """The tools that the answer may call."""
        match self.choice:
            case "none":
                return ()
            case NamedTool(name):
                return tuple(tool for tool in self.tools if tool.name == name)
            case "auto" | "required":
                return self.tools
