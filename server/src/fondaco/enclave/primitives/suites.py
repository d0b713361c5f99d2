"""Cipher suites: how one field is encrypted to a public key.

Each is ECDH with a fresh ephemeral key, HKDF-SHA256 without salt, AES-256-GCM; they differ in the curve.
A packet is the ephemeral public key, the nonce, the ciphertext and its tag, one after the other.
"""

from secrets import token_bytes
from typing import Final, Generic, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256K1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_POINT_BYTES: Final = 65
_BARE_POINT_BYTES: Final = 64
_UNCOMPRESSED: Final = b"\x04"

Private = TypeVar("Private")
Public = TypeVar("Public")


class InvalidKeyError(ValueError):
    """Bytes are no public key of the curve, or one whose secrets anybody could compute."""


class CannotOpenError(ValueError):
    """A packet is too short, or was encrypted to another key, elsewhere, or changed since."""


class Curve(Protocol[Private, Public]):
    """Key agreement on one curve."""

    public_bytes: int
    """Length of an encoded public key."""

    def generate(self) -> Private:
        """Return a new private key."""
        ...

    def public(self, private: Private) -> bytes:
        """Return the public half of a private key, encoded."""
        ...

    def encoded(self, public: Public) -> bytes:
        """Return the one encoding of a public key."""
        ...

    def parse(self, encoded: bytes) -> Public:
        """Return a public key from its encoded form.

        Raises:
            InvalidKeyError: it is none of this curve.
        """
        ...

    def agree(self, private: Private, public: Public) -> bytes:
        """Return the shared secret.

        Raises:
            InvalidKeyError: the public key has a low order.
        """
        ...


class X25519:
    """X25519: 32 bytes a key."""

    public_bytes = 32

    def generate(self) -> X25519PrivateKey:
        """Return a new private key."""
        return X25519PrivateKey.generate()

    def public(self, private: X25519PrivateKey) -> bytes:
        """Return the public half, encoded."""
        return self.encoded(private.public_key())

    def encoded(self, public: X25519PublicKey) -> bytes:
        """Return the 32 bytes of a public key."""
        return public.public_bytes_raw()

    def parse(self, encoded: bytes) -> X25519PublicKey:
        """Return a public key; every 32 bytes are one, low orders show when a secret is agreed on."""
        if len(encoded) != self.public_bytes:
            raise InvalidKeyError("An X25519 key must have 32 bytes.")
        return X25519PublicKey.from_public_bytes(encoded)

    def agree(self, private: X25519PrivateKey, public: X25519PublicKey) -> bytes:
        """Return the raw output of X25519."""
        try:
            return private.exchange(public)
        except ValueError as error:  # all zeros: RFC 7748, section 6.1
            raise InvalidKeyError("The key has a low order.") from error


class Secp256k1:
    """secp256k1: 65 bytes a key, uncompressed SEC1; the shared secret is the point's x-coordinate."""

    public_bytes = _POINT_BYTES

    def generate(self) -> EllipticCurvePrivateKey:
        """Return a new private key."""
        return generate_private_key(SECP256K1())

    def public(self, private: EllipticCurvePrivateKey) -> bytes:
        """Return the public half, encoded."""
        return self.encoded(private.public_key())

    def encoded(self, public: EllipticCurvePublicKey) -> bytes:
        """Return the 65 bytes of a public key."""
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def parse(self, encoded: bytes) -> EllipticCurvePublicKey:
        """Return a public key; its 64 bytes without the prefix `04` are the same key.

        Source: ACI, section 7.1.
        """
        if len(encoded) == _BARE_POINT_BYTES:
            encoded = _UNCOMPRESSED + encoded
        if len(encoded) != self.public_bytes or not encoded.startswith(_UNCOMPRESSED):
            raise InvalidKeyError(
                "A secp256k1 key must have 65 bytes: uncompressed, starting with 04."
            )
        try:
            return EllipticCurvePublicKey.from_encoded_point(SECP256K1(), encoded)
        except ValueError as error:
            raise InvalidKeyError("The point is not on secp256k1.") from error

    def agree(self, private: EllipticCurvePrivateKey, public: EllipticCurvePublicKey) -> bytes:
        """Return the x-coordinate of the shared point."""
        return private.exchange(ECDH(), public)


class Suite(Generic[Private, Public]):
    """A curve with the string that its keys are derived under."""

    def __init__(self, algo: str, curve: Curve[Private, Public], info: bytes) -> None:
        """Name the suite.

        Args:
            algo: its name in keysets.
            curve: where keys are agreed on.
            info: of HKDF.
        """
        self.algo = algo
        self.curve = curve
        self._info = info

    def seal(self, public: Public, plaintext: bytes, associated: bytes | None) -> bytes:
        """Return a packet that only the public key's owner opens, and only with the same associated data.

        Raises:
            InvalidKeyError: the public key has a low order.
        """
        ephemeral = self.curve.generate()
        nonce = token_bytes(_NONCE_BYTES)
        cipher = self._cipher(self.curve.agree(ephemeral, public))
        return self.curve.public(ephemeral) + nonce + cipher.encrypt(nonce, plaintext, associated)

    def open(self, private: Private, packet: bytes, associated: bytes | None) -> bytes:
        """Return the plaintext.

        Raises:
            CannotOpenError: nothing that this key, or this associated data, opens.
        """
        start = self.curve.public_bytes
        if len(packet) < start + _NONCE_BYTES + _TAG_BYTES:
            raise CannotOpenError("The packet is shorter than an empty one.")
        nonce = packet[start : start + _NONCE_BYTES]
        try:
            secret = self.curve.agree(private, self.curve.parse(packet[:start]))
            return self._cipher(secret).decrypt(nonce, packet[start + _NONCE_BYTES :], associated)
        except (InvalidKeyError, InvalidTag) as error:
            raise CannotOpenError("The packet cannot be decrypted.") from error

    def _cipher(self, secret: bytes) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, salt=None, info=self._info).derive(secret))


X25519_SUITE: Final = Suite("x25519-aes-256-gcm-hkdf-sha256", X25519(), b"aci.e2ee.v2.x25519")
"""Recommended by ACI: browsers can compute all of it."""
SECP256K1_SUITE: Final = Suite(
    "secp256k1-aes-256-gcm-hkdf-sha256", Secp256k1(), b"aci.e2ee.v2.secp256k1"
)
"""ACI's other suite."""
ORIGINAL_SUITE: Final = Suite("venice-ecdsa-encryption-v1", Secp256k1(), b"ecdsa_encryption")
"""Venice's, without associated data; the name is this project's, for Venice has none for it."""
