"""Validation errors: pydantic's findings as paths and sentences, and as the documented tree.

Their cost is bounded however many there are: at most 50 are listed, in less than 32 kB.

Source: POST /chat/completions, response 400: `details: {_errors: [], field: {_errors: [...]}}`.
"""

from difflib import get_close_matches

from pydantic import BaseModel, ValidationError

from fondaco.domain.errors import Faults
from fondaco.http.endpoint.fields import VARIANT

_TAGS = frozenset(
    {
        *("system", "developer", "user", "assistant", "tool"),
        *("text", "image_url", "input_audio", "video_url"),
    }
)
"""Names of union members, which pydantic adds to paths though no caller wrote them."""
_OBJECT = frozenset({"model_type", "model_attributes_type", "dict_type"})
_TAG = frozenset({"union_tag_invalid", "union_tag_not_found"})
"""Types of finding whose messages name Python classes, or repeat values of the caller."""
_MOST_SHOWN = 50
_MOST_READ = 2_000
"""With more findings only their number is reported."""
_MOST_HINTS = 5
_LONGEST_STEP = 64
_LONGEST_PATH = 200
_LONGEST_SENTENCE = 300
_DEEPEST = 64
"""As deep as strict JSON may be; a name with dots looks like several levels."""


def faults_of(error: ValidationError, model: type[BaseModel]) -> Faults:
    """Return path -> sentences, never with a refused value: it may be content."""
    if (count := error.error_count()) > _MOST_READ:
        return {"": (f"The body has {count:,} faults, too many to list.",)}
    found: dict[str, tuple[str, ...]] = {}
    hints = _MOST_HINTS
    for detail in error.errors(include_url=False, include_input=False):
        location = tuple(_steps(detail["loc"]))
        sentence = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "extra_forbidden":
            sentence = f"Unknown field.{_did_you_mean(model, location) if hints > 0 else ''}"
            hints -= 1
        elif detail["type"] == "missing":
            sentence = "Field is required"
        elif detail["type"] in _OBJECT:
            sentence = "Input should be an object"
        elif detail["type"] in _TAG:
            # One field selects the member of the union; pydantic's message repeats its value.
            location = (*location, detail["ctx"]["discriminator"].strip("'"))
            known = detail["ctx"].get("expected_tags")
            sentence = f"Input should be one of {known}" if known else "Field is required"
        path = ".".join(location)
        if sentence not in found.get(path, ()):
            found[path] = (*found.get(path, ()), sentence)
    return found


def tree_of(faults: Faults) -> dict[str, object]:
    """Return the documented tree of the first faults, and the number of the rest.

    >>> tree_of({"a.b": ("bad",)})
    {'_errors': [], 'a': {'_errors': [], 'b': {'_errors': ['bad']}}}
    """
    every = [(path, sentence) for path, sentences in faults.items() for sentence in sentences]
    root: dict[str, object] = {"_errors": []}
    for path, sentence in every[:_MOST_SHOWN]:
        _add(root, path[:_LONGEST_PATH], sentence[:_LONGEST_SENTENCE])
    if (more := len(every) - _MOST_SHOWN) > 0:
        _add(root, "", f"There are {more:,} more faults.")
    return root


def _add(root: dict[str, object], path: str, sentence: str) -> None:
    node = root
    for step in path.split(".", _DEEPEST) if path else ():
        child = node.setdefault(step, {"_errors": []})
        if isinstance(child, dict):
            node = child
    known = node["_errors"]
    if isinstance(known, list):
        known.append(sentence)


def _steps(location: tuple[int | str, ...]) -> list[str]:
    steps = [str(step)[:_LONGEST_STEP] for step in location]
    return [
        step
        for index, step in enumerate(steps)
        if not (index and isinstance(location[index - 1], int) and step in _TAGS)
        and not step.startswith(("list[", "function-", "lax-or-strict", "constrained-", VARIANT))
        and step not in {"str", "int", "float", "bool"}
    ]


def _did_you_mean(model: type[BaseModel], location: tuple[str, ...]) -> str:
    """Return a hint at the known field whose name is nearest to an unknown one."""
    known: list[str] = []
    current: type[BaseModel] | None = model
    for step in location[:-1]:
        field = current.model_fields.get(step) if current else None
        current = _model_in(field.annotation) if field else None
    if current is not None:
        known = list(current.model_fields)
    near = get_close_matches(location[-1], known, n=1, cutoff=0.6) if location else []
    return f" Did you mean {near[0]!r}?" if near else ""


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None
