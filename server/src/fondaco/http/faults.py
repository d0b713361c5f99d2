"""Faults: a validation's findings as paths and sentences, and as the documented tree.

Source: POST /chat/completions, reply 400: `details: {_errors: [], field: {_errors: [...]}}`.
"""

from difflib import get_close_matches

from pydantic import BaseModel, ValidationError

from fondaco.domain.errors import Faults

_TAGS = frozenset(
    {
        *("system", "developer", "user", "assistant", "tool"),
        *("text", "image_url", "input_audio", "video_url"),
    }
)
"""Names of union members, which pydantic puts into paths and no caller wrote."""


def faults_of(error: ValidationError, model: type[BaseModel]) -> Faults:
    """Return path -> sentences, never with the value that was refused: it may be content."""
    found: dict[str, tuple[str, ...]] = {}
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        location = tuple(_steps(detail["loc"]))
        sentence = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "extra_forbidden":
            sentence = f"Unknown field.{_did_you_mean(model, location)}"
        elif detail["type"] == "missing":
            sentence = "Field is required"
        path = ".".join(location)
        if sentence not in found.get(path, ()):
            found[path] = (*found.get(path, ()), sentence)
    return found


def tree_of(faults: Faults) -> dict[str, object]:
    """Return the documented tree of faults.

    >>> tree_of({"a.b": ("bad",)})
    {'_errors': [], 'a': {'_errors': [], 'b': {'_errors': ['bad']}}}
    """
    root: dict[str, object] = {"_errors": []}
    for path, sentences in faults.items():
        node = root
        for step in path.split(".") if path else ():
            child = node.setdefault(step, {"_errors": []})
            if isinstance(child, dict):
                node = child
        known = node["_errors"]
        if isinstance(known, list):
            known.extend(sentences)
    return root


def _steps(location: tuple[int | str, ...]) -> list[str]:
    steps = [str(step) for step in location]
    return [
        step
        for index, step in enumerate(steps)
        if not (index and isinstance(location[index - 1], int) and step in _TAGS)
        and not step.startswith(("list[", "function-", "lax-or-strict", "constrained-"))
        and step not in {"str", "int", "float", "bool"}
    ]


def _did_you_mean(model: type[BaseModel], location: tuple[str, ...]) -> str:
    """Return a hint at the nearest field beside the unknown one."""
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
