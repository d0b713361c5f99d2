"""Errors of confidential calls: each is raised before any work, and costs nothing."""

from fondaco.domain.errors.request import Faults, InvalidRequestError


class SealedRequestError(InvalidRequestError):
    """A sealed request is malformed, stale, replayed, or encrypted to other keys.

    `reason` is the type of the error in ACI's shape, such as `e2ee_decryption_failed`.
    Source: ACI, section 11.
    """

    code = "E2EE_REFUSED"
    default = "The request cannot be decrypted."

    def __init__(
        self, message: str | None = None, *, reason: str, faults: Faults | None = None
    ) -> None:
        super().__init__(message, faults=faults)
        self.reason = reason
