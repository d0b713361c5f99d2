"""Clients of both protocols, written from their texts alone, on other libraries than the enclave's.

PyCryptodome does X25519, HKDF, AES-GCM and Ed25519 here, and eth-keys' own arithmetic secp256k1; canonical
JSON is the standard library's, which is the same for ASCII keys.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import randbelow, token_bytes
from typing import Any, Protocol

from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.DH import import_x25519_private_key, import_x25519_public_key, key_agreement
from Crypto.Protocol.KDF import HKDF
from Crypto.Signature import eddsa
from eth_keys.backends.native.jacobian import fast_multiply
from eth_keys.constants import SECPK1_G, SECPK1_N

from fondaco.domain.confidential.sealed import SealedCall, SealedFormat

X25519 = "x25519-aes-256-gcm-hkdf-sha256"
SECP256K1 = "secp256k1-aes-256-gcm-hkdf-sha256"
ORIGINAL = "venice-ecdsa-encryption-v1"


def jcs(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(content: bytes) -> str:
    return "sha256:" + sha256(content).hexdigest()


class Curve(Protocol):
    length: int

    def pair(self) -> tuple[bytes, bytes]:
        """Return a private key, and its public half as it is sent."""
        ...

    def shared(self, private: bytes, public: bytes) -> bytes: ...


class Montgomery:
    length = 32

    def pair(self) -> tuple[bytes, bytes]:
        private = token_bytes(32)
        key = import_x25519_private_key(private)
        return private, key.public_key().export_key(format="raw")

    def shared(self, private: bytes, public: bytes) -> bytes:
        secret = key_agreement(
            static_priv=import_x25519_private_key(private),
            static_pub=import_x25519_public_key(public),
            kdf=bytes,
        )
        return bytes(secret)


class Koblitz:
    length = 65

    def pair(self) -> tuple[bytes, bytes]:
        private = 1 + randbelow(SECPK1_N - 1)
        x, y = fast_multiply(SECPK1_G, private)
        return private.to_bytes(32, "big"), b"\4" + x.to_bytes(32, "big") + y.to_bytes(32, "big")

    def shared(self, private: bytes, public: bytes) -> bytes:
        point = int.from_bytes(public[1:33], "big"), int.from_bytes(public[33:], "big")
        return fast_multiply(point, int.from_bytes(private, "big"))[0].to_bytes(32, "big")


def curve_of(algo: str) -> Curve:
    return Montgomery() if algo == X25519 else Koblitz()


INFO = {
    X25519: b"aci.e2ee.v2.x25519",
    SECP256K1: b"aci.e2ee.v2.secp256k1",
    ORIGINAL: b"ecdsa_encryption",
}


def key(algo: str, secret: bytes) -> bytes:
    derived = HKDF(secret, 32, b"", SHA256, context=INFO[algo])
    assert isinstance(derived, bytes)
    return derived


def encrypt(algo: str, recipient: bytes, plaintext: bytes, associated: bytes) -> str:
    private, public = curve_of(algo).pair()
    nonce = token_bytes(12)
    secret = curve_of(algo).shared(private, recipient)
    cipher = AES.new(key(algo, secret), AES.MODE_GCM, nonce=nonce)
    cipher.update(associated)
    return (public + nonce + b"".join(cipher.encrypt_and_digest(plaintext))).hex()


def decrypt(algo: str, private: bytes, packet_hex: str, associated: bytes) -> bytes:
    packet, length = bytes.fromhex(packet_hex), curve_of(algo).length
    ephemeral, nonce = packet[:length], packet[length : length + 12]
    secret = curve_of(algo).shared(private, ephemeral)
    cipher = AES.new(key(algo, secret), AES.MODE_GCM, nonce=nonce)
    cipher.update(associated)
    return cipher.decrypt_and_verify(packet[length + 12 : -16], packet[-16:])


def signed_by(public_key: str, value: str, payload: bytes) -> bool:
    verifier = eddsa.new(eddsa.import_public_key(bytes.fromhex(public_key)), "rfc8032")
    try:
        verifier.verify(payload, bytes.fromhex(value))
    except ValueError:
        return False
    return True


def call(format_: SealedFormat, headers: Mapping[str, str], **changed: Any) -> SealedCall:
    fields: dict[str, Any] = {
        "format": format_,
        "body": b"{}",
        "headers": headers,
        "completion_id": "chatcmpl-1",
        "created": 1_800_000_000,
        "endpoint": "/v1/chat/completions",
        "owner": "sha256:owner",
    }
    return SealedCall(**fields | changed)


@dataclass
class AciClient:
    """One request of ACI's format."""

    keyset: Mapping[str, Any]
    algo: str = X25519
    model: str = "e2ee-llama"
    timestamp: int = 1_800_000_000
    nonce: str = field(default_factory=lambda: token_bytes(16).hex())

    def __post_init__(self) -> None:
        self.private, self.public = curve_of(self.algo).pair()
        keys = [one for one in self.keyset["e2ee_public_keys"] if one["algo"] == self.algo]
        self.model_key: str = keys[0]["public_key"]

    @property
    def headers(self) -> dict[str, str]:
        return {
            "x-e2ee-version": "2",
            "x-client-pub-key": self.public.hex(),
            "x-model-pub-key": self.model_key,
            "x-e2ee-nonce": self.nonce,
            "x-e2ee-timestamp": str(self.timestamp),
        }

    def call(self, **changed: Any) -> SealedCall:
        headers = self.headers | changed.pop("headers", {})
        return call(
            SealedFormat.ACI, {name: text for name, text in headers.items() if text}, **changed
        )

    def seal(self, text: str | bytes, path: str = "messages.0.content") -> str:
        associated = self.associated("aci.e2ee.request.v2", field=path)
        plaintext = text if isinstance(text, bytes) else text.encode()
        return encrypt(self.algo, bytes.fromhex(self.model_key), plaintext, associated)

    def open(
        self, packet: str, path: str = "choices.0.delta.content", id_: str = "chatcmpl-1"
    ) -> str:
        associated = self.associated("aci.e2ee.response.v2", field=path, id=id_)
        return decrypt(self.algo, self.private, packet, associated).decode()

    def associated(self, purpose: str, **named: str) -> bytes:
        about = {"algo": self.algo, "model": self.model, "nonce": self.nonce}
        return jcs({"purpose": purpose, "ts": self.timestamp, **about, **named})


@dataclass
class OriginalClient:
    """One request of Venice's format."""

    signing_key: str

    def __post_init__(self) -> None:
        self.private, self.public = Koblitz().pair()

    @property
    def headers(self) -> dict[str, str]:
        return {
            "x-venice-tee-client-pub-key": self.public.hex(),
            "x-venice-tee-model-pub-key": self.signing_key,
            "x-venice-tee-signing-algo": "ecdsa",
        }

    def call(self, **changed: Any) -> SealedCall:
        headers = self.headers | changed.pop("headers", {})
        return call(
            SealedFormat.ORIGINAL, {name: text for name, text in headers.items() if text}, **changed
        )

    def seal(self, text: str) -> str:
        return encrypt(ORIGINAL, bytes.fromhex(self.signing_key), text.encode(), b"")

    def open(self, packet: str) -> str:
        return decrypt(ORIGINAL, self.private, packet, b"").decode()
