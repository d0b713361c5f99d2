"""What verification makes of reports, replies and receipts: of honest ones, changed ones, and rubbish."""

import json
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.enclave.evidence.provider import Evidence
from fondaco.enclave.evidence.software import SoftwareEvidence
from fondaco.enclave.identity_key import IdentityKey
from fondaco.enclave.keyring import EnclaveKeys
from fondaco.enclave.verification.findings import Finding, Outcome
from fondaco.enclave.verification.original import verify_original
from fondaco.enclave.verification.pin import pin_of
from fondaco.enclave.verification.receipt import verify_receipt
from fondaco.enclave.verification.report import verify_report
from hand_clock import UNIX, HandClock
from protocol_clients import AciClient
from tdx_quotes import tdx_quote

NONCE = "ab" * 32
PROVED = [
    "version", "identity", "keyset", "endorsement", "report data", "expiry", "freshness", "encryption", "roles",
]  # fmt: skip


class Quoting(SoftwareEvidence):
    """A machine that gives quotes which nobody signed."""

    tee_type = "tdx"

    def __init__(self, quote: Callable[[bytes], bytes]) -> None:
        self.quote = quote

    async def evidence(self, report_data: bytes) -> Evidence:
        quote = self.quote(report_data)
        return Evidence({"provider": "tdx", "quote": quote.hex()}, quote)


async def report_of(keys: EnclaveKeys, nonce: str = NONCE) -> Any:
    """Return a report as it arrives: JSON."""
    return json.loads(json.dumps(await keys.report(SealedFormat.ACI, nonce, None)))


async def reply_of(keys: EnclaveKeys) -> Any:
    return json.loads(json.dumps(await keys.report(SealedFormat.ORIGINAL, NONCE, "e2ee-llama")))


def outcomes(findings: Iterable[Finding], outcome: Outcome) -> list[str]:
    return [one.check for one in findings if one.outcome is outcome]


def failures(report: Any, *, now: float = UNIX, nonce: str = NONCE) -> list[str]:
    return outcomes(verify_report(report, nonce=nonce, now=now), Outcome.FAILED)


async def test_a_software_enclave_proves_its_keys_and_no_hardware(keys: EnclaveKeys) -> None:
    findings = verify_report(await report_of(keys), nonce=NONCE, now=UNIX)
    assert outcomes(findings, Outcome.PROVED) == PROVED
    assert outcomes(findings, Outcome.UNPROVED) == ["hardware", "program", "custody"]
    said = next(one.says for one in findings if one.check == "hardware")
    assert "its operator" in said
    assert "can read what it decrypts" in said


def with_(report: Any, path: str, value: object) -> Any:
    changed = deepcopy(report)
    *above, last = path.split(".")
    place = changed
    for name in above:
        place = place[name]
    place[last] = value
    return changed


KEYSET = "attestation.workload_keyset"


@pytest.mark.parametrize(
    ("path", "value", "fails"),
    [
        ("api_version", "aci/2", ["version"]),
        ("workload_id", "sha256:" + "0" * 64, ["identity", "report data"]),
        ("workload_keyset_digest", "sha256:00", ["keyset", "endorsement", "report data"]),
        ("attestation.report_data", "00" * 32, ["report data"]),
        ("attestation.keyset_endorsement.value", "00" * 64, ["endorsement"]),
        ("attestation.keyset_endorsement.algo", "ecdsa-secp256k1", ["endorsement"]),
        (f"{KEYSET}.keyset_epoch.not_after", 1 << 40, ["keyset", "expiry"]),
        (f"{KEYSET}.keyset_epoch.not_after", True, ["keyset", "expiry"]),
        (f"{KEYSET}.e2ee_public_keys", [], ["keyset", "encryption"]),
        (f"{KEYSET}.tls_public_keys", [1.5], ["keyset"]),
        ("attestation.freshness.fetched_at", int(UNIX) + 301, ["freshness"]),
        ("attestation.freshness.stale_after", int(UNIX) - 300, ["freshness"]),
        ("attestation.tee_type", "tdx", ["hardware"]),
        ("attestation", None, PROVED[1:6] + PROVED[7:8]),
    ],
)
async def test_each_change_is_noticed(
    keys: EnclaveKeys, path: str, value: object, fails: list[str]
) -> None:
    assert failures(with_(await report_of(keys), path, value)) == fails


async def test_a_report_about_another_nonce_is_noticed(keys: EnclaveKeys) -> None:
    assert failures(await report_of(keys), nonce="cd" * 32) == ["report data"]


@pytest.mark.parametrize(
    ("at", "fails"), [(3599, []), (3600, ["expiry"]), (3900, ["expiry", "freshness"])]
)
async def test_a_keyset_expires(keys: EnclaveKeys, at: int, fails: list[str]) -> None:
    assert failures(await report_of(keys), now=UNIX + at) == fails


async def test_a_keyset_of_another_identity_is_noticed(keys: EnclaveKeys, clock: HandClock) -> None:
    report = await report_of(keys)
    other = await report_of(EnclaveKeys(IdentityKey.generated(), clock, 3600, SoftwareEvidence()))
    relayed = with_(report, KEYSET, other["attestation"]["workload_keyset"])
    assert failures(relayed) == ["identity", "keyset", "endorsement"]
    relayed["workload_keyset_digest"] = other["workload_keyset_digest"]
    assert "endorsement" in failures(relayed)


async def test_a_key_in_two_roles_is_noticed(keys: EnclaveKeys) -> None:
    report = await report_of(keys)
    keyset = report["attestation"]["workload_keyset"]
    keyset["receipt_signing_keys"][0]["public_key"] = keyset["workload_identity"]["public_key"][
        "public_key"
    ]
    assert failures(report) == ["keyset", "roles"]


@pytest.mark.parametrize(
    ("quote", "outcome", "says"),
    [
        (tdx_quote, Outcome.UNPROVED, "signature was not checked"),
        (lambda data: tdx_quote(data, attributes=1), Outcome.FAILED, "debug mode"),
        (lambda data: tdx_quote(bytes(64)), Outcome.FAILED, "other keys, or another nonce"),
        (lambda data: tdx_quote(data[:32] + b"\1" * 32), Outcome.FAILED, "other keys"),
        (lambda data: b"", Outcome.FAILED, "not a TDX quote"),
    ],
)
async def test_a_quote_is_looked_at_and_never_called_proof(
    clock: HandClock, quote: Callable[[bytes], bytes], outcome: Outcome, says: str
) -> None:
    keys = EnclaveKeys(IdentityKey.generated(), clock, 3600, Quoting(quote))
    findings = verify_report(await report_of(keys), nonce=NONCE, now=UNIX)
    (hardware,) = [one for one in findings if one.check == "hardware"]
    assert hardware.outcome is outcome
    assert says in hardware.says


async def test_evidence_of_an_unknown_kind_proves_nothing(keys: EnclaveKeys) -> None:
    report = with_(await report_of(keys), "attestation.tee_type", "sgx\x1b[2J" * 100)
    (hardware,) = [
        one for one in verify_report(report, nonce=NONCE, now=UNIX) if one.check == "hardware"
    ]
    assert hardware.outcome is Outcome.UNPROVED
    assert "\x1b" not in hardware.says
    assert len(hardware.says) < 200


async def test_the_originals_reply_goes_with_the_report(keys: EnclaveKeys) -> None:
    report, reply = await report_of(keys), await reply_of(keys)
    told = {"report": report, "nonce": NONCE, "model": "e2ee-llama"}
    assert outcomes(verify_original(reply, **told), Outcome.PROVED) == [
        "tee/nonce",
        "tee/model",
        "tee/key",
        "tee/address",
        "tee/claim",
    ]
    for path, value, fails in [
        ("nonce", "cd" * 32, ["tee/nonce"]),
        ("model", "another", ["tee/model"]),
        ("signing_key", "04" + "11" * 64, ["tee/key", "tee/address"]),
        ("signing_key", None, []),
        ("signing_key", "", []),
        ("signing_address", "0x" + "0" * 40, ["tee/address"]),
        ("verified", True, ["tee/claim"]),
        ("intel_quote", "00", ["tee/quote"]),
    ]:
        changed = with_(reply, path, value)
        assert outcomes(verify_original(changed, **told), Outcome.FAILED) == fails, path
    keys.rotate()
    stale = verify_original(await reply_of(keys), **told)
    assert outcomes(stale, Outcome.FAILED) == ["tee/key"]


async def test_the_originals_quote_binds_address_and_nonce(clock: HandClock) -> None:
    keys = EnclaveKeys(IdentityKey.generated(), clock, 3600, Quoting(tdx_quote))
    report, reply = await report_of(keys), await reply_of(keys)
    told = {"report": report, "nonce": NONCE, "model": "e2ee-llama"}
    assert outcomes(verify_original(reply, **told), Outcome.UNPROVED) == ["tee/quote"]
    reply["intel_quote"] = report["attestation"]["evidence"]["quote"]
    assert outcomes(verify_original(reply, **told), Outcome.FAILED) == ["tee/quote"]


async def test_a_pin_recognises_an_enclave_across_rotations(
    keys: EnclaveKeys, clock: HandClock
) -> None:
    first = await report_of(keys)
    pin = pin_of(first)
    assert pin is not None
    assert pin.check(first).outcome is Outcome.PROVED
    keys.rotate()
    later = await report_of(keys)
    assert pin.check(later).outcome is Outcome.PROVED
    newer = pin_of(later)
    assert newer is not None
    assert "older than one that was seen" in newer.check(first).says
    other = EnclaveKeys(IdentityKey.generated(), clock, 3600, SoftwareEvidence())
    assert "Another enclave was pinned" in pin.check(await report_of(other)).says
    assert pin.check(None).outcome is Outcome.FAILED
    assert pin_of({"workload_id": "x"}) is None


def receipt_of(keys: EnclaveKeys, clock: HandClock, *, upstream: bool = False) -> Any:
    client = AciClient(keys.keyset)
    made = keys.opener(client.call(), client.model).receipt(clock.now)
    made.received(b"{}")
    made.forwarded(b"{} ")
    if upstream:
        made.upstream("gpu", model="llama", origin=None)
    return json.loads(json.dumps(made.finish().document))


async def test_a_receipt_goes_with_the_report(keys: EnclaveKeys, clock: HandClock) -> None:
    receipt, report = receipt_of(keys, clock, upstream=True), await report_of(keys)
    findings = verify_receipt(receipt, report=report)
    assert outcomes(findings, Outcome.PROVED) == ["receipt", "receipt/events", "receipt/changes"]
    (upstream,) = [one for one in findings if one.outcome is Outcome.UNPROVED]
    assert "'gpu' saw the content, too" in upstream.says
    assert "'failed'" in upstream.says


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("model", "another"),
        ("served_at", 1),
        ("event_log", []),
        ("event_log", None),
        ("signature", None),
        ("signature", {}),
        ("signature.value", "00" * 64),
        ("signature.key_id", "another"),
        ("signature.algo", "ecdsa-secp256k1"),
        ("extra", 2**60),
    ],
)
async def test_a_changed_receipt_is_noticed(
    keys: EnclaveKeys, clock: HandClock, path: str, value: object
) -> None:
    changed = with_(receipt_of(keys, clock), path, value)
    assert "receipt" in outcomes(
        verify_receipt(changed, report=await report_of(keys)), Outcome.FAILED
    )


async def test_a_receipts_own_lies_are_noticed(keys: EnclaveKeys, clock: HandClock) -> None:
    receipt, report = receipt_of(keys, clock), await report_of(keys)
    silent = deepcopy(receipt)
    del silent["event_log"][2]
    assert outcomes(verify_receipt(silent, report=report), Outcome.FAILED) == [
        "receipt",
        "receipt/events",
        "receipt/changes",
    ]


async def test_a_receipt_of_another_time_or_enclave_is_told_apart(
    keys: EnclaveKeys, clock: HandClock
) -> None:
    receipt = receipt_of(keys, clock)
    keys.rotate()
    (finding,) = verify_receipt(receipt, report=await report_of(keys))
    assert finding.outcome is Outcome.UNPROVED
    other = EnclaveKeys(IdentityKey.generated(), clock, 3600, SoftwareEvidence())
    (finding,) = verify_receipt(receipt, report=await report_of(other))
    assert finding.outcome is Outcome.FAILED


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = sorted(
    {
        "api_version", "workload_id", "workload_keyset_digest", "attestation", "workload_keyset", "tee_type",
        "report_data", "keyset_endorsement", "algo", "value", "freshness", "fetched_at", "stale_after",
        "evidence", "quote", "workload_identity", "public_key", "keyset_epoch", "not_after", "version",
        "receipt_signing_keys", "e2ee_public_keys", "signature", "key_id", "event_log", "type", "seq",
    }
)  # fmt: skip
rubbish = st.recursive(
    anything,
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@given(rubbish, rubbish)
@settings(max_examples=150, deadline=None)
def test_rubbish_fails_and_raises_nothing(one: Any, other: Any) -> None:
    assert failures(one)
    assert outcomes(verify_original(one, report=other, nonce=NONCE, model="m"), Outcome.FAILED)
    verify_receipt(one, report=other)
    pin_of(one)


def test_deep_nesting_fails_and_raises_nothing() -> None:
    deep: Any = {}
    for _ in range(20_000):
        deep = {"workload_identity": deep}
    report = {"attestation": {"workload_keyset": deep}}
    assert "keyset" in failures(report)
