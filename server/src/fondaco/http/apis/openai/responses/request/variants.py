"""Variants: fields of several types, discriminated first so that only the faults of one are reported."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from fondaco.http.endpoint.fields import VARIANT

TEXT, LIST = f"{VARIANT}text", f"{VARIANT}list"


def text_or_list(value: object) -> str | None:
    """Return the tag of a text or a list; None: it is neither."""
    if isinstance(value, str):
        return TEXT
    return LIST if isinstance(value, list) else None


def by_type(tags: Mapping[str, str], default: str | None = None) -> Callable[[object], str | None]:
    """Return what tells objects apart by their `type`.

    Args:
        tags: the tag of each type.
        default: the type of an object that names none; None: it has to.
    """

    def tag(value: object) -> str | None:
        if isinstance(value, dict):
            kind = value.get("type") or default
        else:  # a part that is being serialized
            kind = getattr(value, "type", None)
        return tags.get(kind) if isinstance(kind, str) else None

    return tag


def tags_of(*types: str) -> dict[str, str]:
    """Return a tag for each of some types.

    >>> tags_of("function")
    {'function': 'variant:function'}
    """
    return {kind: VARIANT + kind for kind in types}


def refusing(reasons: Mapping[str, str]) -> BeforeValidator:
    """Return a validator that refuses objects of some types, each with the sentence that says why."""

    def refuse(value: Any) -> Any:
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in reasons:
            raise PydanticCustomError("refused", "{reason}", {"reason": reasons[kind]})
        return value

    return BeforeValidator(refuse)


def refused(reason: str, *allowed: object) -> BeforeValidator:
    """Return a validator that refuses every value but null and some others, with the sentence that says why."""

    def refuse(value: Any) -> Any:
        if value is not None and not any(value is one for one in allowed):
            raise PydanticCustomError("refused", "{reason}", {"reason": reason})
        return value

    return BeforeValidator(refuse)
