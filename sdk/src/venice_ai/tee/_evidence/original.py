"""The original's attestation replies: GET /tee/attestation."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from venice_ai._json_values import is_object
from venice_ai.tee._crypto.hexadecimal import unhex
from venice_ai.tee._crypto.keccak import address
from venice_ai.tee._crypto.suites import ORIGINAL
from venice_ai.tee._evidence import quotes
from venice_ai.tee._evidence.keyset import Keyset, keyset_of
from venice_ai.tee._evidence.reading import object_in, refused, text_in
from venice_ai.tee._evidence.verdicts import (
    IDENTITY_ENDORSED,
    KEY_UNBOUND,
    NO_GPU,
    NO_RECEIPTS,
    RECEIPTS_OUTSIDE,
    require_software_allowed,
    sentences,
)
from venice_ai.tee.types import NOTHING, Attestation, ModelKey, TeeOptions

_OLDEST_S = 3600.0
"""Maximum age of the server's own verification of its evidence."""
_ADDRESS_BYTES = 20


async def check_original(
    reply: Mapping[str, Any], model: str, nonce: str, options: TeeOptions, now: float
) -> Attestation:
    """Return the proof that a reply gives.

    Args:
        reply: As the server sent it.
        model: The requested model.
        nonce: The nonce of the request: 64 hexadecimal digits.
        options: The caller's requirements.
        now: Unix time in seconds.

    Raises:
        TeeAttestationError: Less than the caller demands.
    """
    if text_in(reply, "nonce").lower() != nonce:
        raise refused(
            "The attestation repeats another nonce than this call's: it may be an old one."
        )
    if text_in(reply, "model") != model:
        raise refused(f"The attestation is of the model {reply['model']!r}, not {model!r}.")
    key = _signing_key(reply)
    keyset = _keyset(reply, key, nonce, now)
    provider, verifier = await _evidence(reply, key, nonce, options, now)
    signs = keyset is not None and bool(keyset.receipt_keys)
    gaps = [KEY_UNBOUND]
    gaps += [NO_GPU, *([RECEIPTS_OUTSIDE] if signs else [])] if verifier else []
    gaps += [] if signs else [NO_RECEIPTS]
    return Attestation(
        format="venice",
        provider=provider,
        hardware=verifier is not None,
        key=ModelKey(ORIGINAL.algo, key.hex()),
        nonce=nonce,
        workload_id=keyset.workload_id if keyset else None,
        keyset=keyset.document if keyset and signs else None,
        keyset_digest=keyset.digest if keyset else None,
        epoch=keyset.version if keyset else None,
        not_after=keyset.not_after if keyset else None,
        **sentences(
            provider, verifier, options, proved=[IDENTITY_ENDORSED] if keyset else [], unproved=gaps
        ),
        report=reply,
    )


def _signing_key(reply: Mapping[str, Any]) -> bytes:
    """Return the key that requests are encrypted to, under whichever of its names."""
    told = [reply[name] for name in ("signing_key", "signing_public_key") if reply.get(name)]
    if not told:
        raise refused("The attestation has no signing_key to encrypt to.")
    try:
        keys = {ORIGINAL.public_key(one) for one in told}
    except (TypeError, AttributeError, ValueError) as error:
        raise refused(
            f"The attestation's signing_key is not a point of secp256k1: {error}"
        ) from error
    if len(keys) > 1:
        raise refused(
            "The attestation's signing_key and signing_public_key are two different keys."
        )
    [key] = keys
    named = reply.get("signing_address")
    if named is not None and str(named).lower() != address(key):
        raise refused("The attestation's signing_address is not that of its key.")
    return key


def _keyset(reply: Mapping[str, Any], key: bytes, nonce: str, now: float) -> Keyset | None:
    """Return the keyset that a reply may bring along, whose identity then must endorse the key."""
    attestation = reply.get("attestation")
    if not is_object(attestation) or attestation.get("workload_keyset") is None:
        return None
    keyset = keyset_of(object_in(attestation, "workload_keyset"))
    keyset.check(attestation, nonce, now)
    if key.hex() not in {_long(one) for one in keyset.encryption_keys}:
        raise refused("The attestation's signing_key is not among the keys of its keyset.")
    return keyset


def _long(key: ModelKey) -> str:
    try:
        return ORIGINAL.public_key(key.public_key).hex()
    except ValueError:  # a key of another curve
        return key.public_key


async def _evidence(
    reply: Mapping[str, Any], key: bytes, nonce: str, options: TeeOptions, now: float
) -> tuple[str, str | None]:
    """Return the kind of evidence, and the verifier of its quote; None: unverified."""
    text = reply.get("intel_quote")
    provider = reply.get("tee_provider")
    if not text and provider == "software":
        require_software_allowed(options)
        return "software", None
    if reply.get("verified") is False:
        raise refused("The server itself could not verify the enclave's evidence.")
    _check_server_verification(reply, key, now)
    _check_gpu_nonce(reply, nonce)
    if not isinstance(text, str) or not text:
        raise refused(
            "The attestation has no hardware quote, and does not say that it is software only."
        )
    quote = quotes.quote_of(text)
    _check_report_data(quote.report_data, key, nonce)
    quote.check(options)
    return "tdx", await quotes.prove(text, quote, options)


def _check_report_data(data: bytes, key: bytes, nonce: str) -> None:
    signer, blank, asked = data[:_ADDRESS_BYTES], data[_ADDRESS_BYTES:32], data[32:]
    if signer != unhex(address(key)[2:]) or any(blank):
        raise refused("The hardware quote does not bind the attestation's signing_key.")
    raw = unhex(nonce)
    if not any(hmac.compare_digest(asked, one) for one in (raw, hashlib.sha256(raw).digest())):
        raise refused("The hardware quote does not bind this call's nonce: it may be an old one.")


_TRUE_OF_TDX = ("valid", "signatureValid", "certificateChainValid", "attestationKeyMatch")


def _check_server_verification(reply: Mapping[str, Any], key: bytes, now: float) -> None:
    """Check that the server's own verification, if reported, found no fault."""
    told = reply.get("server_verification")
    if told is None:
        return
    checks: Mapping[str, Any] = told if is_object(told) else NOTHING
    for name, fields in {
        "tdx": _TRUE_OF_TDX,
        "nvidia": ("valid",),
        "signingAddressBinding": ("bound",),
        "nonceBinding": ("bound",),
    }.items():
        found = checks.get(name)
        result: Mapping[str, Any] = found if is_object(found) else NOTHING
        for field in fields:
            if result.get(field) is False:
                raise refused(
                    f"The server's verification says {name}.{field} = false: {result.get('error')}."
                )
        bound = result.get("reportDataAddress")
        if bound and str(bound).lower() != address(key):
            raise refused("The server's verification is of a quote for another signing_address.")
    _check_verified_at(checks.get("verifiedAt"), now)


def _check_verified_at(told: object, now: float) -> None:
    if told is None:
        return
    try:
        then = datetime.fromisoformat(str(told))
    except ValueError:
        raise refused(f"The server's verification has no time: verifiedAt is {told!r}.") from None
    if now - (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() > _OLDEST_S:
        raise refused(f"The server verified this evidence at {told}, more than an hour ago.")


def _check_gpu_nonce(reply: Mapping[str, Any], nonce: str) -> None:
    """Check that evidence of GPUs belongs to this call; it is not verified to be genuine."""
    payload = reply.get("nvidia_payload")
    if isinstance(payload, str) and payload:
        try:
            payload = json.loads(payload)
        except ValueError:
            raise refused("The attestation's nvidia_payload is not JSON.") from None
    if not is_object(payload) or payload.get("nonce") is None:
        return
    hashed = hashlib.sha256(unhex(nonce)).hexdigest()
    if str(payload["nonce"]).lower() not in {nonce, hashed}:
        raise refused("The evidence of GPUs repeats another nonce than this call's.")
