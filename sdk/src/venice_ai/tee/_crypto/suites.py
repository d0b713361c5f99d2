"""The cipher suites: ECDH with a fresh key for each field, HKDF-SHA256, AES-256-GCM."""

import os
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from venice_ai.tee._crypto.hexadecimal import unhex

_NONCE_BYTES = 12
_TAG_BYTES = 16


class SecretKey(Protocol):
    """A private key."""

    @property
    def public(self) -> bytes:
        """The public key, encoded as fields begin with it."""
        ...

    def shared(self, public: bytes) -> bytes:
        """Return the secret shared with another key.

        Raises:
            ValueError: That key is no point of the curve, or one without a secret.
        """
        ...


class X25519Key:
    """A private key on Curve25519."""

    def __init__(self) -> None:
        self._key = x25519.X25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes_raw()

    def shared(self, public: bytes) -> bytes:
        """Return the secret shared with another key."""
        return self._key.exchange(x25519.X25519PublicKey.from_public_bytes(public))


class Secp256k1Key:
    """A private key on secp256k1."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256K1())
        self.public = self._key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    def shared(self, public: bytes) -> bytes:
        """Return the secret shared with another key."""
        return self._key.exchange(ec.ECDH(), secp256k1_point(public))


@dataclass(frozen=True, slots=True)
class Suite:
    """A cipher suite."""

    algo: str
    info: bytes
    """Context that the key derivation is bound to."""
    key: type[X25519Key] | type[Secp256k1Key]
    public_bytes: int
    """Of an encoded public key."""

    def public_key(self, text: str) -> bytes:
        """Return a public key from its text.

        Raises:
            ValueError: It is no key of this curve, or one without a secret.
        """
        raw = unhex(text.removeprefix("0x"))
        if self.key is X25519Key:
            X25519Key().shared(
                raw
            )  # rejects low-order keys, which give the same secret with every key
            return raw
        return uncompressed(raw)

    def seal(self, plaintext: bytes, recipient: bytes, bound_to: bytes | None) -> str:
        """Return a field, encrypted to a public key, in hexadecimal.

        Args:
            plaintext: The field's content.
            recipient: The public key.
            bound_to: Associated data, without which it cannot be decrypted.
        """
        ephemeral = self.key()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(ephemeral, recipient).encrypt(nonce, plaintext, bound_to)
        return (ephemeral.public + nonce + sealed).hex()

    def open(self, field: str, key: SecretKey, bound_to: bytes | None) -> bytes:
        """Return the content of a field that was encrypted to a key.

        Raises:
            ValueError: It was encrypted to another key or for another place, was altered, or is no
                such field at all.
        """
        raw = unhex(field)
        start = self.public_bytes + _NONCE_BYTES
        if len(raw) < start + _TAG_BYTES:
            raise ValueError(f"It has {len(raw)!r} bytes, fewer than a key, a nonce and a tag.")
        cipher = self._cipher(key, raw[: self.public_bytes])
        try:
            return cipher.decrypt(raw[self.public_bytes : start], raw[start:], bound_to)
        except InvalidTag:
            raise ValueError("It was altered, moved, or encrypted to another key.") from None

    def _cipher(self, mine: SecretKey, theirs: bytes) -> AESGCM:
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=self.info)
        return AESGCM(derivation.derive(mine.shared(theirs)))


def uncompressed(raw: bytes) -> bytes:
    """Return a secp256k1 key in its long form, 65 bytes.

    Raises:
        ValueError: It is no point of the curve.
    """
    if len(raw) == 64:  # noqa: PLR2004 - without its first byte, as ACI allows
        raw = b"\x04" + raw
    point = secp256k1_point(raw)
    return point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def secp256k1_point(raw: bytes) -> ec.EllipticCurvePublicKey:
    """Return a key from its encoding.

    Raises:
        ValueError: It is no point of the curve.
    """
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), raw)


X25519 = Suite("x25519-aes-256-gcm-hkdf-sha256", b"aci.e2ee.v2.x25519", X25519Key, 32)
SECP256K1 = Suite("secp256k1-aes-256-gcm-hkdf-sha256", b"aci.e2ee.v2.secp256k1", Secp256k1Key, 65)
ORIGINAL = Suite("venice-ecdsa-encryption-v1", b"ecdsa_encryption", Secp256k1Key, 65)
"""The original's, whose protocol gives it no name but `ecdsa`."""
ACI_SUITES = {suite.algo: suite for suite in (X25519, SECP256K1)}
"""Algorithm -> suite, the preferred one first. Source: ACI, section 7.1."""
