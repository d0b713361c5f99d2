"""What a relay may do to replies and receipts: each is refused, and nothing passes for whole."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sealed_service.enclave import REPLY_ID, Said
from sealed_service.protocol import VENICE, Json, Signer, decrypt, encrypt, jcs, new_key, public_of
from sealed_service.service import Service
from venice_ai import APIError, TeeAttestationError, TeeDecryptionError, VeniceClient
from venice_ai.tee import TeeOptions

pytestmark = pytest.mark.filterwarnings("ignore:Confidential chats")

CHAT: dict[str, Any] = {"model": "e2ee-toy", "messages": [{"role": "user", "content": "Hi"}]}
Events = list[bytes]


def chunk(event: bytes) -> Json:
    found: Json = json.loads(event.removeprefix(b"data: "))
    return found


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def texts(events: Events) -> list[int]:
    """Where the pieces of the text are."""
    return [at for at, one in enumerate(events) if b'"content":"' in one and b'""' not in one]


def truncated(events: Events) -> Events:
    return events[: texts(events)[1]]


def without_its_end(events: Events) -> Events:
    return events[:-1]


def without_a_piece(events: Events) -> Events:
    return [one for at, one in enumerate(events) if at != texts(events)[1]]


def reordered(events: Events) -> Events:
    first, second = texts(events)[:2]
    events[first], events[second] = events[second], events[first]
    return events


def repeated(events: Events) -> Events:
    at = texts(events)[0]
    return [*events[: at + 1], events[at], *events[at + 1 :]]


def finished_early(events: Events) -> Events:
    finish = next(at for at, one in enumerate(events) if b'"finish_reason":"stop"' in one)
    return [*events[: texts(events)[1]], *events[finish:]]


def ended_otherwise(events: Events) -> Events:
    return [one.replace(b'"finish_reason":"stop"', b'"finish_reason":"length"') for one in events]


def counted_otherwise(events: Events) -> Events:
    return [one.replace(b'"total_tokens":7', b'"total_tokens":9') for one in events]


def with_a_comment(events: Events) -> Events:
    return [b": hello\n\n", *events]


def altered(events: Events) -> Events:
    at = texts(events)[0]
    value = chunk(events[at])
    text = value["choices"][0]["delta"]["content"]
    value["choices"][0]["delta"]["content"] = text[:-2] + f"{int(text[-2:], 16) ^ 1:02x}"
    events[at] = event(value)
    return events


def in_plain(events: Events) -> Events:
    at = texts(events)[0]
    value = chunk(events[at])
    value["choices"][0]["delta"]["content"] = "Trust me."
    events[at] = event(value)
    return events


def with_plain_tools(events: Events) -> Events:
    at = texts(events)[0]
    value = chunk(events[at])
    value["choices"][0]["delta"]["tool_calls"] = [{"index": 0, "function": {"name": "pay"}}]
    events[at] = event(value)
    return events


def with_a_plain_message(events: Events) -> Events:
    at = texts(events)[0]
    value = chunk(events[at])
    value["choices"][0]["message"] = {"content": "Trust me."}
    events[at] = event(value)
    return events


def with_probabilities(events: Events) -> Events:
    at = texts(events)[0]
    value = chunk(events[at])
    value["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": 0}]}
    events[at] = event(value)
    return events


def all_in_plain(events: Events) -> Events:
    said = {"id": REPLY_ID, "choices": [{"index": 0, "delta": {"content": "Hi"}}]}
    return [event(said), b"data: [DONE]\n\n"]


def of_another_reply(events: Events) -> Events:
    at = texts(events)[1]
    events[at] = event({**chunk(events[at]), "id": "chatcmpl-2"})
    return events


def renamed(events: Events) -> Events:
    return [one.replace(REPLY_ID.encode(), b"chatcmpl-2") for one in events]


def continued(events: Events) -> Events:
    return [*events, events[texts(events)[0]]]


def continued_without_a_text(events: Events) -> Events:
    return [*events, event({"id": REPLY_ID, "choices": []})]


def without_an_object(events: Events) -> Events:
    return [b"data: [1]\n\n", *events]


def a_page(events: Events) -> Events:
    return [b"<html>Sign in</html>"]


ATTACKS = [
    truncated,
    without_its_end,
    without_a_piece,
    reordered,
    repeated,
    finished_early,
    ended_otherwise,
    counted_otherwise,
    with_a_comment,
    altered,
    in_plain,
    with_plain_tools,
    with_a_plain_message,
    with_probabilities,
    all_in_plain,
    of_another_reply,
    renamed,
    continued,
    continued_without_a_text,
    without_an_object,
    a_page,
]


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_stream_that_was_touched_is_refused(
    client: VeniceClient,
    service: Service,
    options: TeeOptions,
    attack: Callable[[Events], Events],
) -> None:
    untouched: Events = []

    def relay(events: Events) -> Events:
        untouched.extend(events)
        return attack(events)

    service.reply = relay
    with pytest.raises((TeeDecryptionError, TeeAttestationError)):
        await (await client.chat.completions.stream(**CHAT, e2ee=options)).collect()
    assert len(texts(untouched)) == 3


async def test_a_piece_that_came_before_in_another_call_is_refused(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    kept: Events = []

    def replayed(events: Events) -> Events:
        if kept:
            return kept
        kept.extend(events)
        return events

    service.reply = replayed
    await (await client.chat.completions.stream(**CHAT, e2ee=options)).collect()
    with pytest.raises(TeeDecryptionError):
        await (await client.chat.completions.stream(**CHAT, e2ee=options)).collect()


async def test_a_piece_moved_to_another_choice_is_refused(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    def moved(events: Events) -> Events:
        at = texts(events)[0]
        value = chunk(events[at])
        value["choices"][0]["index"] = 1
        events[at] = event(value)
        return events

    service.enclave.said = (Said(("A",)), Said(("B",)))
    service.reply = moved
    with pytest.raises((TeeDecryptionError, TeeAttestationError)):
        await (await client.chat.completions.stream(**CHAT, n=2, e2ee=options)).collect()


async def test_thoughts_passed_off_as_the_answer_are_refused(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    service.enclave.said = (Said(("A",), ("so",)),)
    service.reply = lambda events: [one.replace(b"reasoning_content", b"content") for one in events]
    with pytest.raises((TeeDecryptionError, TeeAttestationError)):
        await (await client.chat.completions.stream(**CHAT, e2ee=options)).collect()


@pytest.mark.parametrize("attack", [in_plain, altered, truncated])
async def test_what_touched_a_piece_itself_is_found_before_it_is_shown(
    client: VeniceClient, service: Service, options: TeeOptions, attack: Callable[[Events], Events]
) -> None:
    service.reply = attack
    shown: list[str] = []
    stream = await client.chat.completions.stream(**CHAT, e2ee=options)

    async def read() -> None:
        async for text in stream.text_deltas():
            shown.append(text)  # noqa: PERF401 - it has to be kept when the stream breaks

    with pytest.raises(TeeDecryptionError):
        await read()
    assert "Hello".startswith("".join(shown))


@pytest.mark.parametrize(
    "attack",
    [
        truncated,
        without_its_end,
        repeated,
        altered,
        in_plain,
        with_plain_tools,
        with_a_plain_message,
        with_probabilities,
        of_another_reply,
        continued,
        continued_without_a_text,
    ],
)
async def test_where_no_receipts_are_signed_what_shows_without_one_is_found(
    client: VeniceClient, service: Service, attack: Callable[[Events], Events]
) -> None:
    service.aci = service.receipts = False
    service.report = lambda reply: {**reply, "attestation": None}
    service.reply = attack
    options = TeeOptions(format="venice", allow_software_attestation=True)
    with pytest.raises(TeeDecryptionError):
        await (await client.chat.completions.stream(**CHAT, e2ee=options)).collect()


async def test_an_answer_in_plain_by_its_own_account_is_refused(
    client: VeniceClient, service: Service
) -> None:
    service.headers = {"x-e2ee-applied": "false"}
    options = TeeOptions(format="aci", allow_software_attestation=True)
    for stream in (False, True):
        with pytest.raises(TeeDecryptionError, match="without encryption"):
            await client.chat.completions.create(**CHAT, stream=stream, e2ee=options)


async def test_an_error_within_a_stream_is_raised_as_what_it_is(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    told = {"error": {"message": "The engine stopped.", "code": "INFERENCE_FAILED"}}
    service.reply = lambda events: [*events[: texts(events)[1]], event(told)]
    with pytest.raises(APIError, match="The engine stopped") as raised:
        await (await client.chat.completions.stream(**CHAT, e2ee=options)).collect()
    assert raised.value.code == "INFERENCE_FAILED"


def _changed(body: bytes, change: Callable[[Json], None]) -> bytes:
    value = json.loads(body)
    change(value)
    return json.dumps(value).encode()


def _plain(value: Json) -> None:
    value["choices"][0]["message"]["content"] = "Trust me."


def _usage(value: Json) -> None:
    value["usage"]["total_tokens"] = 9


def _swapped(value: Json) -> None:
    one, other = value["choices"]
    one["message"], other["message"] = other["message"], one["message"]


def _parts(value: Json) -> None:
    value["choices"][0]["message"]["content"] = [{"type": "text", "text": "Trust me."}]


@pytest.mark.parametrize("change", [_plain, _usage, _swapped, _parts])
async def test_a_whole_answer_that_was_touched_is_refused(
    client: VeniceClient, service: Service, change: Callable[[Json], None]
) -> None:
    service.enclave.said = (Said(("A",)), Said(("B",)))
    service.reply = lambda pieces: [_changed(pieces[0], change)]
    options = TeeOptions(format="aci", allow_software_attestation=True)
    with pytest.raises((TeeDecryptionError, TeeAttestationError)):
        await client.chat.completions.create(**CHAT, n=2, e2ee=options)


def _resigned(receipt: Json, signer: Signer) -> Json:
    signature = {"algo": signer.algo, "key_id": receipt["signature"]["key_id"]}
    value = signer.sign(jcs({**receipt, "signature": signature}), recoverable=True)
    return {**receipt, "signature": {**signature, "value": value}}


RECEIPTS: dict[str, Callable[[Json], object]] = {
    "altered": lambda r: {**r, "served_at": r["served_at"] + 1},
    "unsigned": lambda r: {**r, "signature": {**r["signature"], "value": ""}},
    "signed by a stranger": lambda r: _resigned(r, Signer()),
    "of an unknown key": lambda r: {**r, "signature": {**r["signature"], "key_id": "r2"}},
    "of another algorithm": lambda r: {**r, "signature": {**r["signature"], "algo": "none"}},
    "with more": lambda r: {**r, "note": "x"},
    "of another version": lambda r: {**r, "api_version": "aci/2"},
    "none": lambda r: None,
    "a list": lambda r: [r],
}


@pytest.mark.parametrize("name", RECEIPTS)
async def test_a_reply_without_a_good_receipt_is_refused(
    client: VeniceClient, service: Service, options: TeeOptions, name: str
) -> None:
    service.receipt = RECEIPTS[name]
    with pytest.raises(TeeAttestationError):
        await client.chat.completions.create(**CHAT, e2ee=options)


@pytest.mark.parametrize(
    "field", ["chat_id", "model", "workload_id", "workload_keyset_digest", "receipt_id"]
)
async def test_a_receipt_of_something_else_is_refused_although_it_is_signed(
    client: VeniceClient, service: Service, options: TeeOptions, field: str
) -> None:
    service.headers = {"x-receipt-id": f"rcpt-{REPLY_ID}"}
    service.receipt = lambda r: _resigned({**r, field: "sha256:00"}, service.enclave.receipts)
    with pytest.raises(TeeAttestationError):
        await client.chat.completions.create(**CHAT, e2ee=options)


async def test_a_receipt_that_is_not_there_is_missed(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    service.receipts = False
    with pytest.raises(TeeAttestationError) as raised:
        await client.chat.completions.create(**CHAT, e2ee=options)
    assert raised.value.code == "TEE_RECEIPT_MISSING"


async def test_a_receipt_that_comes_late_is_waited_for(
    client: VeniceClient, service: Service
) -> None:
    misses = 2

    def late(receipt: Json) -> Json:
        nonlocal misses
        if misses:
            misses -= 1
            raise LookupError
        return receipt

    service.receipt = late
    options = TeeOptions(format="aci", allow_software_attestation=True)
    reply = await client.chat.completions.create(**CHAT, e2ee=options)
    assert reply.meta.proof is not None
    assert reply.meta.proof.receipt is not None


async def test_a_relay_that_had_the_reply_encrypted_to_itself_is_found(
    client: VeniceClient, service: Service
) -> None:
    """It reads the reply, and encrypts it anew; the enclave signed other bytes."""
    theirs = new_key(VENICE)
    mine: list[str] = []

    def swapped(headers: dict[str, str], body: bytes) -> tuple[int, list[bytes]]:
        name = "x-venice-tee-client-pub-key"
        mine.append(headers[name])
        return original({**headers, name: public_of(theirs).hex()}, body)

    def read_and_sealed_again(events: Events) -> Events:
        for at in texts(events):
            value = chunk(events[at])
            delta = value["choices"][0]["delta"]
            text = decrypt(VENICE, delta["content"], theirs, None)
            delta["content"] = encrypt(VENICE, text, bytes.fromhex(mine[-1]), None)
            events[at] = event(value)
        return events

    original = service.chat
    service.chat, service.reply = swapped, read_and_sealed_again  # type: ignore[method-assign]
    options = TeeOptions(format="venice", allow_software_attestation=True)
    with pytest.raises(TeeAttestationError, match="pieces were lost"):
        await client.chat.completions.create(**CHAT, e2ee=options)


async def test_a_request_that_was_changed_on_the_way_is_found(
    client: VeniceClient, service: Service, options: TeeOptions
) -> None:
    """Roles, order and sampling are readable, so that a relay could change them."""

    def as_system(headers: dict[str, str], body: bytes) -> tuple[int, list[bytes]]:
        return original(headers, body.replace(b'"role":"user"', b'"role":"system"'))

    original = service.chat
    service.chat = as_system  # type: ignore[method-assign]
    with pytest.raises(TeeAttestationError, match="answered another request"):
        await client.chat.completions.create(**CHAT, e2ee=options)
    lenient = TeeOptions(
        format=options.format, allow_software_attestation=True, check_request_hash=False
    )
    reply = await client.chat.completions.create(**CHAT, e2ee=lenient)
    assert reply.choices[0].message.content
