"""The fast path of POST /chat/completions: plain requests, without validation by schema and without a task."""

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.money.account import Account, Key
from fondaco.domain.money.call import Call, request_id
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.openai.chat.delivery import call_headers
from fondaco.http.apis.openai.chat.fast.plain_request import plain_request
from fondaco.http.apis.openai.chat.response import ResponseOptions, answered, whole
from fondaco.http.apis.openai.chat.venice_echo import DEFAULT_PARAMETERS, echo
from fondaco.http.apis.openai.chat.writers import Accumulator, plain_body
from fondaco.http.edge.fast_path import FastResponse
from fondaco.http.endpoint.responses import LARGE_BYTES, Events, Response
from fondaco.http.endpoint.sealed import is_sealed
from fondaco.http.exchange.exchange import UNCOUNTED_BYTES, Exchange
from fondaco.serving.chat.call.events import CallStarted
from fondaco.serving.chat.call.fast import FastCall
from fondaco.serving.platform import Platform

_ECHO = echo(DEFAULT_PARAMETERS)
_OPTIONS = ResponseOptions(choices=1, logprobs=False, usage=False, parameters=DEFAULT_PARAMETERS)


def fast_path(
    platform: Platform, exchange: Exchange, key: Key, account: Account
) -> FastResponse | None:
    """Prepare the response to a plain request; None for any other."""
    headers = exchange.headers
    if headers.get(b"content-type") != b"application/json" or key.limit.binds:
        return None
    if b"idempotency-key" in headers or is_sealed(headers):
        return None
    body = exchange.arrived(UNCOUNTED_BYTES)
    read = None if body is None else plain_request(body, cache_scope=str(account.id))
    if read is None:
        return None
    request, requested_tokens = read
    work = platform.chat.prepared(account, request, requested_tokens)
    return None if work is None else _FastChat(platform, exchange, key, account, work)


class _FastChat(FastResponse):
    """The response to one plain request."""

    def __init__(
        self, platform: Platform, exchange: Exchange, key: Key, account: Account, work: FastCall
    ) -> None:
        super().__init__(platform, exchange, key, account)
        self._work = work
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
        events = self._work.resumed()
        return await answered(self.exchange, self._call, events, _OPTIONS, stream=False)

    # What the call calls.

    def answered(self, started: CallStarted, batch: EventBatch, usage: Usage) -> bool:
        """Write the response; return whether it can be sent at once."""
        exchange, call = self.exchange, self._call
        body = plain_body(
            request_id(call.id), int(call.opened_at), started.model.id, batch, usage, _ECHO
        )
        if body:
            self._response = Response(body, lines=call_headers(exchange, started))
        else:
            accumulator = Accumulator(1, logprobs=False)
            accumulator.add(batch)
            self._response = whole(exchange, call, accumulator, started, usage, _OPTIONS)
        return len(self._response.body) <= LARGE_BYTES

    def settled(self) -> None:
        """Send the response."""
        self.send(self._response)
