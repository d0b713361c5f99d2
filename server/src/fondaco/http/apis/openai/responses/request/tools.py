"""Tools of a request: functions, custom tools and web search, and the choice among them.

Source: POST /responses of OpenAI's API, `tools`, `tool_choice`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from fondaco.domain.chat.tools import ToolOptions
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.fast_init import fast_init
from fondaco.domain.web import SearchMode
from fondaco.http.apis.openai.chat.options import (
    ChosenFunction,
    ChosenTool,
    FunctionName,
    OfferedFunction,
    OfferedTool,
    SchemaObject,
    tooling_of,
)
from fondaco.http.apis.openai.responses.request.conversation import CUSTOM_INPUT
from fondaco.http.apis.openai.responses.request.tool_names import ToolName, ToolNames
from fondaco.http.apis.openai.responses.request.variants import by_type, refusing, tags_of
from fondaco.http.endpoint.fields import VARIANT, Many, Open

_SEARCHES = (
    *("web_search", "web_search_2025_08_26"),
    *("web_search_preview", "web_search_preview_2025_03_11"),
)
_LONGEST = 64
"""Characters of a name that an error repeats."""
_HOSTED = {
    kind: f"`{kind}` is a tool hosted by OpenAI, which this server does not support. Define a "
    "function instead. The only hosted tool here is `web_search`."
    for kind in (
        *("apply_patch", "code_interpreter", "computer", "computer_use", "computer_use_preview"),
        *("file_search", "image_generation", "local_shell", "mcp", "programmatic_tool_calling"),
        *("shell", "tool_search"),
    )
}


class FunctionTool(Open):
    """A function that the model may call."""

    type: Literal["function"]
    name: FunctionName
    description: str | None = None
    parameters: SchemaObject | None = Field(None, description="JSON Schema of its arguments.")
    strict: bool | None = Field(
        None, description="Whether arguments must match the schema; here it is false by default."
    )


class CustomTool(Open):
    """A tool whose input is a text; engines get it as a function with that text as its argument."""

    type: Literal["custom"]
    name: FunctionName
    description: str | None = None
    format: SchemaObject | None = Field(
        None, description="A grammar of the input: the model is told it, and not held to it."
    )


class WebSearchTool(Open):
    """The platform's web search."""

    type: Literal[
        "web_search",
        "web_search_2025_08_26",
        "web_search_preview",
        "web_search_preview_2025_03_11",
    ]
    external_web_access: bool | None = Field(
        None, description="`false`: no search, since no page is kept here."
    )


_TOOL_TAGS = {
    **tags_of("function", "custom", "namespace"),
    **dict.fromkeys(_SEARCHES, f"{VARIANT}web_search"),
}


_NamespaceMember: TypeAlias = Annotated[
    Annotated[FunctionTool, Tag(f"{VARIANT}function")]
    | Annotated[CustomTool, Tag(f"{VARIANT}custom")],
    Discriminator(
        by_type(tags_of("function", "custom")),
        custom_error_type="namespace_member",
        custom_error_message="Its type should be 'function' or 'custom'",
    ),
]


class NamespaceTool(Open):
    """Functions and custom tools under one name; calls of them name it, too."""

    type: Literal["namespace"]
    name: FunctionName
    description: str | None = None
    tools: Annotated[
        list[_NamespaceMember],
        Field(max_length=128),
    ]


Tool: TypeAlias = Annotated[
    Annotated[FunctionTool, Tag(f"{VARIANT}function")]
    | Annotated[CustomTool, Tag(f"{VARIANT}custom")]
    | Annotated[NamespaceTool, Tag(f"{VARIANT}namespace")]
    | Annotated[WebSearchTool, Tag(f"{VARIANT}web_search")],
    Discriminator(
        by_type(_TOOL_TAGS),
        custom_error_type="tool",
        custom_error_message="Its type should be one of 'function', 'custom', 'namespace', 'web_search'",
    ),
    refusing(_HOSTED),
]


class NamedChoice(Open):
    """The one tool that the model must call."""

    type: Literal["function", "custom"]
    name: str


class SearchChoice(Open):
    """The web is searched in any case."""

    type: Literal[
        "web_search",
        "web_search_2025_08_26",
        "web_search_preview",
        "web_search_preview_2025_03_11",
    ]


class AllowedTools(Open):
    """Some of the tools, among which the model may, or must, choose."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: Many[dict[str, Any]] = Field(description="Tools by `type` and `name`.")


_CHOICE_TAGS = {
    **tags_of("function", "allowed_tools"),
    "custom": f"{VARIANT}function",
    **dict.fromkeys(_SEARCHES, f"{VARIANT}web_search"),
}
_Chosen: TypeAlias = Annotated[
    Annotated[NamedChoice, Tag(f"{VARIANT}function")]
    | Annotated[SearchChoice, Tag(f"{VARIANT}web_search")]
    | Annotated[AllowedTools, Tag(f"{VARIANT}allowed_tools")],
    Discriminator(
        by_type(_CHOICE_TAGS),
        custom_error_type="chosen_tool",
        custom_error_message="Its type should be one of 'function', 'custom', 'web_search', 'allowed_tools'",
    ),
    refusing(_HOSTED),
]


def _choice_tag(value: object) -> str | None:
    if isinstance(value, str):
        return f"{VARIANT}mode"
    return f"{VARIANT}chosen" if isinstance(value, dict) else None


Choice: TypeAlias = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag(f"{VARIANT}mode")]
    | Annotated[_Chosen, Tag(f"{VARIANT}chosen")],
    Discriminator(
        _choice_tag,
        custom_error_type="tool_choice",
        custom_error_message="Input should be 'auto', 'none' or 'required', or an object that names a tool",
    ),
]


@fast_init
@dataclass(frozen=True, slots=True)
class Tooling:
    """The tools of a request, as the platform serves them."""

    options: ToolOptions | None = None
    """Functions, and those that stand for custom tools; None: there are none."""
    names: ToolNames = field(default_factory=dict)
    """The names of custom tools, and of those in namespaces."""
    search: SearchMode = "off"
    ignored: tuple[str, ...] = ()
    """The paths of fields that have no effect."""


NO_TOOLS = Tooling()


@fast_init
@dataclass(frozen=True, slots=True)
class _Offer:
    """One function or custom tool that is offered."""

    tool: FunctionTool | CustomTool
    name: ToolName


def tooling(
    tools: Sequence[Tool],
    choice: str | NamedChoice | SearchChoice | AllowedTools | None,
    *,
    parallel: bool,
) -> Tooling:
    """Return the tools of a request.

    Raises:
        InvalidRequestError: the choice is not offered, or two tools have one name.
    """
    ignored = tuple(_ignored(tools))
    offers = list(_offers(tools))
    searches = any(isinstance(tool, WebSearchTool) and not _is_offline(tool) for tool in tools)
    if isinstance(choice, AllowedTools):
        offers, searches = _allowed(offers, choice, searches=searches)
        choice = choice.mode
    search = _search(choice, searches=searches, alone=not offers)
    mode = _mode(choice, searches=searches, alone=not offers)
    options = tooling_of([_offered(offer) for offer in offers], mode, parallel=parallel)
    names = {
        offer.name.of_engine: offer.name
        for offer in offers
        if offer.name.custom or offer.name.namespace is not None
    }
    return Tooling(options, names, search, ignored)


def _offers(tools: Iterable[Tool]) -> Iterator[_Offer]:
    for tool in tools:
        if isinstance(tool, NamespaceTool):
            for one in tool.tools:
                yield _Offer(one, ToolName(one.name, tool.name, one.type == "custom"))
        elif not isinstance(tool, WebSearchTool):
            yield _Offer(tool, ToolName(tool.name, None, tool.type == "custom"))


def _is_offline(tool: WebSearchTool) -> bool:
    """Whether a tool would search what has been kept of the web, which here is nothing."""
    return tool.external_web_access is False


def _ignored(tools: Iterable[Tool]) -> Iterator[str]:
    for tool in tools:
        if isinstance(tool, WebSearchTool) and _is_offline(tool):
            yield "tools.web_search"
        if isinstance(tool, CustomTool) and tool.format and tool.format.get("type") != "text":
            yield "tools.format"


def _search(choice: object, *, searches: bool, alone: bool) -> SearchMode:
    """Return whether the web is searched: `auto` where the request leaves it open.

    Raises:
        InvalidRequestError: it must be, and the tool is not offered.
    """
    if isinstance(choice, SearchChoice) and not searches:
        raise _not_offered("web_search")
    if not searches or choice == "none" or isinstance(choice, NamedChoice):
        return "off"
    return "on" if isinstance(choice, SearchChoice) or (choice == "required" and alone) else "auto"


def _mode(choice: object, *, searches: bool, alone: bool) -> str | ChosenTool | None:
    """Return the choice among functions."""
    if isinstance(choice, NamedChoice):
        return ChosenTool(type="function", function=ChosenFunction(name=choice.name))
    if not isinstance(choice, str) or (choice == "required" and searches and alone):
        return None
    return choice


def _allowed(
    offers: Sequence[_Offer], choice: AllowedTools, *, searches: bool
) -> tuple[list[_Offer], bool]:
    """Return the tools that a choice allows, and whether it allows web search.

    Raises:
        InvalidRequestError: one of them is not offered.
    """
    by_key: dict[tuple[str, str], _Offer] = {
        (offer.tool.type, offer.name.name): offer for offer in offers
    }
    allowed, search = list[_Offer](), False
    for named in choice.tools:
        kind, name = str(named.get("type")), str(named.get("name"))
        if kind in _SEARCHES and searches:
            search = True
        elif (kind, name) in by_key:
            allowed.append(by_key[kind, name])
        else:
            raise _not_offered(kind if kind in _SEARCHES else name[:_LONGEST])
    return allowed, search


def _not_offered(name: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"tool_choice names the tool {name!r}, which is not in `tools`. Add it to `tools`, or choose another.",
        faults={"tool_choice": ("Names a tool that is not in `tools`",)},
    )


def _offered(offer: _Offer) -> OfferedTool:
    tool, name = offer.tool, offer.name.of_engine
    if isinstance(tool, FunctionTool):
        function = OfferedFunction.model_construct(
            name=name,
            description=tool.description,
            parameters=tool.parameters,
            strict=tool.strict,
        )
    else:
        function = OfferedFunction.model_construct(
            name=name, description=_described(tool), parameters=_INPUT, strict=None
        )
    return OfferedTool.model_construct(type="function", function=function)


def _described(tool: CustomTool) -> str | None:
    """Return a custom tool's description, with the grammar of its input."""
    grammar: Mapping[str, object] = tool.format or {}
    definition = grammar.get("definition")
    if not isinstance(definition, str):
        return tool.description
    told = f"The input follows this grammar ({grammar.get('syntax')}):\n{definition}"
    return f"{tool.description}\n\n{told}" if tool.description else told


_INPUT: dict[str, Any] = {
    "type": "object",
    "properties": {CUSTOM_INPUT: {"type": "string", "description": "The tool's input, as it is."}},
    "required": [CUSTOM_INPUT],
    "additionalProperties": False,
}
