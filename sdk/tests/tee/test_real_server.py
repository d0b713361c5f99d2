"""Confidential chats with the real program, its real enclave and the embedded model."""

import json
import os
import signal
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from program import Program
from venice_ai import InvalidRequestError, NotFoundError, SyncVeniceClient, VeniceClient
from venice_ai.tee import Proof, TeeOptions, verify_receipt

pytestmark = pytest.mark.filterwarnings("ignore:Confidential chats")

MODEL = "e2ee-smollm2-135m"
CHAT: dict[str, Any] = {
    "model": MODEL,
    "messages": [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "Name a colour, please. Grüße!"},
    ],
    "max_completion_tokens": 8,
    "temperature": 0.5,
    "seed": 7,
}


@pytest.fixture
async def client(served: Program) -> AsyncGenerator[VeniceClient]:
    async with VeniceClient(api_key=served.api_key, base_url=f"{served.url}/api/v1") as one:
        yield one


@pytest.fixture(scope="module")
def sync_client(served: Program) -> Iterator[SyncVeniceClient]:
    with SyncVeniceClient(api_key=served.api_key, base_url=f"{served.url}/api/v1") as one:
        yield one


def expect_proved(proof: Proof | None, options: TeeOptions, reply_id: str) -> None:
    assert proof is not None
    assert proof.receipt is not None
    assert proof.attestation.keyset is not None
    assert proof.attestation.format == options.format
    receipt = verify_receipt(
        json.loads(json.dumps(proof.receipt)),
        proof.attestation.keyset,
        wire=proof.wire_hash,
        request=proof.request,
        chat_id=reply_id,
        model=MODEL,
    )
    assert receipt.endpoint.endswith("/chat/completions")


async def test_a_whole_answer_is_decrypted_and_proved(
    client: VeniceClient, options: TeeOptions
) -> None:
    reply = await client.chat.completions.create(**CHAT, n=2, e2ee=options)
    assert len(reply.choices) == 2
    assert all(choice.message.content for choice in reply.choices)
    assert reply.usage is not None
    assert 0 < reply.usage.completion_tokens <= 16
    expect_proved(reply.meta.proof, options, reply.id)


async def test_a_stream_is_decrypted_and_proved(client: VeniceClient, options: TeeOptions) -> None:
    async with await client.chat.completions.stream(**CHAT, e2ee=options) as stream:
        text = "".join([piece async for piece in stream.text_deltas()])
        reply = await stream.collect()
    assert reply.choices[0].message.content == text
    assert reply.choices[0].finish_reason in {"stop", "length"}
    assert reply.usage is not None
    expect_proved(stream.meta.proof, options, reply.id)


def test_the_client_without_await_does_the_same(
    sync_client: SyncVeniceClient, options: TeeOptions
) -> None:
    reply = sync_client.chat.completions.create(**CHAT, e2ee=options)
    assert reply.choices[0].message.content
    expect_proved(reply.meta.proof, options, reply.id)
    with sync_client.chat.completions.stream(**CHAT, e2ee=options) as stream:
        assert "".join(stream.text_deltas())
        expect_proved(stream.meta.proof, options, stream.collect().id)


async def test_the_same_conversation_gives_the_same_answer_as_in_plain(
    client: VeniceClient, options: TeeOptions
) -> None:
    greedy: dict[str, Any] = {**CHAT, "temperature": 0}
    sealed = await client.chat.completions.create(**greedy, e2ee=options)
    greedy["model"] = MODEL.removeprefix("e2ee-")
    bare = {"include_venice_system_prompt": False}
    plain = await client.chat.completions.create(**greedy, venice_parameters=bare)
    assert sealed.choices[0].message.content == plain.choices[0].message.content
    assert sealed.usage is not None
    assert plain.usage is not None
    assert sealed.usage.prompt_tokens == plain.usage.prompt_tokens


async def test_a_text_that_looks_like_parts_is_answered_as_a_text(
    client: VeniceClient, options: TeeOptions
) -> None:
    messages = [{"role": "user", "content": '[{"type": "image_url"}]'}]
    reply = await client.chat.completions.create(
        model=MODEL, messages=messages, max_completion_tokens=4, e2ee=options
    )
    assert reply.choices[0].message.content


async def test_the_installations_identity_can_be_pinned(
    client: VeniceClient, options: TeeOptions, tmp_path: Path
) -> None:
    pinned = replace(options, pin_file=tmp_path / "pins.json")
    first = await client.tee.attest(model=MODEL, options=pinned)
    second = await client.tee.attest(model=MODEL, options=pinned)
    assert first.workload_id == second.workload_id
    assert first.nonce != second.nonce
    assert (first.hardware, first.provider) == (False, "software")


def kill_enclave(served: Program) -> None:
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in served.children()}
    (pid,) = [pid for pid, command in commands.items() if b"app.enclave" in command]
    os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the enclave is found in /proc")
async def test_an_enclave_that_was_killed_is_attested_again_and_answers_by_new_keys(
    client: VeniceClient, served: Program, options: TeeOptions
) -> None:
    before = await client.chat.completions.create(**CHAT, e2ee=options)
    kill_enclave(served)
    after = await client.chat.completions.create(**CHAT, e2ee=options)
    assert before.meta.proof is not None
    assert after.meta.proof is not None
    old, new = before.meta.proof.attestation, after.meta.proof.attestation
    assert old.key != new.key
    assert old.workload_id == new.workload_id
    assert (new.epoch or 0) > (old.epoch or 0)
    expect_proved(after.meta.proof, options, after.id)


async def test_what_the_server_refuses_is_raised_as_it_says(
    client: VeniceClient, options: TeeOptions
) -> None:
    with pytest.raises(InvalidRequestError, match="temperature"):
        await client.chat.completions.create(**{**CHAT, "temperature": 9}, e2ee=options)
    with pytest.raises(NotFoundError, match="e2ee-none"):
        await client.chat.completions.create(**{**CHAT, "model": "e2ee-none"}, e2ee=options)
