"""Errors that callers receive, with status and code.

```
FondacoError
├── AuthenticationFailedError 401              ├── RateLimitExceededError 429
│   ├── InactiveKeyError 401                   │   ├── ConcurrencyLimitError 429
│   ├── InvalidApiKeyError 401                 │   └── TooManyFailuresError 429
│   ├── LoginRefusedError 401                  │
│   ├── ProofRefusedError 401                  ├── InferenceFailedError 500
│   └── SessionEndedError 401                  │   ├── FileNotWrittenError 500
├── InsufficientBalanceError 402               │   └── EngineError
│   └── KeyLimitReachedError 402               │       ├── EngineRefusedError 502
├── UnauthorizedError 403                      │       ├── ResponseCutError 502
├── InvalidRequestError 400                    │       ├── EngineUnavailableError 503
│   ├── InvalidModelError 400                  │       │   ├── EngineBusyError 503
│   │   └── FieldNotTakenError 400             │       │   └── ModelNotInstalledError 503
│   │       ├── EditNotSupportedError 422      │       └── EngineTimeoutError 504
│   │       └── NothingToReadError 400         ├── UpscaleFailedError 500
│   ├── InvalidImageFormatError 400            ├── UnknownError 500
│   ├── CorruptedImageError 400                ├── ShuttingDownError 503
│   ├── ImageNotFetchedError 400               ├── StorageFailedError 507
│   ├── InvalidAudioFormatError 400            │   ├── AlreadyEnteredError 507
│   ├── CorruptedAudioError 400                │   └── WriteQuarantinedError 507
│   ├── AudioTooLongError 400                  ├── ChainUnavailableError 503
│   ├── ContextTooLongError 400                ├── WalletKeysNotInstalledError 503
│   │   └── InputTooLongError 400              │
│   ├── SealedRequestError 400                 └── WebNotInstalledError 503
│   ├── UnknownTokenError 400
│   └── TooManyKeysError 400
├── NotFoundError 404
│   ├── NotSupportedError 404
│   ├── PromptNotCountableError 404
│   ├── MediaNotFoundError 404
│   ├── ModelNotFoundError 404
│   │   └── ModelGoneError 410
│   └── CharacterNotFoundError 404
├── MethodNotAllowedError 405
├── RequestTimeoutError 408
├── ConflictError 409
│   ├── RepeatedCallError 409
│   └── IdempotencyKeyReusedError 409
├── InvalidFileSizeError 413                   ┌── UnimplementedError 501
├── InvalidContentTypeError 415                ├── VersionNotSupportedError 505
├── ExpectationFailedError 417                 └── TooManyConnectionsError 503
└── HeadersTooLargeError 431
```

A class is a code and a status; the message says what happened and what to do next.

Source: api-reference/error-codes.md; codes that it lacks are ours.
"""

from fondaco.domain.errors.access import (
    AuthenticationFailedError,
    ConcurrencyLimitError,
    ConflictError,
    IdempotencyKeyReusedError,
    InactiveKeyError,
    InsufficientBalanceError,
    InvalidApiKeyError,
    KeyLimitReachedError,
    LoginRefusedError,
    ProofRefusedError,
    RateLimitExceededError,
    RepeatedCallError,
    SessionEndedError,
    TooManyFailuresError,
    UnauthorizedError,
)
from fondaco.domain.errors.confidential import SealedRequestError
from fondaco.domain.errors.request import (
    AudioTooLongError,
    CharacterNotFoundError,
    ContextTooLongError,
    CorruptedAudioError,
    CorruptedImageError,
    EditNotSupportedError,
    ExpectationFailedError,
    Faults,
    FieldNotTakenError,
    HeadersTooLargeError,
    ImageNotFetchedError,
    InputTooLongError,
    InvalidAudioFormatError,
    InvalidContentTypeError,
    InvalidFileSizeError,
    InvalidImageFormatError,
    InvalidModelError,
    InvalidRequestError,
    MediaNotFoundError,
    MethodNotAllowedError,
    ModelGoneError,
    ModelNotFoundError,
    NotFoundError,
    NothingToReadError,
    NotSupportedError,
    PromptNotCountableError,
    RequestTimeoutError,
    TooManyKeysError,
    UnimplementedError,
    UnknownTokenError,
    VersionNotSupportedError,
)
from fondaco.domain.errors.root import FondacoError
from fondaco.domain.errors.server import (
    AlreadyEnteredError,
    ChainUnavailableError,
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    FileNotWrittenError,
    InferenceFailedError,
    ModelNotInstalledError,
    ResponseCutError,
    ShuttingDownError,
    StorageFailedError,
    TooManyConnectionsError,
    UnknownError,
    UpscaleFailedError,
    WalletKeysNotInstalledError,
    WebNotInstalledError,
    WriteQuarantinedError,
)

__all__ = [
    "AlreadyEnteredError",
    "AudioTooLongError",
    "AuthenticationFailedError",
    "ChainUnavailableError",
    "CharacterNotFoundError",
    "ConcurrencyLimitError",
    "ConflictError",
    "ContextTooLongError",
    "CorruptedAudioError",
    "CorruptedImageError",
    "EditNotSupportedError",
    "EngineBusyError",
    "EngineError",
    "EngineRefusedError",
    "EngineTimeoutError",
    "EngineUnavailableError",
    "ExpectationFailedError",
    "Faults",
    "FieldNotTakenError",
    "FileNotWrittenError",
    "FondacoError",
    "HeadersTooLargeError",
    "IdempotencyKeyReusedError",
    "ImageNotFetchedError",
    "InactiveKeyError",
    "InferenceFailedError",
    "InputTooLongError",
    "InsufficientBalanceError",
    "InvalidApiKeyError",
    "InvalidAudioFormatError",
    "InvalidContentTypeError",
    "InvalidFileSizeError",
    "InvalidImageFormatError",
    "InvalidModelError",
    "InvalidRequestError",
    "KeyLimitReachedError",
    "LoginRefusedError",
    "MediaNotFoundError",
    "MethodNotAllowedError",
    "ModelGoneError",
    "ModelNotFoundError",
    "ModelNotInstalledError",
    "NotFoundError",
    "NotSupportedError",
    "NothingToReadError",
    "PromptNotCountableError",
    "ProofRefusedError",
    "RateLimitExceededError",
    "RepeatedCallError",
    "RequestTimeoutError",
    "ResponseCutError",
    "SealedRequestError",
    "SessionEndedError",
    "ShuttingDownError",
    "StorageFailedError",
    "TooManyConnectionsError",
    "TooManyFailuresError",
    "TooManyKeysError",
    "UnauthorizedError",
    "UnimplementedError",
    "UnknownError",
    "UnknownTokenError",
    "UpscaleFailedError",
    "VersionNotSupportedError",
    "WalletKeysNotInstalledError",
    "WebNotInstalledError",
    "WriteQuarantinedError",
]
