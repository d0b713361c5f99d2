"""The fast path of POST /v1/messages: plain requests, without a task."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import NO_OPTIONS
from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.call import Call
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.anthropic.reply.response import answered, whole
from fondaco.http.apis.anthropic.request import MessageRequest
from fondaco.http.apis.openai.chat.fast.plain_body import plainly_read
from fondaco.http.apis.openai.chat.fast.plain_call import PlainRequest, fast_path_of
from fondaco.http.apis.openai.chat.venice_echo import DEFAULT_PARAMETERS
from fondaco.http.endpoint.responses import Events, Response
from fondaco.http.exchange.exchange import Exchange
from fondaco.serving.chat.call.events import CallEvent, CallStarted

_KNOWN = frozenset(
    {
        "model",
        "messages",
        "system",
        "max_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "stream",
        "metadata",
        "service_tier",
    }
)


@fast_init
@dataclass(frozen=True, slots=True)
class _MessageAnswer:
    """Writes a message."""

    ignored: tuple[str, ...]

    def write(
        self, exchange: Exchange, call: Call, started: CallStarted, batch: EventBatch, usage: Usage
    ) -> Response:
        """Return the response to a call whose whole answer is `batch`."""
        return whole(exchange, call, started, (batch,), usage, ignored=self.ignored)

    async def answered(
        self, exchange: Exchange, call: Call, events: AsyncGenerator[CallEvent]
    ) -> Response | Events:
        """Return the response to a call, as the endpoint does."""
        return await answered(exchange, call, events, self.ignored, stream=False)


def _plain(cache_scope: str, body: MessageRequest) -> PlainRequest | None:
    if ":" in body.model:
        return None
    request = body.to_domain(DEFAULT_PARAMETERS, cache_scope)
    if request.options is not NO_OPTIONS:
        return None
    return PlainRequest(request, body.max_tokens, _MessageAnswer(body.ignored))


def _read(text: bytes, cache_scope: str) -> PlainRequest | None:
    return plainly_read(text, _KNOWN, MessageRequest, partial(_plain, cache_scope))


FAST_PATH = fast_path_of(_read)
