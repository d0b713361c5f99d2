"""Epochs: days in UTC, at whose start DIEM allocations refill.

Source: overview/pricing.md, "daily Diem allocations"; api_keys/rate_limits.md, `nextEpochBegins`.
"""

from datetime import date

SECONDS = 86_400
_FIRST = date(1970, 1, 1).toordinal()


def epoch_of(now: float) -> int:
    """Return the number of the epoch that `now` (Unix seconds) lies in.

    >>> epoch_of(86_399.9), epoch_of(86_400.0)
    (0, 1)
    """
    return int(now // SECONDS)


def begins(epoch: int) -> int:
    """Return the Unix second at which `epoch` begins."""
    return epoch * SECONDS


def starts_at(day: date) -> int:
    """Return the Unix second at which a day begins in UTC.

    >>> starts_at(date(1970, 1, 2))
    86400
    """
    return begins(day.toordinal() - _FIRST)
