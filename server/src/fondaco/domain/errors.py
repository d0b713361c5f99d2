"""Everything that can go wrong for a caller, with its status and code.

```
FondacoError
├── AuthenticationFailedError 401      ├── RateLimitExceededError 429
│   ├── InactiveKeyError 401           │   └── TooManyFailuresError 429
│   ├── InvalidApiKeyError 401         ├── InferenceFailedError 500
│   └── ProofRefusedError 401          │   └── EngineError
├── InsufficientBalanceError 402       │       ├── EngineRefusedError 502
│   └── KeyLimitReachedError 402       │       ├── EngineUnavailableError 503
├── UnauthorizedError 403              │       │   ├── EngineBusyError 503
├── InvalidRequestError 400            │       │   └── ModelNotInstalledError 503
│   ├── InvalidModelError 400          │       └── EngineTimeoutError 504
│   │   └── FieldNotTakenError 400     ├── UpscaleFailedError 500
│   ├── InvalidImageFormatError 400    ├── UnknownError 500
│   ├── CorruptedImageError 400        ├── ShuttingDownError 503
│   ├── ContextTooLongError 400        ├── StorageFailedError 507
│   ├── TooManyKeysError 400           │   └── AlreadyEnteredError 507
│   └── NotSupportedYetError 400       ├── ChainUnavailableError 503
├── NotFoundError 404                  └── WalletKeysNotInstalledError 503
│   ├── ModelNotFoundError 404
│   └── CharacterNotFoundError 404
├── MethodNotAllowedError 405
├── RequestTimeoutError 408
├── ConflictError 409
│   ├── RepeatedCallError 409
│   └── IdempotencyKeyReusedError 409
├── InvalidFileSizeError 413
├── InvalidContentTypeError 415
└── HeadersTooLargeError 431
```

A class is a code and a status; the message says what happened and what to do next.

Source: api-reference/error-codes.md; codes that it lacks are ours.
"""

from collections.abc import Mapping
from typing import ClassVar

from fondaco.domain.limits import LimitScope, Quota


class FondacoError(Exception):
    """A failed call; `str(error)` is the text for the caller."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "UNKNOWN_ERROR"
    default: ClassVar[str] = "An unknown error occurred"

    def __init__(self, message: str | None = None, *, retry_after_s: int | None = None) -> None:
        super().__init__(message or self.default)
        self.retry_after_s = retry_after_s


class AuthenticationFailedError(FondacoError):
    """No usable key came with the request."""

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
    default = "Invalid API key provided"


class ProofRefusedError(AuthenticationFailedError):
    """What came does not show that the caller owns the wallet."""


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


Faults = Mapping[str, "tuple[str, ...]"]


class InvalidRequestError(FondacoError):
    """The request breaks the contract.

    `faults` maps a dotted path (`messages.0.content`, or `` for the whole) to what is wrong there.
    """

    status = 400
    code = "INVALID_REQUEST"
    default = "Invalid request parameters"

    def __init__(self, message: str | None = None, *, faults: Faults | None = None) -> None:
        super().__init__(message)
        self.faults: Faults = faults or {}


class InvalidModelError(InvalidRequestError):
    """The model cannot do what is asked."""

    code = "INVALID_MODEL"
    default = "Invalid model specified"


class FieldNotTakenError(InvalidModelError):
    """One engine does not take a field of the request; another one of the route may."""


class InvalidImageFormatError(InvalidRequestError):
    """The image is of a format that is not taken."""

    code = "INVALID_IMAGE_FORMAT"
    default = "Invalid image format"


class CorruptedImageError(InvalidRequestError):
    """The image cannot be read."""

    code = "CORRUPTED_IMAGE"
    default = "The image file is corrupted or unreadable"


class ContextTooLongError(InvalidRequestError):
    """Prompt and requested output exceed the model's context."""

    code = "context_length_exceeded"

    def __init__(self, input_tokens: int, output_tokens: int, context_tokens: int) -> None:
        super().__init__(
            f"This model's maximum context length is {context_tokens} tokens. However, you requested "
            f"{input_tokens + output_tokens} tokens ({input_tokens} in the messages, {output_tokens} "
            "in the completion). Please reduce the length of the messages or completion."
        )
        self.input_tokens = input_tokens
        self.context_tokens = context_tokens


class TooManyKeysError(InvalidRequestError):
    """The account has as many active keys as it may."""

    code = "TOO_MANY_KEYS"
    default = "The account has 500 active API keys, the most that it may. Delete one first."


class NotSupportedYetError(InvalidRequestError):
    """A documented field that would change the answer and is not built yet."""


class NotFoundError(FondacoError):
    """There is nothing at this address."""

    status = 404
    code = "NOT_FOUND"
    default = "Not found"


class ModelNotFoundError(NotFoundError):
    """No model answers to the name."""

    code = "MODEL_NOT_FOUND"
    default = "Specified model not found"


class CharacterNotFoundError(NotFoundError):
    """No character has the slug."""

    code = "CHARACTER_NOT_FOUND"
    default = "No character could be found from the provided character_slug"


class MethodNotAllowedError(FondacoError):
    """The address exists, the method does not."""

    status = 405
    code = "METHOD_NOT_ALLOWED"
    default = "Method not allowed"

    def __init__(self, message: str | None = None, *, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.allowed = allowed


class RequestTimeoutError(FondacoError):
    """The caller was too slow in sending the request."""

    status = 408
    code = "REQUEST_TIMEOUT"
    default = "The request was not received in time"


class ConflictError(FondacoError):
    """The request contradicts what is already there."""

    status = 409
    code = "CONFLICT"
    default = "The request conflicts with an earlier one"


class RepeatedCallError(ConflictError):
    """A call with this `Idempotency-Key` has run, or is running: it does not run again."""

    code = "IDEMPOTENT_REPLAY"

    def __init__(self, charge_id: str, *, running: bool) -> None:
        """Name the charge as the ledger's reader finds it."""
        state = "is still running" if running else "has been carried out"
        super().__init__(
            f"The request with this Idempotency-Key {state}; it was not run or charged again. Replies "
            f"are not kept. Its charge is listed by GET /api/v1/billing/usage under {charge_id!r}."
        )
        self.charge_id = charge_id


class IdempotencyKeyReusedError(ConflictError):
    """The `Idempotency-Key` came with another body before."""

    code = "IDEMPOTENCY_KEY_REUSED"
    default = (
        "This Idempotency-Key came with a different request before. Use a new key for each request."
    )


class InvalidFileSizeError(FondacoError):
    """The body is larger than is taken."""

    status = 413
    code = "INVALID_FILE_SIZE"
    default = "File size exceeds maximum limit"


class InvalidContentTypeError(FondacoError):
    """The body is of a type that is not taken."""

    status = 415
    code = "INVALID_CONTENT_TYPE"
    default = "Invalid content type"


class RateLimitExceededError(FondacoError):
    """The account asks faster than its tier allows."""

    status = 429
    code = "RATE_LIMIT_EXCEEDED"
    default = "Rate limit exceeded"

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after_s: int | None = None,
        quota: Quota | None = None,
        scope: LimitScope = "user",
    ) -> None:
        """Say how long to wait, and in `quota` what the limits then showed."""
        super().__init__(message, retry_after_s=retry_after_s)
        self.quota = quota
        self.scope: LimitScope = scope


class TooManyFailuresError(RateLimitExceededError):
    """Too many requests of one account, or from one address, failed in a row.

    Source: api-reference/rate-limiting.md, "Failed Request Rate Limits".
    """

    default = (
        "Too many failed attempts (> 20) resulting in a non-success status code. Please wait 30s and "
        "try again. See https://docs.venice.ai/api-reference/rate-limiting for more information."
    )


class HeadersTooLargeError(FondacoError):
    """The request's head is larger than is taken."""

    status = 431
    code = "HEADERS_TOO_LARGE"
    default = "Request header fields too large"


class InferenceFailedError(FondacoError):
    """The engine failed at the call."""

    code = "INFERENCE_FAILED"
    default = "Inference processing failed"


class EngineError(InferenceFailedError):
    """One engine could not take or finish the call; another one may."""


class EngineRefusedError(EngineError):
    """The engine does not accept our credentials: the operator's matter, not the caller's."""

    status = 502
    default = "The model's engine refused the gateway. The operator has to check its key."


class EngineUnavailableError(EngineError):
    """The engine is down, starting or full."""

    status = 503
    code = "MODEL_AT_CAPACITY"
    default = "The model is at capacity. Please try again later."


class EngineBusyError(EngineUnavailableError):
    """The engine takes no more calls just now: not the caller's fault, so it counts against nobody."""


class ModelNotInstalledError(EngineUnavailableError):
    """The model is in the catalogue, its files are not on this machine."""

    code = "MODEL_NOT_INSTALLED"

    def __init__(self, model: str, source: str | None = None) -> None:
        """Name the model, and what to pull where that is not the model's id."""
        super().__init__(
            f"The model {model!r} is not installed here. "
            f"Install it with: fondaco models pull {source or model}"
        )


class EngineTimeoutError(EngineError):
    """The engine did not answer in time."""

    status = 504
    code = "INFERENCE_TIMEOUT"
    default = (
        "The request took too long to complete and was timed-out. For long-running inference "
        "requests, use the streaming API by setting stream=true in your request."
    )


class UpscaleFailedError(FondacoError):
    """An image could not be upscaled."""

    code = "UPSCALE_FAILED"
    default = "Image upscaling failed"


class UnknownError(FondacoError):
    """A defect of ours."""


class ShuttingDownError(FondacoError):
    """The server is draining."""

    status = 503
    code = "SHUTTING_DOWN"
    default = "The server is shutting down. Please try again."


class ChainUnavailableError(FondacoError):
    """The chain's node cannot be asked, or what it says not be trusted."""

    status = 503
    code = "CHAIN_UNAVAILABLE"
    default = "The wallet's stake cannot be read at present. Please try again later."


class WalletKeysNotInstalledError(FondacoError):
    """The libraries that check wallets' signatures are not on this machine."""

    status = 503
    code = "WALLET_KEYS_NOT_INSTALLED"
    default = (
        "Keys for wallets need more libraries here. Install them with: pip install 'fondaco[web3]'"
    )


class StorageFailedError(FondacoError):
    """The ledger cannot be written, so nothing may be sold."""

    status = 507
    code = "STORAGE_FAILED"
    default = "The ledger cannot be written. No charge was made; please try again later."


class AlreadyEnteredError(StorageFailedError):
    """The ledger has an entry of this call, sku and currency: nothing is charged twice."""

    default = "This call is already in the ledger. It was not charged again."
