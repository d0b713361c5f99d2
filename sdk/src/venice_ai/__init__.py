"""The Python client of Fondaco and of the Venice API.

Names are loaded when they are first used, so that an import costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from venice_ai._client import VeniceClient as VeniceClient
    from venice_ai._sync.client import SyncVeniceClient as SyncVeniceClient
    from venice_ai.exceptions import (
        APIConnectionError as APIConnectionError,
        APIError as APIError,
        APITimeoutError as APITimeoutError,
        AuthenticationError as AuthenticationError,
        ConflictError as ConflictError,
        InvalidRequestError as InvalidRequestError,
        InvalidResponseError as InvalidResponseError,
        MaxIterationsExceededError as MaxIterationsExceededError,
        ModelGoneError as ModelGoneError,
        NotFoundError as NotFoundError,
        PaymentRequiredError as PaymentRequiredError,
        PermissionDeniedError as PermissionDeniedError,
        RateLimitError as RateLimitError,
        ServiceUnavailableError as ServiceUnavailableError,
        TeeAttestationError as TeeAttestationError,
        TeeDecryptionError as TeeDecryptionError,
        VeniceError as VeniceError,
    )
    from venice_ai.tools import tool_from_function as tool_from_function
    from venice_ai.types.api.chat import (
        AssistantMessage as AssistantMessage,
        DeveloperMessage as DeveloperMessage,
        SystemMessage as SystemMessage,
        Tool as Tool,
        ToolMessage as ToolMessage,
        UserMessage as UserMessage,
    )

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AssistantMessage",
    "AuthenticationError",
    "ConflictError",
    "DeveloperMessage",
    "InvalidRequestError",
    "InvalidResponseError",
    "MaxIterationsExceededError",
    "ModelGoneError",
    "NotFoundError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServiceUnavailableError",
    "SyncVeniceClient",
    "SystemMessage",
    "TeeAttestationError",
    "TeeDecryptionError",
    "Tool",
    "ToolMessage",
    "UserMessage",
    "VeniceClient",
    "VeniceError",
    "tool_from_function",
]
__version__ = "0.1.0"

_PUBLIC = {
    "venice_ai._client": ("VeniceClient",),
    "venice_ai._sync.client": ("SyncVeniceClient",),
    "venice_ai.exceptions": (
        "APIConnectionError",
        "APIError",
        "APITimeoutError",
        "AuthenticationError",
        "ConflictError",
        "InvalidRequestError",
        "InvalidResponseError",
        "MaxIterationsExceededError",
        "ModelGoneError",
        "NotFoundError",
        "PaymentRequiredError",
        "PermissionDeniedError",
        "RateLimitError",
        "ServiceUnavailableError",
        "TeeAttestationError",
        "TeeDecryptionError",
        "VeniceError",
    ),
    "venice_ai.tools": ("tool_from_function",),
    "venice_ai.types.api.chat": (
        "AssistantMessage",
        "DeveloperMessage",
        "SystemMessage",
        "Tool",
        "ToolMessage",
        "UserMessage",
    ),
}
"""Module -> the names that it gives to the package."""

_HOMES = {name: module for module, names in _PUBLIC.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
