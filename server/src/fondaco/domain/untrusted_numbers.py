"""Numbers from engines and files, checked before anything is computed with them."""

from math import isfinite

MOST = 2**31 - 1
"""The largest plausible count: more tokens than any response or prompt has."""
_MOST_DIGITS = 10


def whole(value: object, limit: int = MOST) -> int | None:
    """Return a count of 0 to `limit`, or None where the value is none.

    Equivalent notations are accepted: `5`, `5.0` and `"5"`.

    >>> whole(5), whole(5.0), whole(" 5 "), whole(0)
    (5, 5, 5, 0)
    >>> [whole(odd) for odd in (None, True, -1, 5.5, 2**31, 1e30, float("nan"), "five", "-5", [5])]
    [None, None, None, None, None, None, None, None, None, None]
    """
    number = _number(value)
    return number if number is not None and 0 <= number <= limit else None


def _number(value: object) -> int | None:
    if value.__class__ is int:
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        digits = value.strip()
        fit = len(digits) <= _MOST_DIGITS and digits.isascii() and digits.isdecimal()
        return int(digits) if fit else None
    return None


def finite(value: object) -> float | None:
    """Return a number, or None where the value is none that can be computed with.

    >>> finite(-0.5), finite(0), finite("-0.5")
    (-0.5, 0.0, -0.5)
    >>> [finite(odd) for odd in (None, True, "low", float("nan"), float("-inf"), 10**400, [0.5])]
    [None, None, None, None, None, None, None]
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None
