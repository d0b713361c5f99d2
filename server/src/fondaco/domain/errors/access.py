"""Errors about access: authentication, permissions, balance, limits and idempotency."""

from fondaco.domain.errors.root import FondacoError
from fondaco.domain.money.limits import UNSHOWN, LimitScope, Quota


class AuthenticationFailedError(FondacoError):
    """The request has no usable key."""

    status = 401
    code = "AUTHENTICATION_FAILED"
    default = "Authentication failed"


class InactiveKeyError(AuthenticationFailedError):
    """The key's account may not use the API."""

    code = "AUTHENTICATION_FAILED_INACTIVE_KEY"
    default = (
        "Authentication failed - Pro subscription is inactive. "
        "Please upgrade your subscription to continue using the API."
    )


class InvalidApiKeyError(AuthenticationFailedError):
    """The key is unknown, revoked or expired."""

    code = "INVALID_API_KEY"
    default = (
        "Invalid API key provided: it is unknown to this server, revoked or expired. The operator creates "
        "keys with: fondaco keys create"
    )


class SessionEndedError(AuthenticationFailedError):
    """The session is unknown: it was ended, was not used for too long, or its key is revoked or expired."""

    code = "SESSION_ENDED"
    default = (
        "This session has ended: you logged out, it was idle for too long, or its key was "
        "revoked or has expired. Log in again with a key, or with a new link: fondaco dashboard "
        "link"
    )


class LoginRefusedError(AuthenticationFailedError):
    """The login token is unknown, was used before, or has expired."""

    code = "LOGIN_REFUSED"
    default = (
        "This login link is no longer valid: each link works once, and only for some minutes. "
        "Print a new one with: fondaco dashboard link"
    )


class ProofRefusedError(AuthenticationFailedError):
    """The proof does not show that the caller owns the wallet."""


class InsufficientBalanceError(FondacoError):
    """The account cannot cover the most that the call can cost."""

    status = 402
    code = "INSUFFICIENT_BALANCE"
    default = "Insufficient USD or Diem balance to complete request"


class KeyLimitReachedError(InsufficientBalanceError):
    """The account could pay, but the key may not spend that much in this epoch."""

    code = "KEY_LIMIT_REACHED"
    default = (
        "This API key has reached its consumption limit for the current epoch. It refills at 00:00 UTC; "
        "an ADMIN key can raise it with PATCH /api/v1/api_keys."
    )


class UnauthorizedError(FondacoError):
    """The key is good but may not do this."""

    status = 403
    code = "UNAUTHORIZED"
    default = "Unauthorized access"


class ConflictError(FondacoError):
    """The request conflicts with the current state."""

    status = 409
    code = "CONFLICT"
    default = "The request conflicts with an earlier one"


class RepeatedCallError(ConflictError):
    """A call with this `Idempotency-Key` has run, or is running: it does not run again."""

    code = "IDEMPOTENT_REPLAY"

    def __init__(self, charge_id: str, *, running: bool) -> None:
        """Name the charge by its id in GET /billing/usage."""
        state = "is still running" if running else "has been carried out"
        super().__init__(
            f"The request with this Idempotency-Key {state}; it was not run or charged again. Replies "
            f"are not kept. Its charge is listed by GET /api/v1/billing/usage under {charge_id!r}.",
            retry_after_s=1 if running else None,
        )
        self.charge_id = charge_id


class IdempotencyKeyReusedError(ConflictError):
    """The `Idempotency-Key` was sent with another body before."""

    code = "IDEMPOTENCY_KEY_REUSED"
    default = "This Idempotency-Key was used with a different request before. Use a new key for each request."


class RateLimitExceededError(FondacoError):
    """The account exceeds a rate limit of its tier."""

    status = 429
    code = "RATE_LIMIT_EXCEEDED"
    default = "Rate limit exceeded"

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after_s: int | None = None,
        quota: Quota = UNSHOWN,
        scope: LimitScope = "user",
    ) -> None:
        """Carry the delay until a retry, and the `quota` of the limit that was reached.

        Headers show this quota or none, never that of another limit, which has capacity left.
        """
        super().__init__(message, retry_after_s=retry_after_s)
        self.quota = quota
        self.scope: LimitScope = scope


class ConcurrencyLimitError(RateLimitExceededError):
    """The account has reached its limit of concurrent calls, or of bytes in request bodies.

    The failure throttle does not count it: waiting and retrying is correct client behaviour.
    """


class TooManyFailuresError(RateLimitExceededError):
    """Too many requests of one account, or from one address, failed in a row.

    Source: api-reference/rate-limiting.md, "Failed Request Rate Limits".
    """

    default = (
        "Too many failed attempts (> 20) resulting in a non-success status code. Please wait 30s and "
        "try again. See https://docs.venice.ai/api-reference/rate-limiting for more information."
    )
