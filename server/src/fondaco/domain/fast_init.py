"""Fast constructors for frozen dataclasses of the hot path."""

from dataclasses import MISSING, Field, field, fields, make_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def fast_init(cls: type[T]) -> type[T]:
    """Give a frozen dataclass the constructor of a plain one.

    A frozen one sets each field through `object.__setattr__`: measured, three times as slow, and a
    call builds some fifty values. Type checkers go on holding it frozen; at run time nothing does.
    """
    parts = [(one.name, one.type, _again(one)) for one in fields(cls)]  # type: ignore[arg-type]  # T is one
    plain = make_dataclass(cls.__name__, parts)
    cls.__init__ = plain.__init__  # type: ignore[misc, method-assign]  # of the same fields
    del cls.__setattr__, cls.__delattr__
    return cls


def _again(one: "Field[Any]") -> Any:
    if one.default_factory is not MISSING:
        return field(default_factory=one.default_factory, kw_only=one.kw_only)
    if one.default is not MISSING:
        return field(default=one.default, kw_only=one.kw_only)
    return field(kw_only=one.kw_only)
