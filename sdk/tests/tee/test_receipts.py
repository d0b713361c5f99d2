"""Receipts that are checked offline; the values of the standard's own test vectors, section by section."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from sealed_service.protocol import Json, Signer, jcs, sha256
from venice_ai import TeeAttestationError
from venice_ai.tee import verify_receipt
from venice_ai.tee._crypto.canonical import canonical, digest
from venice_ai.tee._crypto.signatures import is_signed
from venice_ai.tee._evidence.keyset import keyset_of
from venice_ai.tee.types import ModelKey

IDENTITY = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
SIGNER = "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"
KEYSET: Json = {
    "workload_identity": {
        "public_key": {"algo": "ed25519", "public_key": IDENTITY},
        "subject": None,
    },
    "keyset_epoch": {"version": 1, "not_after": 1800000000},
    "receipt_signing_keys": [{"key_id": "receipt-1", "algo": "ed25519", "public_key": SIGNER}],
    "e2ee_public_keys": [
        {"key_id": "e2ee-1", "algo": "x25519-aes-256-gcm-hkdf-sha256", "public_key": "ab" * 32}
    ],
    "tls_public_keys": [{"spki_sha256": "c0" * 32, "domain": "api.example.com"}],
}
WORKLOAD = "sha256:57c2c8fa98bcf11441f1eff9ef087db67a5560a026082e96903e15365677b8c0"
DIGEST = "sha256:f2fba7e1b1451e0c0231df624f293407692ef939d3e0e55bca723131bea3f1ff"
ENDORSED = (
    "64e0a4f5d7af28dfdacc102d14c13470b4ddbd90708e190fc0e787f07b36f20eda0ef1f42ea96b8a7f290eb64a918574"
    "dc914ce06b6ea023d2153275f06fd201"
)
REQUEST = b'{"messages":[{"content":"hi","role":"user"}],"model":"demo-model"}'
WIRE = b'{"choices":[],"id":"chatcmpl-123"}'
UNKNOWN: Json = {"status": "unknown"}
RECEIPT: Json = {
    "api_version": "aci/1",
    "chat_id": "chatcmpl-123",
    "endpoint": "/v1/chat/completions",
    "event_log": [
        {"body_hash": sha256(REQUEST), "seq": 0, "type": "request.received"},
        {"body_hash": sha256(REQUEST), "seq": 1, "type": "request.forwarded"},
        {
            "channel_bindings": [
                {
                    "origin": "https://upstream.example.com",
                    "spki_sha256": "d1" * 32,
                    "type": "tls_spki_sha256",
                }
            ],
            "claims": {
                "gpu_attested": UNKNOWN,
                "model_weights_provenance": UNKNOWN,
                "os_known_good": UNKNOWN,
                "serving_software_known_good": UNKNOWN,
                "tcb_up_to_date": UNKNOWN,
                "tee_attested": {
                    "reason": "example quote verified",
                    "source": "hardware_proven",
                    "status": "asserted",
                },
            },
            "model_id": "demo-model",
            "provider": None,
            "provider_claims": None,
            "reason": None,
            "required": True,
            "result": "verified",
            "seq": 2,
            "session_id": "as_d850af230a623da93279f86922f2d15aeb0a05c3c448feac9198c5b2b0a3b9c3",
            "type": "upstream.verified",
            "upstream_name": "demo-upstream",
            "url_origin": "https://upstream.example.com",
            "verifier_id": "example/1",
        },
        {
            "cleartext_hash": sha256(WIRE),
            "seq": 3,
            "type": "response.returned",
            "wire_hash": sha256(WIRE),
        },
    ],
    "method": "POST",
    "model": "demo-model",
    "receipt_id": "rcpt-0001",
    "served_at": 1750000000,
    "signature": {
        "algo": "ed25519",
        "key_id": "receipt-1",
        "value": (
            "84568f9eed0981d275407e3ea9b03d7f6c9a428923ac99c45b9ef94aa8bada6a39b5a63410fb48eb8057a6d4"
            "f8d2fb5a2ba28bc8f94d3c707e7fb7f360f39d00"
        ),
    },
    "workload_id": WORKLOAD,
    "workload_keyset_digest": DIGEST,
}


def test_the_standards_keyset_has_its_identity_and_its_digest() -> None:
    keyset = keyset_of(KEYSET)
    assert (keyset.workload_id, keyset.digest) == (WORKLOAD, DIGEST)


@pytest.mark.parametrize(
    ("nonce", "expected"),
    [
        ("test-nonce", "0b8cc28d7e989a88b1e969af20aa2b224afdc2c99f24c97c31a4af330c964ecf"),
        (None, "e1818eadad3c28375c625e2fa2d2ffd983d2760c84ce17f8527ddcac884c21b9"),
    ],
)
def test_the_standards_report_data_come_out(nonce: str | None, expected: str) -> None:
    statement = {
        "purpose": "aci.report_data.v1",
        "workload_id": WORKLOAD,
        "workload_keyset_digest": DIGEST,
        "nonce": nonce,
    }
    assert digest(canonical(statement)) == f"sha256:{expected}"


def test_the_standards_report_with_its_endorsement_is_accepted() -> None:
    attestation = {
        "report_data": "0b8cc28d7e989a88b1e969af20aa2b224afdc2c99f24c97c31a4af330c964ecf",
        "keyset_endorsement": {"algo": "ed25519", "value": ENDORSED},
    }
    keyset_of(KEYSET).check(attestation, "test-nonce", 1799000000)


def test_the_standards_receipt_is_accepted() -> None:
    receipt = verify_receipt(
        RECEIPT, KEYSET, wire=WIRE, request=REQUEST, chat_id="chatcmpl-123", model="demo-model"
    )
    assert receipt.upstreams[0]["result"] == "verified"
    assert receipt.request_hash.endswith("a87b")
    verify_receipt(RECEIPT, KEYSET, wire=sha256(WIRE))
    verify_receipt(RECEIPT, KEYSET)


@pytest.mark.parametrize(
    ("compared", "reason"),
    [
        ({"wire": WIRE + b" "}, "pieces were lost"),
        ({"wire": "sha256:00"}, "pieces were lost"),
        ({"request": b"{}"}, "another request"),
        ({"chat_id": "chatcmpl-124"}, "chatcmpl-124"),
        ({"model": "Demo-Model"}, "Demo-Model"),
    ],
)
def test_a_receipt_of_another_call_is_refused(compared: dict[str, Any], reason: str) -> None:
    with pytest.raises(TeeAttestationError, match=reason) as raised:
        verify_receipt(RECEIPT, KEYSET, **compared)
    assert raised.value.code == "TEE_RECEIPT_REFUSED"


def test_the_order_of_names_in_a_request_does_not_matter() -> None:
    other = json.dumps(dict(reversed(json.loads(REQUEST).items())), indent=1).encode()
    verify_receipt(RECEIPT, KEYSET, request=other)


def resigned(receipt: Json, key: Signer) -> tuple[Json, Json]:
    """Return a receipt signed by a key, and the keyset that lists the key."""
    keys = [{"key_id": "receipt-1", "algo": key.algo, "public_key": key.public}]
    keyset = {**KEYSET, "receipt_signing_keys": keys}
    named = {"algo": key.algo, "key_id": "receipt-1"}
    told = {**receipt, "workload_keyset_digest": sha256(jcs(keyset)), "signature": named}
    value = key.sign(jcs(told), recoverable=True)
    return {**told, "signature": {**named, "value": value}}, keyset


def _without(kind: str) -> list[Json]:
    return [one for one in RECEIPT["event_log"] if one["type"] != kind]


EVENTS: dict[str, tuple[list[Json], str]] = {
    "none": ([], "not in order"),
    "out of order": ([{**one, "seq": 0} for one in RECEIPT["event_log"]], "not in order"),
    "late": ([{**one, "seq": one["seq"] + 1} for one in RECEIPT["event_log"]], "not in order"),
    "without the request": (
        [{**one, "seq": at} for at, one in enumerate(_without("request.received"))],
        "begin with the request",
    ),
    "without what was forwarded": (_without("request.forwarded"), "0 events"),
    "without the reply": (_without("response.returned"), "0 events"),
    "with two replies": (
        [*RECEIPT["event_log"], {**RECEIPT["event_log"][-1], "seq": 4}],
        "2 events",
    ),
    "hiding a change": (
        [
            {**one, "body_hash": "sha256:00"} if one["type"] == "request.forwarded" else one
            for one in RECEIPT["event_log"]
        ],
        "request_modified is missing",
    ),
    "hiding encryption": (
        [
            {**one, "cleartext_hash": "sha256:00"} if "wire_hash" in one else one
            for one in RECEIPT["event_log"]
        ],
        "response_modified is missing",
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_a_signed_receipt_of_impossible_events_is_refused(name: str) -> None:
    events, reason = EVENTS[name]
    with pytest.raises(TeeAttestationError, match=reason):
        verify_receipt(*resigned({**RECEIPT, "event_log": events}, Signer()))


def test_unknown_events_are_kept_and_ignored() -> None:
    more = [*RECEIPT["event_log"], {"seq": 7, "type": "house.note", "text": "ü"}]
    verify_receipt(*resigned({**RECEIPT, "event_log": more}, Signer()))


def _shorter(value: str) -> str:
    return value[:-2]


def _of_no_recovery(value: str) -> str:
    return value[:-2] + "09"


@pytest.mark.parametrize("spoil", [_shorter, _of_no_recovery])
def test_a_signature_of_ecdsa_needs_its_recovery_id(spoil: Callable[[str], str]) -> None:
    receipt, keyset = resigned(RECEIPT, Signer("ecdsa-secp256k1"))
    verify_receipt(receipt, keyset)
    receipt["signature"]["value"] = spoil(receipt["signature"]["value"])
    with pytest.raises(TeeAttestationError, match="signature does not hold"):
        verify_receipt(receipt, keyset)


def test_the_key_says_by_which_algorithm_it_signs_and_not_the_receipt() -> None:
    key = Signer("ed25519")
    _, keyset = resigned(RECEIPT, key)
    named = {"algo": "ecdsa-secp256k1", "key_id": "receipt-1"}
    told = {**RECEIPT, "workload_keyset_digest": sha256(jcs(keyset)), "signature": named}
    lying = {**told, "signature": {**named, "value": key.sign(jcs(told), recoverable=True)}}
    with pytest.raises(TeeAttestationError, match="none of the attested keys"):
        verify_receipt(lying, keyset)


@pytest.mark.parametrize("change", [{"note": "Trust me."}, {"api_version": "aci/2"}])
def test_a_receipt_of_another_form_is_refused_although_it_is_signed(change: Json) -> None:
    receipt, keyset = resigned({**RECEIPT, **change}, Signer("ed25519"))
    with pytest.raises(TeeAttestationError, match="fields are missing or unknown"):
        verify_receipt(receipt, keyset)


def test_an_unknown_algorithm_signs_nothing() -> None:
    assert not is_signed(ModelKey("none", "00"), "00", b"")


def test_two_keys_of_one_id_are_refused() -> None:
    twice = {**KEYSET, "receipt_signing_keys": KEYSET["receipt_signing_keys"] * 2}
    with pytest.raises(TeeAttestationError, match="same id"):
        verify_receipt(RECEIPT, twice)


def test_numbers_that_have_no_canonical_form_are_refused() -> None:
    with pytest.raises(TeeAttestationError, match="cannot be canonicalized"):
        verify_receipt({**RECEIPT, "served_at": 2**60}, KEYSET)
    huge = {**KEYSET, "keyset_epoch": {"version": 2**60, "not_after": 1}}
    with pytest.raises(TeeAttestationError, match="cannot be canonicalized"):
        verify_receipt(RECEIPT, huge)


def test_without_the_extra_the_import_says_how_to_get_it() -> None:
    program = "import sys; sys.modules['rfc8785'] = None; from venice_ai.tee import verify_receipt"
    told = subprocess.run(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, check=False
    ).stderr
    assert b"ImportError: venice_ai.tee.verify_receipt needs rfc8785. Install" in told
    assert b"'./sdk[e2ee]'" in told
