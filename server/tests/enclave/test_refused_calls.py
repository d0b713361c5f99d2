"""Calls that an enclave refuses: whole, before any work, without a word of their content."""

import json
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fondaco.domain.confidential.sealed import SealedCall, SealedFormat
from fondaco.domain.errors import (
    ContextTooLongError,
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    FondacoError,
    InvalidModelError,
    InvalidRequestError,
    ModelNotFoundError,
    NotFoundError,
    SealedRequestError,
    UnauthorizedError,
    UnknownError,
)
from fondaco.enclave.sealed_request import MOST_FIELDS
from fondaco.serving.chat.output.validation import InvalidOutputError
from fondaco.serving.routing.failover import BrokenOffError
from sealed_caller import ORIGINAL, X25519, SealedCaller, key_of
from sealed_house import MODEL, THINKER, SealedHouse

CANARY = "xylophone-canary"
Change = Callable[[dict[str, Any], SealedCaller], None]


def changed(caller: SealedCaller, completion_id: str, change: Change) -> SealedCall:
    call = caller.ask(completion_id, CANARY, "And this.")
    body = json.loads(call.body)
    change(body, caller)
    return replace(call, body=json.dumps(body).encode())


async def refusal(house: SealedHouse, call: SealedCall, model: str = MODEL) -> FondacoError:
    """Return the error of a call that no engine hears of."""
    with pytest.raises(FondacoError) as refused:
        await house.enclave.measure(model, call)
    assert not house.engine.asked
    assert CANARY not in "".join(traceback.format_exception(refused.value))
    return refused.value


def _set(**fields: Any) -> Change:
    return lambda body, _: body.update(fields)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("tools", _set(tools=[{"type": "function", "function": {"name": "f"}}])),
        ("tools", _set(tools=[])),
        ("tool_choice", _set(tool_choice="auto")),
        ("response_format", _set(response_format={"type": "json_object"})),
        ("response_format", _set(response_format={"type": "text"})),
        ("logprobs", _set(logprobs=True)),
        ("modalities", _set(modalities=["text", "audio"], audio={"voice": "alloy"})),
        (
            "venice_parameters.enable_web_search",
            _set(venice_parameters={"enable_web_search": "on"}),
        ),
        (
            "venice_parameters.enable_web_scraping",
            _set(venice_parameters={"enable_web_scraping": True}),
        ),
        (
            "venice_parameters.character_slug",
            _set(venice_parameters={"character_slug": "alan-watts"}),
        ),
        ("venice_parameters.enable_web_search", _set(model=f"{MODEL}:enable_web_search=auto")),
    ],
)
async def test_what_would_pass_in_plain_is_refused(
    house: SealedHouse, field: str, change: Change
) -> None:
    error = await refusal(house, changed(house.caller(), house.id(), change))
    assert isinstance(error, InvalidRequestError)
    assert list(error.faults) == [field]
    assert "not supported in encrypted requests" in str(error)


def _message(**fields: Any) -> Change:
    return lambda body, _: body["messages"][1].update(fields)


def _moved(body: dict[str, Any], _: SealedCaller) -> None:
    body["messages"].reverse()


def _twice(body: dict[str, Any], _: SealedCaller) -> None:
    body["messages"][1]["content"] = body["messages"][0]["content"]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("messages.1.content", _message(content="In plain.")),
        ("messages.1.content", _message(content="")),
        ("messages.1.content", _message(content=[])),
        ("messages.1.content", _message(role="assistant", content=None, refusal="")),
        ("messages.1.content", _message(content="ab" * 100)),
        ("messages.1.content.0.text", _message(content=[{"type": "text", "text": "In plain."}])),
        (
            "messages.1.content.0",
            _message(content=[{"type": "image_url", "image_url": {"url": "data:,x"}}]),
        ),
        ("messages.1.reasoning_content", _message(role="assistant", reasoning_content="Plain.")),
        ("messages.1.notes", _message(notes="Plain.")),
        ("messages.0.content", _moved),
        ("messages.1.content", _twice),
    ],
)
async def test_a_message_that_is_not_encrypted_at_its_place_refuses_all(
    house: SealedHouse, path: str, change: Change
) -> None:
    error = await refusal(house, changed(house.caller(), house.id(), change))
    assert isinstance(error, SealedRequestError)
    assert error.reason == "e2ee_decryption_failed"
    assert str(error).startswith(path)


async def test_the_original_format_streams(house: SealedHouse) -> None:
    call = house.caller(ORIGINAL).ask(house.id(), CANARY, stream=False)
    assert "Set stream to true" in str(await refusal(house, call))


async def test_the_original_format_encrypts_contents_as_a_whole(house: SealedHouse) -> None:
    caller = house.caller(ORIGINAL)
    parts = [{"type": "text", "text": caller.seal("x", "messages.0.content")}]
    call = caller.ask(house.id(), CANARY, messages=[{"role": "user", "content": parts}])
    assert str(await refusal(house, call)).startswith("messages.0.content is not encrypted")


def _as_one(caller: SealedCaller) -> str:
    parts = [{"type": "text", "text": "Both"}, {"type": "text", "text": "parts"}]
    return caller.seal(json.dumps(parts), "messages.0.content")


def _one_by_one(caller: SealedCaller) -> list[dict[str, str]]:
    return [
        {"type": "text", "text": caller.seal(text, f"messages.0.content.{index}.text")}
        for index, text in enumerate(("Both", "parts"))
    ]


@pytest.mark.parametrize("sealed", [_as_one, _one_by_one])
async def test_a_content_may_be_parts(
    house: SealedHouse, sealed: Callable[[SealedCaller], object]
) -> None:
    caller = house.caller()
    await house.answer(
        caller.ask(house.id(), messages=[{"role": "user", "content": sealed(caller)}])
    )
    assert house.engine.asked[0].messages[0].content == ("Both", "parts")


@pytest.mark.parametrize("text", ["[1, 2]", "[not json", '["a"]', "[]", '[{"a": 1}]'])
async def test_a_text_that_only_looks_like_parts_stays_a_text(
    house: SealedHouse, text: str
) -> None:
    await house.answer(house.caller().ask(house.id(), text))
    assert house.engine.asked[0].messages[0].content == text


async def test_the_original_format_has_no_parts_in_a_text(house: SealedHouse) -> None:
    text = json.dumps([{"type": "text", "text": "A text of its own"}])
    await house.answer(house.caller(ORIGINAL).ask(house.id(), text))
    assert house.engine.asked[0].messages[0].content == text


@pytest.mark.parametrize(
    "part",
    [
        {"type": CANARY, CANARY: CANARY},
        {"type": "text", "text": [CANARY]},
        {"type": "text", "text": ""},
        {"type": "image_url", "image_url": {"url": f"https://{CANARY}.example/a.png"}},
        {"type": "input_audio", "input_audio": {"data": CANARY}},
    ],
)
async def test_decrypted_parts_that_no_model_takes_are_refused_without_a_word_of_them(
    house: SealedHouse, part: object
) -> None:
    call = house.caller().ask(house.id(), json.dumps([part]))
    error = await refusal(house, call)
    assert isinstance(error, InvalidRequestError)
    assert list(error.faults) == ["messages.0.content"]


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError(f"The template rejects {CANARY}", faults={CANARY: (CANARY,)}),
        InvalidModelError(CANARY),
        EngineError(f"The model's engine failed: {CANARY!r}."),
    ],
)
async def test_what_an_engine_says_of_a_request_stays_in_the_enclave(
    house: SealedHouse, error: FondacoError
) -> None:
    house.engine.refuses = error
    with pytest.raises(FondacoError) as refused:
        await house.enclave.measure(MODEL, house.caller().ask(house.id(), CANARY))
    assert type(refused.value) is type(error)
    assert CANARY not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("at", ["measurement", "answer"])
@pytest.mark.parametrize(
    "error",
    [
        EngineError(f"The model's engine failed: {CANARY!r}."),
        BrokenOffError(CANARY),
        EngineRefusedError(CANARY),
        EngineTimeoutError(CANARY),
        InvalidOutputError(CANARY),
        InvalidRequestError(CANARY),
        UnknownError(CANARY),
    ],
)
async def test_what_a_failing_engine_says_stays_in_the_enclave(
    house: SealedHouse, error: FondacoError, at: str
) -> None:
    house.engine.says = ()
    house.engine.refuses, house.engine.fails = (
        (error, None) if at == "measurement" else (None, error)
    )
    with pytest.raises(FondacoError) as failed:
        await house.answer(house.caller().ask(house.id(), CANARY))
    assert CANARY not in "".join(traceback.format_exception(failed.value))


async def test_an_engine_that_is_full_says_when_to_try_again(house: SealedHouse) -> None:
    house.engine.refuses = EngineBusyError("All slots are taken.", retry_after_s=3)
    with pytest.raises(EngineBusyError, match="All slots are taken") as failed:
        await house.enclave.measure(MODEL, house.caller().ask(house.id(), CANARY))
    assert failed.value.retry_after_s == 3


async def test_a_context_that_is_too_long_is_told_by_its_numbers(house: SealedHouse) -> None:
    house.engine.refuses = ContextTooLongError(5_000, 10, 4_096)
    with pytest.raises(ContextTooLongError, match="4096 tokens") as refused:
        await house.enclave.measure(MODEL, house.caller().ask(house.id(), CANARY))
    assert refused.value.input_tokens == 5_000


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff{}", "not UTF-8"),
        (b"[" * 10_000 + b"]" * 10_000, "levels deep"),
        (b'{"model": "a", "model": "b", "messages": []}', "twice"),
        (b'{"model": "e2ee-toy", "messages": {}}', "messages"),
        (b'{"model": "e2ee-toy", "messages": [1]}', "messages"),
        (b'{"model": "e2ee-toy", "messages": [{"role": "user", "content": 5}]}', "messages"),
        (b'{"model": 5, "messages": [{"role": "user", "content": "x"}]}', "model"),
        (b'{"model": "e2ee-toy", "messages": [{"role": 1e999, "content": "x"}]}', "number"),
    ],
)
async def test_a_body_of_another_shape_is_refused(
    house: SealedHouse, body: bytes, says: str
) -> None:
    error = await refusal(house, house.caller().call(house.id(), body))
    assert isinstance(error, InvalidRequestError)
    assert says in str(error)


async def test_more_fields_than_are_decrypted_are_refused(house: SealedHouse) -> None:
    messages = [{"role": "user", "content": "ab" * 60}] * (MOST_FIELDS + 1)
    call = house.caller().ask(house.id(), stream=True, messages=messages)
    assert "encrypted fields" in str(await refusal(house, call))


async def test_a_key_of_before_a_rotation_is_none_of_the_enclaves(house: SealedHouse) -> None:
    call = house.caller().ask(house.id(), CANARY)
    before = await house.enclave.identity()
    after = await house.enclave.rotate()
    assert after.workload_id == before.workload_id
    assert after.keyset_digest != before.keyset_digest
    error = await refusal(house, call)
    assert isinstance(error, SealedRequestError)
    assert error.reason == "e2ee_model_key_mismatch"


async def test_a_replayed_request_is_refused(house: SealedHouse) -> None:
    call = house.caller().ask(house.id(), "Once.")
    await house.answer(call)
    house.engine.asked.clear()
    error = await refusal(house, replace(call, completion_id=house.id()))
    assert isinstance(error, SealedRequestError)
    assert error.reason == "e2ee_replay_detected"


async def test_a_model_that_the_enclave_does_not_run_is_not_found(house: SealedHouse) -> None:
    error = await refusal(house, house.caller().ask(house.id(), CANARY), model="e2ee-other")
    assert isinstance(error, ModelNotFoundError)


@pytest.mark.parametrize("named", [MODEL, f"{MODEL}:disable_thinking=true"])
async def test_a_gateway_cannot_have_another_model_answer_than_the_caller_named(
    house: SealedHouse, named: str
) -> None:
    caller = house.caller(model=named)
    error = await refusal(house, caller.ask(house.id(), CANARY), model=THINKER)
    assert isinstance(error, SealedRequestError)
    assert error.reason == "e2ee_invalid_payload_model"
    assert await house.answer(house.caller(model=named).ask(house.id(), "Hello"))


async def test_a_name_that_the_enclave_does_not_know_is_not_found(house: SealedHouse) -> None:
    call = house.caller(model="e2ee-tox").ask(house.id(), CANARY)
    assert isinstance(await refusal(house, call), ModelNotFoundError)


async def test_the_platforms_system_prompt_is_off(house: SealedHouse) -> None:
    await house.answer(house.caller().ask(house.id(), "Hello"))
    assert house.engine.asked[0].system_prompt is False


async def test_receipts_are_for_who_made_the_call(house: SealedHouse) -> None:
    call = house.caller().ask(house.id(), "Hello")
    await house.answer(call)
    with pytest.raises(UnauthorizedError):
        await house.enclave.receipt(SealedFormat.ACI, call.completion_id, owner="another")
    with pytest.raises(NotFoundError):
        await house.enclave.receipt(SealedFormat.ACI, "chatcmpl-none", owner=call.owner)


async def test_a_report_repeats_the_nonce(house: SealedHouse) -> None:
    report = await house.enclave.attestation(SealedFormat.ACI, nonce="ab" * 16)
    keyset = report["attestation"]["workload_keyset"]
    assert key_of(keyset, X25519) == key_of(house.keys.keyset, X25519)
    with pytest.raises(InvalidRequestError):
        await house.enclave.attestation(SealedFormat.ORIGINAL, nonce="short")
