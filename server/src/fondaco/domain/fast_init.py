"""Fast constructors for frozen dataclasses of the hot path."""

from dataclasses import MISSING, Field, field, fields, make_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def fast_init(cls: type[T]) -> type[T]:
    """Give a frozen dataclass the constructor of a plain one.

    A frozen dataclass sets each field through `object.__setattr__`: measured, three times as slow, and
    a call builds some fifty values. Type checkers still treat it as frozen; at run time it is not.
    """
    parts = [(item.name, item.type, _copied(item)) for item in fields(cls)]  # type: ignore[arg-type]  # T is one
    plain = make_dataclass(cls.__name__, parts)
    cls.__init__ = plain.__init__  # type: ignore[misc, method-assign]  # of the same fields
    del cls.__setattr__, cls.__delattr__
    return cls


def _copied(original: "Field[Any]") -> Any:
    if original.default_factory is not MISSING:
        return field(default_factory=original.default_factory, kw_only=original.kw_only)
    if original.default is not MISSING:
        return field(default=original.default, kw_only=original.kw_only)
    return field(kw_only=original.kw_only)
