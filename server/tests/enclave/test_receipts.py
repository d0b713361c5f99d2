"""Receipts: signed by an attested key, holding hashes alone, for who made the call."""

import json
from hashlib import sha256
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.domain.errors import NotFoundError, UnauthorizedError
from fondaco.enclave.keyring import EnclaveKeys
from fondaco.enclave.receipts import ReceiptBuilder, ReceiptStore, SignedReceipt
from hand_clock import UNIX, HandClock
from protocol_clients import ORIGINAL, AciClient, OriginalClient, digest, jcs, signed_by

ACI, VENICE = SealedFormat.ACI, SealedFormat.ORIGINAL
PLAIN, SENT = b'data: {"a":1}\n\ndata: [DONE]\n\n', b'data: {"a":"ff"}\n\ndata: [DONE]\n\n'


def builder(keys: EnclaveKeys, clock: HandClock, **changed: Any) -> ReceiptBuilder:
    client = AciClient(keys.keyset)
    return keys.opener(client.call(**changed), client.model).receipt(clock.now)


def finished(
    keys: EnclaveKeys, clock: HandClock, completion_id: str = "chatcmpl-1", owner: str = "o"
) -> SignedReceipt:
    made = builder(keys, clock, completion_id=completion_id, owner=owner)
    made.received(b"{}")
    made.forwarded(b"{}")
    return made.finish()


def types(receipt: Any) -> list[str]:
    return [event["type"] for event in receipt["event_log"]]


def test_a_receipt_says_what_was_received_forwarded_and_returned(
    keys: EnclaveKeys, clock: HandClock
) -> None:
    made = builder(keys, clock)
    made.received(b'{"model":"e2ee-llama","messages":[]}')
    made.forwarded(b'{"model":"llama","messages":[]}')
    for at in range(0, len(PLAIN), 5):
        made.cleartext(PLAIN[at : at + 5])
    made.wire(SENT[:7])
    made.wire(SENT[7:])
    clock.at = 2.75
    receipt = made.finish().document
    signature = receipt["signature"]
    assert {**receipt, "signature": None} == {
        "api_version": "aci/1",
        "receipt_id": "rcpt-chatcmpl-1",
        "chat_id": "chatcmpl-1",
        "model": "e2ee-llama",
        "workload_id": keys.identity.workload_id,
        "workload_keyset_digest": keys.identity.keyset_digest,
        "endpoint": "/v1/chat/completions",
        "method": "POST",
        "served_at": int(UNIX) + 2,
        "event_log": [
            {
                "seq": 0,
                "type": "request.received",
                "body_hash": digest(b'{"model":"e2ee-llama","messages":[]}'),
            },
            {
                "seq": 1,
                "type": "request.forwarded",
                "body_hash": digest(b'{"model":"llama","messages":[]}'),
            },
            {"seq": 2, "type": "transparency.request_modified"},
            {
                "seq": 3,
                "type": "response.returned",
                "cleartext_hash": digest(PLAIN),
                "wire_hash": digest(SENT),
            },
            {"seq": 4, "type": "transparency.response_modified"},
        ],
        "signature": None,
    }
    (listed,) = keys.keyset["receipt_signing_keys"]
    assert (signature["algo"], signature["key_id"]) == (listed["algo"], listed["key_id"])
    unsigned = {**receipt, "signature": {k: signature[k] for k in ("algo", "key_id")}}
    assert signed_by(listed["public_key"], signature["value"], jcs(unsigned))
    unsigned["model"] = "another"
    assert not signed_by(listed["public_key"], signature["value"], jcs(unsigned))


def test_what_was_not_modified_is_not_called_so(keys: EnclaveKeys, clock: HandClock) -> None:
    receipt = finished(keys, clock).document
    assert types(receipt) == ["request.received", "request.forwarded", "response.returned"]


def test_an_upstream_is_never_called_verified(keys: EnclaveKeys, clock: HandClock) -> None:
    made = builder(keys, clock)
    made.received(b"{}")
    made.forwarded(b"{}")
    made.upstream("gpu-box", model="llama-3.3", origin="https://gpu.example.com")
    event = made.finish().document["event_log"][2]
    assert event["type"] == "upstream.verified"
    assert (event["result"], event["required"]) == ("failed", False)
    assert "is not verified" in event["reason"]
    assert not {"session_id", "claims"} & event.keys()


def test_a_receipt_without_a_request_is_not_signed(keys: EnclaveKeys, clock: HandClock) -> None:
    with pytest.raises(RuntimeError, match="Record"):
        builder(keys, clock).finish()


def test_control_characters_in_ids_are_signed_as_they_are(
    keys: EnclaveKeys, clock: HandClock
) -> None:
    odd = 'chatcmpl-\0\x1b[2J"\\\u2028é'
    receipt = finished(keys, clock, odd).document
    (listed,) = keys.keyset["receipt_signing_keys"]
    signature = receipt["signature"]
    unsigned = {**receipt, "signature": {k: signature[k] for k in ("algo", "key_id")}}
    assert signed_by(listed["public_key"], signature["value"], jcs(unsigned))
    store = ReceiptStore(clock.now)
    store.put(finished(keys, clock, odd))
    assert store.get(ACI, f"rcpt-{odd}", owner="o")["chat_id"] == odd


def test_the_originals_reply_is_signed_as_wallets_sign(keys: EnclaveKeys, clock: HandClock) -> None:
    listed = keys.keyset["e2ee_public_keys"]
    client = OriginalClient(next(one["public_key"] for one in listed if one["algo"] == ORIGINAL))
    made = keys.opener(client.call(body=b'{"sealed":1}', owner="o"), "e2ee-llama").receipt(
        clock.now
    )
    made.received(b"{}")
    made.forwarded(b"{}")
    made.wire(SENT)
    store = ReceiptStore(clock.now)
    store.put(made.finish())
    reply = store.get(VENICE, "chatcmpl-1", owner="o", model="e2ee-llama:x")
    hashes = [sha256(part).hexdigest() for part in (b'{"sealed":1}', SENT)]
    assert reply["text"] == ":".join(hashes)
    message = encode_defunct(text=reply["text"])
    assert (
        Account.recover_message(message, signature=reply["signature"]) == reply["signing_address"]
    )
    assert (reply["model"], reply["request_id"]) == ("e2ee-llama:x", "chatcmpl-1")
    assert reply["signing_algo"] == "ecdsa"
    assert reply["receipt"] == store.get(ACI, "chatcmpl-1", owner="o")


def test_a_receipt_of_acis_format_comes_in_the_originals_reply_too(
    keys: EnclaveKeys, clock: HandClock
) -> None:
    store = ReceiptStore(clock.now)
    store.put(finished(keys, clock))
    reply = store.get(VENICE, "chatcmpl-1", owner="o")
    assert reply.keys() == {"model", "request_id", "receipt"}
    assert reply["model"] == "e2ee-llama"


def test_a_receipt_is_for_who_made_the_call(keys: EnclaveKeys, clock: HandClock) -> None:
    store = ReceiptStore(clock.now)
    store.put(finished(keys, clock, owner="sha256:mine"))
    for form in SealedFormat:
        for id_ in ("chatcmpl-1", "rcpt-chatcmpl-1"):
            assert store.get(form, id_, owner="sha256:mine")
            for other in ("sha256:yours", "", "sha256:min", "ö"):
                with pytest.raises(UnauthorizedError, match="Another API key"):
                    store.get(form, id_, owner=other)


@pytest.mark.parametrize("id_", ["", "rcpt-", "chatcmpl-2", "rcpt-rcpt-chatcmpl-1", "x" * 10**6])
def test_an_unknown_receipt_is_not_found(keys: EnclaveKeys, clock: HandClock, id_: str) -> None:
    store = ReceiptStore(clock.now)
    store.put(finished(keys, clock))
    with pytest.raises(NotFoundError, match="No receipt has this id"):
        store.get(ACI, id_, owner="o")


def test_a_receipt_is_kept_for_an_hour(keys: EnclaveKeys, clock: HandClock) -> None:
    store = ReceiptStore(clock.now)
    store.put(finished(keys, clock))
    clock.at = 3599.5
    assert store.get(ACI, "chatcmpl-1", owner="o")
    clock.at = 3600
    with pytest.raises(NotFoundError):
        store.get(ACI, "chatcmpl-1", owner="o")
    assert len(store) == 0


def test_the_oldest_receipts_make_room(keys: EnclaveKeys, clock: HandClock) -> None:
    store, one = ReceiptStore(clock.now, most=10), finished(keys, clock)
    for n in range(500):
        store.put(SignedReceipt(f"chatcmpl-{n}", "o", one.document, one.original))
    assert len(store) == 10
    assert store.get(ACI, "chatcmpl-490", owner="o")
    with pytest.raises(NotFoundError):
        store.get(ACI, "chatcmpl-489", owner="o")


def test_receipts_take_bounded_bytes(keys: EnclaveKeys, clock: HandClock) -> None:
    store, one = ReceiptStore(clock.now, most_bytes=100_000), finished(keys, clock)
    for n in range(500):
        store.put(SignedReceipt(f"chatcmpl-{n}", "o", {**one.document, "model": "m" * 5000}, {}))
    assert 10 < len(store) < 20
    store.put(SignedReceipt("huge", "o", {"model": "m" * 200_000}, {}))
    assert len(store) == 0


def test_a_receipt_that_is_put_again_replaces_the_first(
    keys: EnclaveKeys, clock: HandClock
) -> None:
    store = ReceiptStore(clock.now, most_bytes=3000)
    for _ in range(20):
        store.put(finished(keys, clock))
    assert len(store) == 1


def test_receipts_name_the_keys_that_signed_them(keys: EnclaveKeys, clock: HandClock) -> None:
    made, before = builder(keys, clock), keys.keyset
    keys.rotate()
    made.received(b"{}")
    made.forwarded(b"{}")
    receipt = made.finish().document
    assert receipt["workload_keyset_digest"] == digest(jcs(before)) != keys.identity.keyset_digest
    assert receipt["signature"]["key_id"] == before["receipt_signing_keys"][0]["key_id"]


def test_a_receipt_holds_no_content(keys: EnclaveKeys, clock: HandClock) -> None:
    made = builder(keys, clock, body=b"canary")
    made.received(b"canary")
    made.forwarded(b"canary!")
    made.cleartext(b"canary")
    assert "canary" not in json.dumps(made.finish().document)
