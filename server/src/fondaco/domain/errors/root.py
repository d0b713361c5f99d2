"""The base class of all errors that reach a caller."""

from typing import ClassVar


class FondacoError(Exception):
    """A failed call; `str(error)` is the text for the caller."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "UNKNOWN_ERROR"
    default: ClassVar[str] = "An unknown error occurred"

    def __init__(self, message: str | None = None, *, retry_after_s: int | None = None) -> None:
        super().__init__(message or self.default)
        self.retry_after_s = retry_after_s
