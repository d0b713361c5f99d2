"""Plain calls of any dialect on the fast path: without a task, from the body's arrival to the response."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, NamedTuple, Protocol, TypeAlias

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.money.account import Account, Key
from fondaco.domain.money.call import Call
from fondaco.domain.money.usage import Usage
from fondaco.http.edge.fast_path import FastPath, FastResponse
from fondaco.http.endpoint.responses import LARGE_BYTES, Events, Response
from fondaco.http.endpoint.sealed import is_sealed
from fondaco.http.exchange.exchange import UNCOUNTED_BYTES, Exchange
from fondaco.serving.chat.call.events import CallEvent, CallStarted
from fondaco.serving.chat.call.fast import FastCall
from fondaco.serving.platform import Platform


class PlainAnswer(Protocol):
    """Writes the response to a plain request in its dialect."""

    def write(
        self, exchange: Exchange, call: Call, started: CallStarted, batch: EventBatch, usage: Usage
    ) -> Response:
        """Return the response to a call whose whole answer is `batch`."""
        ...

    def answered(
        self, exchange: Exchange, call: Call, events: AsyncGenerator[CallEvent]
    ) -> Coroutine[Any, Any, Response | Events]:
        """Return the response to a call, as the endpoint does."""
        ...


class PlainRequest(NamedTuple):
    """A plain request as read from its body."""

    request: ChatRequest
    requested_tokens: int | None
    answer: PlainAnswer


PlainReader: TypeAlias = Callable[[bytes, str], PlainRequest | None]
"""Reads a body, for an account's own prompt caches; None where the endpoint has to read it: nothing is refused here."""


def fast_path_of(read: PlainReader) -> FastPath:
    """Return the fast path of an endpoint whose plain requests `read` recognises."""

    def fast_path(
        platform: Platform, exchange: Exchange, key: Key, account: Account
    ) -> FastResponse | None:
        headers = exchange.headers
        if headers.get(b"content-type") != b"application/json" or key.limit.binds:
            return None
        if b"idempotency-key" in headers or is_sealed(headers):
            return None
        body = exchange.arrived(UNCOUNTED_BYTES)
        plain = None if body is None else read(body, str(account.id))
        if plain is None:
            return None
        work = platform.chat.prepared(account, plain.request, plain.requested_tokens)
        if work is None:
            return None
        return _PlainCall(platform, exchange, key, account, work, plain.answer)

    return fast_path


class _PlainCall(FastResponse):
    """The response to one plain request."""

    def __init__(  # noqa: PLR0917 - names would cost a dict for each call
        self,
        platform: Platform,
        exchange: Exchange,
        key: Key,
        account: Account,
        work: FastCall,
        answer: PlainAnswer,
    ) -> None:
        super().__init__(platform, exchange, key, account)
        self._work = work
        self._answer = answer
        self._call: Call
        self._response: Response

    def start(self) -> None:
        """Open the call, and ask its engine."""
        account, key, now = self.account, self.key, self.platform.clock.now()
        self._call = Call(self.exchange.id, account.id, key.id, now, key.limit, account.tier)
        self._work.begin(self._call, self)

    def stop(self) -> None:
        """Leave the call to a task."""
        self.exchange.quota = None  # which the response that was not sent has set
        self._work.stop()

    async def response(self) -> Response | Events:
        """Go on with the call in a task."""
        return await self._answer.answered(self.exchange, self._call, self._work.resumed())

    # What the call calls.

    def answered(self, started: CallStarted, batch: EventBatch, usage: Usage) -> bool:
        """Write the response; return whether it can be sent at once."""
        self._response = self._answer.write(self.exchange, self._call, started, batch, usage)
        return len(self._response.body) <= LARGE_BYTES

    def settled(self) -> None:
        """Send the response."""
        self.send(self._response)
