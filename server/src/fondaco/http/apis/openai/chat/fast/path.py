"""The fast path of POST /chat/completions: plain requests, without validation by schema and without a task."""

from collections.abc import AsyncGenerator
from typing import Final

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.money.call import Call, request_id
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.openai.chat.delivery import call_headers
from fondaco.http.apis.openai.chat.fast.plain_call import PlainRequest, fast_path_of
from fondaco.http.apis.openai.chat.fast.plain_request import plain_request
from fondaco.http.apis.openai.chat.response import ResponseOptions, answered, whole
from fondaco.http.apis.openai.chat.venice_echo import DEFAULT_PARAMETERS, echo
from fondaco.http.apis.openai.chat.writers import Accumulator, plain_body
from fondaco.http.endpoint.responses import Events, Response
from fondaco.http.exchange.exchange import Exchange
from fondaco.serving.chat.call.events import CallEvent, CallStarted

_ECHO = echo(DEFAULT_PARAMETERS)
_OPTIONS = ResponseOptions(choices=1, logprobs=False, usage=False, parameters=DEFAULT_PARAMETERS)


class _ChatAnswer:
    """Writes a completion."""

    def write(
        self, exchange: Exchange, call: Call, started: CallStarted, batch: EventBatch, usage: Usage
    ) -> Response:
        """Return the response to a call whose whole answer is `batch`."""
        body = plain_body(
            request_id(call.id), int(call.opened_at), started.model.id, batch, usage, _ECHO
        )
        if body:
            return Response(body, lines=call_headers(exchange, started))
        accumulator = Accumulator(1, logprobs=False)
        accumulator.add(batch)
        return whole(exchange, call, accumulator, started, usage, _OPTIONS)

    async def answered(
        self, exchange: Exchange, call: Call, events: AsyncGenerator[CallEvent]
    ) -> Response | Events:
        """Return the response to a call, as the endpoint does."""
        return await answered(exchange, call, events, _OPTIONS, stream=False)


_ANSWER: Final = _ChatAnswer()


def _read(body: bytes, cache_scope: str) -> PlainRequest | None:
    read = plain_request(body, cache_scope)
    return None if read is None else PlainRequest(*read, _ANSWER)


FAST_PATH = fast_path_of(_read)
