"""Timestamps: times as the API writes and reads them.

Source: POST /api_keys, `expiresAt`; GET /billing/usage, `timestamp`.
"""

import re

from fondaco.domain import timestamps
from fondaco.domain.timestamps import utc

_READABLE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z)?")


def timestamp(unix_s: float) -> str:
    """Return Unix seconds as the API writes them.

    >>> timestamp(1_735_689_600.5)
    '2025-01-01T00:00:00.500Z'
    """
    return utc(unix_s).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unix_seconds(text: str) -> float:
    """Parse a time in UTC as Unix seconds; a date alone stands for its start.

    Raises:
        ValueError: it has another format, or there is no such time.

    >>> unix_seconds("2025-01-01"), unix_seconds("2025-01-01T00:00:00.500Z")
    (1735689600.0, 1735689600.5)
    """
    if _READABLE.fullmatch(text) is None:
        raise ValueError("Write a date as 2027-01-31, or a time in UTC as 2027-01-31T12:00:00Z.")
    try:
        return timestamps.unix_seconds(text)
    except ValueError:
        raise ValueError("This date or time does not exist.") from None
