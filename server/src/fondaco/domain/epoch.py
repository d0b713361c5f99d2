"""Epochs: the days in UTC at whose start DIEM refills.

Source: overview/pricing.md, "daily Diem allocations"; api_keys/rate_limits.md, `nextEpochBegins`.
"""

SECONDS = 86_400


def epoch_of(now: float) -> int:
    """Return the number of the epoch that `now` (Unix seconds) lies in.

    >>> epoch_of(86_399.9), epoch_of(86_400.0)
    (0, 1)
    """
    return int(now // SECONDS)


def begins(epoch: int) -> int:
    """Return the Unix second at which `epoch` begins."""
    return epoch * SECONDS
