"""Key ring: an enclave's keys of the current epoch, and who may use them."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from fondaco.domain.confidential.sealed import EnclaveIdentity, SealedCall, SealedFormat
from fondaco.domain.errors.confidential import SealedRequestError
from fondaco.enclave.evidence.provider import EvidenceProvider
from fondaco.enclave.identity_key import IdentityKey
from fondaco.enclave.keyset import DecryptionKey, Epoch
from fondaco.enclave.opening import CiphertextContext, Opener
from fondaco.enclave.primitives.canonical import NotCanonicalError, canonical
from fondaco.enclave.primitives.hexadecimal import key_from_hex
from fondaco.enclave.primitives.suites import InvalidKeyError
from fondaco.enclave.replays import ReplayCache
from fondaco.enclave.reports import aci_report, original_report
from fondaco.ports.clock import Clock

WINDOW_S: Final = 300
"""Largest accepted difference of a request's timestamp from now. Source: ACI, section 7.5."""
_LEAST_LIFETIME_S: Final = 60
_OVERLAP: Final = 0.1
"""The share of an epoch's life that is left at its end for calls that began within it."""
_NONCE: Final = re.compile(r"[\x21-\x7e]{16,128}", re.ASCII)
_TIMESTAMP: Final = re.compile(r"0|[1-9][0-9]{0,11}", re.ASCII)
_LONGEST_KEY: Final = 200
"""Digits; the longest key has 132."""


class EnclaveKeys:
    """An enclave's keys: in memory alone, new at each start and rotation."""

    def __init__(
        self,
        identity: IdentityKey,
        clock: Clock,
        lifetime_s: int,
        evidence: EvidenceProvider,
    ) -> None:
        """Make the first keys.

        Args:
            identity: the key that vouches for them.
            clock: of the enclave.
            lifetime_s: seconds until they are replaced by themselves.
            evidence: of the hardware that this runs on.

        Raises:
            ValueError: the lifetime is shorter than a minute.
        """
        if lifetime_s < _LEAST_LIFETIME_S:
            raise ValueError(f"Keys live for at least {_LEAST_LIFETIME_S} seconds.")
        self._identity, self._clock = identity, clock
        self._lifetime_s, self._evidence = lifetime_s, evidence
        self._replays = ReplayCache()
        self._epoch = self._begin(after=0)

    @property
    def identity(self) -> EnclaveIdentity:
        """Identity of the enclave, stated in every response."""
        return self._current().identity

    @property
    def keyset(self) -> Mapping[str, Any]:
        """The document that lists the current keys."""
        return self._current().keyset

    def rotate(self) -> None:
        """Replace all keys but the identity key. Calls that began before are answered by theirs."""
        self._epoch = self._begin(after=self._epoch.version)
        self._replays.forget()

    async def report(
        self, form: SealedFormat, nonce: str | None, model: str | None
    ) -> dict[str, Any]:
        """Return a fresh attestation report.

        Args:
            form: the protocol whose shape it has.
            nonce: the caller's; None: none.
            model: as the caller named it, for the original's shape.

        Raises:
            InvalidRequestError: the nonce has the wrong form.
            EvidenceUnavailableError: the hardware gives no evidence.
        """
        epoch, now = self._current(), int(self._clock.now())
        if form is SealedFormat.ACI:
            return await aci_report(epoch, self._evidence, nonce, now)
        return await original_report(epoch, self._evidence, nonce, model, now)

    def opener(self, call: SealedCall, model_in_body: object) -> Opener:
        """Verify a call's headers, and return what decrypts it.

        Args:
            call: the call.
            model_in_body: the body's `model`, whatever it is.

        Raises:
            SealedRequestError: a header is missing or malformed, or its key or time is not of now, or the
                request was seen before.
            EngineBusyError: too many requests to tell replays from new ones.
        """
        if call.format is SealedFormat.ORIGINAL:
            return self._original_opener(call, model_in_body)
        return self._aci_opener(call, model_in_body)

    def _original_opener(self, call: SealedCall, model: object) -> Opener:
        epoch = self._current()
        if _header(call, "x-venice-tee-signing-algo") != "ecdsa":
            raise SealedRequestError(
                "X-Venice-TEE-Signing-Algo must be ecdsa.", reason="e2ee_invalid_version"
            )
        key = _named_key(call, "x-venice-tee-model-pub-key", (epoch.original,))
        client, _ = _client_key(call, "x-venice-tee-client-pub-key", key)
        return Opener(epoch, call, _model(model), key, client, None)

    def _aci_opener(self, call: SealedCall, model: object) -> Opener:
        epoch = self._current()
        if _header(call, "x-e2ee-version") != "2":
            raise SealedRequestError("X-E2EE-Version must be 2.", reason="e2ee_invalid_version")
        key = _named_key(call, "x-model-pub-key", (epoch.x25519, epoch.secp256k1))
        client, client_bytes = _client_key(call, "x-client-pub-key", key)
        nonce = _header(call, "x-e2ee-nonce")
        if not _NONCE.fullmatch(nonce):
            raise SealedRequestError(
                "X-E2EE-Nonce must have 16 to 128 visible ASCII characters: send 16 random bytes in "
                "hexadecimal, new ones for each request.",
                reason="e2ee_invalid_nonce",
            )
        now = self._clock.now()
        timestamp = _timestamp(call, now)
        context = CiphertextContext(key.suite.algo, _model(model), nonce, timestamp)
        _expect_commitment(nonce, client_bytes)
        if not self._replays.is_new(key.public, nonce, now, timestamp + WINDOW_S):
            raise SealedRequestError(
                "This request is a replay. Encrypt it again, with a new X-E2EE-Nonce.",
                reason="e2ee_replay_detected",
            )
        return Opener(epoch, call, context.model, key, client, context)

    def _current(self) -> Epoch:
        """Return the keys, after replacing those whose end is near."""
        margin = self._lifetime_s * _OVERLAP
        if self._clock.now() >= self._epoch.not_after - margin:
            self.rotate()
        return self._epoch

    def _begin(self, *, after: int) -> Epoch:
        """Return new keys, of a version that is greater than all before, also of earlier starts."""
        now = self._clock.now()
        version = max(after + 1, int(now * 1000))
        return Epoch.begun(self._identity, version, int(now) + self._lifetime_s)


def _header(call: SealedCall, name: str) -> str:
    value = call.headers.get(name, "")
    if not value:
        raise SealedRequestError(
            f"The header {name} is missing. An encrypted request must have all headers of its protocol.",
            reason="e2ee_header_missing",
        )
    return value


def _key_bytes(call: SealedCall, name: str) -> bytes:
    value = _header(call, name)
    key = key_from_hex(value) if len(value) <= _LONGEST_KEY else None
    if key is None:
        raise SealedRequestError(
            f"{name} must be a public key in hexadecimal.", reason="e2ee_invalid_public_key"
        )
    return key


def _named_key(
    call: SealedCall, name: str, keys: tuple[DecryptionKey[Any, Any], ...]
) -> DecryptionKey[Any, Any]:
    named = _key_bytes(call, name)
    for key in keys:
        if key.is_named(named):
            return key
    raise SealedRequestError(
        f"{name} is not a key of this enclave. Keys change at restarts and rotations. Fetch and "
        "verify the attestation again, then encrypt to a key that it lists.",
        reason="e2ee_model_key_mismatch",
    )


def _client_key(call: SealedCall, name: str, key: DecryptionKey[Any, Any]) -> tuple[Any, bytes]:
    """Return the caller's public key, and its one encoding."""
    encoded = _key_bytes(call, name)
    try:
        client = key.suite.curve.parse(encoded)
        key.suite.curve.agree(key.private, client)  # rejects low-order keys before any work is done
    except InvalidKeyError:
        client = None
    if client is None:
        raise SealedRequestError(
            f"{name} is not a public key on the curve of the model key.",
            reason="e2ee_invalid_public_key",
        )
    return client, key.suite.curve.encoded(client)


def _expect_commitment(nonce: str, client: bytes) -> None:
    """Refuse a nonce that names another client's key than the header does.

    Associated data holds the nonce but not the client's key, so that who stands between could put in a key
    of its own, and read the response. A client that ends its nonce in `.` and the SHA-256 of its encoded
    key, in hexadecimal, cannot be cheated so.
    """
    _, dot, commitment = nonce.rpartition(".")
    if dot and commitment != sha256(client).hexdigest():
        raise SealedRequestError(
            "X-E2EE-Nonce does not end in the SHA-256 of X-Client-Pub-Key. The request was "
            "changed, or the part after the dot is not this hash.",
            reason="e2ee_invalid_nonce",
        )


def _timestamp(call: SealedCall, now: float) -> int:
    value = _header(call, "x-e2ee-timestamp")
    if not _TIMESTAMP.fullmatch(value) or abs(now - int(value)) > WINDOW_S:
        raise SealedRequestError(
            f"X-E2EE-Timestamp must be Unix seconds, at most {WINDOW_S} from now. Set the clock.",
            reason="e2ee_invalid_timestamp",
        )
    return int(value)


def _model(model: object) -> str:
    """Return the body's model, if associated data can name it."""
    try:
        if isinstance(model, str) and canonical(model):
            return model
    except NotCanonicalError:
        pass
    raise SealedRequestError(
        "The body's model must be a string.", reason="e2ee_invalid_payload_model"
    )
