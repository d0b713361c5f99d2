"""Fields of reports and receipts, which are untrusted input."""

from collections.abc import Mapping
from typing import Any

from venice_ai._json_values import is_array, is_object
from venice_ai.exceptions import TeeAttestationError


def refused(reason: str, *, code: str = "TEE_ATTESTATION_FAILED") -> TeeAttestationError:
    """Return the error of evidence that does not hold."""
    return TeeAttestationError(reason, code=code)


def object_in(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a field that is an object.

    Raises:
        TeeAttestationError: It is missing, or has another type.
    """
    found = value.get(name)
    if not is_object(found):
        raise refused(f"The enclave's evidence has no object {name!r}.")
    return found


def objects_in(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return a field that is a list of objects.

    Raises:
        TeeAttestationError: As above.
    """
    found = value.get(name)
    if not is_array(found) or not all(is_object(one) for one in found):
        raise refused(f"The enclave's evidence has no list of objects {name!r}.")
    return [one for one in found if is_object(one)]


def text_in(value: Mapping[str, Any], name: str) -> str:
    """Return a field that is a text with something in it.

    Raises:
        TeeAttestationError: As above.
    """
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise refused(f"The enclave's evidence has no text {name!r}.")
    return found


def integer_in(value: Mapping[str, Any], name: str) -> int:
    """Return a field that is an integer.

    Raises:
        TeeAttestationError: As above.
    """
    found = value.get(name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise refused(f"The enclave's evidence has no integer {name!r}.")
    return found
