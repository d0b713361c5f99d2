"""Callers who go away, and streams that keep silent."""

from collections.abc import Callable

import anyio
import pytest

from fake_upstream import Asked, hanging, late, speak
from fondaco.domain.money.money import NANO
from house import House, chat_body, house


async def until(met: Callable[[], bool], *, within_s: float = 5.0) -> None:
    with anyio.fail_after(within_s):
        while not met():  # noqa: ASYNC110 - the condition lies in the server
            await anyio.sleep(0.01)


async def hang_up_once_asked(one: House, body: dict[str, object]) -> Asked:
    """Send a call, and close the connection when the engine has it."""
    async with anyio.create_task_group() as group:

        async def call() -> None:
            await one.client.post("/api/v1/chat/completions", json=body)

        group.start_soon(call)
        await until(lambda: bool(one.fake.asked))
        await anyio.sleep(0.3)
        group.cancel_scope.cancel()
    return one.fake.asked[0]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_hang_up_before_the_first_token_stops_the_engine_free_of_charge(
    *,
    stream: bool,
) -> None:
    async with house(whole_as_stream=True) as one:
        one.fake.next(hanging())
        asked = await hang_up_once_asked(one, chat_body(stream=stream))
        with anyio.fail_after(2):
            await asked.hang_up.wait()
        await until(lambda: one.platform.metrics.hangups == 1)
        assert one.charges() == []
        assert (await one.balance()).usd == 10 * NANO


@pytest.mark.parametrize("stream", [True, False])
async def test_a_hang_up_in_mid_reply_stops_the_engine_and_is_charged_for_what_was_produced(
    *,
    stream: bool,
) -> None:
    async with house(whole_as_stream=True) as one:
        one.fake.next(hanging(after=5))
        asked = await hang_up_once_asked(one, chat_body(stream=stream))
        with anyio.fail_after(2):
            await asked.hang_up.wait()
        await until(lambda: len(one.charges()) == 2)
        output = one.charges()[-1]
        assert (output.sku, output.units) == ("toy-llm-output-mtoken", 5)
        assert "caller" in output.notes


async def test_a_whole_reply_is_read_to_its_end_after_a_hang_up_and_charged_as_the_engine_counts() -> (
    None
):
    async with house() as one:
        answered = anyio.Event()
        one.fake.next(late(speak, answered))
        asked = await hang_up_once_asked(one, chat_body(max_tokens=5))
        assert not asked.body.get("stream")
        assert not asked.hang_up.is_set()
        answered.set()
        await until(lambda: len(one.charges()) == 2)
        output = one.charges()[-1]
        assert (output.sku, output.units) == ("toy-llm-output-mtoken", 5)
        assert "caller" in output.notes
        await until(lambda: one.platform.metrics.hangups == 1)


async def test_a_whole_reply_that_takes_too_long_after_a_hang_up_stops_free_of_charge() -> None:
    async with house(read_on_s=0.2) as one:
        one.fake.next(hanging())
        asked = await hang_up_once_asked(one, chat_body())
        with anyio.fail_after(2):
            await asked.hang_up.wait()
        await until(lambda: one.platform.metrics.hangups == 1)
        assert one.charges() == []
        assert (await one.balance()).usd == 10 * NANO


async def test_a_server_that_stops_does_not_wait_for_whole_replies_without_a_caller() -> None:
    async with house() as one:
        one.fake.next(hanging())
        asked = await hang_up_once_asked(one, chat_body())
        await anyio.sleep(0.1)  # the server has seen it, and reads on
    with anyio.fail_after(2):
        await asked.hang_up.wait()


async def test_a_silent_stream_is_pinged_from_the_start_and_between_events() -> None:
    async with house(ping_interval_s=0.3) as one:
        one.fake.next(hanging(after=2))
        async with one.streaming() as reply:
            assert reply.status_code == 200
            seen = ""
            async for text in reply.aiter_text():
                seen += text
                if seen.count(": ping\n\n") >= 2 and seen.count("data: ") >= 2:
                    break
        pieces = [piece for piece in seen.split("\n\n") if piece]
        assert all(piece == ": ping" or piece.startswith("data: {") for piece in pieces)


async def test_an_error_after_a_ping_comes_as_an_event() -> None:
    async with house(ping_interval_s=0.2, first_byte_timeout_s=0.8) as one:
        one.fake.next(hanging())
        one.second.next(hanging())
        async with one.streaming() as reply:
            assert reply.status_code == 200
            text = (await reply.aread()).decode()
    assert text.startswith(": ping\n\n")
    assert '"code":"INFERENCE_TIMEOUT"' in text
    assert "[DONE]" not in text


async def test_an_error_before_any_ping_keeps_its_status() -> None:
    async with house(first_byte_timeout_s=0.3) as one:
        one.fake.next(hanging())
        one.second.next(hanging())
        async with one.streaming() as reply:
            assert reply.status_code == 504
