"""Errors as they were raised, out of the groups that task groups wrap them in."""

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def unwrapped() -> Generator[None]:
    """Raise the only error of a group in place of the group; several stay a group."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            (error,) = error.exceptions
        if error is group:
            raise
        raise error from error.__cause__
