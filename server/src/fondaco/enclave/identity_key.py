"""The identity key: names an enclave, vouches for its keysets, and signs nothing else."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fondaco.enclave.primitives.canonical import Json, canonical, digest
from fondaco.enclave.primitives.signatures import ED25519
from fondaco.private_files import create_whole

ENDORSEMENT: Final = "aci.keyset.endorsement.v1"
REVOCATION: Final = "aci.keyset.revocation.v1"
_SEED_BYTES: Final = 32


class IdentityKeyError(Exception):
    """The file of the identity key cannot be used; the message is for the operator."""


def statement(purpose: str, keyset_digest: str) -> bytes:
    """Return the statement that the identity key signs to endorse or revoke a keyset.

    Source: ACI, sections 4.3 and 4.7.
    """
    return canonical({"purpose": purpose, "workload_keyset_digest": keyset_digest})


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """An Ed25519 key."""

    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def generated(cls) -> Self:
        """Return a new key, which lives in memory alone."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def of_seed(cls, seed: bytes) -> Self:
        """Return the key of 32 secret bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def kept_in(cls, path: Path) -> Self:
        """Return the key that a file keeps, made at the first time.

        It proves that an installation is the same as before, and no more: who reads the file is it, too.

        Raises:
            IdentityKeyError: the file cannot be read or made, has another size, or others may read it.
        """
        try:
            if not path.exists():
                create_whole(path, secrets.token_bytes(_SEED_BYTES))
            others = path.stat().st_mode & 0o077
            seed = path.read_bytes()
        except OSError as error:
            raise IdentityKeyError(
                f"The identity key {str(path)!r} cannot be used: {error.strerror}."
            ) from error
        if others:
            raise IdentityKeyError(
                f"Other users can read the identity key {str(path)!r}. Run: chmod 600 {path}"
            )
        if len(seed) != _SEED_BYTES:
            raise IdentityKeyError(
                f"The identity key {str(path)!r} has {len(seed)} bytes instead of {_SEED_BYTES}. "
                "Restore it from a backup, or delete it: clients then see another enclave."
            )
        return cls.of_seed(seed)

    @property
    def public(self) -> dict[str, Json]:
        """The public half, as keysets show it."""
        key = self._private.public_key().public_bytes_raw()
        return {"algo": ED25519, "public_key": key.hex()}

    @property
    def workload_id(self) -> str:
        """The name of the enclave: `sha256:` and the digest of the public half.

        Source: ACI, section 4.1.
        """
        return digest(self.public)

    def endorse(self, keyset_digest: str) -> dict[str, Json]:
        """Return the signature that endorses a keyset."""
        return self._signed(ENDORSEMENT, keyset_digest)

    def revoke(self, keyset_digest: str) -> dict[str, Json]:
        """Return the signature that revokes a keyset."""
        return self._signed(REVOCATION, keyset_digest)

    def _signed(self, purpose: str, keyset_digest: str) -> dict[str, Json]:
        value = self._private.sign(statement(purpose, keyset_digest))
        return {"algo": ED25519, "value": value.hex()}
