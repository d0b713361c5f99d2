"""What an enclave has to prove before anything is encrypted to it."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from sealed_service.protocol import Json, Signer, jcs, sha256, tdx_quote
from sealed_service.service import Service
from venice_ai import InvalidRequestError, TeeAttestationError, VeniceClient
from venice_ai.tee import TeeOptions

MODEL = "e2ee-toy"
CHAT: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}
SOFTWARE = TeeOptions(allow_software_attestation=True)

quiet = pytest.mark.filterwarnings("ignore:Confidential chats")


def genuine(quote: str) -> bool:
    return True


def changed(value: Json, path: str, new: object) -> Json:
    """Return a copy in which one field is another one, or missing where `new` is None."""
    copy: Json = json.loads(json.dumps(value))
    *parents, last = path.split(".")
    at: Any = copy
    for name in parents:
        at = at[int(name) if name.isdigit() else name]
    if new is None:
        del at[last]
    else:
        at[last] = new
    return copy


def endorsed(report: Json, service: Service, nonce: str) -> Json:
    """Return an ACI report whose changed keyset is endorsed and bound anew."""
    attestation = report["attestation"]
    enclave = service.enclave
    digest = sha256(jcs(attestation["workload_keyset"]))
    statement = {
        "purpose": "aci.report_data.v1",
        "workload_id": enclave.workload_id,
        "workload_keyset_digest": digest,
        "nonce": nonce,
    }
    payload = {"purpose": "aci.keyset.endorsement.v1", "workload_keyset_digest": digest}
    endorsement = {"algo": enclave.identity.algo, "value": enclave.identity.sign(jcs(payload))}
    bound = sha256(jcs(statement)).removeprefix("sha256:")
    told = {**attestation, "report_data": bound, "keyset_endorsement": endorsement}
    return {**report, "workload_keyset_digest": digest, "attestation": told}


async def refused(client: VeniceClient, options: TeeOptions, reason: str) -> TeeAttestationError:
    """See that a chat is refused before it is sent."""
    with pytest.raises(TeeAttestationError, match=reason) as raised:
        await client.chat.completions.create(**CHAT, e2ee=options)
    return raised.value


@pytest.mark.parametrize("aci", [True, False])
async def test_software_is_refused_unless_the_caller_trusts_its_operator(
    client: VeniceClient, service: Service, *, aci: bool
) -> None:
    service.aci = aci
    error = await refused(client, TeeOptions(), "software only")
    assert error.code == "TEE_SOFTWARE_ATTESTATION"
    await refused(client, TeeOptions(allow_unverified_quote=True), "software only")
    with pytest.raises(TeeAttestationError):
        await client.chat.completions.create(**CHAT, e2ee=True)
    assert service.asked("/chat/completions") == 0


async def test_what_software_does_not_prove_is_said_once(client: VeniceClient) -> None:
    with pytest.warns(UserWarning, match="there is no hardware"):
        await client.tee.attest(model=MODEL, options=SOFTWARE)
    found = await client.tee.attest(model=MODEL, options=SOFTWARE)  # or it would raise
    assert not found.hardware
    assert found.proved
    assert "no hardware" in found.unproved[0]


FAULTS: dict[str, tuple[str, object, str]] = {
    "version": ("api_version", "aci/2", "reads 'aci/1'"),
    "identity": ("workload_id", "sha256:00", "another identity"),
    "digest": ("workload_keyset_digest", "sha256:00", "another keyset"),
    "nonce": ("attestation.report_data", "00" * 32, "an old one"),
    "endorsement": ("attestation.keyset_endorsement.value", "00" * 64, "did not sign"),
    "endorser": ("attestation.keyset_endorsement.algo", "ecdsa-secp256k1", "another algorithm"),
    "no endorsement": ("attestation.keyset_endorsement", None, "no object"),
    "no keyset": ("attestation.workload_keyset", None, "no object"),
    "keys of a stranger": (
        "attestation.workload_keyset.e2ee_public_keys.0.public_key",
        "ab" * 32,
        "another keyset",
    ),
    "stale": ("attestation.freshness.stale_after", 1, "Are both clocks right"),
    "from the future": ("attestation.freshness.fetched_at", 2**40, "Are both clocks right"),
    "a fraction": ("attestation.workload_keyset.keyset_epoch.version", 1.5, "no integer"),
    "a list": ("attestation", [], "no object"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_report_of_the_standard_that_does_not_hold_is_refused(
    client: VeniceClient, service: Service, name: str
) -> None:
    path, new, reason = FAULTS[name]
    service.report = lambda report: changed(report, path, new)
    await refused(client, SOFTWARE, reason)
    assert service.asked("/chat/completions") == 0


KEYSETS: dict[str, tuple[str, object, str]] = {
    "ended": ("keyset_epoch.not_after", 1, "ended at 1"),
    "never ends": ("keyset_epoch.not_after", 2**40, "not a bounded time"),
    "two purposes": ("receipt_signing_keys.0.public_key", "identity", "two purposes"),
    "no suite": ("e2ee_public_keys", [], "has no key of"),
    "no secret": ("e2ee_public_keys.0.public_key", "00" * 32, "is invalid"),
    "no curve point": ("e2ee_public_keys.0.public_key", "ab" * 31, "is invalid"),
}


@pytest.mark.parametrize("name", KEYSETS)
async def test_a_keyset_that_is_no_good_is_refused_although_it_is_endorsed(
    client: VeniceClient, service: Service, name: str
) -> None:
    path, new, reason = KEYSETS[name]
    new = service.enclave.identity.public if new == "identity" else new
    nonce = "ab" * 32

    def swapped(report: Json) -> Json:
        return endorsed(changed(report, f"attestation.workload_keyset.{path}", new), service, nonce)

    service.report = swapped
    await refused(client, replace(SOFTWARE, nonce=nonce), reason)


ORIGINALS: dict[str, tuple[str, object, str]] = {
    "nonce": ("nonce", "00" * 32, "another nonce"),
    "model": ("model", "e2ee-other", "e2ee-other"),
    "no key": ("signing_key", "", "two different keys|no signing_key|address"),
    "off the curve": ("signing_key", "04" + "ab" * 64, "not a point of secp256k1"),
    "infinity": ("signing_key", "00", "not a point of secp256k1"),
    "no text": ("signing_key", 7, "not a point of secp256k1"),
    "another key": ("signing_public_key", "other", "two different keys"),
    "another address": ("signing_address", "0x" + "00" * 20, "signing_address"),
    "endorsement": ("attestation.keyset_endorsement.value", "00" * 64, "did not sign"),
    "old keyset": ("attestation.report_data", "00" * 32, "an old one"),
}


@pytest.mark.parametrize("name", ORIGINALS)
async def test_a_reply_of_the_original_that_does_not_hold_is_refused(
    client: VeniceClient, service: Service, name: str
) -> None:
    path, new, reason = ORIGINALS[name]
    service.aci = False
    if new == "other":
        new = Signer("ecdsa-secp256k1").public
    if name == "no key":
        service.report = lambda reply: {
            key: value for key, value in reply.items() if not key.startswith("signing_")
        }
    else:
        service.report = lambda reply: changed(reply, path, new)
    await refused(client, SOFTWARE, reason)
    assert service.asked("/chat/completions") == 0


async def test_a_key_that_the_identity_did_not_endorse_is_refused(
    client: VeniceClient, service: Service
) -> None:
    """A gateway puts its own key in the place of the enclave's."""
    service.aci = False
    theirs = Signer("ecdsa-secp256k1").public

    def swapped(reply: Json) -> Json:
        kept = {name: value for name, value in reply.items() if name != "signing_address"}
        return {**kept, "signing_key": theirs, "signing_public_key": theirs}

    service.report = swapped
    await refused(client, SOFTWARE, "not among the keys of its keyset")


# Hardware


@pytest.mark.parametrize("aci", [True, False])
@quiet
async def test_a_quote_is_verified_by_the_callers_means(
    client: VeniceClient, service: Service, *, aci: bool
) -> None:
    service.aci, service.enclave.hardware = aci, True
    shown: list[str] = []

    def verifier(quote: str) -> bool:
        shown.append(quote)
        return True

    reply = await client.chat.completions.create(**CHAT, e2ee=TeeOptions(quote_verifier=verifier))
    assert bytes.fromhex(shown[0])[4] == 0x81
    assert reply.meta.proof is not None
    attestation = reply.meta.proof.attestation
    assert (attestation.hardware, attestation.provider) == (True, "tdx")
    assert "the caller's quote_verifier" in attestation.proved[0]
    await refused(client, TeeOptions(quote_verifier=lambda quote: False), "does not accept")


@pytest.mark.parametrize("aci", [True, False])
async def test_a_quote_that_nobody_can_verify_is_refused_unless_the_caller_says_otherwise(
    client: VeniceClient, service: Service, monkeypatch: pytest.MonkeyPatch, *, aci: bool
) -> None:
    monkeypatch.setitem(sys.modules, "dcap_qvl", None)
    service.aci, service.enclave.hardware = aci, True
    assert (await refused(client, TeeOptions(), "e2ee-quotes")).code == "TEE_QUOTE_UNVERIFIED"
    lenient = TeeOptions(allow_unverified_quote=True)
    with pytest.warns(UserWarning, match="nothing here could verify"):
        found = await client.tee.attest(model=MODEL, options=lenient)
    assert not found.hardware


@pytest.mark.parametrize("aci", [True, False])
async def test_an_enclave_in_debug_mode_is_refused(
    client: VeniceClient, service: Service, *, aci: bool
) -> None:
    service.aci, service.enclave.hardware, service.enclave.debug = aci, True, True
    await refused(client, TeeOptions(quote_verifier=genuine), "debug mode")


@pytest.mark.parametrize("aci", [True, False])
async def test_measurements_are_compared_with_what_the_caller_expects(
    client: VeniceClient, service: Service, *, aci: bool
) -> None:
    service.aci, service.enclave.hardware = aci, True
    known = TeeOptions(quote_verifier=genuine, expected_measurements={"mr_td": "0x" + "AA" * 48})
    found = await client.tee.attest(model=MODEL, options=known)
    assert "The enclave's measurements are the expected ones." in found.proved
    other = replace(known, expected_measurements={"rt_mr3": "00" * 48})
    await refused(client, other, "another program")
    await refused(client, replace(known, expected_measurements={"pcr0": ""}), "no measurement")


@pytest.mark.parametrize("version", [4, 5])
async def test_quotes_of_both_versions_are_read(
    client: VeniceClient, service: Service, version: int
) -> None:
    service.enclave.hardware = True

    def requoted(report: Json) -> Json:
        data = bytes.fromhex(report["attestation"]["report_data"])
        return changed(report, "attestation.evidence.quote", tdx_quote(data, version=version).hex())

    service.report = requoted
    assert (
        await client.tee.attest(model=MODEL, options=TeeOptions(quote_verifier=genuine))
    ).hardware


def quoted(data: bytes) -> str:
    return tdx_quote(data).hex()


QUOTES: dict[str, tuple[str, str]] = {
    "of another report": (quoted(bytes(32)), "another report"),
    "of SGX": ((b"\3\0\2\0" + bytes(700)).hex(), "not of Intel TDX"),
    "cut off": (quoted(bytes(32))[:600], "not of Intel TDX"),
    "no text": ("?", "neither hexadecimal nor base64"),
}


@pytest.mark.parametrize("name", QUOTES)
async def test_a_quote_that_does_not_bind_the_keys_is_refused(
    client: VeniceClient, service: Service, name: str
) -> None:
    quote, reason = QUOTES[name]
    service.enclave.hardware = True
    service.report = lambda report: changed(report, "attestation.evidence.quote", quote)
    await refused(client, TeeOptions(quote_verifier=genuine), reason)


async def test_a_relay_that_hides_aci_later_is_noticed_of_hardware_too(
    service: Service, client: VeniceClient
) -> None:
    service.enclave.hardware = True
    accepted = TeeOptions(quote_verifier=genuine)
    assert (await client.tee.attest(model=MODEL, options=accepted)).format == "aci"
    service.aci = False
    with pytest.raises(TeeAttestationError, match="encrypted by ACI before"):
        await client.tee.attest(model=MODEL, options=accepted)
    chosen = replace(accepted, format="venice")
    assert (await client.tee.attest(model=MODEL, options=chosen)).format == "venice"


async def test_a_report_of_hardware_without_a_source_or_of_another_kind_is_refused(
    client: VeniceClient, service: Service
) -> None:
    service.enclave.hardware = True
    for path, new, reason in (
        ("attestation.source_provenance", {"repo_url": "https://example.com"}, "which source"),
        ("attestation.tee_type", "sev_snp", "'sev_snp'"),
        ("attestation.evidence", {}, "no text 'quote'"),
    ):
        service.report = partial(changed, path=path, new=new)
        await refused(client, TeeOptions(quote_verifier=genuine), reason)


async def test_expected_measurements_say_enough_of_the_source(
    client: VeniceClient, service: Service
) -> None:
    service.enclave.hardware = True
    service.report = partial(changed, path="attestation.source_provenance", new={})
    known = TeeOptions(quote_verifier=genuine, expected_measurements={"mr_td": "aa" * 48})
    assert (await client.tee.attest(model=MODEL, options=known)).hardware


async def test_the_originals_quote_has_to_bind_the_key_and_the_nonce(
    client: VeniceClient, service: Service
) -> None:
    service.aci, service.enclave.hardware = False, True
    address = bytes.fromhex(service.enclave.original_reply(MODEL, "00" * 32)["signing_address"][2:])
    nonce = bytes.fromhex("ab" * 32)
    options = TeeOptions(quote_verifier=genuine, nonce=nonce.hex())
    for data, reason in (
        (bytes(32) + nonce, "does not bind the attestation's signing_key"),
        (address + b"\1" * 12 + nonce, "does not bind the attestation's signing_key"),
        (address + bytes(12) + bytes(32), "does not bind this call's nonce"),
    ):
        service.report = partial(changed, path="intel_quote", new=quoted(data))
        await refused(client, options, reason)
    hashed = address + bytes(12) + hashlib.sha256(nonce).digest()
    service.report = lambda reply: {**reply, "intel_quote": quoted(hashed)}
    assert (await client.tee.attest(model=MODEL, options=options)).hardware


HOUR_AGO = (datetime.now(UTC) - timedelta(hours=2)).isoformat()  # noqa: TID251 - clients compare it with their clock

SERVERS: dict[str, tuple[str, object, str]] = {
    "not verified": ("verified", False, "could not verify"),
    "tdx": ("server_verification.tdx", {"valid": False, "error": "revoked"}, "revoked"),
    "chain": ("server_verification.tdx.certificateChainValid", False, "certificateChainValid"),
    "key": ("server_verification.tdx.attestationKeyMatch", False, "attestationKeyMatch"),
    "nvidia": ("server_verification.nvidia", {"valid": False}, "nvidia.valid"),
    "address": ("server_verification.signingAddressBinding.bound", False, "signingAddress"),
    "another address": (
        "server_verification.signingAddressBinding.reportDataAddress",
        "0x00",
        "another signing_address",
    ),
    "nonce": ("server_verification.nonceBinding.bound", False, "nonceBinding"),
    "long ago": ("server_verification.verifiedAt", HOUR_AGO, "more than an hour"),
    "no time": ("server_verification.verifiedAt", "soon", "no time"),
    "gpu": ("nvidia_payload", json.dumps({"nonce": "00" * 32}), "evidence of GPUs"),
    "gpu as text": ("nvidia_payload", "?", "is not JSON"),
    "no quote": ("intel_quote", None, "no hardware quote"),
}


@pytest.mark.parametrize("name", SERVERS)
async def test_a_fault_that_the_server_itself_tells_is_refused(
    client: VeniceClient, service: Service, name: str
) -> None:
    path, new, reason = SERVERS[name]
    service.aci, service.enclave.hardware = False, True
    service.report = lambda reply: changed(reply, path, new)
    await refused(client, TeeOptions(quote_verifier=genuine), reason)


async def test_the_original_service_without_a_keyset_leaves_the_order_unproved(
    client: VeniceClient, service: Service
) -> None:
    service.aci, service.receipts, service.enclave.hardware = False, False, True
    service.report = lambda reply: changed(reply, "attestation", None)
    options = TeeOptions(quote_verifier=genuine)
    reply = await client.chat.completions.create(**CHAT, e2ee=options)
    assert reply.choices[0].message.content
    assert reply.meta.proof is not None
    assert reply.meta.proof.receipt is None
    for gap in ("whole and in order", "the client's key"):
        assert any(gap in one for one in reply.meta.proof.unproved)
    await refused(client, replace(options, require_receipt=True), "require_receipt")


async def test_a_relay_cannot_turn_hardware_into_software(
    client: VeniceClient, service: Service
) -> None:
    service.enclave.hardware = True
    options = TeeOptions(quote_verifier=genuine)
    service.report = lambda report: changed(report, "attestation.tee_type", "none")
    await refused(client, options, "software only")


@pytest.mark.parametrize("fault", [404, 405])
async def test_the_originals_is_tried_only_where_the_standard_is_not_there(
    client: VeniceClient, service: Service, fault: int
) -> None:
    answered = service.get

    def get(path: str, query: dict[str, str]) -> tuple[int, Json]:
        return (fault, {"error": "No."}) if "/aci/" in path else answered(path, query)

    service.get = get  # type: ignore[method-assign]
    with pytest.warns(UserWarning, match="Confidential chats"):
        assert (await client.tee.attest(model=MODEL, options=SOFTWARE)).format == "venice"


async def test_a_server_that_fails_is_not_asked_in_another_way(
    client: VeniceClient, service: Service
) -> None:
    def get(path: str, query: Mapping[str, str]) -> tuple[int, Json]:
        return 500, {"error": "No."}

    service.get = get  # type: ignore[method-assign]
    with pytest.raises(Exception, match="No"):
        await client.tee.attest(model=MODEL, options=SOFTWARE)
    assert len(service.requests) == 1


@quiet
async def test_a_standard_without_encryption_leads_to_the_originals(
    client: VeniceClient, service: Service
) -> None:
    def without(report: Json) -> Json:
        return {**report, "service_capabilities": {}} if "api_version" in report else report

    service.report = without
    assert (await client.tee.attest(model=MODEL, options=SOFTWARE)).format == "venice"


async def test_what_is_no_json_is_refused(client: VeniceClient, service: Service) -> None:
    service.report = lambda report: [report]
    await refused(client, SOFTWARE, "not a JSON object")


# dcap-qvl


def installed(status: str, fault: Exception | None = None) -> SimpleNamespace:
    """Return what stands in for `dcap-qvl`, which needs Intel's service."""

    async def get_collateral_and_verify(raw: bytes, url: str) -> SimpleNamespace:
        assert raw[4] == 0x81
        assert url.startswith("https://")
        if fault is not None:
            raise fault
        return SimpleNamespace(status=status, advisory_ids=["INTEL-SA-1"])

    return SimpleNamespace(get_collateral_and_verify=get_collateral_and_verify)


async def test_dcap_qvl_verifies_quotes_where_it_is_installed(
    client: VeniceClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.enclave.hardware = True
    monkeypatch.setitem(sys.modules, "dcap_qvl", installed("UpToDate"))
    found = await client.tee.attest(model=MODEL)
    assert "dcap-qvl" in found.proved[0]
    monkeypatch.setitem(sys.modules, "dcap_qvl", installed("OutOfDate"))
    await refused(client, TeeOptions(reuse_s=0), "OutOfDate.*INTEL-SA-1")
    accepting = TeeOptions(accepted_tcb_statuses=frozenset({"OutOfDate"}))
    assert (await client.tee.attest(model=MODEL, options=accepting)).hardware
    monkeypatch.setitem(sys.modules, "dcap_qvl", installed("", ValueError("bad signature")))
    await refused(client, TeeOptions(reuse_s=0), "bad signature")


async def test_the_real_dcap_qvl_refuses_a_quote_that_nobody_signed(
    client: VeniceClient, service: Service
) -> None:
    pytest.importorskip("dcap_qvl", reason="it is an extra")
    service.enclave.hardware = True
    offline = TeeOptions(collateral_url="http://127.0.0.1:9")
    await refused(client, offline, "does not hold, or could not be checked")


def test_what_stands_in_has_the_names_of_the_real_one() -> None:
    real = pytest.importorskip("dcap_qvl", reason="it is an extra")
    assert callable(real.get_collateral_and_verify)
    assert {"status", "advisory_ids"} <= {*dir(real.VerifiedReport)}


async def test_without_the_libraries_nothing_is_sent(
    client: VeniceClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venice_ai.tee._engagement._LIBRARIES", ("nothing_like_this",))
    for call in (
        lambda: client.chat.completions.create(**CHAT, e2ee=True),
        lambda: client.tee.attest(model=MODEL),
    ):
        with pytest.raises(InvalidRequestError, match=r"nothing_like_this.*sdk\[e2ee\]"):
            await call()
    assert service.requests == []
