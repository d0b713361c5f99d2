"""The fast path: responses to plain requests, made by callbacks, and by a task only where they must wait."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias

from fondaco.domain.money.account import Account, Key
from fondaco.http.endpoint.responses import Events, Response
from fondaco.http.exchange.exchange import CALLER_GONE, Exchange
from fondaco.serving.platform import Platform


class FastResponse(ABC):
    """The response to one plain request; nothing has happened before `begin`.

    Later it is sent by `send`, or `fall_back` has a task go on with it: whatever takes waiting, fails or is
    cut off happens there, as it does to any other request.
    """

    def __init__(self, platform: Platform, exchange: Exchange, key: Key, account: Account) -> None:
        """Prepare the response to a request."""
        self.platform = platform
        self.exchange = exchange
        self.key = key
        self.account = account
        """The account that pays, and whose concurrent calls this is one of."""
        self.began = 0.0
        """Monotonic seconds."""
        self._task: ResponseTask

    def begin(self, task: "ResponseTask") -> None:
        """Begin the work; `task` is what goes on with it where it has to wait."""
        platform, exchange = self.platform, self.exchange
        self._task = task
        self.began = platform.clock.monotonic()
        platform.metrics.running += 1
        platform.concurrent_calls.enter(self.account.id)
        exchange.drop_body()
        exchange.resume = self.resume
        self.start()

    def send(self, response: Response) -> None:
        """Send the response, and end the request."""
        exchange, platform = self.exchange, self.platform
        exchange.resume = None
        try:
            response.send(exchange)
        finally:
            platform.concurrent_calls.leave(self.account.id)
            end(platform, exchange, self.began)

    def fall_back(self) -> None:
        """Have a task go on."""
        self.exchange.hand_over()

    def resume(self) -> Coroutine[Any, Any, None]:
        """Return what the task does."""
        self.stop()
        return self._task(self.exchange, self)

    @abstractmethod
    def start(self) -> None:
        """Start the work, which calls `send` or `fall_back` later."""

    @abstractmethod
    def stop(self) -> None:
        """Call neither any more, as a task goes on with the work."""

    @abstractmethod
    async def response(self) -> Response | Events:
        """Go on with the work in a task, and return the response."""


ResponseTask: TypeAlias = Callable[[Exchange, FastResponse], Coroutine[Any, Any, None]]
"""Goes on with a response that was begun on the fast path; `Edge.answer` is one."""
FastPath: TypeAlias = Callable[[Platform, Exchange, Key, Account], FastResponse | None]
"""Prepares the response to a request whose body has arrived; None: a task has to answer it.

Nothing happens meanwhile: nothing is counted, and the body can still be read.
"""
FastPaths: TypeAlias = Mapping[tuple[str, str], FastPath]
"""By method and path."""
NO_FAST_PATHS: FastPaths = {}


def end(platform: Platform, exchange: Exchange, began: float) -> None:
    """End a request that began at `began` (monotonic seconds), and count its response."""
    exchange.leave()
    metrics = platform.metrics
    metrics.running -= 1
    seconds = platform.clock.monotonic() - began
    metrics.replied(exchange.route, exchange.status or CALLER_GONE, seconds)
