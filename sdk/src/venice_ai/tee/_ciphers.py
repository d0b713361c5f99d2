"""Ciphers of one call: encrypt the request's fields and decrypt the reply's, by either protocol."""

import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from venice_ai.exceptions import TeeDecryptionError
from venice_ai.tee._crypto.canonical import canonical
from venice_ai.tee._crypto.suites import ACI_SUITES, ORIGINAL, SecretKey, Suite
from venice_ai.tee.types import Attestation


class Cipher(Protocol):
    """The keys of one call: never used for another one."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that the request carries."""
        ...

    def seal(self, plaintext: str, field: str) -> str:
        """Return a field of the request, encrypted.

        Args:
            plaintext: Its content.
            field: Its path, such as `messages.0.content`.
        """
        ...

    def open(self, ciphertext: str, field: str, reply_id: str) -> str:
        """Return a field of the reply, decrypted.

        Args:
            ciphertext: As it was received.
            field: Its path, such as `choices.0.delta.content`.
            reply_id: The `id` of the object that it is in.

        Raises:
            TeeDecryptionError: It was not encrypted to this call and this place, or not at all.
        """
        ...


class AciCipher:
    """ACI's, version 2: each ciphertext is bound to its place, its model, its nonce and its time.

    The nonce ends in a digest of the caller's key, which ACI does not bind: an enclave that knows of it refuses
    a request in which a relay put a key of its own, to read the reply. To others it is a nonce like any.

    Source:
        ACI, section 7.
    """

    def __init__(self, attestation: Attestation, model: str, now: int) -> None:
        self._suite = ACI_SUITES[attestation.key.algo]
        self._recipient = bytes.fromhex(attestation.key.public_key)
        self._key = self._suite.key()
        self._bound_to = {
            "algo": self._suite.algo,
            "model": model,
            "nonce": f"{secrets.token_hex(16)}.{sha256(self._key.public).hexdigest()}",
            "ts": now,
        }
        self.headers = {
            "x-e2ee-version": "2",
            "x-client-pub-key": self._key.public.hex(),
            "x-model-pub-key": attestation.key.public_key,
            "x-e2ee-nonce": str(self._bound_to["nonce"]),
            "x-e2ee-timestamp": str(now),
        }

    def seal(self, plaintext: str, field: str) -> str:
        """Return a field of the request, encrypted."""
        place = {"purpose": "aci.e2ee.request.v2", **self._bound_to, "field": field}
        return self._suite.seal(plaintext.encode(), self._recipient, canonical(place))

    def open(self, ciphertext: str, field: str, reply_id: str) -> str:
        """Return a field of the reply, decrypted."""
        place = {
            "purpose": "aci.e2ee.response.v2",
            **self._bound_to,
            "field": field,
            "id": reply_id,
        }
        return _opened(self._suite, ciphertext, field, self._key, canonical(place))


class OriginalCipher:
    """The original's: a ciphertext is bound to its recipient alone."""

    def __init__(self, attestation: Attestation) -> None:
        self._recipient = bytes.fromhex(attestation.key.public_key)
        self._key = ORIGINAL.key()
        self.headers = {
            "x-venice-tee-client-pub-key": self._key.public.hex(),
            "x-venice-tee-model-pub-key": attestation.key.public_key,
            "x-venice-tee-signing-algo": "ecdsa",
        }

    def seal(self, plaintext: str, field: str) -> str:
        """Return a field of the request, encrypted."""
        return ORIGINAL.seal(plaintext.encode(), self._recipient, None)

    def open(self, ciphertext: str, field: str, reply_id: str) -> str:
        """Return a field of the reply, decrypted."""
        return _opened(ORIGINAL, ciphertext, field, self._key, None)


def cipher_for(attestation: Attestation, model: str, now: int) -> Cipher:
    """Return new keys for a call, by the protocol of an enclave's attestation.

    Args:
        attestation: The enclave's.
        model: As the request names it.
        now: Unix time in seconds.
    """
    if attestation.format == "aci":
        return AciCipher(attestation, model, now)
    return OriginalCipher(attestation)


def _opened(
    suite: Suite, ciphertext: str, field: str, key: SecretKey, bound_to: bytes | None
) -> str:
    try:
        return suite.open(ciphertext, key, bound_to).decode()
    except ValueError as error:  # includes invalid UTF-8
        raise TeeDecryptionError(
            f"The reply's {field} cannot be decrypted: {error} Discard the reply.",
            code="TEE_DECRYPTION_FAILED",
        ) from error
