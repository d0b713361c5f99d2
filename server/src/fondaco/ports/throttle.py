"""Throttling of callers whose requests fail."""

from collections.abc import Hashable
from typing import Protocol, TypeVar

SubjectT_contra = TypeVar("SubjectT_contra", bound=Hashable, contravariant=True)


class Throttle(Protocol[SubjectT_contra]):
    """Refuses requests of a subject, such as an account id or a client address, after many failures.

    Both methods answer from memory, since every request passes them. An implementation that several
    servers share exchanges its counts in the background, so one server may see another's failures late.

    Source: api-reference/rate-limiting.md, "Failed Request Rate Limits".
    """

    def check(self, subject: SubjectT_contra) -> None:
        """Return if requests of the subject are accepted.

        Raises:
            TooManyFailuresError: too many of its requests failed; says how long to wait.
        """
        ...

    def record_failure(self, subject: SubjectT_contra) -> None:
        """Count one failed request, unless the subject is being refused already."""
        ...

    def reconfigure(self, max_failures: int, window_s: float) -> None:
        """Apply another limit from now on; subjects being refused stay refused.

        Args:
            max_failures: failed requests accepted within a window; 0 accepts any number.
            window_s: length of the window and of the refusal, in seconds.
        """
        ...
