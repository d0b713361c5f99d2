"""File descriptors: the number of connections that a process may open."""

import sys

_MOST = 2**20
"""The most that Linux lets a process open by default (`fs.nr_open`)."""
_KEPT = 128
"""For the database, the log, pipes to children, and the like."""


def raised_limit() -> int | None:
    """Raise the soft limit of this process to the hard one; return it, or None where there is none."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 - Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft == resource.RLIM_INFINITY or soft >= target:
        return None if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
    except (OSError, ValueError):
        return soft
    return target


def connections_within(descriptors: int | None, limit: int) -> int:
    """Return how many connections may be open, so that each call still reaches its engine.

    A call needs two descriptors: that of its caller's connection, and one to the engine.

    >>> connections_within(20_000, 8_192), connections_within(200, 8_192)
    (8192, 75)
    """
    if descriptors is None:
        return limit
    reserved = min(_KEPT, descriptors // 4)
    return max(1, min(limit, (descriptors - reserved) // 2))
