"""What callers get and pay when the ledger cannot take the charge of a call that was answered."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest

from fondaco.domain.errors import StorageFailedError, WriteQuarantinedError
from fondaco.domain.money.money import NANO
from house import House, chat_body, house


@asynccontextmanager
async def failing(one: House, error: type[StorageFailedError]) -> AsyncGenerator[None]:
    """Let no write to the ledger succeed, until the end."""
    write = one.journal.write

    async def fail(*_: object, **__: object) -> None:
        raise error

    one.journal.write = fail  # type: ignore[method-assign]
    try:
        yield
    finally:
        one.journal.write = write  # type: ignore[method-assign]
        await one.platform.ledger.retry()


async def send(one: House, *, stream: bool = False) -> httpx2.Response:
    path, headers = "/api/v1/chat/completions", {"Idempotency-Key": "order"}
    return await one.client.post(path, json=chat_body(max_tokens=3, stream=stream), headers=headers)


@pytest.mark.parametrize("error", [StorageFailedError, WriteQuarantinedError])
async def test_a_whole_reply_that_is_withheld_costs_nothing_and_may_be_sent_again(
    error: type[StorageFailedError],
) -> None:
    async with house() as one:
        async with failing(one, error):
            reply = await send(one)
            assert reply.status_code == 507
            assert "charge was made" in reply.text or "Nothing was charged" in reply.text
            assert not one.platform.ledger.open_holds
            if error is StorageFailedError:
                asked = len(one.fake.asked)
                assert (await send(one)).status_code == 507
                assert len(one.fake.asked) == asked  # nothing is sold until the ledger works
        assert (await one.balance()).usd == 10 * NANO
        assert (await send(one)).status_code == 200
        assert (await send(one)).status_code == 409
        assert (await one.balance()).usd < 10 * NANO


async def test_a_stream_that_was_delivered_is_charged_once_it_can_be_and_says_so() -> None:
    async with house() as one:
        async with failing(one, StorageFailedError):
            reply = await send(one, stream=True)
            assert "is charged as soon as it can be" in reply.text
        assert (await one.balance()).usd < 10 * NANO
        assert sum(entry.amount for entry in one.charges()) < 0
        assert (await send(one)).status_code == 409


async def test_a_whole_reply_whose_caller_has_gone_is_charged_once_it_can_be() -> None:
    async with house(token_s=0.05, whole_as_stream=True) as one:
        async with failing(one, StorageFailedError):
            with anyio.move_on_after(0.5):
                await one.chat()
            with anyio.fail_after(10):
                while not one.platform.ledger._shared.writes.failed:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
        assert sum(entry.amount for entry in one.charges()) < 0
