"""Confidential chats: end-to-end encryption to an attested enclave.

`create` and `stream` take `e2ee=True` or `TeeOptions`. It needs the extra `e2ee`.
Names are imported on first use, so that the import needs no extra libraries.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from venice_ai.tee._extra import HOW_TO_INSTALL

if TYPE_CHECKING:
    from venice_ai.tee._evidence.receipts import (
        Receipt as Receipt,
        verify_receipt as verify_receipt,
    )
    from venice_ai.tee.types import (
        Attestation as Attestation,
        ModelKey as ModelKey,
        Proof as Proof,
        TeeOptions as TeeOptions,
    )

__all__ = [
    "Attestation",
    "ModelKey",
    "Proof",
    "Receipt",
    "TeeOptions",
    "verify_receipt",
]

_HOMES = {
    "Attestation": "venice_ai.tee.types",
    "ModelKey": "venice_ai.tee.types",
    "Proof": "venice_ai.tee.types",
    "Receipt": "venice_ai.tee._evidence.receipts",
    "TeeOptions": "venice_ai.tee.types",
    "verify_receipt": "venice_ai.tee._evidence.receipts",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value: object = getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        told = f"venice_ai.tee.{name} needs {error.name}. {HOW_TO_INSTALL}"
        raise ImportError(told, name=error.name) from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
