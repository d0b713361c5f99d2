"""Everything that can go wrong for a caller, with its status and code.

```
FondacoError
├── AuthenticationFailedError 401      ├── RateLimitExceededError 429
│   ├── InactiveKeyError 401           ├── InferenceFailedError 500
│   └── InvalidApiKeyError 401         │   └── EngineError
├── InsufficientBalanceError 402       │       ├── EngineRefusedError 502
├── UnauthorizedError 403              │       ├── EngineUnavailableError 503
├── InvalidRequestError 400            │       │   └── ModelNotInstalledError 503
│   ├── InvalidModelError 400          │       └── EngineTimeoutError 504
│   │   └── FieldNotTakenError 400     ├── UpscaleFailedError 500
│   ├── InvalidImageFormatError 400    ├── UnknownError 500
│   ├── CorruptedImageError 400        ├── ShuttingDownError 503
│   ├── ContextTooLongError 400        └── StorageFailedError 507
│   └── NotSupportedYetError 400           └── AlreadyEnteredError 507
├── NotFoundError 404
│   ├── ModelNotFoundError 404
│   └── CharacterNotFoundError 404
├── MethodNotAllowedError 405
├── RequestTimeoutError 408
├── InvalidFileSizeError 413
├── InvalidContentTypeError 415
└── HeadersTooLargeError 431
```

A class is a code and a status; the message says what happened and what to do next.

Source: api-reference/error-codes.md; codes that it lacks are ours.
"""

from collections.abc import Mapping
from typing import ClassVar


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


class InsufficientBalanceError(FondacoError):
    """The account cannot cover the most that the call can cost."""

    status = 402
    code = "INSUFFICIENT_BALANCE"
    default = "Insufficient USD or Diem balance to complete request"


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


class StorageFailedError(FondacoError):
    """The ledger cannot be written, so nothing may be sold."""

    status = 507
    code = "STORAGE_FAILED"
    default = "The ledger cannot be written. No charge was made; please try again later."


class AlreadyEnteredError(StorageFailedError):
    """The ledger has an entry of this call, sku and currency: nothing is charged twice."""

    default = "This call is already in the ledger. It was not charged again."
