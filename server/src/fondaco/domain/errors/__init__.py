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
├── UnauthorizedError 403                      │       ├── EngineUnavailableError 503
├── InvalidRequestError 400                    │       │   ├── EngineBusyError 503
│   ├── InvalidModelError 400                  │       │   └── ModelNotInstalledError 503
│   │   └── FieldNotTakenError 400             │       └── EngineTimeoutError 504
│   │       ├── EditNotSupportedError 422      ├── UpscaleFailedError 500
│   │       └── NothingToReadError 400         ├── UnknownError 500
│   ├── InvalidImageFormatError 400            ├── ShuttingDownError 503
│   ├── CorruptedImageError 400                ├── StorageFailedError 507
│   ├── ImageNotFetchedError 400               │   ├── AlreadyEnteredError 507
│   ├── InvalidAudioFormatError 400            │   └── WriteQuarantinedError 507
│   ├── CorruptedAudioError 400                ├── ChainUnavailableError 503
│   ├── AudioTooLongError 400                  ├── WalletKeysNotInstalledError 503
│   ├── ContextTooLongError 400                │
│   │   └── InputTooLongError 400              └── WebNotInstalledError 503
│   ├── SealedRequestError 400
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
│   └── IdempotencyKeyReusedError 409          ┌── UnimplementedError 501
├── InvalidFileSizeError 413                   ├── VersionNotSupportedError 505
├── InvalidContentTypeError 415                └── TooManyConnectionsError 503
├── ExpectationFailedError 417
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
