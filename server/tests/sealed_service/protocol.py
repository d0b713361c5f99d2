"""Both protocols of encrypted chats, written from their texts alone: nothing of the products is used.

Sources: ACI, `aci/1`, sections 3, 4, 7 and 8; Venice's headers `X-Venice-TEE-*`.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_utils.crypto import keccak

X25519 = "x25519-aes-256-gcm-hkdf-sha256"
SECP256K1 = "secp256k1-aes-256-gcm-hkdf-sha256"
VENICE = "venice-ecdsa-encryption-v1"
INFO = {
    X25519: b"aci.e2ee.v2.x25519",
    SECP256K1: b"aci.e2ee.v2.secp256k1",
    VENICE: b"ecdsa_encryption",
}

AnyPrivateKey = x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey
Json = dict[str, Any]


def jcs(value: object) -> bytes:
    """RFC 8785 for ASCII names and integers, which is all that these objects have."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def new_key(algo: str) -> AnyPrivateKey:
    if algo == X25519:
        return x25519.X25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256K1())


def public_of(key: AnyPrivateKey) -> bytes:
    if isinstance(key, x25519.X25519PrivateKey):
        return key.public_key().public_bytes_raw()
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def address_of(public: bytes) -> str:
    return "0x" + keccak(public[1:])[-20:].hex()


def _aead(algo: str, mine: AnyPrivateKey, theirs: bytes) -> AESGCM:
    if isinstance(mine, x25519.X25519PrivateKey):
        secret = mine.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))
    else:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), theirs)
        secret = mine.exchange(ec.ECDH(), point)
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=INFO[algo]).derive(secret))


def encrypt(algo: str, text: str, recipient: bytes, aad: bytes | None) -> str:
    ephemeral, nonce = new_key(algo), os.urandom(12)
    sealed = _aead(algo, ephemeral, recipient).encrypt(nonce, text.encode(), aad)
    return (public_of(ephemeral) + nonce + sealed).hex()


def decrypt(algo: str, field_hex: str, key: AnyPrivateKey, aad: bytes | None) -> str:
    raw = bytes.fromhex(field_hex)
    size = 32 if algo == X25519 else 65
    cipher = _aead(algo, key, raw[:size])
    return cipher.decrypt(raw[size : size + 12], raw[size + 12 :], aad).decode()


@dataclass
class Signer:
    """A key that signs, of either algorithm."""

    algo: str = "ed25519"
    edwards: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    koblitz: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256K1())
    )

    @property
    def public(self) -> str:
        if self.algo == "ed25519":
            return self.edwards.public_key().public_bytes_raw().hex()
        return public_of(self.koblitz).hex()

    def sign(self, content: bytes, *, recoverable: bool = False) -> str:
        if self.algo == "ed25519":
            return self.edwards.sign(content).hex()
        digest = hashlib.sha256(content).digest()
        r, s = decode_dss_signature(self.koblitz.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return (raw + b"\x01" * recoverable).hex()


def tdx_quote(report_data: bytes, *, debug: bool = False, version: int = 4) -> bytes:
    """A quote that nobody signed: enough for whoever reads it, nothing for whoever verifies it."""
    header = (
        version.to_bytes(2, "little") + (2).to_bytes(2, "little") + (0x81).to_bytes(4, "little")
    )
    body = bytearray(584)
    body[120] = int(debug)
    for at, value in ((136, 0xAA), (328, 0xB0), (376, 0xB1), (424, 0xB2), (472, 0xB3)):
        body[at : at + 48] = bytes([value]) * 48
    body[520:584] = report_data.ljust(64, b"\0")
    between = b"\2\0" + (584).to_bytes(4, "little") if version == 5 else b""
    return header.ljust(48, b"\0") + between + bytes(body) + bytes(64)
