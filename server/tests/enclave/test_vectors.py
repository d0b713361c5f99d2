"""The standard's test vectors, byte by byte. Source: ACI, "Test Vectors"."""

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fondaco.enclave.identity_key import IdentityKey, statement
from fondaco.enclave.keyset import ReceiptKey
from fondaco.enclave.opening import CiphertextContext
from fondaco.enclave.primitives.canonical import Json, canonical, digest, digest_of_bytes
from fondaco.enclave.reports import report_data

IDENTITY = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
RECEIPT = "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"
WORKLOAD_ID = "sha256:57c2c8fa98bcf11441f1eff9ef087db67a5560a026082e96903e15365677b8c0"
KEYSET_DIGEST = "sha256:f2fba7e1b1451e0c0231df624f293407692ef939d3e0e55bca723131bea3f1ff"
SESSION_ID = "as_d850af230a623da93279f86922f2d15aeb0a05c3c448feac9198c5b2b0a3b9c3"
KEYSET: dict[str, Json] = {
    "workload_identity": {
        "public_key": {"algo": "ed25519", "public_key": IDENTITY},
        "subject": None,
    },
    "keyset_epoch": {"version": 1, "not_after": 1800000000},
    "receipt_signing_keys": [{"key_id": "receipt-1", "algo": "ed25519", "public_key": RECEIPT}],
    "e2ee_public_keys": [
        {"key_id": "e2ee-1", "algo": "x25519-aes-256-gcm-hkdf-sha256", "public_key": "ab" * 32}
    ],
    "tls_public_keys": [{"spki_sha256": "c0" * 32, "domain": "api.example.com"}],
}
CHANNEL: Json = [
    {
        "origin": "https://upstream.example.com",
        "spki_sha256": "d1" * 32,
        "type": "tls_spki_sha256",
    }
]
CLAIMS: Json = {
    "gpu_attested": {"status": "unknown"},
    "model_weights_provenance": {"status": "unknown"},
    "os_known_good": {"status": "unknown"},
    "serving_software_known_good": {"status": "unknown"},
    "tcb_up_to_date": {"status": "unknown"},
    "tee_attested": {
        "reason": "example quote verified",
        "source": "hardware_proven",
        "status": "asserted",
    },
}
identity = IdentityKey.of_seed(b"\1" * 32)


def test_workload_id() -> None:
    expected = b'{"algo":"ed25519","public_key":"' + IDENTITY.encode() + b'"}'
    assert canonical(identity.public) == expected
    assert identity.workload_id == WORKLOAD_ID


def test_keyset_digest() -> None:
    assert digest(KEYSET) == KEYSET_DIGEST


def test_report_data() -> None:
    assert report_data(WORKLOAD_ID, KEYSET_DIGEST, "test-nonce").hex() == (
        "0b8cc28d7e989a88b1e969af20aa2b224afdc2c99f24c97c31a4af330c964ecf"
    )
    assert report_data(WORKLOAD_ID, KEYSET_DIGEST, None).hex() == (
        "e1818eadad3c28375c625e2fa2d2ffd983d2760c84ce17f8527ddcac884c21b9"
    )


def test_endorsement() -> None:
    assert statement("aci.keyset.endorsement.v1", KEYSET_DIGEST) == (
        b'{"purpose":"aci.keyset.endorsement.v1","workload_keyset_digest":"sha256:'
        b'f2fba7e1b1451e0c0231df624f293407692ef939d3e0e55bca723131bea3f1ff"}'
    )
    assert identity.endorse(KEYSET_DIGEST) == {
        "algo": "ed25519",
        "value": (
            "64e0a4f5d7af28dfdacc102d14c13470b4ddbd90708e190fc0e787f07b36f20e"
            "da0ef1f42ea96b8a7f290eb64a918574dc914ce06b6ea023d2153275f06fd201"
        ),
    }


def test_revocation() -> None:
    assert identity.revoke(KEYSET_DIGEST)["value"] == (
        "5f30e02aa53bb628c7f6410636e9f5e33402d2b0b416a6ed278ea3e6e40b48a9"
        "af6ba6e5e55abb89a7ad4627eca444a73cad9d25e22bf239c9c6b362d48ed50f"
    )


def test_session_id() -> None:
    evidence = digest_of_bytes(b"example-evidence")
    assert evidence == "sha256:80d70e44d0ae1e829fd5f37c3ee4a60dfbea8d3aa18407ea3f34cf7ec91da34d"
    material: Json = {
        "provider": "demo-upstream",
        "endpoint": "https://upstream.example.com",
        "verifier_id": "example/1",
        "identity": None,
        "channel_binding": CHANNEL,
        "claims": CLAIMS,
        "evidence_digest": evidence,
    }
    assert f"as_{sha256(canonical(material)).hexdigest()}" == SESSION_ID


def test_receipt() -> None:
    request = digest_of_bytes(b'{"messages":[{"content":"hi","role":"user"}],"model":"demo-model"}')
    response = digest_of_bytes(b'{"choices":[],"id":"chatcmpl-123"}')
    assert request == "sha256:94d809bf47380d8a2eab0eb6e126d4dda9364b0b4725cdf7ead52dd70b2aa87b"
    assert response == "sha256:dedfffe5b14d031b8e2c01996d021a15293cb7c63b56be7e4be9e89b6f0a5f61"
    receipt: dict[str, Json] = {
        "api_version": "aci/1",
        "receipt_id": "rcpt-0001",
        "chat_id": "chatcmpl-123",
        "model": "demo-model",
        "workload_id": WORKLOAD_ID,
        "workload_keyset_digest": KEYSET_DIGEST,
        "endpoint": "/v1/chat/completions",
        "method": "POST",
        "served_at": 1750000000,
        "event_log": [
            {"seq": 0, "type": "request.received", "body_hash": request},
            {"seq": 1, "type": "request.forwarded", "body_hash": request},
            {
                "seq": 2,
                "type": "upstream.verified",
                "upstream_name": "demo-upstream",
                "provider": None,
                "model_id": "demo-model",
                "url_origin": "https://upstream.example.com",
                "verifier_id": "example/1",
                "result": "verified",
                "required": True,
                "reason": None,
                "channel_bindings": CHANNEL,
                "provider_claims": None,
                "session_id": SESSION_ID,
                "claims": CLAIMS,
            },
            {
                "seq": 3,
                "type": "response.returned",
                "cleartext_hash": response,
                "wire_hash": response,
            },
        ],
    }
    signing = ReceiptKey(Ed25519PrivateKey.from_private_bytes(b"\2" * 32), "receipt-1")
    signature = {"algo": "ed25519", "key_id": "receipt-1"}
    assert sha256(canonical({**receipt, "signature": signature})).hexdigest() == (
        "167f07a49364efbc74649e7b05555248f46f944262a96934a4b4e5f359f95cfa"
    )
    assert signing.sign(receipt)["signature"] == {
        **signature,
        "value": (
            "84568f9eed0981d275407e3ea9b03d7f6c9a428923ac99c45b9ef94aa8bada6a"
            "39b5a63410fb48eb8057a6d4f8d2fb5a2ba28bc8f94d3c707e7fb7f360f39d00"
        ),
    }


def test_associated_data() -> None:
    algo = "x25519-aes-256-gcm-hkdf-sha256"
    context = CiphertextContext(algo, "demo-model", "6e6f6e63652d31323334", 1750000000)
    assert context.of_request("messages.0.content") == (
        b'{"algo":"x25519-aes-256-gcm-hkdf-sha256","field":"messages.0.content",'
        b'"model":"demo-model","nonce":"6e6f6e63652d31323334",'
        b'"purpose":"aci.e2ee.request.v2","ts":1750000000}'
    )
    assert context.of_response("choices.0.message.content", "chatcmpl-123") == (
        b'{"algo":"x25519-aes-256-gcm-hkdf-sha256","field":"choices.0.message.content",'
        b'"id":"chatcmpl-123","model":"demo-model","nonce":"6e6f6e63652d31323334",'
        b'"purpose":"aci.e2ee.response.v2","ts":1750000000}'
    )
