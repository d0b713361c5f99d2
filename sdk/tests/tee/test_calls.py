"""Confidential chats that nobody disturbs: what is sent, and what comes back."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import pytest

from sealed_service.enclave import Said, now
from sealed_service.protocol import SECP256K1, X25519, sha256
from sealed_service.service import Service
from venice_ai import (
    InvalidRequestError,
    ServiceUnavailableError,
    SyncVeniceClient,
    TeeAttestationError,
    VeniceClient,
)
from venice_ai.resources.tee import Tee
from venice_ai.streaming import Stream
from venice_ai.tee import TeeOptions, verify_receipt
from venice_ai.types.api.chat import AssistantMessage
from venice_ai.types.api.streaming import ChatCompletionChunk

pytestmark = pytest.mark.filterwarnings("ignore:Confidential chats")

SECRET = "where the canary sleeps"
CHAT: dict[str, Any] = {
    "model": "e2ee-toy",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": SECRET},
        {"role": "assistant", "content": "Yes?"},
        {"role": "tool", "content": "4", "tool_call_id": "c1"},
    ],
}
TEXT = "Hello wörld"


async def test_a_whole_answer_is_decrypted_and_proved(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    reply = await client.chat.completions.create(**CHAT, e2ee=options)
    assert reply.choices[0].message.content == TEXT
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.total_tokens == 7
    assert service.enclave.seen == [["Be brief.", SECRET, "Yes?", "4"]]
    proof = reply.meta.proof
    assert proof is not None
    assert proof.attestation.format == options.format
    assert proof.attestation.workload_id == service.enclave.workload_id
    assert proof.receipt == service.enclave.signed[reply.id]


async def test_a_stream_is_decrypted_as_it_arrives(
    client: VeniceClient, options: TeeOptions
) -> None:
    async with await client.chat.completions.stream(**CHAT, e2ee=options) as stream:
        assert [text async for text in stream.text_deltas()] == ["Hel", "lo ", "wörld"]
        reply = await stream.collect()
    assert reply.choices[0].message.content == TEXT
    assert reply.usage is not None
    assert stream.meta.proof is not None
    assert stream.meta.proof.receipt is not None


async def test_create_streams_too_with_a_class_of_the_callers(
    client: VeniceClient, options: TeeOptions
) -> None:
    class Mine(Stream[ChatCompletionChunk]):
        pass

    stream = await client.chat.completions.create(
        **CHAT, stream=True, stream_cls=Mine, e2ee=options
    )
    assert isinstance(stream, Mine)
    texts = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert "".join(texts) == TEXT


async def test_thoughts_and_several_answers_are_decrypted(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    service.enclave.said = (Said(("A",), ("so", " then")), Said(("B", "C")))
    for stream in (False, True):
        if stream:
            reply = await (
                await client.chat.completions.stream(**CHAT, n=2, e2ee=options)
            ).collect()
        else:
            reply = await client.chat.completions.create(**CHAT, n=2, e2ee=options)
        said = [(c.message.content, c.message.reasoning_content) for c in reply.choices]
        assert said == [("A", "so then"), ("BC", None)]


@pytest.mark.parametrize("suite", [X25519, SECP256K1])
@pytest.mark.parametrize("signing", ["ed25519", "ecdsa-secp256k1"])
async def test_each_suite_and_each_signature_will_do(
    client: VeniceClient, service: Service, suite: str, signing: str
) -> None:
    enclave = service.enclave
    enclave.suites = (suite,)
    enclave.identity.algo = enclave.receipts.algo = signing
    enclave.rotate()
    options = TeeOptions(format="aci", allow_software_attestation=True)
    reply = await client.chat.completions.create(**CHAT, e2ee=options)
    assert reply.choices[0].message.content == TEXT
    assert reply.meta.proof is not None
    assert reply.meta.proof.attestation.key.algo == suite


async def test_nothing_that_is_said_is_sent_in_plain(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    await client.chat.completions.create(**CHAT, e2ee=options)
    sent = b"".join(body for *_, body in service.requests)
    assert not any(text.encode() in sent for text in (SECRET, "Be brief.", "Yes?"))
    [body] = [json.loads(body) for method, *_, body in service.requests if method == "POST"]
    parameters = {"enable_e2ee": True, "include_venice_system_prompt": False}
    assert body.get("venice_parameters") == (parameters if options.format == "venice" else None)
    assert [one["role"] for one in body["messages"]] == ["system", "user", "assistant", "tool"]


async def test_the_platforms_parameters_are_sent_along(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    told = {"enable_e2ee": True, "strip_thinking_response": True}
    await client.chat.completions.create(**CHAT, e2ee=options, venice_parameters=told)
    assert service.enclave.bodies[0]["venice_parameters"]["strip_thinking_response"] is True


async def test_keys_and_nonces_are_used_for_one_call_only(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    for _ in range(2):
        await client.chat.completions.create(**CHAT, e2ee=options)
    first, second = (headers for method, _, headers, _ in service.requests if method == "POST")
    changing = [name for name in first if name.endswith(("client-pub-key", "e2ee-nonce"))]
    assert changing
    assert all(first[name] != second[name] for name in changing)


async def test_a_nonce_binds_the_callers_key(client: VeniceClient, service: Service) -> None:
    await client.chat.completions.create(
        **CHAT, e2ee=TeeOptions(format="aci", allow_software_attestation=True)
    )
    (headers,) = [headers for method, _, headers, _ in service.requests if method == "POST"]
    random, _, bound = headers["x-e2ee-nonce"].partition(".")
    assert len(bytes.fromhex(random)) == 16
    assert f"sha256:{bound}" == sha256(bytes.fromhex(headers["x-client-pub-key"]))


async def test_the_request_is_marked_in_the_parameters_as_well(client: VeniceClient) -> None:
    with pytest.raises(InvalidRequestError, match=r"messages\.0 has to be text alone"):
        await client.chat.completions.create(
            model="e2ee-toy",
            messages=[{"role": "user", "content": [{"type": "text", "text": "a"}]}],
            extra_body={"venice_parameters": {"enable_e2ee": True}},
        )


async def test_the_standard_is_chosen_where_it_is_offered(service: Service) -> None:
    open_to_both = TeeOptions(allow_software_attestation=True, reuse_s=0)
    for offered, form in ((True, "aci"), (False, "venice")):
        service.aci = offered
        async with VeniceClient(base_url=service.url) as other:
            reply = await other.chat.completions.create(**CHAT, e2ee=open_to_both)
        assert reply.meta.proof is not None
        assert reply.meta.proof.attestation.format == form


async def test_a_text_that_looks_like_parts_stays_a_text(
    client: VeniceClient, service: Service
) -> None:
    options = TeeOptions(format="aci", allow_software_attestation=True)
    chat = {**CHAT, "messages": [{"role": "user", "content": "[1, 2]"}]}
    await client.chat.completions.create(**chat, e2ee=options)
    assert service.enclave.seen == [[[{"type": "text", "text": "[1, 2]"}]]]


async def test_parts_are_encrypted_as_a_whole(client: VeniceClient, service: Service) -> None:
    options = TeeOptions(format="aci", allow_software_attestation=True)
    parts = [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "data:"}}]
    await client.chat.completions.create(
        model="e2ee-toy", messages=[{"role": "user", "content": parts}], e2ee=options
    )
    assert service.enclave.seen == [[parts]]


async def test_an_earlier_answer_is_sent_without_its_thoughts(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    earlier = AssistantMessage(content="A", reasoning_content="so")
    await client.chat.completions.create(
        model="e2ee-toy", messages=[earlier, {"role": "user", "content": "B"}], e2ee=options
    )
    assert service.enclave.bodies[0]["messages"] == [
        {"role": "assistant", "content": "A"},
        {"role": "user", "content": "B"},
    ]


async def test_one_attestation_serves_many_calls_for_a_while(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    for _ in range(3):
        await client.chat.completions.create(**CHAT, e2ee=options)
    assert service.asked("/attestation") == 1
    other = TeeOptions(format=options.format, allow_software_attestation=True, reuse_s=0)
    for _ in range(2):
        await client.chat.completions.create(**CHAT, e2ee=other)
    assert service.asked("/attestation") == 3


async def test_a_nonce_of_the_callers_is_asked_with_each_time(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    chosen = TeeOptions(nonce="AB" * 32, format=options.format, allow_software_attestation=True)
    for _ in range(2):
        reply = await client.chat.completions.create(**CHAT, e2ee=chosen)
    assert reply.meta.proof is not None
    assert reply.meta.proof.attestation.nonce == "ab" * 32
    assert service.asked("nonce=" + "ab" * 32) == 2
    with pytest.raises(InvalidRequestError, match="64 hexadecimal digits"):
        await client.chat.completions.create(**CHAT, e2ee=TeeOptions(nonce="short"))


async def test_new_keys_of_the_enclave_are_attested_once_more(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    await client.chat.completions.create(**CHAT, e2ee=options)
    service.enclave.rotate()
    async with await client.chat.completions.stream(**CHAT, e2ee=options) as stream:
        assert (await stream.collect()).choices[0].message.content == TEXT
    assert service.asked("/attestation") == 2


async def test_an_attestation_serves_no_call_beyond_the_end_of_its_keys(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    began, after = now(), [0]
    vars(client)["tee"] = Tee(client, lambda: began + after[0])
    service.enclave.not_after = began + 60
    for later, attestations in ((0, 1), (59, 1), (60, 2)):
        after[0] = later
        if later == 60:
            service.enclave.not_after = began + 3_600
        await client.chat.completions.create(**CHAT, e2ee=options)
        assert service.asked("/attestation") == attestations


async def test_a_call_that_is_sent_again_is_sealed_again(
    service: Service, options: TeeOptions
) -> None:
    """The enclave has seen its nonce before, and refuses that as a replay."""
    service.failures = [503]
    async with VeniceClient(base_url=service.url) as client:
        reply = await client.chat.completions.create(**CHAT, e2ee=options)
    assert reply.choices[0].message.content == TEXT
    keys = {
        headers["idempotency-key"] for method, _, headers, _ in service.requests if method == "POST"
    }
    assert len(keys) == 1


async def test_a_failure_that_lasts_is_told_and_not_the_replay(
    service: Service, options: TeeOptions
) -> None:
    """The enclave refuses what it has seen before; why it was sent again matters."""
    service.failures = [503] * 9
    async with VeniceClient(base_url=service.url, max_retries=1) as client:
        with pytest.raises(ServiceUnavailableError, match="At capacity"):
            await client.chat.completions.create(**CHAT, e2ee=options)


async def test_a_key_of_the_call_fetches_its_receipt(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    own = {"Authorization": "Bearer another-key"}
    await client.chat.completions.create(**CHAT, e2ee=options, extra_headers=own)
    method, _, headers, _ = service.requests[-1]
    assert (method, headers["authorization"]) == ("GET", "Bearer another-key")


async def test_an_enclave_may_send_the_text_on_as_far_as_the_caller_accepts_it(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    service.enclave.upstream = {
        "type": "upstream.verified",
        "upstream_name": "elsewhere",
        "result": "failed",
        "required": False,
    }
    reply = await client.chat.completions.create(**CHAT, e2ee=options)
    assert reply.meta.proof is not None
    assert any("'elsewhere'" in one for one in reply.meta.proof.unproved)
    service.enclave.hardware = True
    strict = TeeOptions(format=options.format, quote_verifier=lambda quote: True)
    with pytest.raises(TeeAttestationError, match="'elsewhere'"):
        await client.chat.completions.create(**CHAT, e2ee=strict)
    lenient = replace(strict, allow_unverified_upstream=True)
    assert await client.chat.completions.create(**CHAT, e2ee=lenient)


async def test_keys_that_change_all_the_time_are_given_up(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    service.before_chat = service.enclave.rotate
    with pytest.raises(InvalidRequestError, match="Refused"):
        await client.chat.completions.create(**CHAT, e2ee=options)
    assert service.asked("/attestation") == 2
    assert service.asked("/chat/completions") == 2


@pytest.mark.parametrize("weaker", ["software", "venice"])
async def test_keys_that_change_may_not_prove_less_than_those_before(
    client: VeniceClient, service: Service, weaker: str
) -> None:
    service.enclave.hardware = True

    def change() -> None:
        service.enclave.rotate()
        service.enclave.hardware = weaker != "software"
        service.aci = weaker != "venice"

    service.before_chat = change
    options = TeeOptions(quote_verifier=lambda quote: True, allow_software_attestation=True)
    with pytest.raises(TeeAttestationError, match=r"than before|by ACI before"):
        await client.chat.completions.create(**CHAT, e2ee=options)
    assert service.asked("/chat/completions") == 1


async def test_a_receipt_can_be_checked_later_and_offline(
    client: VeniceClient, options: TeeOptions
) -> None:
    reply = await client.chat.completions.create(**CHAT, e2ee=options)
    proof = reply.meta.proof
    assert proof is not None
    assert proof.receipt is not None
    assert proof.attestation.keyset is not None
    receipt = verify_receipt(
        json.loads(json.dumps(proof.receipt)),
        proof.attestation.keyset,
        wire=proof.wire_hash,
        request=proof.request,
        chat_id=reply.id,
        model="e2ee-toy",
    )
    assert receipt.request_hash == sha256(proof.request)


async def in_thread(call: Callable[[], Any]) -> Any:
    return await anyio.to_thread.run_sync(call)


async def test_the_client_without_await_does_the_same(
    service: Service, options: TeeOptions
) -> None:
    def talk() -> list[str | None]:
        with SyncVeniceClient(base_url=service.url) as client:
            attested = client.tee.attest(model="e2ee-toy", options=options)
            assert attested.workload_id == service.enclave.workload_id
            whole = client.chat.completions.create(**CHAT, e2ee=options)
            with client.chat.completions.stream(**CHAT, e2ee=options) as stream:
                texts = "".join(stream.text_deltas())
            return [whole.choices[0].message.content, texts]

    assert await in_thread(partial(talk)) == [TEXT, TEXT]


async def test_a_stream_may_be_left_early(client: VeniceClient, options: TeeOptions) -> None:
    async with await client.chat.completions.stream(**CHAT, e2ee=options) as stream:
        async for text in stream.text_deltas():
            assert text == "Hel"
            break
    assert stream.meta.proof is not None
    assert stream.meta.proof.receipt is None
