"""Timestamps: parsing of ISO 8601 dates and times, and clamping to what calendars can show."""

from datetime import UTC, date, datetime, timedelta

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_FIRST_MS = (datetime(1, 1, 1, tzinfo=UTC) - _START) // _MILLISECOND
_LAST_MS = (datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC) - _START) // _MILLISECOND
"""Last timestamp of a four-digit calendar; SQLite and JavaScript end there, too."""
_ADVICE = "Write a date or a time in ISO 8601 format: 2027-01-31 or 2027-01-31T12:00:00Z"


def utc(unix_s: float) -> datetime:
    """Return Unix seconds as a time in UTC, to the millisecond; the nearest one that has four digits.

    >>> utc(1_735_689_600.5).isoformat(), utc(1e15).year, utc(-1e15).year
    ('2025-01-01T00:00:00.500000+00:00', 9999, 1)
    """
    ms = round(min(max(unix_s * 1000, _FIRST_MS), _LAST_MS))
    return _START + ms * _MILLISECOND


def first_ms(text: str) -> int:
    """Return the first millisecond (Unix) within a date, in UTC, or at or after a time.

    Raises:
        ValueError: it is neither; the message says how to write it.

    >>> first_ms("2025-01-01"), first_ms("2025-01-01T01:00:00.0001+01:00")
    (1735689600000, 1735689600001)
    """
    day = _date(text)
    return _day_ms(day) if day else -((_START - _time(text)) // _MILLISECOND)


def last_ms(text: str) -> int:
    """Return the last millisecond (Unix) within a date, in UTC, or at or before a time.

    Raises:
        ValueError: it is neither; the message says how to write it.

    >>> last_ms("2025-01-01") - first_ms("2025-01-01"), last_ms("2025-01-01T00:00:00.0009")
    (86399999, 1735689600000)
    """
    day = _date(text)
    return _day_ms(day) + _DAY_MS - 1 if day else (_time(text) - _START) // _MILLISECOND


def unix_seconds(text: str) -> float:
    """Return the Unix seconds of a time, or of the start of a date; in UTC unless an offset is given.

    Raises:
        ValueError: it is neither, or it lies outside of the years 1 to 9999 in UTC.

    >>> unix_seconds("2025-01-01"), unix_seconds("2025-01-01T02:00:00.5+02:00")
    (1735689600.0, 1735689600.5)
    """
    ms = first_ms(text)
    if not _FIRST_MS <= ms <= _LAST_MS:
        raise ValueError(f"{text!r} lies outside of the years 1 to 9999 in UTC")
    return ms / 1000


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _day_ms(day: date) -> int:
    return (day - _START.date()).days * _DAY_MS


def _time(text: str) -> datetime:
    """Return a time with its offset; the difference of two such never overflows."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_ADVICE) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
