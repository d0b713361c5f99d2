"""Functions as tools: what `tool_from_function` makes of signatures and docstrings."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from venice_ai import Tool, tool_from_function


class Unit(Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


class Place(BaseModel):
    city: str
    country: str = "IT"


@dataclass
class Span:
    days: int


class Weather:
    """Knows the weather."""

    def of(self, city: str) -> str:
        """Tell the weather."""
        return f"Sunny in {city}"

    def __call__(self, city: str) -> str:
        """Tell it at once."""
        return self.of(city)


class Silent:
    """Says nothing."""

    def __call__(self) -> None: ...


def forecast(city: str, unit: Literal["c", "f"] = "c", days: int | None = None) -> str:
    """Forecast the weather.

    For places on land only.

    Args:
        city: Where,
            as people there call it.
        unit (str, optional): Of the temperature: c or f.
        days: How many of them.

    Returns:
        What it will be like.
    """
    return f"{city} {unit} {days}"


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    found = tool_from_function(function).function.parameters
    assert found is not None
    return found


def one(shape: object) -> dict[str, Any]:
    """Return the schema of an argument with this annotation."""

    def function(x): ...  # type: ignore[no-untyped-def]  # the annotation comes below

    function.__annotations__["x"] = shape
    schema = parameters(function)["properties"]["x"]
    assert isinstance(schema, dict)
    return schema


def test_a_function_becomes_a_tool_with_its_name_and_purpose() -> None:
    tool = tool_from_function(forecast)
    assert isinstance(tool, Tool)
    assert tool.type == "function"
    assert tool.function.name == "forecast"
    assert tool.function.description == "Forecast the weather.\n\nFor places on land only."


def test_arguments_come_from_the_signature_and_texts_from_the_docstring() -> None:
    assert parameters(forecast) == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where, as people there call it."},
            "unit": {
                "type": "string",
                "enum": ["c", "f"],
                "default": "c",
                "description": "Of the temperature: c or f.",
            },
            "days": {
                "anyOf": [{"type": "integer"}, {"type": "null"}],
                "default": None,
                "description": "How many of them.",
            },
        },
        "required": ["city"],
        "additionalProperties": False,
    }


def test_a_name_and_a_purpose_can_be_given() -> None:
    tool = tool_from_function(forecast, name="weather", description="Look outside.")
    assert (tool.function.name, tool.function.description) == ("weather", "Look outside.")


def test_texts_are_read_from_fields_of_the_other_style_too() -> None:
    def add(a: int, b: int) -> int:
        """Add.

        :param a: The one.
        :param int b: The other.
        :returns: Their sum.
        """
        return a + b

    assert tool_from_function(add).function.description == "Add."
    properties = parameters(add)["properties"]
    assert properties["a"]["description"] == "The one."
    assert properties["b"]["description"] == "The other."


def test_a_function_without_arguments_and_words_is_a_tool_as_well() -> None:
    def wait() -> None: ...

    tool = tool_from_function(wait)
    assert tool.function.description is None
    assert parameters(wait) == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("shape", "schema"),
    [
        (str, {"type": "string"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Any, {}),
        (
            Annotated[int, Field(ge=1, description="Many.")],
            {"type": "integer", "minimum": 1, "description": "Many."},
        ),
    ],
)
def test_each_annotation_has_its_schema(shape: object, schema: dict[str, object]) -> None:
    assert one(shape) == schema


@pytest.mark.parametrize("shape", [Unit, Place, Span])
def test_classes_stand_in_the_schema_by_their_names(shape: type) -> None:
    assert one(shape) == {"$ref": f"#/$defs/{shape.__name__}"}


def test_a_docstring_says_more_than_an_annotation() -> None:
    def roll(sides: Annotated[int, Field(description="Of dice.")]) -> None:
        """Roll.

        Args:
            sides: Of the dice.
        """

    assert parameters(roll)["properties"]["sides"]["description"] == "Of the dice."


def test_names_that_mean_something_to_pydantic_are_names_like_others() -> None:
    def odd(model_config: int, schema: str, copy: bool, _private: int = 1) -> None: ...  # noqa: FBT001 - a tool's flag

    assert [*parameters(odd)["properties"]] == ["model_config", "schema", "copy", "_private"]


async def test_coroutines_and_methods_and_callable_objects_are_functions_too() -> None:
    async def look(city: str) -> str:
        """Look there."""
        return city

    assert tool_from_function(look).function.description == "Look there."
    assert tool_from_function(Weather().of).function.name == "of"
    assert [*parameters(Weather().of)["properties"]] == ["city"]
    called = tool_from_function(Weather()).function
    assert (called.name, called.description) == ("Weather", "Tell it at once.")
    assert tool_from_function(Silent()).function.description == "Says nothing."


def test_what_is_given_beforehand_is_a_default() -> None:
    tool = tool_from_function(partial(forecast, unit="f"))
    assert tool.function.name == "forecast"
    properties = parameters(partial(forecast, unit="f"))["properties"]
    assert properties["unit"]["default"] == "f"
    assert properties["city"]["type"] == "string"


def test_a_name_that_the_api_does_not_take_is_mended() -> None:
    assert tool_from_function(lambda: None).function.name == "_lambda_"


def starred(*args: int) -> None: ...
def doubly_starred(**kwargs: int) -> None: ...
def positional(x: int, /) -> None: ...


@pytest.mark.parametrize("function", [starred, doubly_starred, positional])
def test_arguments_that_have_no_name_to_the_model_are_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="cannot be given by name"):
        tool_from_function(function)


def listening(to: Callable[[], None]) -> None: ...
def own(thing: "Weather") -> None: ...


@pytest.mark.parametrize("function", [listening, own])
def test_annotations_without_a_schema_are_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="has an argument without a schema"):
        tool_from_function(function)
