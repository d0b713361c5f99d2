"""Attestation reports: in both shapes, bound to a nonce, and honest where there is no hardware."""

from hashlib import sha256
from typing import Any

import pytest
from eth_keys.datatypes import PublicKey

from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.errors.confidential import SealedRequestError
from fondaco.enclave.evidence.provider import Evidence, EvidenceUnavailableError
from fondaco.enclave.evidence.software import SoftwareEvidence
from fondaco.enclave.identity_key import IdentityKey
from fondaco.enclave.keyring import EnclaveKeys
from hand_clock import UNIX, HandClock
from protocol_clients import ORIGINAL, AciClient, digest, jcs, signed_by

ACI, VENICE = SealedFormat.ACI, SealedFormat.ORIGINAL
NONCE = "ab" * 32


class Recorder(SoftwareEvidence):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    async def evidence(self, report_data: bytes) -> Evidence:
        self.asked.append(report_data)
        return await super().evidence(report_data)


class Broken(SoftwareEvidence):
    async def evidence(self, report_data: bytes) -> Evidence:
        raise EvidenceUnavailableError


@pytest.mark.parametrize("nonce", ["test-nonce", None, "", "ü\0", "x" * 512])
async def test_acis_report_is_bound_to_the_nonce(keys: EnclaveKeys, nonce: str | None) -> None:
    report = await keys.report(ACI, nonce, None)
    statement = {
        "purpose": "aci.report_data.v1",
        "workload_id": report["workload_id"],
        "workload_keyset_digest": report["workload_keyset_digest"],
        "nonce": nonce,
    }
    assert report["attestation"]["report_data"] == sha256(jcs(statement)).hexdigest()


async def test_acis_report_names_the_keys_and_who_vouches_for_them(keys: EnclaveKeys) -> None:
    report = await keys.report(ACI, "nonce", None)
    attestation = report["attestation"]
    keyset = attestation["workload_keyset"]
    identity = keyset["workload_identity"]["public_key"]
    assert report["api_version"] == "aci/1"
    assert report["workload_id"] == digest(jcs(identity)) == keys.identity.workload_id
    assert report["workload_keyset_digest"] == digest(jcs(keyset)) == keys.identity.keyset_digest
    endorsement = jcs(
        {
            "purpose": "aci.keyset.endorsement.v1",
            "workload_keyset_digest": report["workload_keyset_digest"],
        }
    )
    value = attestation["keyset_endorsement"]["value"]
    assert signed_by(identity["public_key"], value, endorsement)
    assert keyset["keyset_epoch"] == {
        "version": int(UNIX) * 1000,
        "not_after": int(UNIX) + 3600,
    }
    assert attestation["freshness"] == {
        "fetched_at": int(UNIX),
        "stale_after": int(UNIX) + 3600,
    }
    assert report["service_capabilities"] == {"supported_e2ee_versions": ["2"]}


def test_every_role_has_its_own_key(keys: EnclaveKeys) -> None:
    keyset = keys.keyset
    listed = [*keyset["receipt_signing_keys"], *keyset["e2ee_public_keys"]]
    public = [keyset["workload_identity"]["public_key"]["public_key"]]
    public += [one["public_key"] for one in listed]
    assert len(set(public)) == len(public) == 5
    assert len({one["key_id"] for one in listed}) == 4


async def test_without_hardware_nothing_is_claimed(keys: EnclaveKeys) -> None:
    attestation = (await keys.report(ACI, "nonce", None))["attestation"]
    assert attestation["tee_type"] == "none"
    assert attestation["evidence"]["provider"] == "software"
    assert "No hardware protects this enclave" in attestation["evidence"]["statement"]
    reply = await keys.report(VENICE, NONCE, "e2ee-llama")
    assert reply["verified"] is False
    assert (reply["tee_provider"], reply["tee_hardware"]) == ("software", None)
    assert not {"intel_quote", "nvidia_payload", "server_verification"} & reply.keys()


async def test_the_originals_reply_names_its_key_and_acis_attestation(keys: EnclaveKeys) -> None:
    reply = await keys.report(VENICE, NONCE, "e2ee-llama")
    keyset = reply["attestation"]["workload_keyset"]
    (listed,) = [one for one in keyset["e2ee_public_keys"] if one["algo"] == ORIGINAL]
    assert reply["signing_key"] == reply["signing_public_key"] == listed["public_key"]
    public = PublicKey(bytes.fromhex(reply["signing_key"])[1:])
    assert reply["signing_address"] == public.to_checksum_address()
    assert (reply["nonce"], reply["nonce_source"], reply["model"]) == (
        NONCE,
        "client",
        "e2ee-llama",
    )
    assert reply["workload_keyset_digest"] == digest(jcs(keyset))


async def test_the_original_is_given_a_nonce_where_it_sends_none(keys: EnclaveKeys) -> None:
    first, second = [await keys.report(VENICE, None, "m") for _ in range(2)]
    assert first["nonce"] != second["nonce"]
    assert len(first["nonce"]) == 64
    assert first["nonce_source"] == "server"


@pytest.mark.parametrize("nonce", ["", "ab" * 16, "ab" * 33, "g" * 64, "0x" + "a" * 62, " " * 64])
async def test_a_nonce_of_the_original_is_32_bytes(keys: EnclaveKeys, nonce: str) -> None:
    with pytest.raises(InvalidRequestError, match="64 hexadecimal digits"):
        await keys.report(VENICE, nonce, "m")


@pytest.mark.parametrize("nonce", ["x" * 513, "\ud800"])
async def test_a_nonce_of_aci_is_a_short_text(keys: EnclaveKeys, nonce: str) -> None:
    with pytest.raises(InvalidRequestError, match="at most 512 characters"):
        await keys.report(ACI, nonce, None)


async def test_hardware_binds_64_bytes_in_both_shapes(clock: HandClock) -> None:
    hardware = Recorder()
    keys = EnclaveKeys(IdentityKey.generated(), clock, 3600, hardware)
    report = await keys.report(ACI, "nonce", None)
    assert hardware.asked == [bytes.fromhex(report["attestation"]["report_data"]) + bytes(32)]
    hardware.asked.clear()
    reply = await keys.report(VENICE, NONCE, "m")
    address = bytes.fromhex(reply["signing_address"][2:])
    assert hardware.asked == [
        address + bytes(12) + bytes.fromhex(NONCE),
        bytes.fromhex(reply["attestation"]["report_data"]) + bytes(32),
    ]


async def test_without_its_evidence_there_is_no_report(clock: HandClock) -> None:
    keys = EnclaveKeys(IdentityKey.generated(), clock, 3600, Broken())
    for form, nonce in ((ACI, "nonce"), (VENICE, NONCE)):
        with pytest.raises(EvidenceUnavailableError, match="no evidence"):
            await keys.report(form, nonce, "m")


def rotated(keys: EnclaveKeys) -> tuple[Any, Any]:
    before = keys.keyset
    keys.rotate()
    return before, keys.keyset


def test_a_rotation_replaces_every_key_but_the_identity(keys: EnclaveKeys) -> None:
    identity = keys.identity
    before, after = rotated(keys)
    assert before["workload_identity"] == after["workload_identity"]
    assert keys.identity.workload_id == identity.workload_id
    assert keys.identity.keyset_digest != identity.keyset_digest
    for role in ("receipt_signing_keys", "e2ee_public_keys"):
        earlier, later = ({one["public_key"] for one in keyset[role]} for keyset in (before, after))
        assert not earlier & later
    assert after["keyset_epoch"]["version"] > before["keyset_epoch"]["version"]


def test_versions_increase_when_the_clock_goes_back(keys: EnclaveKeys, clock: HandClock) -> None:
    clock.at = -1000
    before, after = rotated(keys)
    assert after["keyset_epoch"]["version"] == before["keyset_epoch"]["version"] + 1


def test_a_key_of_before_a_rotation_is_refused_and_its_open_calls_go_on(
    keys: EnclaveKeys,
) -> None:
    stale = AciClient(keys.keyset)
    begun = AciClient(keys.keyset)
    opener = keys.opener(begun.call(), begun.model)
    keys.rotate()
    with pytest.raises(SealedRequestError, match="Fetch and verify the attestation again") as error:
        keys.opener(stale.call(), stale.model)
    assert error.value.reason == "e2ee_model_key_mismatch"
    assert opener.open(begun.seal("Ahoy"), "messages.0.content") == "Ahoy"


def test_keys_are_replaced_before_they_expire(keys: EnclaveKeys, clock: HandClock) -> None:
    client, identity = AciClient(keys.keyset, timestamp=int(UNIX) + 3240), keys.identity
    clock.at = 3239
    assert keys.identity == identity
    clock.at = 3240
    with pytest.raises(SealedRequestError) as error:
        keys.opener(client.call(), client.model)
    assert error.value.reason == "e2ee_model_key_mismatch"
    assert keys.keyset["keyset_epoch"]["not_after"] == int(UNIX) + 3240 + 3600


async def test_no_report_outlives_its_keys(keys: EnclaveKeys, clock: HandClock) -> None:
    clock.at = 1_000
    report = await keys.report(ACI, None, None)
    epoch = report["attestation"]["workload_keyset"]["keyset_epoch"]
    assert report["attestation"]["freshness"] == {
        "fetched_at": int(UNIX) + 1_000,
        "stale_after": epoch["not_after"],
    }


def test_keys_live_for_a_minute_at_least(clock: HandClock) -> None:
    with pytest.raises(ValueError, match="60 seconds"):
        EnclaveKeys(IdentityKey.generated(), clock, 59, SoftwareEvidence())
