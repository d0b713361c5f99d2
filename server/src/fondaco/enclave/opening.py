"""Sealed fields: decrypts the caller's fields, and encrypts the response's to the caller.

In ACI's format each ciphertext is bound to its place, model, request and response by its associated data;
the original's has none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fondaco.domain.confidential.sealed import SealedCall
from fondaco.domain.errors.confidential import SealedRequestError
from fondaco.enclave.keyset import DecryptionKey, Epoch
from fondaco.enclave.primitives.canonical import canonical
from fondaco.enclave.primitives.hexadecimal import from_hex
from fondaco.enclave.primitives.suites import CannotOpenError
from fondaco.enclave.receipts import ReceiptBuilder

_REQUEST: Final = "aci.e2ee.request.v2"
_RESPONSE: Final = "aci.e2ee.response.v2"


@dataclass(frozen=True, slots=True)
class CiphertextContext:
    """Context that binds the ciphertexts of one request in ACI's format. Source: ACI, section 7.3."""

    algo: str
    model: str
    """As the body names it, byte by byte."""
    nonce: str
    ts: int
    """The timestamp, in Unix seconds."""

    def of_request(self, field_path: str) -> bytes:
        """Return the associated data of a field of the request."""
        return canonical(self._named(_REQUEST, field_path))

    def of_response(self, field_path: str, response_id: str) -> bytes:
        """Return the associated data of a field of the response."""
        return canonical({**self._named(_RESPONSE, field_path), "id": response_id})

    def _named(self, purpose: str, field_path: str) -> dict[str, str | int]:
        return {
            "purpose": purpose,
            "algo": self.algo,
            "model": self.model,
            "field": field_path,
            "nonce": self.nonce,
            "ts": self.ts,
        }


@dataclass(frozen=True, slots=True)
class ResponseSealer:
    """Encrypts output to the caller's key, each field under a fresh ephemeral key."""

    headers: Mapping[str, str]
    """Of the response: that it is encrypted, and how; names in lower case."""
    _seal: Callable[[bytes, bytes | None], bytes] = field(repr=False)
    _associate: Callable[[str], bytes | None] = field(repr=False)

    def seal(self, plaintext: str, field: str) -> str:
        """Return a field's ciphertext, in lower-case hexadecimal.

        Args:
            plaintext: the field's text.
            field: its path, such as `choices.0.delta.content`.
        """
        return self._seal(plaintext.encode(), self._associate(field)).hex()


@dataclass(frozen=True, slots=True)
class Opener:
    """Decrypts the fields of one call, whose headers have been verified."""

    epoch: Epoch
    """The keys that it was encrypted to; they serve this call to its end, whatever is rotated meanwhile."""
    _call: SealedCall = field(repr=False)
    _model: str = field(repr=False)
    _key: DecryptionKey[Any, Any] = field(repr=False)
    _client: Any = field(repr=False)
    """The caller's public key, on the same curve."""
    _context: CiphertextContext | None = field(repr=False)
    """None: the original's format, which binds nothing."""

    @property
    def algo(self) -> str:
        """The suite of the key that the call was encrypted to."""
        return self._key.suite.algo

    def open(self, ciphertext_hex: str, field: str) -> str:
        """Return a field's text.

        Args:
            ciphertext_hex: the value of the field.
            field: its path, such as `messages.0.content`.

        Raises:
            SealedRequestError: it is no ciphertext, or of another key, place, model or request, or no text.
        """
        packet = from_hex(ciphertext_hex)
        text = None if packet is None else self._text(packet, field)
        if text is None:
            raise SealedRequestError(
                f"{field} cannot be decrypted. Encrypt every message to the model key in the "
                "request, as listed in the attestation, and again for each request.",
                reason="e2ee_decryption_failed",
            )
        return text

    def sealer(self, completion_id: str) -> ResponseSealer:
        """Return the sealer of the response with this id."""
        suite, client, context = self._key.suite, self._client, self._context
        if context is None:
            headers = {"x-venice-tee": "true"}
        else:
            headers = {"x-e2ee-applied": "true", "x-e2ee-version": "2", "x-e2ee-algo": suite.algo}
        return ResponseSealer(
            headers,
            lambda plaintext, associated: suite.seal(client, plaintext, associated),
            lambda field: None if context is None else context.of_response(field, completion_id),
        )

    def receipt(self, now: Callable[[], float]) -> ReceiptBuilder:
        """Return the receipt builder of this call, signed at its end."""
        return ReceiptBuilder(self.epoch, self._call, self._model, now)

    def _text(self, packet: bytes, field: str) -> str | None:
        """Return the text of a packet; None: it does not open, or to no text.

        No exception goes further, since that of an invalid text holds the text.
        """
        associated = None if self._context is None else self._context.of_request(field)
        try:
            return self._key.suite.open(self._key.private, packet, associated).decode()
        except (CannotOpenError, UnicodeDecodeError):
            return None
