"""ACI's attestation reports: GET /aci/attestation."""

from collections.abc import Mapping
from typing import Any

from venice_ai._json_values import is_array
from venice_ai.tee._crypto.suites import ACI_SUITES
from venice_ai.tee._evidence import quotes
from venice_ai.tee._evidence.keyset import Keyset, keyset_of
from venice_ai.tee._evidence.reading import integer_in, object_in, refused, text_in
from venice_ai.tee._evidence.verdicts import (
    IDENTITY_ENDORSED,
    NO_GPU,
    require_software_allowed,
    sentences,
)
from venice_ai.tee.types import NOTHING, Attestation, ModelKey, TeeOptions

_SKEW_S = 300
"""Largest accepted difference between the enclave's clock and this one."""
_NO_HARDWARE = {"none", "software"}


def offers_encryption(report: Mapping[str, Any]) -> bool:
    """Whether a server's report declares support of encryption version 2."""
    capabilities = report.get("service_capabilities")
    if not isinstance(capabilities, Mapping):
        return False
    versions = capabilities.get("supported_e2ee_versions")
    return is_array(versions) and "2" in versions


async def check_aci(
    report: Mapping[str, Any], nonce: str, options: TeeOptions, now: float
) -> Attestation:
    """Return the proof that a report gives.

    Args:
        report: As the server sent it.
        nonce: The nonce of the request.
        options: The caller's requirements.
        now: Unix time in seconds.

    Raises:
        TeeAttestationError: Less than the caller demands.

    Source:
        ACI, section 10.1.
    """
    if text_in(report, "api_version") != "aci/1":
        raise refused(f"The report is of {report['api_version']!r}; this version reads 'aci/1'.")
    attestation = object_in(report, "attestation")
    keyset = keyset_of(object_in(attestation, "workload_keyset"))
    if text_in(report, "workload_id") != keyset.workload_id:
        raise refused("The report names another identity than its keyset has.")
    if text_in(report, "workload_keyset_digest") != keyset.digest:
        raise refused("The report names another keyset than it holds.")
    keyset.check(attestation, nonce, now)
    _check_freshness(object_in(attestation, "freshness"), now)
    provider, verifier = await _evidence(attestation, options)
    return Attestation(
        format="aci",
        provider=provider,
        hardware=verifier is not None,
        key=_chosen_key(keyset),
        nonce=nonce,
        workload_id=keyset.workload_id,
        keyset=keyset.document,
        keyset_digest=keyset.digest,
        epoch=keyset.version,
        not_after=keyset.not_after,
        **sentences(
            provider,
            verifier,
            options,
            proved=[IDENTITY_ENDORSED],
            unproved=[NO_GPU] if verifier else [],
        ),
        report=report,
    )


async def _evidence(attestation: Mapping[str, Any], options: TeeOptions) -> tuple[str, str | None]:
    """Return the kind of evidence, and the verifier of its quote; None: unverified."""
    kind = text_in(attestation, "tee_type")
    if kind in _NO_HARDWARE:
        require_software_allowed(options)
        return "software", None
    evidence = attestation.get("evidence")
    text = text_in(evidence if isinstance(evidence, Mapping) else NOTHING, "quote")
    if kind != "tdx":
        raise refused(
            f"The enclave's hardware is {kind!r}; this version reads quotes of 'tdx' only."
        )
    quote = quotes.quote_of(text)
    bound = bytes.fromhex(text_in(attestation, "report_data"))  # already checked to be a digest
    if quote.report_data != bound.ljust(len(quote.report_data), b"\0"):
        raise refused("The hardware quote is of another report: its data do not bind these keys.")
    quote.check(options)
    if not options.expected_measurements:
        _check_provenance(attestation)
    return kind, await quotes.prove(text, quote, options)


def _check_provenance(attestation: Mapping[str, Any]) -> None:
    told = attestation.get("source_provenance")
    source: Mapping[str, Any] = told if isinstance(told, Mapping) else NOTHING
    if not (source.get("image_digest") or (source.get("repo_url") and source.get("repo_commit"))):
        raise refused(
            "The report does not say which source or image the enclave was made of. If you know its "
            "measurements, give them as TeeOptions.expected_measurements."
        )


def _check_freshness(told: Mapping[str, Any], now: float) -> None:
    fetched_at, stale_after = integer_in(told, "fetched_at"), integer_in(told, "stale_after")
    if not fetched_at - _SKEW_S <= now < stale_after + _SKEW_S:
        raise refused(
            f"The report is valid from {fetched_at!r} to {stale_after!r} and it is {int(now)!r} (Unix time). "
            "Are both clocks right?"
        )


def _chosen_key(keyset: Keyset) -> ModelKey:
    for algo, suite in ACI_SUITES.items():
        for key in keyset.encryption_keys:
            if key.algo == algo:
                try:
                    return ModelKey(algo, suite.public_key(key.public_key).hex())
                except ValueError as error:
                    raise refused(f"The enclave's {algo} key is invalid: {error}") from error
    raise refused(f"The enclave has no key of {' or '.join(ACI_SUITES)}.")
