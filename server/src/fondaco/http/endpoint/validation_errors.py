"""Validation errors: pydantic's findings as paths and sentences, and as the documented tree.

Their cost is bounded however many there are: at most 50 are listed, in less than 32 kB.

Source: POST /chat/completions, response 400: `details: {_errors: [], field: {_errors: [...]}}`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from fondaco.domain.errors import Faults
from fondaco.http.endpoint.fields import VARIANT

_TAGS = frozenset(
    {
        *("system", "developer", "user", "assistant", "tool"),
        *("text", "image_url", "input_audio", "video_url"),
        *("image", "document", "search_result", "tool_use", "tool_result"),
        *("thinking", "redacted_thinking", "server_tool_use", "web_search_tool_result"),
        *("base64", "url", "content", "file"),
    }
)
"""Names of union members, which pydantic adds to paths though no caller wrote them."""
_MEMBERS = ("list[", "union[", "literal[", "function-", "lax-or-strict", "constrained-", VARIANT)
_SCALARS = frozenset({"str", "int", "float", "bool", "bytes"})
_TAG = frozenset({"union_tag_invalid", "union_tag_not_found"})
"""Types of finding about the field that selects the member of a union."""
_KINDS = {
    "string_type": "a string",
    "bytes_type": "a file",
    "list_type": "a list",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "a boolean",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
"""Type of finding -> the kind of value that a field takes, in the words of JSON."""
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("greater than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
    "multiple_of": ("a multiple of", "multiple_of"),
}
"""Type of finding -> the words for its bound, and the bound's name in the finding's context."""
_LENGTHS = {
    "too_short": ("at least", "min_length", "item"),
    "too_long": ("at most", "max_length", "item"),
    "string_too_short": ("at least", "min_length", "character"),
    "string_too_long": ("at most", "max_length", "character"),
}
_CONTENT = frozenset(
    {
        *("messages", "input", "prompt", "suffix", "system", "instructions", "prediction"),
        *("tools", "text", "query", "documents", "metadata"),
    }
)
"""Fields with content, at any depth: errors never repeat their values."""
_LONGEST_NUMBER = 32
_DOT = re.compile(r"\.")
_MOST_SHOWN = 50
_MOST_READ = 2_000
"""With more findings only their number is reported."""
_MOST_SUGGESTIONS = 5
_LONGEST_STEP = 64
_LONGEST_PATH = 200
_LONGEST_SENTENCE = 300
_DEEPEST = 64
"""As deep as strict JSON may be; a name with dots looks like several levels."""


def faults_of(error: ValidationError, model: type[BaseModel]) -> Faults:
    """Return path -> sentences; of refused values they repeat only numbers, which are no content."""
    if (count := error.error_count()) > _MOST_READ:
        return {"": (f"The body has {count:,} errors, too many to list.",)}
    found: dict[str, list[str]] = {}
    kinds: dict[str, _TypeMismatch] = {}
    suggestions_left = _MOST_SUGGESTIONS
    for detail in error.errors(include_url=False):
        location = tuple(_steps(detail["loc"], _names_in(model)))
        if (kind := _kind(detail)) is not None:
            path = ".".join(location)
            found.setdefault(path, [])  # keeps the order of the errors
            kinds.setdefault(path, _TypeMismatch(location, detail["input"])).expected.append(kind)
            continue
        if detail["type"] == "extra_forbidden":
            sentence = (
                f"Unknown field.{_did_you_mean(model, location) if suggestions_left > 0 else ''}"
            )
            suggestions_left -= 1
        else:
            if detail["type"] in _TAG:  # one field selects the member of the union
                location = (*location, detail["ctx"]["discriminator"].strip("'"))
            sentence = _example(detail, location, model) or _sentence(detail, location)
        sentences = found.setdefault(".".join(location), [])
        if sentence not in sentences:
            sentences.append(sentence)
    _add_type_faults(found, kinds)
    return {path: tuple(sentences) for path, sentences in found.items() if sentences}


@dataclass(frozen=True, slots=True)
class _TypeMismatch:
    """The types that a field accepts, none of which the value has."""

    location: tuple[str, ...]
    value: object
    expected: list[str] = field(default_factory=list)


def _kind(detail: ErrorDetails) -> str | None:
    """Return the type that one member of a field's union accepts; None for other faults."""
    if detail["type"] == "literal_error":
        expected: str = detail["ctx"]["expected"]
        return expected
    return _KINDS.get(detail["type"])


def _add_type_faults(found: dict[str, list[str]], kinds: Mapping[str, _TypeMismatch]) -> None:
    """Add a sentence for each field whose value has none of the accepted types.

    If the value has one of them, the fault is in the value, and its type is not reported.
    """
    faulty = {path for path, sentences in found.items() if sentences} | kinds.keys()
    inner = {path[: at.start()] for path in faulty for at in _DOT.finditer(path)}
    for path, one in kinds.items():
        if not found[path] and path not in inner:
            expected = " or ".join(dict.fromkeys(one.expected))
            named = not (isinstance(one.value, str) and "'" in expected)  # one of these strings
            found[path].append(
                f"Must be {expected}{_received(one.value, one.location, kind=named)}"
            )


def _sentence(detail: ErrorDetails, location: tuple[str, ...]) -> str:
    """Return the fault of one field, without the field's name."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"Must be {words} {_number(context[name])}{_received(detail['input'], location)}"
    if kind in _LENGTHS:
        words, name, unit = _LENGTHS[kind]
        length = context[name]
        if (words, length) == ("at least", 1):
            return "Must not be empty"
        actual = context.get("actual_length")
        received = "" if actual is None else f" (got {actual})"
        return f"Must have {words} {length} {unit}{'' if length == 1 else 's'}{received}"
    match kind:
        case "missing" | "union_tag_not_found":
            return "Field is required"
        case "union_tag_invalid":
            return f"Must be one of {context['expected_tags']}"
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            return message.replace("Input should be", "Must be", 1)


def _received(value: object, location: tuple[str, ...], *, kind: bool = False) -> str:
    """Return the refused value if it is a number in a field that holds no content.

    With `kind`, the value has a wrong type, and its type is returned instead.
    """
    match value:
        case None:
            name, shown = "null", "null"
        case bool():
            name, shown = "a boolean", str(value).lower()
        case int() | float():
            name, shown = "a number", repr(value) if kind else _number(value)
        case str():
            name, shown = "a string", ""
        case list():
            name, shown = "a list", ""
        case bytes():
            name, shown = "a file", ""
        case _:
            name, shown = "an object", ""
    if shown and len(shown) <= _LONGEST_NUMBER and _CONTENT.isdisjoint(location):
        return f" (got {shown})"
    return f", not {name}" if kind else ""


def _number(value: object) -> str:
    """Return a number as JSON may have it: a bound of 2.0 as 2.

    >>> _number(2.0), _number(0.5), _number(7)
    ('2', '0.5', '7')
    """
    return repr(int(value) if isinstance(value, float) and value.is_integer() else value)


def tree_of(faults: Faults) -> dict[str, object]:
    """Return the documented tree of the first faults, and the number of the rest.

    >>> tree_of({"a.b": ("bad",)})
    {'_errors': [], 'a': {'_errors': [], 'b': {'_errors': ['bad']}}}
    """
    every = [(path, sentence) for path, sentences in faults.items() for sentence in sentences]
    root: dict[str, object] = {"_errors": []}
    for path, sentence in every[:_MOST_SHOWN]:
        _add(root, path[:_LONGEST_PATH], sentence[:_LONGEST_SENTENCE])
    if (unlisted := len(every) - _MOST_SHOWN) > 0:
        _add(root, "", f"There are {unlisted:,} more errors.")
    return root


def _add(root: dict[str, object], path: str, sentence: str) -> None:
    node = root
    for step in path.split(".", _DEEPEST) if path else ():
        child = node.setdefault(step, {"_errors": []})
        if isinstance(child, dict):
            node = child
    errors = node["_errors"]
    if isinstance(errors, list):
        errors.append(sentence)


def _steps(location: tuple[int | str, ...], classes: frozenset[str]) -> list[str]:
    """Return the steps of a path without the union members that pydantic adds."""
    steps: list[str] = []
    for index, part in enumerate(location):
        step = str(part)[:_LONGEST_STEP]
        if (
            (index and _is_union(location[index - 1]) and step in _TAGS)
            or step.startswith(_MEMBERS)
            or step in _SCALARS
            or step in classes
            or (isinstance(part, str) and steps[-1:] == [step])  # a union tag named like its field
        ):
            continue
        steps.append(step)
    return steps


@lru_cache
def _names_in(model: type[BaseModel]) -> frozenset[str]:
    """Return the classes in a schema by name: pydantic adds them to paths as members of unions."""
    found: set[type[BaseModel]] = set()
    annotations: list[object] = [model]
    while annotations:
        annotation = annotations.pop()
        annotations += get_args(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation not in found:
                annotations += [one.annotation for one in annotation.model_fields.values()]
            found.add(annotation)
    return frozenset(one.__name__ for one in found)


def _is_union(step: int | str) -> bool:
    """Whether the next step may be the name of a union member, which pydantic adds."""
    return isinstance(step, int) or step == "source"


def _example(detail: ErrorDetails, location: tuple[str, ...], model: type[BaseModel]) -> str | None:
    """Return what a text of the wrong form should look like, where its field has examples."""
    if detail["type"] != "string_pattern_mismatch" or not location:
        return None
    field = _fields_at(model, location[:-1]).get(location[-1])
    examples = field.examples if field else None
    return f"Must look like {' or '.join(map(repr, examples))}" if examples else None


def _did_you_mean(model: type[BaseModel], location: tuple[str, ...]) -> str:
    """Suggest the field whose name is closest to an unknown one."""
    names = list(_fields_at(model, location[:-1]))
    closest = get_close_matches(location[-1], names, n=1, cutoff=0.6) if location else []
    return f" Did you mean {closest[0]!r}?" if closest else ""


def _fields_at(model: type[BaseModel], steps: tuple[str, ...]) -> Mapping[str, FieldInfo]:
    """Return the fields of the schema that a path leads to; none where it leads to no schema."""
    current: type[BaseModel] | None = model
    for step in steps:
        field = current.model_fields.get(step) if current else None
        current = _model_in(field.annotation) if field else None
    return current.model_fields if current is not None else {}


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None
