"""One epoch of an enclave's keys: made together, listed in one document, replaced together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fondaco.domain.confidential.sealed import EnclaveIdentity
from fondaco.enclave.identity_key import IdentityKey
from fondaco.enclave.primitives.canonical import Json, canonical, digest
from fondaco.enclave.primitives.signatures import ED25519, address_of, shown, sign_message
from fondaco.enclave.primitives.suites import (
    ORIGINAL_SUITE,
    SECP256K1_SUITE,
    X25519_SUITE,
    Private,
    Public,
    Suite,
)

API_VERSION: Final = "aci/1"
_ID_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class DecryptionKey(Generic[Private, Public]):
    """A key that callers encrypt to."""

    suite: Suite[Private, Public]
    private: Private = field(repr=False)
    public: bytes
    """Encoded as the suite's curve encodes it."""

    @classmethod
    def generated(cls, suite: Suite[Private, Public]) -> "DecryptionKey[Private, Public]":
        """Return a new key."""
        private = suite.curve.generate()
        return DecryptionKey(suite, private, suite.curve.public(private))

    def is_named(self, public: bytes) -> bool:
        """Return whether a caller names this key, in whichever encoding."""
        return public == self.public or b"\x04" + public == self.public


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    """The Ed25519 key that signs receipts, and nothing else."""

    _private: Ed25519PrivateKey = field(repr=False)
    key_id: str

    def sign(self, receipt: Mapping[str, Json]) -> dict[str, Json]:
        """Return a receipt with its signature, which covers all of it but its own value.

        Source: ACI, section 8.5.
        """
        unsigned: dict[str, Json] = {"algo": ED25519, "key_id": self.key_id}
        value = self._private.sign(canonical({**receipt, "signature": unsigned}))
        return {**receipt, "signature": {**unsigned, "value": value.hex()}}


@dataclass(frozen=True, slots=True)
class Epoch:
    """An enclave's keys between two rotations; they are in memory alone."""

    version: int
    not_after: int
    """Unix seconds after which the keys are no longer accepted."""
    keyset: Mapping[str, Any]
    """The document that lists the public halves. Source: ACI, section 4.2."""
    endorsement: Mapping[str, Any]
    """The identity key's signature of the keyset's digest."""
    identity: EnclaveIdentity
    receipts: ReceiptKey
    x25519: DecryptionKey[Any, Any]
    secp256k1: DecryptionKey[Any, Any]
    original: DecryptionKey[EllipticCurvePrivateKey, Any]
    """The key of Venice's format, which also signs responses as a wallet does."""

    @classmethod
    def begun(cls, identity_key: IdentityKey, version: int, not_after: int) -> "Epoch":
        """Return an epoch with new keys.

        Args:
            identity_key: vouches for them.
            version: greater than that of every epoch before.
            not_after: Unix seconds.
        """
        signing = Ed25519PrivateKey.generate()
        signing_public = signing.public_key().public_bytes_raw()
        receipts = ReceiptKey(signing, _key_id("receipt", signing_public))
        x25519 = DecryptionKey.generated(X25519_SUITE)
        secp256k1 = DecryptionKey.generated(SECP256K1_SUITE)
        original = DecryptionKey.generated(ORIGINAL_SUITE)
        keyset: dict[str, Json] = {
            "workload_identity": {"public_key": identity_key.public, "subject": None},
            "keyset_epoch": {"version": version, "not_after": not_after},
            "receipt_signing_keys": [
                {"key_id": receipts.key_id, "algo": ED25519, "public_key": signing_public.hex()}
            ],
            "e2ee_public_keys": [_entry(key) for key in (x25519, secp256k1, original)],
            "tls_public_keys": [],
        }
        keyset_digest = digest(keyset)
        return cls(
            version=version,
            not_after=not_after,
            keyset=keyset,
            endorsement=identity_key.endorse(keyset_digest),
            identity=EnclaveIdentity(identity_key.workload_id, keyset_digest),
            receipts=receipts,
            x25519=x25519,
            secp256k1=secp256k1,
            original=original,
        )

    @property
    def signing_address(self) -> str:
        """The wallet address of the original's key."""
        return shown(address_of(self.original.public))

    def sign_message(self, text: str) -> str:
        """Return the signature of a text by the original's key, as wallets sign."""
        return sign_message(self.original.private, text)


def _entry(key: DecryptionKey[Any, Any]) -> dict[str, Json]:
    key_id = _key_id("e2ee", key.public)
    return {"key_id": key_id, "algo": key.suite.algo, "public_key": key.public.hex()}


def _key_id(role: str, public: bytes) -> str:
    return f"{role}-{digest(public.hex()).removeprefix('sha256:')[:_ID_DIGITS]}"
