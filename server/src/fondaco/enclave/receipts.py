"""Receipts: signed records of calls, by hashes alone, kept for a while for their callers."""

import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import orjson

from fondaco.domain.confidential.sealed import SealedCall, SealedFormat
from fondaco.domain.errors import NotFoundError, UnauthorizedError
from fondaco.enclave.keyset import API_VERSION, Epoch
from fondaco.enclave.primitives.canonical import Json, digest_of_bytes

PREFIX: Final = "rcpt-"
"""Of receipt ids: the completion's id follows, so that both are known when the response begins."""
_VERIFIER: Final = "fondaco/none"
_UNVERIFIED: Final = (
    "The upstream is not verified: the enclave connects to it over an ordinary connection."
)


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """The receipt of a response that has ended."""

    completion_id: str
    owner: str
    """The digest of the key that made the call."""
    document: Mapping[str, Any]
    """ACI's receipt. Source: ACI, section 8.2."""
    original: Mapping[str, Any]
    """Further fields of the original protocol's reply; empty for calls in ACI's format."""


class ReceiptBuilder:
    """Hashes the content of one call, and signs the record at its end."""

    def __init__(
        self, epoch: Epoch, call: SealedCall, model: str, now: Callable[[], float]
    ) -> None:
        """Begin the record.

        Args:
            epoch: whose receipt key signs.
            call: the call.
            model: as its body names it.
            now: returns Unix seconds.
        """
        self._epoch, self._call, self._model, self._now = epoch, call, model, now
        self._received: str | None = None
        self._forwarded: str | None = None
        self._upstream: dict[str, Json] | None = None
        self._cleartext, self._wire = sha256(), sha256()

    def received(self, body: bytes) -> None:
        """Record the request's body with its fields decrypted."""
        self._received = digest_of_bytes(body)

    def forwarded(self, body: bytes) -> None:
        """Record the request to the engine."""
        self._forwarded = digest_of_bytes(body)

    def upstream(self, name: str, *, model: str, origin: str | None) -> None:
        """Record a request to an unverified remote engine.

        Args:
            name: the operator's name of it.
            model: as it calls the model.
            origin: scheme, host and port of its address.
        """
        self._upstream = {
            "type": "upstream.verified",
            "upstream_name": name,
            "provider": None,
            "model_id": model,
            "url_origin": origin,
            "verifier_id": _VERIFIER,
            "result": "failed",
            "required": False,
            "reason": _UNVERIFIED,
            "channel_bindings": [],
            "provider_claims": None,
        }

    def cleartext(self, piece: bytes) -> None:
        """Record the next bytes of the response as they were before encryption."""
        self._cleartext.update(piece)

    def wire(self, piece: bytes) -> None:
        """Record the next bytes of the response as they are sent."""
        self._wire.update(piece)

    def finish(self) -> SignedReceipt:
        """Sign the record.

        Raises:
            RuntimeError: no request was recorded.
        """
        call, identity = self._call, self._epoch.identity
        document: dict[str, Json] = {
            "api_version": API_VERSION,
            "receipt_id": PREFIX + call.completion_id,
            "chat_id": call.completion_id,
            "model": self._model,
            "workload_id": identity.workload_id,
            "workload_keyset_digest": identity.keyset_digest,
            "endpoint": call.endpoint,
            "method": "POST",
            "served_at": int(self._now()),
            "event_log": [{"seq": seq, **event} for seq, event in enumerate(self._events())],
        }
        return SignedReceipt(
            call.completion_id, call.owner, self._epoch.receipts.sign(document), self._original()
        )

    def _events(self) -> list[dict[str, Json]]:
        if self._received is None or self._forwarded is None:
            raise RuntimeError("Record what was received and forwarded before the end.")
        events: list[dict[str, Json]] = [
            {"type": "request.received", "body_hash": self._received},
            {"type": "request.forwarded", "body_hash": self._forwarded},
        ]
        if self._forwarded != self._received:
            events.append({"type": "transparency.request_modified"})
        if self._upstream is not None:
            events.append(self._upstream)
        cleartext, wire = self._cleartext.hexdigest(), self._wire.hexdigest()
        events.append(
            {
                "type": "response.returned",
                "cleartext_hash": f"sha256:{cleartext}",
                "wire_hash": f"sha256:{wire}",
            }
        )
        if cleartext != wire:
            events.append({"type": "transparency.response_modified"})
        return events

    def _original(self) -> dict[str, Json]:
        """Return the wallet's signature that clients of the original check.

        It signs the hashes of the bodies as they were sent, since the caller can recompute both.
        """
        if self._call.format is not SealedFormat.ORIGINAL:
            return {}
        text = f"{sha256(self._call.body).hexdigest()}:{self._wire.hexdigest()}"
        return {
            "text": text,
            "signature": self._epoch.sign_message(text),
            "signing_address": self._epoch.signing_address,
            "signing_algo": "ecdsa",
        }


@dataclass(frozen=True, slots=True)
class _Kept:
    owner: str
    until: float
    content: bytes = field(repr=False)


class ReceiptStore:
    """The receipts of the last hour, in memory of a bounded size."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        lifetime_s: float = 3600,
        most: int = 20_000,
        most_bytes: int = 64 * 2**20,
    ) -> None:
        """Begin empty.

        Args:
            now: returns Unix seconds.
            lifetime_s: how long a receipt is kept.
            most: how many are kept; the oldest make room.
            most_bytes: what they may take together; likewise.
        """
        self._now, self._lifetime_s = now, lifetime_s
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0

    def put(self, receipt: SignedReceipt) -> None:
        """Keep a receipt."""
        content = orjson.dumps({"document": receipt.document, "original": receipt.original})
        self._drop(receipt.completion_id)
        self._kept[receipt.completion_id] = _Kept(
            receipt.owner, self._now() + self._lifetime_s, content
        )
        self._bytes += len(content)
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))
        self._drop_expired()

    def get(
        self, form: SealedFormat, receipt_id: str, *, owner: str, model: str | None = None
    ) -> dict[str, Any]:
        """Return a receipt: ACI's, or the original's reply with ACI's in it.

        Args:
            form: the protocol whose shape it has.
            receipt_id: of the receipt, or of the completion.
            owner: the digest of the key that asks.
            model: as the caller named it; the original's reply repeats it.

        Raises:
            NotFoundError: there is none of this id, or its time is over.
            UnauthorizedError: another key made the call.
        """
        self._drop_expired()
        completion_id = receipt_id.removeprefix(PREFIX)
        kept = self._kept.get(completion_id)
        if kept is None:
            raise NotFoundError(
                "No receipt has this id. Receipts are available for one hour after a response ends."
            )
        if not hmac.compare_digest(kept.owner.encode(), owner.encode()):
            raise UnauthorizedError("Another API key made this request. Send that key.")
        content = orjson.loads(kept.content)
        document: dict[str, Any] = content["document"]
        if form is SealedFormat.ACI:
            return document
        return {
            "model": model or document["model"],
            "request_id": completion_id,
            **content["original"],
            "receipt": document,
        }

    def __len__(self) -> int:
        return len(self._kept)

    def _drop_expired(self) -> None:
        """Drop what is past its time; all are kept equally long, so the oldest come first."""
        while self._kept and next(iter(self._kept.values())).until <= self._now():
            self._drop(next(iter(self._kept)))

    def _drop(self, completion_id: str) -> None:
        dropped = self._kept.pop(completion_id, None)
        if dropped is not None:
            self._bytes -= len(dropped.content)
