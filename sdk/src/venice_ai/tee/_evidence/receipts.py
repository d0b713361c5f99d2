"""Receipts: statements that an enclave signs about one call, verified offline with the keyset alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pydantic_core import to_json

from venice_ai.tee._crypto.canonical import canonical, digest
from venice_ai.tee._crypto.signatures import is_signed
from venice_ai.tee._evidence.keyset import keyset_of
from venice_ai.tee._evidence.reading import integer_in, object_in, objects_in, refused, text_in

__all__ = ["Receipt", "verify_receipt"]

_FIELDS = {
    "api_version",
    "receipt_id",
    "chat_id",
    "model",
    "workload_id",
    "workload_keyset_digest",
    "endpoint",
    "method",
    "served_at",
    "event_log",
    "signature",
}
"""Of a receipt's top; more are not allowed. Source: ACI, section 3.2."""
_RECEIVED, _FORWARDED, _RETURNED = "request.received", "request.forwarded", "response.returned"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt whose signature holds."""

    receipt_id: str
    chat_id: str | None
    model: str | None
    workload_id: str
    keyset_digest: str
    endpoint: str
    served_at: int
    """Unix time, by the enclave's own clock."""
    request_hash: str
    """Of the request's body, decrypted, as the enclave serialized it."""
    forwarded_hash: str
    """Digest of the engine's request; differs if the enclave rewrote the request."""
    wire_hash: str
    """Of the reply's body, as it was sent."""
    cleartext_hash: str
    """Of the reply's body before encryption."""
    upstreams: tuple[Mapping[str, Any], ...]
    """The events `upstream.verified`: other services that saw the text, and whether the enclave verified them."""
    document: Mapping[str, Any] = field(repr=False)


def verify_receipt(
    receipt: Mapping[str, Any],
    keyset: Mapping[str, Any],
    *,
    wire: bytes | str | None = None,
    request: bytes | None = None,
    chat_id: str | None = None,
    model: str | None = None,
) -> Receipt:
    """Check a receipt, without any request.

    Args:
        receipt: As the server sent it.
        keyset: The keys that were attested: `Attestation.keyset`. To trust them is up to you.
        wire: The reply's body exactly as it was received, or its digest `sha256:...`; None: not compared.
        request: The request's body before encryption, JSON; None: not compared.
        chat_id: The reply's `id`; None: not compared.
        model: As the request named it; None: not compared.

    Raises:
        TeeAttestationError: The receipt is malformed, has no valid signature, or belongs to another call.

    Source:
        ACI, sections 8 and 10.2.
    """
    checked = _signed(receipt, keyset)
    if chat_id is not None and checked.chat_id != chat_id:
        raise refused(
            f"The receipt is of the reply {checked.chat_id!r}, not {chat_id!r}.", code=_CODE
        )
    if model is not None and checked.model != model:
        raise refused(f"The receipt is of a call of {checked.model!r}, not {model!r}.", code=_CODE)
    if wire is not None and checked.wire_hash != (wire if isinstance(wire, str) else digest(wire)):
        raise refused(
            "The reply is not the one that the enclave signed: pieces were lost, added, moved or altered "
            "on the way. Discard it.",
            code=_CODE,
        )
    if request is not None and checked.request_hash not in request_hashes(request):
        raise refused(
            "The enclave answered another request than this one: it was altered on the way, or the enclave "
            "serializes it otherwise. Discard the reply.",
            code=_CODE,
        )
    return checked


_CODE = "TEE_RECEIPT_REFUSED"


def request_hashes(request: bytes) -> set[str]:
    """Return digests of a request's body in the forms that services serialize after decryption.

    Each of them commits to the same content. Source: ACI, section 12.
    """
    value = json.loads(request)
    return {
        digest(form)
        for form in (
            request,
            to_json(value, inf_nan_mode="constants"),
            json.dumps(value, separators=(",", ":")).encode(),
            json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(),
        )
    }


def _signed(receipt: Mapping[str, Any], document: Mapping[str, Any]) -> Receipt:
    """Return a receipt whose signature and form hold."""
    keyset = keyset_of(document)
    if receipt.get("api_version") != "aci/1" or receipt.keys() != _FIELDS:
        raise refused(
            "This is not a receipt of 'aci/1': fields are missing or unknown.", code=_CODE
        )
    signature = object_in(receipt, "signature")
    key = keyset.receipt_keys.get(text_in(signature, "key_id"))
    if key is None or key.algo != text_in(signature, "algo"):
        raise refused("The receipt is signed by none of the attested keys.", code=_CODE)
    named = {name: value for name, value in signature.items() if name != "value"}
    try:
        content = canonical({**receipt, "signature": named})
    except ValueError as error:
        raise refused(f"The receipt cannot be hashed. {error}", code=_CODE) from error
    if not is_signed(key, text_in(signature, "value"), content, recoverable=True):
        raise refused("The receipt's signature does not hold: it was altered.", code=_CODE)
    if (receipt["workload_id"], receipt["workload_keyset_digest"]) != (
        keyset.workload_id,
        keyset.digest,
    ):
        raise refused(
            "The receipt is of another enclave, or of other keys than those attested.", code=_CODE
        )
    return _read(receipt, objects_in(receipt, "event_log"))


def _read(receipt: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Receipt:
    numbers = [integer_in(one, "seq") for one in events]
    if numbers[:1] != [0] or any(later <= earlier for earlier, later in pairwise(numbers)):
        raise refused("The receipt's events are not in order.", code=_CODE)
    if events[0].get("type") != _RECEIVED:
        raise refused("The receipt does not begin with the request.", code=_CODE)
    received, forwarded, returned = (
        _only(events, kind) for kind in (_RECEIVED, _FORWARDED, _RETURNED)
    )
    kinds = {one.get("type") for one in events}
    request_hash, forwarded_hash = text_in(received, "body_hash"), text_in(forwarded, "body_hash")
    wire_hash, cleartext_hash = text_in(returned, "wire_hash"), text_in(returned, "cleartext_hash")
    for changed, kind in (
        (request_hash != forwarded_hash, "transparency.request_modified"),
        (wire_hash != cleartext_hash, "transparency.response_modified"),
    ):
        if changed and kind not in kinds:
            raise refused(
                f"The receipt's hashes differ, although it declares no change: {kind} is missing.",
                code=_CODE,
            )
    return Receipt(
        receipt_id=text_in(receipt, "receipt_id"),
        chat_id=_text_or_none(receipt, "chat_id"),
        model=_text_or_none(receipt, "model"),
        workload_id=text_in(receipt, "workload_id"),
        keyset_digest=text_in(receipt, "workload_keyset_digest"),
        endpoint=text_in(receipt, "endpoint"),
        served_at=integer_in(receipt, "served_at"),
        request_hash=request_hash,
        forwarded_hash=forwarded_hash,
        wire_hash=wire_hash,
        cleartext_hash=cleartext_hash,
        upstreams=tuple(one for one in events if one.get("type") == "upstream.verified"),
        document=receipt,
    )


def _only(events: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    found = [one for one in events if one.get("type") == kind]
    if len(found) != 1:
        raise refused(f"The receipt has {len(found)!r} events {kind!r} instead of one.", code=_CODE)
    return found[0]


def _text_or_none(receipt: Mapping[str, Any], name: str) -> str | None:
    return None if receipt[name] is None else text_in(receipt, name)
