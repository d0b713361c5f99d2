"""Errors in ACI's shape, for requests that speak it.

Source: ACI, section 11.
"""

from collections.abc import Mapping

from fondaco.domain.errors import (
    AuthenticationFailedError,
    FondacoError,
    InvalidRequestError,
    NotFoundError,
    SealedRequestError,
    UnauthorizedError,
)

ACI_VERSION = b"x-aci-version: aci/1\r\n"
"""The header of every response that speaks it."""
_SERVER_ERRORS = 500


def aci_error_body(error: FondacoError) -> dict[str, object]:
    """Return the body of an error.

    >>> aci_error_body(NotFoundError("There is no receipt 'rcpt-1'."))["error"]["type"]
    'not_found'
    """
    named = {"message": str(error), "type": _type(error), "code": None, "param": None}
    return {"error": named}


def _type(error: FondacoError) -> str:
    match error:
        case SealedRequestError():
            return error.reason
        case InvalidRequestError(faults=faults) if "model" in faults and _breaks_schema(error):
            return "e2ee_invalid_payload_model"
        case NotFoundError():
            return "not_found"
        case AuthenticationFailedError():
            return "unauthorized"
        case UnauthorizedError():
            return "redaction_required"
        case _:
            return error.code.lower()


def _breaks_schema(error: FondacoError) -> bool:
    """Whether a field is missing or of another type, and not only without effect or unknown here."""
    return type(error) is InvalidRequestError


_TEXT_OR_NULL = {"type": ["string", "null"]}
ACI_ERROR_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "code", "param"],
            "properties": {
                "message": {
                    "type": "string",
                    "description": "What happened, why, and how to fix it.",
                },
                "type": {
                    "type": "string",
                    "description": "Identifier of the error, for programs.",
                },
                "code": _TEXT_OR_NULL,
                "param": _TEXT_OR_NULL,
            },
        }
    },
}
