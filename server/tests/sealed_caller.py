"""A caller of confidential chat, written from the protocols' texts alone: it seals calls, and opens what comes back."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fondaco.domain.confidential.sealed import SealedCall, SealedFormat

X25519, SECP256K1 = "x25519-aes-256-gcm-hkdf-sha256", "secp256k1-aes-256-gcm-hkdf-sha256"
ORIGINAL = "original"
_INFOS = {
    X25519: b"aci.e2ee.v2.x25519",
    SECP256K1: b"aci.e2ee.v2.secp256k1",
    ORIGINAL: b"ecdsa_encryption",
}
_NONCE = 12


class _X25519:
    length = 32

    def __init__(self) -> None:
        self._private = x25519.X25519PrivateKey.generate()
        self.public = self._private.public_key().public_bytes_raw()

    def shared(self, other: bytes) -> bytes:
        return self._private.exchange(x25519.X25519PublicKey.from_public_bytes(other))


class _Secp256k1:
    length = 65

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256K1())
        self.public = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    def shared(self, other: bytes) -> bytes:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), other)
        return self._private.exchange(ec.ECDH(), point)


def _cipher(shared: bytes, algo: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=_INFOS[algo]).derive(shared))


def _jcs(value: Mapping[str, str | int]) -> bytes:
    """Return the canonical form of an object of ASCII strings and integers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class SealedCaller:
    """One call: its keys, nonce and time."""

    algo: str
    """A suite of ACI, or `original`."""
    model_key: str
    """The enclave's public key, in hexadecimal."""
    model: str = "e2ee-smollm2-135m"
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    ts: int = field(default_factory=lambda: int(time.time()))  # noqa: TID251 - a caller's own clock

    def __post_init__(self) -> None:
        self._key: _X25519 | _Secp256k1 = self._fresh()
        if (
            self.algo != ORIGINAL
        ):  # the nonce begins with a commitment to the caller's key, if asked for
            self.public = self._key.public.hex()

    @property
    def headers(self) -> dict[str, str]:
        """The protocol's headers, names in lower case."""
        public = self._key.public.hex()
        if self.algo == ORIGINAL:
            return {
                "x-venice-tee-client-pub-key": public,
                "x-venice-tee-model-pub-key": self.model_key,
                "x-venice-tee-signing-algo": "ecdsa",
            }
        return {
            "x-e2ee-version": "2",
            "x-client-pub-key": public,
            "x-model-pub-key": self.model_key,
            "x-e2ee-nonce": self.nonce,
            "x-e2ee-timestamp": str(self.ts),
        }

    def seal(self, text: str, path: str) -> str:
        """Return the ciphertext of a field of the request."""
        once, nonce = self._fresh(), secrets.token_bytes(_NONCE)
        cipher = _cipher(once.shared(bytes.fromhex(self.model_key)), self.algo)
        sealed = cipher.encrypt(nonce, text.encode(), self._aad("request", path))
        return (once.public + nonce + sealed).hex()

    def open(self, ciphertext: str, path: str, completion_id: str) -> str:
        """Return the text of a field of the response."""
        octets = bytes.fromhex(ciphertext)
        public, rest = octets[: self._key.length], octets[self._key.length :]
        cipher = _cipher(self._key.shared(public), self.algo)
        aad = self._aad("response", path, id=completion_id)
        return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], aad).decode()

    def messages(self, texts: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
        """Return messages of roles and texts, sealed."""
        return [
            {"role": role, "content": self.seal(text, f"messages.{index}.content")}
            for index, (role, text) in enumerate(texts)
        ]

    def call(self, completion_id: str, body: Mapping[str, Any] | bytes) -> SealedCall:
        """Return the call of a sealed body, as a gateway passes it on."""
        return SealedCall(
            format=SealedFormat.ORIGINAL if self.algo == ORIGINAL else SealedFormat.ACI,
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers=self.headers,
            completion_id=completion_id,
            created=self.ts,
            endpoint="/v1/chat/completions",
            owner=sha256(b"a key").hexdigest(),
        )

    def ask(self, completion_id: str, *texts: str, **fields: Any) -> SealedCall:
        """Return a call that says texts as a user."""
        body = {"model": self.model, "messages": self.messages([("user", t) for t in texts])}
        return self.call(completion_id, body | {"stream": True, "temperature": 0} | fields)

    def opened(self, wire: bytes) -> "OpenedStream":
        """Return what a stream says."""
        stream = OpenedStream()
        for event in events(wire):
            stream.ends += [choice for choice in event["choices"] if choice["finish_reason"]]
            stream.usage = event.get("usage", stream.usage)
            for choice in event["choices"]:
                for kind in ("content", "reasoning_content"):
                    if sealed := choice["delta"].get(kind):
                        path = f"choices.{choice['index']}.delta.{kind}"
                        text = self.open(sealed, path, event["id"])
                        stream.pieces.append((choice["index"], kind, text))
        return stream

    def _aad(self, direction: str, path: str, **more: str) -> bytes | None:
        if self.algo == ORIGINAL:
            return None
        purpose = f"aci.e2ee.{direction}.v2"
        named = {"purpose": purpose, "algo": self.algo, "model": self.model, "field": path}
        return _jcs({**named, "nonce": self.nonce, "ts": self.ts, **more})

    def _fresh(self) -> _X25519 | _Secp256k1:
        return _X25519() if self.algo == X25519 else _Secp256k1()


@dataclass
class OpenedStream:
    """What a stream says."""

    pieces: list[tuple[int, str, str]] = field(default_factory=list)
    """Choice, field and text, in their order."""
    ends: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, Any] | None = None

    def text(self, choice: int = 0, kind: str = "content") -> str:
        """Return all that a choice says in a field."""
        return "".join(text for at, name, text in self.pieces if (at, name) == (choice, kind))


def events(wire: bytes) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream that ends well."""
    *chunks, done, rest = wire.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    for chunk in chunks:
        assert chunk.startswith(b"data: ")
        yield json.loads(chunk.removeprefix(b"data: "))


def fresh_id() -> str:
    """Return an id for a completion."""
    return f"chatcmpl-{secrets.token_hex(16)}"


def key_of(keyset: Mapping[str, Any], algo: str) -> str:
    """Return the public key of a suite that a keyset lists."""
    listed = {one["algo"]: one["public_key"] for one in keyset["e2ee_public_keys"]}
    name = next(name for name in listed if name.startswith("venice")) if algo == ORIGINAL else algo
    found: str = listed[name]
    return found
