"""ACI's reports."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fondaco.domain.timestamps import utc
from fondaco.enclave.identity_key import ENDORSEMENT, statement
from fondaco.enclave.keyset import API_VERSION
from fondaco.enclave.primitives.canonical import NotCanonicalError, digest
from fondaco.enclave.primitives.hexadecimal import from_hex, key_from_hex
from fondaco.enclave.primitives.signatures import (
    verifies,
)
from fondaco.enclave.primitives.suites import (
    SECP256K1_SUITE,
    X25519_SUITE,
    InvalidKeyError,
    Suite,
)
from fondaco.enclave.reports import report_data
from fondaco.enclave.verification.findings import Finding, checked, unproved
from fondaco.enclave.verification.json_paths import at, entries, is_integer, text
from fondaco.enclave.verification.quote import verify_quote

_LONGEST_EPOCH_S: Final = 400 * 86_400
_CLOCK_SKEW_S: Final = 300
_SUITES: Final = (X25519_SUITE, SECP256K1_SUITE)


def verify_report(report: object, *, nonce: str, now: float) -> list[Finding]:
    """Check ACI's report.

    Args:
        report: as it was received, as JSON values.
        nonce: the nonce of the request.
        now: Unix seconds.

    Source: ACI, section 10.1.
    """
    keyset = at(report, "attestation", "workload_keyset")
    return [
        checked(
            "version",
            at(report, "api_version") == API_VERSION,
            f"The report is one of {API_VERSION}.",
            f"The report's version is not {API_VERSION}: it may mean something else.",
        ),
        *_identity(report, keyset),
        _report_data(report, nonce),
        *_times(report, keyset, now),
        *_keys(keyset),
        *_hardware(report),
        *_beyond(report),
    ]


def _identity(report: object, keyset: object) -> Iterator[Finding]:
    identity = at(keyset, "workload_identity", "public_key")
    keyset_digest = text(report, "workload_keyset_digest")
    yield checked(
        "identity",
        isinstance(identity, Mapping) and _digest_is(identity, at(report, "workload_id")),
        f"The identity is {text(report, 'workload_id')}.",
        "The workload id is not the digest of the identity key.",
    )
    yield checked(
        "keyset",
        isinstance(keyset, Mapping) and _digest_is(keyset, keyset_digest),
        "The digest is that of the keyset.",
        "The digest is not that of the keyset.",
    )
    endorsement = at(report, "attestation", "keyset_endorsement")
    algo = text(identity, "algo")
    yield checked(
        "endorsement",
        at(endorsement, "algo") == algo
        and verifies(
            algo,
            text(identity, "public_key"),
            text(endorsement, "value"),
            _statement(keyset_digest),
        ),
        "The identity key endorsed the keyset.",
        "The identity key did not endorse the keyset: anybody could have made it.",
    )


def _report_data(report: object, nonce: str) -> Finding:
    workload_id, keyset_digest = (
        text(report, name) for name in ("workload_id", "workload_keyset_digest")
    )
    try:
        expected = report_data(workload_id, keyset_digest, nonce).hex()
    except NotCanonicalError:
        expected = None
    return checked(
        "report data",
        at(report, "attestation", "report_data") == expected,
        "The report data is made of the identity, the keyset and the nonce.",
        "The report data is not made of the identity, the keyset and the nonce.",
    )


def _times(report: object, keyset: object, now: float) -> Iterator[Finding]:
    not_after = at(keyset, "keyset_epoch", "not_after")
    valid = is_integer(not_after) and now < not_after < now + _LONGEST_EPOCH_S
    yield checked(
        "expiry",
        valid,
        f"The keyset is valid until {utc(not_after):%Y-%m-%d %H:%M} UTC." if valid else "",
        "The keyset has expired, or never does.",
    )
    fetched, stale = (
        at(report, "attestation", "freshness", name) for name in ("fetched_at", "stale_after")
    )
    if not (is_integer(fetched) and is_integer(stale)):
        yield unproved("freshness", "The report does not say from when it is.")
    else:
        yield checked(
            "freshness",
            fetched - _CLOCK_SKEW_S <= now < stale + _CLOCK_SKEW_S,
            "By its own clock, the report is fresh.",
            "By its own clock, the report is old, or from the future.",
        )


def _keys(keyset: object) -> Iterator[Finding]:
    offered = [
        suite.algo
        for suite in _SUITES
        for entry in entries(keyset, "e2ee_public_keys")
        if at(entry, "algo") == suite.algo and _parses(suite, text(entry, "public_key"))
    ]
    yield checked(
        "encryption",
        bool(offered),
        f"The keyset lists keys for encryption: {', '.join(offered)}.",
        "The keyset lists no key that content could be encrypted to.",
    )
    public = [
        key_from_hex(text(entry, "public_key"))
        for role in ("e2ee_public_keys", "receipt_signing_keys")
        for entry in entries(keyset, role)
    ]
    public.append(key_from_hex(text(at(keyset, "workload_identity", "public_key"), "public_key")))
    yield checked(
        "roles",
        len(set(public)) == len(public),
        "Every role has a key of its own.",
        "One key serves several roles, so that what it signs or decrypts may be taken for another.",
    )


def _hardware(report: object) -> Iterator[Finding]:
    tee_type = text(report, "attestation", "tee_type")
    bound = from_hex(text(report, "attestation", "report_data"))
    if tee_type in {"", "none"}:
        yield unproved(
            "hardware",
            "No hardware vouches for the enclave: its operator, and whoever controls its machine, can read "
            "what it decrypts.",
        )
    elif tee_type == "tdx" and bound is not None:
        yield from verify_quote("hardware", text(report, "attestation", "evidence", "quote"), bound)
    else:
        yield unproved(
            "hardware", f"Evidence of the type {tee_type[:40]!r} is not understood here."
        )


def _beyond(report: object) -> Iterator[Finding]:
    """Yield the facts that no check of a report can prove."""
    source = at(report, "attestation", "source_provenance")
    named = [
        f"{name} {value}"
        for name in ("repo_url", "repo_commit", "image_digest")
        if isinstance(value := at(source, name), str)
    ]
    yield unproved(
        "program",
        f"It says what runs: {', '.join(named)}. Only measurements of hardware can prove it."
        if named
        else "Nothing says which program runs.",
    )
    yield unproved(
        "custody",
        "That the private keys are nowhere else, only hardware and its program can prove.",
    )


def _digest_is(value: Mapping[str, Any], expected: object) -> bool:
    try:
        return digest(value) == expected
    except NotCanonicalError:
        return False


def _statement(keyset_digest: str) -> bytes:
    try:
        return statement(ENDORSEMENT, keyset_digest)
    except NotCanonicalError:
        return b""


def _parses(suite: Suite[Any, Any], key: str) -> bool:
    encoded = key_from_hex(key)
    try:
        return encoded is not None and suite.curve.parse(encoded) is not None
    except InvalidKeyError:
        return False
