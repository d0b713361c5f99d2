"""Attestation reports: evidence of an enclave's keys and hardware, in the shapes of both protocols."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final

from fondaco.domain.errors import InvalidRequestError
from fondaco.enclave.evidence.provider import REPORT_DATA_BYTES, Evidence, EvidenceProvider
from fondaco.enclave.evidence.quotes import Quote
from fondaco.enclave.keyset import API_VERSION, Epoch
from fondaco.enclave.primitives.canonical import Json, NotCanonicalError, canonical
from fondaco.enclave.primitives.signatures import address_of

REPORT_DATA: Final = "aci.report_data.v1"
_STALE_AFTER_S: Final = 3600
_LONGEST_NONCE: Final = 512
_ORIGINAL_NONCE: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_NONCE_BYTES: Final = 32
_UNCHECKED: Final = (
    "This server did not check the quote's signature. Verify it yourself: only that is proof."
)


def report_data(workload_id: str, keyset_digest: str, nonce: str | None) -> bytes:
    """Return the 32 bytes that bind a quote to an enclave, its keys and a nonce.

    Source: ACI, section 4.4.
    """
    statement: dict[str, Json] = {
        "purpose": REPORT_DATA,
        "workload_id": workload_id,
        "workload_keyset_digest": keyset_digest,
        "nonce": nonce,
    }
    return sha256(canonical(statement)).digest()


async def aci_report(
    epoch: Epoch, provider: EvidenceProvider, nonce: str | None, now: int
) -> dict[str, Any]:
    """Return ACI's report. Source: ACI, section 5.

    Raises:
        InvalidRequestError: the nonce has no canonical form, or is too long.
        EvidenceUnavailableError: the hardware gives no evidence.
    """
    bound = _bound(epoch, nonce)
    # A quote carries 64 bytes: the digest, padded with zeros.
    evidence = await provider.evidence(bound.ljust(REPORT_DATA_BYTES, b"\0"))
    return _aci_shape(epoch, provider, evidence, bound, now)


async def original_report(
    epoch: Epoch, provider: EvidenceProvider, nonce: str | None, model: str | None, now: int
) -> dict[str, Any]:
    """Return the original's reply, with ACI's attestation in it.

    The quote binds the wallet address of the model's key and the nonce, 20 and 32 bytes with 12 zeros
    between; another one binds what ACI binds.

    Raises:
        InvalidRequestError: the nonce is not 64 hexadecimal digits.
        EvidenceUnavailableError: the hardware gives no evidence.
    """
    if nonce is not None and not _ORIGINAL_NONCE.fullmatch(nonce):
        raise InvalidRequestError(
            faults={"nonce": ("Must be 64 hexadecimal digits: 32 random bytes",)}
        )
    used = nonce or token_hex(_NONCE_BYTES)
    address = address_of(epoch.original.public)
    bound = address + bytes(12) + bytes.fromhex(used)
    evidence = await provider.evidence(bound)
    aci = await aci_report(epoch, provider, used, now)
    public = epoch.original.public.hex()
    reply = {
        "verified": False,
        "model": model,
        "nonce": used,
        "request_nonce": used,
        "nonce_source": "server" if nonce is None else "client",
        "tee_provider": provider.name,
        "tee_hardware": provider.hardware,
        "signing_key": public,
        "signing_public_key": public,
        "signing_address": epoch.signing_address,
        "signing_algo": "ecdsa",
        "workload_id": aci["workload_id"],
        "workload_keyset_digest": aci["workload_keyset_digest"],
        "attestation": aci["attestation"],
        **evidence.extra,
    }
    return reply if evidence.quote is None else reply | _quoted(evidence.quote, bound, now)


def _bound(epoch: Epoch, nonce: str | None) -> bytes:
    identity = epoch.identity
    try:
        if nonce is None or len(nonce) <= _LONGEST_NONCE:
            return report_data(identity.workload_id, identity.keyset_digest, nonce)
    except NotCanonicalError:
        pass
    raise InvalidRequestError(
        faults={"nonce": (f"Must be a text of at most {_LONGEST_NONCE} characters",)}
    )


def _aci_shape(
    epoch: Epoch, provider: EvidenceProvider, evidence: Evidence, bound: bytes, now: int
) -> dict[str, Any]:
    return {
        "api_version": API_VERSION,
        "workload_id": epoch.identity.workload_id,
        "workload_keyset_digest": epoch.identity.keyset_digest,
        "attestation": {
            "vendor": "fondaco",
            "tee_type": provider.tee_type,
            "workload_keyset": epoch.keyset,
            "report_data": bound.hex(),
            "keyset_endorsement": epoch.endorsement,
            "source_provenance": {
                "repo_url": None,
                "repo_commit": None,
                "image_digest": None,
                "image_provenance": None,
            },
            "freshness": {
                "fetched_at": now,
                "stale_after": min(now + _STALE_AFTER_S, epoch.not_after),
            },
            "evidence": evidence.document,
        },
        "service_capabilities": {"supported_e2ee_versions": ["2"]},
    }


def _quoted(quote: bytes, bound: bytes, now: int) -> dict[str, Any]:
    """Return the fields about a quote, and what a look at it shows."""
    is_bound = Quote.of(quote).report_data == bound
    return {
        "intel_quote": quote.hex(),
        "server_verification": {
            "tdx": {"valid": False, "error": _UNCHECKED, "reportData": bound.hex()},
            "signingAddressBinding": {
                "bound": is_bound,
                "reportDataAddress": "0x" + bound[:20].hex(),
            },
            "nonceBinding": {"bound": is_bound, "method": "raw"},
            "verifiedAt": datetime.fromtimestamp(now, UTC).isoformat(),
            "verificationDurationMs": 0,
        },
    }
