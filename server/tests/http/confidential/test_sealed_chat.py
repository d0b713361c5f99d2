"""Encrypted calls at the gateway: what reaches the enclave and its caller, and what is charged, however it ends."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

import anyio
import httpx2
import pytest

from fondaco.domain.confidential.sealed import Sealed, SealedFormat
from fondaco.domain.errors import EngineError, EngineTimeoutError, SealedRequestError
from fondaco.domain.money.money import NANO
from fondaco.ports import Prompt
from fondaco.serving import sealed
from house import TOY, House, house
from told_enclave import ACI, CIPHERTEXT, ORIGINAL, SAID, TWIN, ToldEnclave, sealed_body

INPUT_NANO, OUTPUT_NANO = 200, 900
BILL = 7 * INPUT_NANO + 5 * OUTPUT_NANO
"""Of what an enclave says that is told nothing else."""
PATHS = ("/api/v1/chat/completions", "/v1/chat/completions")


@pytest.fixture(scope="module")
def enclave() -> ToldEnclave:
    return ToldEnclave()


@pytest.fixture(scope="module")
async def whole_house(enclave: ToldEnclave) -> AsyncGenerator[House]:
    async with house(models=(TOY, TWIN), enclaves={"enclave": enclave}, usd=1_000 * NANO) as one:
        yield one


@pytest.fixture
def one(whole_house: House, enclave: ToldEnclave) -> House:
    vars(enclave).update(vars(ToldEnclave()))
    return whole_house


async def ask(
    one: House,
    headers: dict[str, str] = ORIGINAL,
    path: str = PATHS[0],
    **fields: object,
) -> httpx2.Response:
    return await one.client.post(path, headers=headers, json=sealed_body(**fields))


async def until(met: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not met():  # noqa: ASYNC110 - the condition lies in the server
            await anyio.sleep(0.01)


def spent(one: House, before: int) -> int:
    return -sum(entry.amount for entry in one.charges()[before:])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [ORIGINAL, ACI])
async def test_the_enclaves_bytes_reach_the_caller_unchanged(
    one: House, enclave: ToldEnclave, headers: dict[str, str], path: str
) -> None:
    before = len(one.charges())
    reply = await ask(one, headers, path)
    assert reply.status_code == 200, reply.text
    assert reply.content == b"".join(piece.wire for piece in SAID)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert spent(one, before) == BILL
    (call,) = enclave.measured
    assert call.endpoint == path
    assert call.completion_id == f"chatcmpl-{one.charges()[-1].call_id}"


@pytest.mark.parametrize(
    ("headers", "form"), [(ORIGINAL, SealedFormat.ORIGINAL), (ACI, SealedFormat.ACI)]
)
async def test_the_enclave_gets_the_body_as_it_was_sent_and_the_headers_of_its_protocol_alone(
    one: House, enclave: ToldEnclave, headers: dict[str, str], form: SealedFormat
) -> None:
    body = b'{"stream":true,  "model":"e2ee-toy","messages":[{"role":"user","content":"%b"}]}' % (
        CIPHERTEXT.encode()
    )
    sent = {**headers, "Content-Type": "application/json", "X-Other": "other"}
    await one.client.post(PATHS[0], headers=sent, content=body)
    (call,) = enclave.measured
    assert (call.format, call.body) == (form, body)
    assert call.headers == {name.lower(): value for name, value in headers.items()}
    await ask(one, {**ACI, "X-Upstream-Verification": "required"})
    assert enclave.measured[-1].headers["x-upstream-verification"] == "required"
    assert "fondaco_secret" not in call.owner
    assert len(call.owner) == 64


async def test_headers_tell_of_the_enclave_the_receipt_and_the_suite(one: House) -> None:
    reply = await ask(one, ACI)
    shown = reply.headers
    assert shown["x-aci-version"] == "aci/1"
    assert shown["x-aci-identity"] == f"sha256:{'1' * 64}"
    assert shown["x-aci-keyset-digest"] == f"sha256:{'2' * 64}"
    assert shown["x-receipt-id"] == f"rcpt-chatcmpl-{shown['cf-ray']}"
    assert (shown["x-e2ee-applied"], shown["x-e2ee-version"]) == ("true", "2")
    assert shown["x-e2ee-algo"] == "x25519-aes-256-gcm-hkdf-sha256"
    assert (shown["x-venice-model-id"], shown["x-venice-model-router"]) == ("e2ee-toy", "enclave")
    other = await ask(one, {**ACI, "X-Model-Pub-Key": "0x" + "b" * 130})
    assert other.headers["x-e2ee-algo"] == "secp256k1-aes-256-gcm-hkdf-sha256"


async def test_a_whole_response_is_sent_as_the_enclave_made_it(
    one: House, enclave: ToldEnclave
) -> None:
    body = b'{"a": "%b"}' % (b"0a" * 4_000)
    enclave.says = (Sealed(body, 5, last=True),)
    before = len(one.charges())
    reply = await ask(one, {**ACI, "Accept-Encoding": "gzip, br"}, stream=False)
    assert reply.content == body
    assert "content-encoding" not in reply.headers
    assert reply.headers["cache-control"] == "no-transform"
    assert spent(one, before) == BILL


async def test_the_limit_is_the_callers_or_what_the_context_leaves(
    one: House, enclave: ToldEnclave
) -> None:
    await ask(one, max_completion_tokens=9)
    await ask(one)
    assert [limit for _, _, limit in enclave.answered] == [9, 4_096 - 7]


async def test_a_name_for_another_model_leads_to_the_twin_and_stays_as_it_was_in_the_body(
    one: House, enclave: ToldEnclave
) -> None:
    reply = await ask(one, model="e2ee-gpt-4o")
    assert reply.headers["x-venice-model-id"] == "e2ee-toy"
    assert b'"e2ee-gpt-4o"' in enclave.measured[0].body


async def test_a_silent_stream_gets_no_ping_that_no_receipt_covers() -> None:
    told = ToldEnclave(says=SAID[:1], stalls=True)
    async with house(models=(TOY, TWIN), enclaves={"enclave": told}, ping_interval_s=0.01) as one:
        body, seen = sealed_body(), b""
        async with one.client.stream("POST", PATHS[0], headers=ORIGINAL, json=body) as reply:
            with anyio.move_on_after(1.0):
                async for piece in reply.aiter_raw():
                    seen += piece
        assert seen == SAID[0].wire


# How calls end, and what they cost then.


async def test_a_hang_up_is_charged_for_what_was_produced(one: House, enclave: ToldEnclave) -> None:
    enclave.says, enclave.stalls, before = SAID[:2], True, len(one.charges())
    async with one.client.stream("POST", PATHS[0], headers=ORIGINAL, json=sealed_body()) as reply:
        async for _ in reply.aiter_raw():
            break
    with anyio.fail_after(20):
        await enclave.stopped.wait()
    await until(lambda: spent(one, before) == BILL)
    assert "caller" in one.charges()[-1].notes


async def test_a_hang_up_before_the_first_piece_is_free(one: House, enclave: ToldEnclave) -> None:
    enclave.says, enclave.stalls, before = (), True, len(one.charges())
    hangups = one.platform.metrics.hangups
    async with anyio.create_task_group() as group:
        group.start_soon(ask, one)
        await until(lambda: bool(enclave.answered))
        group.cancel_scope.cancel()
    await until(lambda: one.platform.metrics.hangups == hangups + 1)
    assert spent(one, before) == 0


@pytest.mark.parametrize("error", [EngineError("It died."), None])
async def test_an_enclave_that_dies_in_mid_stream_ends_it_with_an_error_and_a_charge(
    one: House, enclave: ToldEnclave, error: EngineError | None
) -> None:
    enclave.says, enclave.fails, before = SAID[:2], error, len(one.charges())
    reply = await ask(one)
    assert reply.status_code == 200
    *said, last, rest = reply.content.split(b"\n\n")
    assert [piece + b"\n\n" for piece in said] == [piece.wire for piece in SAID[:2]]
    assert b'"code":"INFERENCE_FAILED"' in last
    assert b"is charged" in last
    assert (rest, b"[DONE]" in reply.content) == (b"", False)
    assert spent(one, before) == BILL


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("error", [EngineError("It died."), EngineTimeoutError(), None])
async def test_an_enclave_that_says_nothing_costs_nothing(
    one: House, enclave: ToldEnclave, error: EngineError | None, *, stream: bool
) -> None:
    enclave.says, enclave.fails, before = (), error, len(one.charges())
    reply = await ask(one, ACI, stream=stream)
    assert reply.status_code >= 500
    assert spent(one, before) == 0


@pytest.mark.parametrize("error", [EngineError("It died."), None])
async def test_a_whole_response_that_breaks_off_costs_nothing(
    one: House, enclave: ToldEnclave, error: EngineError | None
) -> None:
    enclave.says, enclave.fails, before = (Sealed(b"half", 3),), error, len(one.charges())
    reply = await ask(one, ACI, stream=False)
    assert reply.status_code == 500
    assert b"half" not in reply.content
    assert b"charged" not in reply.content
    assert spent(one, before) == 0


async def test_pieces_after_the_last_one_are_not_read(one: House, enclave: ToldEnclave) -> None:
    enclave.says, before = (*SAID, Sealed(b"more", 1_000)), len(one.charges())
    reply = await ask(one)
    assert reply.content == b"".join(piece.wire for piece in SAID)
    assert enclave.stopped.is_set()
    assert spent(one, before) == BILL


@pytest.mark.parametrize("tokens", [10**6, 2**63, -5, float("nan"), "many", None])
async def test_a_charge_stays_within_what_was_held_whatever_the_enclave_reports(
    one: House, enclave: ToldEnclave, tokens: object
) -> None:
    odd = {"tokens": tokens, "reasoning_tokens": tokens, "input_tokens": tokens}
    enclave.says = (SAID[0], replace(SAID[1], **odd), SAID[2])  # type: ignore[arg-type]
    before = len(one.charges())
    reply = await ask(one, max_completion_tokens=20)
    assert reply.content == b"".join(piece.wire for piece in SAID)
    most = 7 * INPUT_NANO + 20 * OUTPUT_NANO
    assert 7 * INPUT_NANO + 2 * OUTPUT_NANO <= spent(one, before) <= most


async def test_a_refusal_of_the_enclave_costs_nothing(one: House, enclave: ToldEnclave) -> None:
    enclave.refuses = SealedRequestError("Seen before.", reason="e2ee_replay_detected")
    before = len(one.charges())
    reply = await ask(one)
    assert reply.status_code == 400
    assert reply.json()["code"] == "E2EE_REFUSED"
    assert (spent(one, before), enclave.answered) == (0, [])


async def test_an_enclave_that_cannot_be_reached_costs_nothing(
    one: House, enclave: ToldEnclave
) -> None:
    enclave.unknown, before = EngineError("It is gone."), len(one.charges())
    assert (await ask(one)).status_code == 500
    assert (spent(one, before), enclave.answered) == (0, [])


async def test_a_prompt_that_is_too_long_is_refused_before_the_enclave_answers(
    one: House, enclave: ToldEnclave
) -> None:
    enclave.prompt = Prompt(4_096)
    reply = await ask(one)
    assert reply.status_code == 400
    assert enclave.answered == []


async def test_what_is_left_while_its_price_is_held_is_forgotten_at_once(
    one: House, enclave: ToldEnclave, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stalled(*_: object) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(sealed, "hold_output", stalled)
    async with anyio.create_task_group() as group:
        group.start_soon(ask, one)
        await until(lambda: bool(enclave.measured))
        group.cancel_scope.cancel()
    await until(lambda: bool(enclave.forgotten))
    assert enclave.forgotten == [enclave.measured[0].completion_id]


async def test_what_is_refused_after_it_was_decrypted_is_forgotten_at_once(
    one: House, enclave: ToldEnclave
) -> None:
    reply = await ask(one, max_tokens=5_000)
    assert reply.status_code == 400
    assert enclave.forgotten == [call.completion_id for call in enclave.measured]
    await ask(one)
    assert (len(enclave.measured), len(enclave.forgotten)) == (2, 1)


async def test_who_cannot_pay_gets_no_answer() -> None:
    told = ToldEnclave()
    async with house(models=(TOY, TWIN), enclaves={"enclave": told}, usd=0) as poor:
        reply = await ask(poor, ACI)
        assert reply.status_code == 402
        assert reply.json()["error"]["type"] == "insufficient_balance"
        assert told.answered == []


async def test_a_call_runs_once_under_an_idempotency_key(one: House, enclave: ToldEnclave) -> None:
    before, headers = len(one.charges()), {**ORIGINAL, "Idempotency-Key": "a-sealed-call"}
    assert (await ask(one, headers)).status_code == 200
    assert (await ask(one, headers)).status_code == 409
    assert (len(enclave.answered), spent(one, before)) == (1, BILL)
