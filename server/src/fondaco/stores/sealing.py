"""Encryption of jobs' content at rest.

A request is encrypted under a key of the home, for workers to read it after a restart, and deleted when
the job ends. A result is encrypted to a public key whose private half is derived from the caller's
secret, so what is on disk does not open it. Decision 32 tells who can read what.
"""

import hmac
import re
from functools import cache
from importlib.util import find_spec
from secrets import token_bytes
from typing import TYPE_CHECKING, Final
from uuid import UUID

from fondaco.domain.errors import EngineUnavailableError
from fondaco.domain.extras import how_to_install
from fondaco.ports import QueueId, UnsealableError

if TYPE_CHECKING:  # the library takes 11 MB, and most servers never seal anything
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hpke import Suite

_SECRET_BYTES: Final = 16
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_REQUEST: Final = b"fondaco: request of a job, version 1"
_RESULT: Final = b"fondaco: result of a job, version 1"
_SECRET: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class HomeSealer:
    """Seals for one home, by its pepper."""

    def __init__(self, pepper: bytes) -> None:
        """Derive all keys from `pepper`, the home's secret, and from callers' secrets."""
        self._pepper = pepper

    def expect_installed(self) -> None:
        """Return if the library is here.

        Raises:
            EngineUnavailableError: it is not.
        """
        if find_spec("cryptography") is None:
            raise EngineUnavailableError(
                f"The packages for videos are not installed. {how_to_install('video')}"
            )

    def queue_id(self) -> QueueId:
        """Return a new secret: a UUID of version 4, so 122 bits of chance."""
        secret = UUID(bytes=token_bytes(_SECRET_BYTES), version=4).bytes
        return QueueId(
            str(UUID(bytes=secret)),
            self._digest(secret),
            self._private_key(secret).public_key().public_bytes_raw(),
        )

    def digest(self, queue_id: str) -> bytes | None:
        """Return the keyed hash of a secret; None if it has another form."""
        secret = _secret_of(queue_id)
        return None if secret is None else self._digest(secret)

    def seal_request(self, job_id: str, request: bytes) -> bytes:
        """Encrypt by ChaCha20-Poly1305 under a key of the home and the job."""
        # Imported on first use, as above.
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # noqa: PLC0415

        nonce = token_bytes(_NONCE_BYTES)
        cipher = ChaCha20Poly1305(self._derived(self._pepper, _salt(job_id), _REQUEST))
        return nonce + cipher.encrypt(nonce, request, _salt(job_id))

    def open_request(self, job_id: str, sealed: bytes) -> bytes:
        """Decrypt a request.

        Raises:
            UnsealableError: it was changed, or is of another job or home.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # noqa: PLC0415

        cipher = ChaCha20Poly1305(self._derived(self._pepper, _salt(job_id), _REQUEST))
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, content, _salt(job_id))
        except (InvalidTag, ValueError) as error:
            raise UnsealableError from error

    def seal_result(self, job_id: str, public_key: bytes, result: bytes) -> bytes:
        """Encrypt by HPKE (RFC 9180) to the public key of the caller's secret."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import (  # noqa: PLC0415
            X25519PublicKey,
        )

        key = X25519PublicKey.from_public_bytes(public_key)
        return _suite().encrypt(result, key, _RESULT + _salt(job_id))

    def open_result(self, job_id: str, queue_id: str, sealed: bytes) -> bytes:
        """Decrypt a result by the caller's secret.

        Raises:
            UnsealableError: it was changed, or is of another job, secret or home.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        if (secret := _secret_of(queue_id)) is None:
            raise UnsealableError
        key = self._private_key(secret)
        try:
            return _suite().decrypt(sealed, key, _RESULT + _salt(job_id))
        except (InvalidTag, ValueError) as error:
            raise UnsealableError from error

    def _digest(self, secret: bytes) -> bytes:
        return hmac.digest(self._pepper, b"queue id\n" + secret, "sha256")

    def _private_key(self, secret: bytes) -> "X25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.x25519 import (  # noqa: PLC0415
            X25519PrivateKey,
        )

        return X25519PrivateKey.from_private_bytes(self._derived(secret, self._pepper, _RESULT))

    @staticmethod
    def _derived(secret: bytes, salt: bytes, purpose: bytes) -> bytes:
        """Return a key by HKDF (RFC 5869)."""
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        return HKDF(SHA256(), _KEY_BYTES, salt, purpose).derive(secret)


@cache
def _suite() -> "Suite":
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite  # noqa: PLC0415

    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def _salt(job_id: str) -> bytes:
    return bytes.fromhex(job_id)


def _secret_of(queue_id: str) -> bytes | None:
    found = _SECRET.fullmatch(queue_id.lower()) if len(queue_id) == 36 else None  # noqa: PLR2004
    return None if found is None else UUID(found.group()).bytes
