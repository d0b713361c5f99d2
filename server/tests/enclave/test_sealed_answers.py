"""Answers of an enclave, through the gateway's side of it."""

import json
from contextlib import aclosing
from hashlib import sha256
from typing import Any

import anyio
import pytest

from fondaco.domain.chat.events import (
    Finish,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolPart,
    UsageReported,
)
from fondaco.domain.chat.message import PREFIX
from fondaco.domain.confidential.sealed import SealedFormat
from fondaco.domain.errors import EngineError, SealedRequestError
from fondaco.domain.money.usage import Report
from fondaco.ports import Prompt
from hand_clock import HandClock
from sealed_caller import ORIGINAL, SECP256K1, X25519, SealedCaller
from sealed_house import MODEL, PROMPT_TOKENS, SAID, THINKER, SealedHouse, sealed_house

USAGE = {"include_usage": True}


@pytest.mark.parametrize("algo", [X25519, SECP256K1, ORIGINAL])
async def test_a_stream_is_encrypted_in_each_format(house: SealedHouse, algo: str) -> None:
    caller = house.caller(algo)
    call = caller.ask(house.id(), "Be brief.", "Name the capital.", stream_options=USAGE)
    wire = await house.said(call)
    opened = caller.opened(wire)
    assert opened.text() == "The capital is Rome."
    assert [end["finish_reason"] for end in opened.ends] == ["stop"]
    assert opened.usage is not None
    assert opened.usage["prompt_tokens"] == PROMPT_TOKENS
    assert opened.usage["completion_tokens"] == 3
    assert b"Rome" not in wire
    assert [message.content for message in house.engine.asked[0].messages] == [
        "Be brief.",
        "Name the capital.",
    ]


@pytest.mark.parametrize("algo", [X25519, SECP256K1])
async def test_a_whole_answer_is_encrypted(house: SealedHouse, algo: str) -> None:
    caller = house.caller(algo)
    call = caller.ask(house.id(), "Name the capital.", stream=False)
    body = json.loads(await house.said(call))
    (choice,) = body["choices"]
    path = "choices.0.message.content"
    assert caller.open(choice["message"]["content"], path, body["id"]) == "The capital is Rome."
    assert choice["message"]["reasoning_content"] is None
    assert (body["id"], body["model"], body["created"]) == (call.completion_id, MODEL, call.created)
    assert body["usage"]["completion_tokens"] == 3


async def test_a_long_conversation_is_decrypted_in_its_order(house: SealedHouse) -> None:
    texts = [f"number {number}" for number in range(60)]
    await house.answer(house.caller().ask(house.id(), *texts))
    assert [message.content for message in house.engine.asked[0].messages] == texts


async def test_the_last_piece_alone_ends_the_stream_and_tells_the_prompt(
    house: SealedHouse,
) -> None:
    pieces = await house.answer(house.caller().ask(house.id(), "Hello"))
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert sum(piece.tokens for piece in pieces) == 3
    assert pieces[-1].input_tokens == PROMPT_TOKENS
    assert pieces[-1].wire.endswith(b"data: [DONE]\n\n")
    assert not any(b'finish_reason":"stop' in piece.wire for piece in pieces[:-1])


async def test_reasoning_is_separated_and_encrypted(house: SealedHouse) -> None:
    house.engine.says = (
        (Text(0, "<think>Italy, "),),
        (Text(0, "so Rome.</think>"),),
        (Text(0, "Rome."),),
        (Finish(0, "stop"),),
    )
    caller = house.caller(model=THINKER)
    pieces = await house.answer(caller.ask(house.id(), "Name it."), model=THINKER)
    wire = b"".join(piece.wire for piece in pieces)
    opened = caller.opened(wire)
    assert (opened.text(), opened.text(kind="reasoning_content")) == ("Rome.", "Italy, so Rome.")
    assert b"Italy" not in wire
    assert sum(piece.reasoning_tokens for piece in pieces) == 2


async def test_reasoning_of_a_whole_answer_is_encrypted(house: SealedHouse) -> None:
    house.engine.says = ((Reasoning(0, "Italy."),), (Text(0, "Rome."),), (Finish(0, "stop"),))
    caller = house.caller(model=THINKER)
    call = caller.ask(house.id(), "Name it.", stream=False)
    body = json.loads(await house.said(call, model=THINKER))
    message = body["choices"][0]["message"]
    opened = [
        caller.open(message[kind], f"choices.0.message.{kind}", body["id"])
        for kind in ("reasoning_content", "content")
    ]
    assert opened == ["Italy.", "Rome."]


async def test_choices_are_encrypted_each_at_its_place(house: SealedHouse) -> None:
    house.engine.says = (
        (Text(0, "one"), Text(1, "two")),
        (Finish(1, "stop"), Text(0, " more")),
        (Finish(0, "length"),),
    )
    caller = house.caller()
    opened = caller.opened(await house.said(caller.ask(house.id(), "Count.", n=2)))
    assert (opened.text(0), opened.text(1)) == ("one more", "two")
    assert [(end["index"], end["finish_reason"]) for end in opened.ends] == [
        (0, "length"),
        (1, "stop"),
    ]


async def test_an_empty_answer_is_encrypted_too(house: SealedHouse) -> None:
    house.engine.says = ((Finish(0, "stop"), UsageReported(Report(PROMPT_TOKENS, None, 1))),)
    caller = house.caller()
    opened = caller.opened(await house.said(caller.ask(house.id(), "Say nothing.")))
    assert opened.pieces == [(0, "content", "")]


async def test_a_refusal_is_content_and_what_only_engines_read_is_dropped(
    house: SealedHouse,
) -> None:
    house.engine.says = (
        (Refusal(0, "I will not."), Opaque(0, {"reasoning_opaque": '"secret thoughts"'})),
        (ToolPart(0, 0, '{"city":"Oslo"}', name="weather"), Finish(0, "stop")),
    )
    caller = house.caller()
    wire = await house.said(caller.ask(house.id(), "Do it."))
    assert caller.opened(wire).text() == "I will not."
    assert not any(word in wire for word in (b"secret", b"Oslo", b"weather"))


async def test_what_is_no_content_reaches_the_engine(house: SealedHouse) -> None:
    fields = {"stop": ["END"], "seed": 7, "top_p": 0.5, "n": 2, "max_completion_tokens": 9}
    house.engine.says = ((Text(0, "a"), Text(1, "b")), (Finish(0, "stop"), Finish(1, "stop")))
    await house.said(house.caller().ask(house.id(), "Hello", **fields), most=9)
    asked = house.engine.asked[-1]
    assert (asked.sampling.stop, asked.sampling.seed, asked.sampling.top_p) == (("END",), 7, 0.5)
    assert (asked.choices, asked.max_output_tokens, asked.model) == (2, 9, "toy")


async def test_an_answer_may_go_on_from_its_beginning(house: SealedHouse) -> None:
    caller = house.caller()
    begun = caller.messages([("user", "Name it."), ("assistant", "The capital is")])
    call = caller.ask(house.id(), messages=[begun[0], {**begun[1], "prefix": True}])
    await house.answer(call)
    assert house.engine.asked[-1].options.hints == {PREFIX: True}


@pytest.mark.parametrize("parameter", ["strip_thinking_response", "disable_thinking"])
async def test_reasoning_that_is_not_wanted_is_counted_and_not_sent(
    house: SealedHouse, parameter: str
) -> None:
    house.engine.says = ((Reasoning(0, "Italy."),), (Text(0, "Rome."),), (Finish(0, "stop"),))
    caller = house.caller(model=THINKER)
    call = caller.ask(house.id(), "Name it.", venice_parameters={parameter: True})
    pieces = await house.answer(call, model=THINKER)
    opened = caller.opened(b"".join(piece.wire for piece in pieces))
    assert opened.pieces == [(0, "content", "Rome.")]
    assert sum(piece.tokens for piece in pieces) == 2
    assert sum(piece.reasoning_tokens for piece in pieces) == 1


async def test_requests_share_a_prompt_cache_within_one_key_alone(house: SealedHouse) -> None:
    call = house.caller().ask(house.id(), "Hello")
    await house.answer(call)
    assert house.engine.asked[-1].cache_scope == call.owner


async def test_the_limit_cuts_what_an_engine_says_beyond_it(house: SealedHouse) -> None:
    house.engine.says = tuple((Text(0, f"{number} "),) for number in range(50))
    caller = house.caller()
    pieces = await house.answer(caller.ask(house.id(), "Count."), most=5)
    assert sum(piece.tokens for piece in pieces) == 5
    opened = caller.opened(b"".join(piece.wire for piece in pieces))
    assert opened.text() == "0 1 2 3 4 "
    assert house.engine.asked[-1].max_output_tokens == 5


async def test_an_uncounted_prompt_is_told_at_the_end(house: SealedHouse) -> None:
    house.engine.prompt = Prompt(400, exact=False)
    house.engine.says = (*SAID, (UsageReported(Report(21, None, 3)),))
    call = house.caller().ask(house.id(), "Hello")
    assert await house.enclave.measure(MODEL, call) == Prompt(400, exact=False)
    async with aclosing(house.enclave.answer(MODEL, call, 100)) as pieces:
        *_, last = [piece async for piece in pieces]
    assert last.input_tokens == 21


async def test_pieces_never_take_back_tokens_that_were_told(house: SealedHouse) -> None:
    late = UsageReported(
        Report(PROMPT_TOKENS, None, 30)
    )  # before it, the text's length is all there is
    house.engine.says = ((Text(0, "word " * 80),), (late, Finish(0, "stop")))
    pieces = await house.answer(house.caller().ask(house.id(), "Go on."))
    assert [piece.tokens for piece in pieces] == [100, 0]


async def test_tokens_of_the_prompt_stay_in_the_enclave(house: SealedHouse) -> None:
    call = house.caller().ask(house.id(), "Hello")
    assert (await house.enclave.measure(MODEL, call)).token_ids is None


async def test_what_comes_within_a_moment_is_encrypted_as_one() -> None:
    clock = HandClock()
    async with sealed_house(clock=clock) as house:
        house.engine.says = (*((Text(0, f"{n} "),) for n in range(100)), (Finish(0, "stop"),))

        def pass_a_hundredth(_: int) -> None:
            clock.at += 0.01

        house.engine.before = pass_a_hundredth
        caller = house.caller()
        caller.ts = int(clock.now())
        opened = caller.opened(await house.said(caller.ask(house.id(), "Count."), most=1_000))
    texts = [text for _, _, text in opened.pieces]
    assert texts[0] == "0 "  # the first is not kept waiting
    assert len(texts) == 11
    assert "".join(texts) == "".join(f"{n} " for n in range(100))


async def test_closing_the_answer_stops_the_engine(house: SealedHouse) -> None:
    house.engine.stalls = True
    call = house.caller().ask(house.id(), "Hello")
    await house.enclave.measure(MODEL, call)
    async with aclosing(house.enclave.answer(MODEL, call, 100)) as pieces:
        await anext(pieces)
    with anyio.fail_after(10):
        await house.engine.stopped.wait()


async def test_a_call_is_answered_once(house: SealedHouse) -> None:
    call = house.caller().ask(house.id(), "Hello")
    await house.answer(call)
    with pytest.raises(SealedRequestError, match="no longer has this request") as refused:
        await anext(house.enclave.answer(MODEL, call, 100))
    assert refused.value.reason == "e2ee_model_key_mismatch"


async def test_an_engine_that_breaks_off_ends_the_answer_without_a_receipt(
    house: SealedHouse,
) -> None:
    house.engine.says, house.engine.fails = SAID[:1], EngineError("It said: Rome")
    call = house.caller().ask(house.id(), "Hello")
    await house.enclave.measure(MODEL, call)
    pieces = house.enclave.answer(MODEL, call, 100)
    heard = await anext(pieces)
    assert b"[DONE]" not in heard.wire
    with pytest.raises(EngineError, match="ended its response early"):
        await anext(pieces)
    with pytest.raises(Exception, match="No receipt"):
        await house.enclave.receipt(SealedFormat.ACI, call.completion_id, owner=call.owner)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_receipt_covers_the_bytes_that_were_sent(
    house: SealedHouse, *, stream: bool
) -> None:
    caller = house.caller()
    call = caller.ask(house.id(), "Hello", stream=stream)
    wire = await house.said(call, most=40)
    receipt = await house.enclave.receipt(SealedFormat.ACI, call.completion_id, owner=call.owner)
    log = {event["type"]: event for event in receipt["event_log"]}
    assert log["response.returned"]["wire_hash"] == f"sha256:{sha256(wire).hexdigest()}"
    body = json.loads(call.body)
    body["messages"][0]["content"] = "Hello"
    assert log["request.received"]["body_hash"] == _digest(body)
    forwarded = {**body, "model": "toy", "max_completion_tokens": 40}
    assert log["request.forwarded"]["body_hash"] == _digest(forwarded)
    said = _in_cleartext(wire, caller) if stream else _whole_in_cleartext(wire, caller)
    assert log["response.returned"]["cleartext_hash"] == f"sha256:{sha256(said).hexdigest()}"
    assert receipt["chat_id"] == call.completion_id
    assert receipt["endpoint"] == "/v1/chat/completions"


def _digest(body: object) -> str:
    compact = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return f"sha256:{sha256(compact).hexdigest()}"


def _in_cleartext(wire: bytes, caller: SealedCaller) -> bytes:
    """Return a stream with each ciphertext replaced by its text."""
    written = []
    for event in wire.split(b"\n\n")[:-2]:
        chunk = json.loads(event.removeprefix(b"data: "))
        _open(chunk, caller, "delta")
        written.append(b"data: " + json.dumps(chunk, separators=(",", ":")).encode())
    return b"\n\n".join([*written, b"data: [DONE]", b""])


def _whole_in_cleartext(wire: bytes, caller: SealedCaller) -> bytes:
    body = json.loads(wire)
    _open(body, caller, "message")
    return json.dumps(body, separators=(",", ":")).encode()


def _open(chunk: dict[str, Any], caller: SealedCaller, place: str) -> None:
    for choice in chunk["choices"]:
        for kind in ("content", "reasoning_content"):
            if sealed := choice[place].get(kind):
                path = f"choices.{choice['index']}.{place}.{kind}"
                choice[place][kind] = caller.open(sealed, path, chunk["id"])
