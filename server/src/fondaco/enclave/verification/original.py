"""Replies of the original's protocol."""

from fondaco.enclave.primitives.hexadecimal import key_from_hex
from fondaco.enclave.primitives.signatures import address_of, shown
from fondaco.enclave.primitives.suites import ORIGINAL_SUITE
from fondaco.enclave.verification.findings import Finding, checked
from fondaco.enclave.verification.json_paths import at, entries, text
from fondaco.enclave.verification.quote import verify_quote


def verify_original(reply: object, *, report: object, nonce: str, model: str) -> list[Finding]:
    """Check the original's reply against ACI's report, which `verify_report` has checked.

    Args:
        reply: as it was received, as JSON values.
        report: ACI's, of the same enclave.
        nonce: the 64 hexadecimal digits of the request.
        model: likewise.
    """
    key = key_from_hex(text(reply, "signing_key") or text(reply, "signing_public_key"))
    listed = [
        key_from_hex(text(entry, "public_key"))
        for entry in entries(at(report, "attestation", "workload_keyset"), "e2ee_public_keys")
        if at(entry, "algo") == ORIGINAL_SUITE.algo
    ]
    quote = text(reply, "intel_quote")
    findings = [
        checked(
            "tee/nonce",
            text(reply, "nonce").lower() == nonce.lower(),
            "The reply repeats the nonce.",
            "The reply is about another nonce: it may be old.",
        ),
        checked(
            "tee/model",
            at(reply, "model") == model,
            "The reply is about the model.",
            "The reply is about another model.",
        ),
        checked(
            "tee/key",
            key is not None and key in listed,
            "The endorsed keyset lists the key for the original's encryption.",
            "The endorsed keyset does not list the key for the original's encryption.",
        ),
        checked(
            "tee/address",
            key is not None and text(reply, "signing_address").lower() == _address(key),
            "The signing address is that of the key.",
            "The signing address is not that of the key.",
        ),
    ]
    if not quote:
        findings.append(
            checked(
                "tee/claim",
                at(reply, "verified") is not True,
                "Without a quote, the reply does not call itself verified.",
                "The reply calls itself verified, and shows no evidence for it.",
            )
        )
    elif key is not None:
        bound = bytes.fromhex(_address(key)[2:]) + bytes(12) + bytes.fromhex(nonce)
        findings += verify_quote("tee/quote", quote, bound)
    return findings


def _address(public_key: bytes) -> str:
    return shown(address_of(public_key)).lower()
