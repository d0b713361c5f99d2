"""Options of a chat request: tools, output format and reasoning.

Source: POST /chat/completions, `tools`, `tool_choice`, `response_format`, `reasoning`; beyond the
reference, the fields of OpenAI's API that its clients send.
"""

from typing import Annotated, Any, Literal, Self, TypeAlias

import orjson
from pydantic import Field, ValidationError, model_validator

from fondaco.domain.chat.reasoning import Effort, Summary
from fondaco.domain.chat.tools import NamedTool, Tool, ToolChoice, ToolOptions
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.output_format.output_format import JsonObject, JsonSchema, OutputFormat
from fondaco.http.endpoint.fields import Open

FunctionName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
SchemaObject: TypeAlias = dict[str, Any]


class OfferedFunction(Open):
    """A function that the model may call."""

    name: FunctionName
    description: str | None = None
    parameters: SchemaObject | None = Field(None, description="JSON Schema of its arguments.")
    strict: bool | None = Field(None, description="Whether arguments must match the schema.")


class OfferedTool(Open):
    """A tool; only functions are."""

    type: Literal["function"] = "function"
    id: str | None = None
    function: OfferedFunction


class ChosenFunction(Open):
    """A function, by its name."""

    name: str


class ChosenTool(Open):
    """The function that the model must call."""

    type: Literal["function"]
    function: ChosenFunction


class NamedSchema(Open):
    """A JSON Schema with its name, as OpenAI nests it."""

    name: str = Field("answer", max_length=64)
    description: str | None = None
    schema_: SchemaObject | None = Field(None, alias="schema")
    strict: bool | None = None


NAMED = frozenset({"name", "description", "schema", "strict"})
"""The members of a `NamedSchema`."""


class TextFormat(Open):
    """Text without constraints."""

    type: Literal["text"]


class ObjectFormat(Open):
    """Any JSON object, or one that fits a schema."""

    type: Literal["json_object"]
    schema_: SchemaObject | None = Field(
        None,
        alias="schema",
        description="JSON Schema of the object; an alternative spelling of `json_schema`.",
    )


class SchemaFormat(Open):
    """JSON that fits a schema: nested with its name, or the schema itself."""

    type: Literal["json_schema"]
    json_schema: SchemaObject = Field(
        description="`{name, schema, strict}`, or a JSON Schema alone."
    )

    @property
    def nested(self) -> bool:
        """Whether the schema is nested beside its name; else it stands alone."""
        return isinstance(self.json_schema.get("schema"), dict)

    @model_validator(mode="after")
    def _expect_named_well(self) -> Self:
        if not self.nested:
            return self
        try:
            NamedSchema.model_validate(self.json_schema)
        except ValidationError as error:
            wrong = sorted({str(fault["loc"][0]) for fault in error.errors(include_input=False)})
            raise ValueError(f"Beside the schema, {', '.join(wrong)} cannot be read") from None
        return self


ResponseFormat: TypeAlias = Annotated[
    TextFormat | ObjectFormat | SchemaFormat, Field(discriminator="type")
]


class Reasoning(Open):
    """Amount of reasoning, and how much of it is returned."""

    effort: Effort | None = None
    summary: Summary | None = None
    enabled: bool | None = Field(
        None,
        description="`false` is `venice_parameters.disable_thinking`; `true` leaves it to the model.",
    )
    max_tokens: Annotated[int, Field(ge=0, lt=2**31)] | None = Field(
        None, description="Upper bound of reasoning tokens, where the engine supports one."
    )
    exclude: bool | None = Field(
        None, description="Same as `venice_parameters.strip_thinking_response`."
    )


def tooling_of(
    tools: list[OfferedTool] | None, choice: str | ChosenTool | None, *, parallel: bool
) -> ToolOptions | None:
    """Return the tools of a request; None where it offers none.

    Raises:
        InvalidRequestError: the choice is unknown or not offered, or a function is offered twice.
    """
    offered = tuple(_tool(one.function) for one in tools or ())
    names = [tool.name for tool in offered]
    if len(set(names)) < len(names):
        duplicate = next(name for name in names if names.count(name) > 1)
        raise InvalidRequestError(
            f"The function {duplicate!r} is defined more than once.",
            faults={"tools": ("Each function needs a name of its own",)},
        )
    chosen = _choice(choice, names)
    return ToolOptions(offered, chosen, parallel) if offered else None


def output_format_of(
    response_format: TextFormat | ObjectFormat | SchemaFormat | None,
) -> OutputFormat | None:
    """Return the output format that the answer must have; None for text."""
    match response_format:
        case None | TextFormat():
            return None
        case ObjectFormat(schema_=None):
            return JsonObject()
        case ObjectFormat(schema_=schema):
            return JsonSchema(_as_json(schema or {}), field_path="response_format.schema")
        case SchemaFormat(nested=False, json_schema=schema_object):
            return JsonSchema(_as_json(schema_object))
        case SchemaFormat(json_schema=schema_object):
            named = NamedSchema.model_validate(schema_object)
            return JsonSchema(
                _as_json(named.schema_ or {}), named.name, named.description, named.strict
            )


def _tool(offered: OfferedFunction) -> Tool:
    return Tool(
        offered.name,
        offered.description,
        None if offered.parameters is None else _as_json(offered.parameters),
        bool(offered.strict),
    )


def _choice(choice: str | ChosenTool | None, names: list[str]) -> ToolChoice:
    match choice:
        case None | "auto":
            return "auto"
        case "none":
            return "none"
        case "required" if names:
            return "required"
        case ChosenTool(function=ChosenFunction(name=name)) if name in names:
            return NamedTool(name)
    valid_choices = ", ".join(["auto", "none", *(["required"] if names else []), *names][:20])
    raise InvalidRequestError(
        f"tool_choice names a function that is not in tools. It must be one of: {valid_choices}.",
        faults={"tool_choice": ("Neither a mode nor a function in `tools`",)},
    )


def _as_json(schema: SchemaObject) -> str:
    return orjson.dumps(schema).decode()
