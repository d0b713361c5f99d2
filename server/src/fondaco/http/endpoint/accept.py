"""Content negotiation: the media type of a response that the Accept header prefers."""

from collections.abc import Sequence

_REFUSED = 0.0


def preferred(accept: str, offered: Sequence[str]) -> str:
    """Return the offered type that an Accept header ranks highest; the first of several.

    Where the header accepts none of them, that is the first as well: it is more useful than 406.

    >>> preferred("text/csv, application/json;q=0.9", ["application/json", "text/csv"])
    'text/csv'
    >>> preferred("*/*", ["application/json", "text/csv"])
    'application/json'
    """
    ranges = [_range(part) for part in accept.lower().split(",") if part.strip()]
    return max(offered, key=lambda media_type: _quality(media_type, ranges))


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        label, _, value = parameter.partition("=")
        if label.strip() == "q":
            try:
                return name, min(1.0, max(_REFUSED, float(value)))
            except ValueError:
                return name, _REFUSED
    return name, 1.0


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the quality that the most specific matching range gives to a type."""
    for pattern in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        for name, quality in ranges:
            if name == pattern:
                return quality
    return _REFUSED
