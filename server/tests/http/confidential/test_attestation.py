"""Attestation, receipts and signatures of both protocols at the gateway."""

from collections.abc import AsyncGenerator

import pytest

from fondaco.domain.money.account import Account, Key, KeyType, digest
from house import ACCOUNT, PEPPER, TOY, House, house
from told_enclave import ACI, IDENTITY, TWIN, ToldEnclave, sealed_body

NONCE = "5a" * 32
PREFIXES = ("/v1/aci", "/api/v1/aci")


@pytest.fixture(scope="module")
async def one() -> AsyncGenerator[House]:
    async with house(models=(TOY, TWIN), enclaves={"enclave": ToldEnclave()}) as opened:
        yield opened


@pytest.fixture(scope="module")
async def without() -> AsyncGenerator[House]:
    async with house() as opened:
        yield opened


def another_key(one: House) -> dict[str, str]:
    """Return the header of another key of the same account."""
    key = Key("cd" * 16, ACCOUNT, KeyType.INFERENCE, "other", "000000", created_at=0.0)
    one.keys.put(Account(ACCOUNT, "tests"), digest(PEPPER, "another"), key)
    return {"Authorization": "Bearer another"}


async def completion(one: House) -> str:
    reply = await one.client.post("/v1/chat/completions", json=sealed_body(), headers=ACI)
    assert reply.status_code == 200
    return str(reply.headers["x-receipt-id"]).removeprefix("rcpt-")


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_report_repeats_the_nonce_and_needs_none(one: House, prefix: str) -> None:
    reply = await one.client.get(f"{prefix}/attestation?nonce=fresh")
    assert reply.json() == {"form": "aci/1", "nonce": "fresh", "model": None}
    assert reply.headers["x-aci-version"] == "aci/1"
    assert reply.headers["x-aci-identity"] == IDENTITY.workload_id
    assert reply.headers["x-aci-keyset-digest"] == IDENTITY.keyset_digest
    assert (await one.client.get(f"{prefix}/attestation")).json()["nonce"] is None


async def test_the_originals_report_names_the_model_as_it_was_asked_for(one: House) -> None:
    query = {"model": "e2ee-gpt-4o", "nonce": NONCE}
    reply = await one.client.get("/api/v1/tee/attestation", params=query)
    assert reply.json() == {"form": "original", "nonce": NONCE, "model": "e2ee-gpt-4o"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"model": "toy", "nonce": NONCE}, 400),
        ({"model": "unheard-of", "nonce": NONCE}, 404),
        ({"model": "e2ee-toy", "nonce": NONCE[2:]}, 400),
        ({"model": "e2ee-toy", "nonce": "z" * 64}, 400),
        ({"nonce": NONCE}, 400),
    ],
)
async def test_the_originals_report_needs_a_sealed_model_and_32_random_bytes(
    one: House, query: dict[str, str], status: int
) -> None:
    assert (await one.client.get("/api/v1/tee/attestation", params=query)).status_code == status


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_receipt_is_found_by_its_own_id_and_by_the_completions(
    one: House, prefix: str
) -> None:
    completion_id = await completion(one)
    for receipt_id in (completion_id, f"rcpt-{completion_id}"):
        reply = await one.client.get(f"{prefix}/receipts/{receipt_id}")
        assert reply.json()["receipt_id"] == receipt_id
        assert reply.headers["x-aci-version"] == "aci/1"


async def test_a_signature_is_found_by_the_completions_id(one: House) -> None:
    query = {"model": "e2ee-toy", "request_id": await completion(one)}
    reply = await one.client.get("/api/v1/tee/signature", params=query)
    assert reply.json()["receipt_id"] == query["request_id"]


async def test_another_key_of_the_account_gets_neither_receipt_nor_signature(one: House) -> None:
    completion_id, other = await completion(one), another_key(one)
    receipt = await one.client.get(f"/v1/aci/receipts/{completion_id}", headers=other)
    assert (receipt.status_code, receipt.json()["error"]["type"]) == (403, "redaction_required")
    query = {"model": "e2ee-toy", "request_id": completion_id}
    signature = await one.client.get("/api/v1/tee/signature", params=query, headers=other)
    assert (signature.status_code, signature.json()["code"]) == (403, "UNAUTHORIZED")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/aci/receipts/rcpt-1",
        "/v1/aci/attestation",
        "/api/v1/aci/sessions/as_1",
        "/v1/aci/unheard-of",
    ],
)
async def test_errors_below_aci_have_its_shape_and_version(without: House, path: str) -> None:
    reply = await without.client.get(path)
    assert (reply.status_code, reply.json()["error"]["type"]) == (404, "not_found")
    assert reply.headers["x-aci-version"] == "aci/1"


@pytest.mark.parametrize("path", ["/v1/aci/attestation", "/v1/aci/receipts/rcpt-1"])
async def test_without_a_key_nothing_is_told(one: House, path: str) -> None:
    reply = await one.client.get(path, headers={"Authorization": ""})
    assert (reply.status_code, reply.json()["error"]["type"]) == (401, "unauthorized")


async def test_models_show_that_they_take_encrypted_content(one: House) -> None:
    reply = await one.client.get("/api/v1/models")
    shown = {row["id"]: row["model_spec"]["capabilities"] for row in reply.json()["data"]}
    twin, plain = shown["e2ee-toy"], shown["toy"]
    assert (twin["supportsE2EE"], twin["supportsTeeAttestation"]) == (True, True)
    assert "supportsE2EE" not in plain
