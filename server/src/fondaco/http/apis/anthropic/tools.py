"""Tools of a request, and the choice among them.

Source: Anthropic's API reference, "Create a message", `tools`, `tool_choice`.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

import orjson
from pydantic import Discriminator, Field, Tag, model_validator

from fondaco.domain.chat.tools import NamedTool, Tool, ToolChoice, ToolOptions
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.web import WebOptions
from fondaco.http.apis.openai.chat.parts import CacheControl
from fondaco.http.endpoint.fields import VARIANT, Open

_CUSTOM, _SEARCH, _OTHER = f"{VARIANT}custom", f"{VARIANT}search", f"{VARIANT}other"
_SEARCH_NAME = "web_search"
_MOST_TOOLS = 512
_SearchType = Literal["web_search_20250305", "web_search_20260209", "web_search_20260318"]
_VERSIONED = re.compile(r"[a-z_]{1,40}(_[0-9]{8})?")
"""The type of a tool that Anthropic defines. Others are not repeated in an error: they may be content."""


class CallerTool(Open):
    """A tool that the caller runs."""

    type: Literal["custom"] | None = None
    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.-]+$")]
    description: str | None = None
    input_schema: dict[str, Any] = Field(description="JSON Schema of its input.")
    strict: bool | None = Field(None, description="Whether inputs must match the schema.")


class SearchTool(Open):
    """Web search by this server: at most one search, before the model answers."""

    type: _SearchType
    name: Literal["web_search"]
    max_uses: Annotated[int, Field(ge=1)] | None = None
    allowed_domains: list[str] | None = Field(None, description="Not supported.")
    blocked_domains: list[str] | None = Field(None, description="Not supported.")
    cache_control: CacheControl | None = None

    @model_validator(mode="after")
    def _expect_any_domain(self) -> Self:
        if self.allowed_domains or self.blocked_domains:
            raise ValueError(
                "Searches cannot be limited to domains. Leave out allowed_domains and blocked_domains."
            )
        return self


class OtherTool(Open):
    """Any other tool that Anthropic defines, which is refused."""

    type: str

    @model_validator(mode="after")
    def _refuse(self) -> Self:
        named = f" {self.type!r}" if _VERSIONED.fullmatch(self.type) else ""
        raise ValueError(
            f"The tool type{named} is not supported. Leave it out, or define your own tool: "
            "name, description and input_schema."
        )


def _variant(tool: object) -> str:
    given = tool.get("type") if isinstance(tool, dict) else getattr(tool, "type", None)
    if not isinstance(given, str) or given == "custom":
        return _CUSTOM
    return _SEARCH if given in get_args(_SearchType) else _OTHER


RequestedTool: TypeAlias = Annotated[
    Annotated[CallerTool, Tag(_CUSTOM)]
    | Annotated[SearchTool, Tag(_SEARCH)]
    | Annotated[OtherTool, Tag(_OTHER)],
    Discriminator(_variant),
]
RequestedTools: TypeAlias = Annotated[list[RequestedTool], Field(max_length=_MOST_TOOLS)]


class ToolPreference(Open):
    """Rule on the model's use of tools."""

    type: Literal["auto", "any", "tool", "none"] = Field(
        description="Whether the model may, must or must not call one, or which one it must call."
    )
    name: str | None = Field(None, description="With `tool`: the one that must be called.")
    disable_parallel_tool_use: bool | None = Field(
        None, description="Whether a response contains at most one call."
    )

    @model_validator(mode="after")
    def _expect_name(self) -> Self:
        if self.type == "tool" and self.name is None:
            raise ValueError("The type 'tool' needs the name of the tool.")
        return self


def tool_options_of(
    offered: Sequence[RequestedTool] | None, choice: ToolPreference | None
) -> ToolOptions | None:
    """Return the tools that the caller runs; None where there are none.

    Raises:
        InvalidRequestError: a tool is offered twice, or the chosen one is not offered.
    """
    names = [tool.name for tool in offered or () if not isinstance(tool, OtherTool)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidRequestError(
            f"The tool {twice!r} is defined more than once. Give each a different name.",
            faults={"tools": ("Each tool needs a name of its own",)},
        )
    if choice is not None and (
        (choice.type == "tool" and choice.name not in names) or (choice.type == "any" and not names)
    ):
        raise InvalidRequestError(
            "tool_choice names a tool that is not in tools. Add it to tools, or choose one of: "
            f"{', '.join(['auto', 'none', *names][:20])}.",
            faults={"tool_choice": ("No tool that is offered",)},
        )
    tools = tuple([_tool(tool) for tool in offered or () if isinstance(tool, CallerTool)])
    if not tools:
        return None
    parallel = choice is None or not choice.disable_parallel_tool_use
    return ToolOptions(tools, _choice(choice), parallel)


def web_options_of(
    offered: Sequence[RequestedTool] | None, choice: ToolPreference | None
) -> WebOptions | None:
    """Return the web search that is requested; None: none.

    A search that is merely offered is made where the question needs one; a chosen one always.
    """
    if choice is not None and choice.type == "none":
        return None
    searches = [tool for tool in offered or () if isinstance(tool, SearchTool)]
    if not searches:
        return None
    must = choice is not None and (
        choice.name == _SEARCH_NAME
        or (choice.type == "any" and len(searches) == len(offered or ()))
    )
    return WebOptions(search="on" if must else "auto")


def _choice(choice: ToolPreference | None) -> ToolChoice:
    match choice:
        case None | ToolPreference(type="auto") | ToolPreference(name="web_search"):
            return "auto"
        case ToolPreference(type="none"):
            return "none"
        case ToolPreference(type="tool", name=str(name)):
            return NamedTool(name)
        case _:
            return "required"


def _tool(offered: CallerTool) -> Tool:
    return Tool(
        offered.name,
        offered.description,
        orjson.dumps(offered.input_schema).decode(),
        bool(offered.strict),
    )
