"""Calls that are cancelled at their n-th wait, as a disconnect does it, and what has to hold after them."""

import asyncio
import json
from collections.abc import Coroutine, Generator
from typing import Any

from fondaco.domain.money.ledger import Entry
from fondaco.http.asgi.asgi_exchange import AsgiExchange
from fondaco.http.asgi.messages import Message
from house import ACCOUNT, SECRET, House


class Stepped:
    """A coroutine that is cancelled at its `at`-th wait, as a disconnect does it; perhaps at the next, too."""

    def __init__(
        self, work: Coroutine[Any, Any, None], at: int, exchange: AsgiExchange, *, twice: bool
    ) -> None:
        self._work = work
        self._at = at
        self._exchange = exchange
        self._twice = twice
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, None]:
        resume, value = self._work.send, None
        while True:
            try:
                awaited = resume(value)  # as a task does
            except StopIteration:
                return
            self.waits += 1
            if self.waits == self._at:
                self._exchange.abandon()
            elif self._twice and self.waits == self._at + 1:
                assert self._exchange.task is not None
                self._exchange.task.cancel()
            try:
                value, resume = (yield awaited), self._work.send
            except BaseException as error:  # noqa: BLE001 - it is the coroutine's
                value, resume = error, self._work.throw


async def cancelled(
    one: House, path: str, body: dict[str, object], key: str, at: int, *, twice: bool = False
) -> tuple[int, bytes]:
    """Return how often a request waited that was cancelled at a wait, and what was sent of its response."""
    content = json.dumps(body).encode()
    headers = [
        (b"host", b"localhost"),
        (b"authorization", f"Bearer {SECRET}".encode()),
        (b"content-type", b"application/json"),
        (b"idempotency-key", key.encode()),
    ]
    exchange = AsgiExchange({"method": "POST", "path": path, "headers": headers})
    exchange.take(content)
    exchange.end_body()
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    stepped = Stepped(one.edge.answer(exchange), at, exchange, twice=twice)

    async def answer() -> None:
        await stepped

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        exchange.task = tasks.create_task(answer())
        tasks.create_task(exchange.send_all(send))
    return stepped.waits, b"".join(message.get("body", b"") for message in sent)


async def settled(
    one: House, body: dict[str, object], path: str, key: str, before: int
) -> list[Entry]:
    """Return the charges of a call that was cancelled; nothing else is left of it.

    Args:
        one: the house.
        body: of its request.
        path: likewise.
        key: its idempotency key.
        before: how many charges there were before it.
    """
    await one.platform.ledger.retry()
    charges = one.charges()[before:]
    assert not one.platform.ledger.open_holds
    assert not await one.journal.open_calls()
    assert one.journal.balances()[ACCOUNT] == await one.balance()
    again = await one.client.post(path, json=body, headers={"Idempotency-Key": key})
    assert again.status_code == (409 if charges else 200), "the place is free, the key kept"
    return charges
