"""POST /api/v1/responses."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from functools import partial

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.errors import (
    CharacterNotFoundError,
    CorruptedImageError,
    ImageNotFetchedError,
    InvalidImageFormatError,
    WebNotInstalledError,
)
from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.call import Call
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.openai.chat.delivery import Beginning, call_headers, collected, streamed
from fondaco.http.apis.openai.chat.feature_suffix import take_suffix
from fondaco.http.apis.openai.responses.reply.event_writer import EventWriter, error_event
from fondaco.http.apis.openai.responses.reply.output import Output
from fondaco.http.apis.openai.responses.reply.response_object import ResponseObject
from fondaco.http.apis.openai.responses.reply.response_schemas import ResponseEvent, ResponseReply
from fondaco.http.apis.openai.responses.request.body import SOURCES, ResponsesRequest
from fondaco.http.apis.openai.responses.request.conversation import conversation_of
from fondaco.http.apis.openai.responses.request.tools import Tooling
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.error_format import is_openai_client
from fondaco.http.endpoint.bodies import BodySize, Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Events, Response
from fondaco.http.exchange.exchange import Exchange
from fondaco.serving.chat.call.events import CallEvent, CallStarted


async def run(context: RequestContext[ResponsesRequest, None]) -> Response | Events:
    """Answer a conversation with a response."""
    body, platform, exchange = context.body, context.platform, context.exchange
    if body.store:
        # Frameworks based on OpenAI's clients always send the default; in other requests, `true` is intended.
        body.expect_possible(always_stores=is_openai_client(exchange.headers))
    if ":" in body.model:
        take_suffix(body, platform.catalogue)
    if body.venice_parameters is not None:
        body.venice_parameters.expect_plain()
    call = context.call()
    conversation, tools = conversation_of(body.input), body.tooling
    request = body.to_domain(conversation, tools, cache_scope=str(call.account_id))
    if (slug := body.character) is None:
        events = platform.chat.answer(call, request, body.max_output_tokens)
    else:
        events = platform.characters.answer(slug, call, request, body.max_output_tokens)
    answer = ResponseAnswer(body, tools, body.ignored(conversation, tools))
    if body.stream:
        exchange.error_event = error_event
        begin = partial(answer.begun, exchange, call)
        return Events(partial(streamed, exchange, events, begin), ending=b"")
    return await answer.answered(exchange, call, events)


@fast_init
@dataclass(frozen=True, slots=True)
class ResponseAnswer:
    """Writes the response to one request."""

    body: ResponsesRequest
    tools: Tooling
    ignored: tuple[str, ...]

    def begun(self, exchange: Exchange, call: Call, started: CallStarted) -> Beginning:
        """Return the beginning of a stream."""
        response = ResponseObject(self.body, call, started.model)
        writer = EventWriter(response, call.id, self.tools.names)
        first = writer.begin(started.web, sources=self._sources)
        return Beginning(writer, call_headers(exchange, started, self.ignored), first)

    async def answered(
        self, exchange: Exchange, call: Call, events: AsyncGenerator[CallEvent]
    ) -> Response:
        """Return the response as one body.

        Raises:
            FondacoError: as the call.
        """
        batches: list[EventBatch] = []
        started, usage = await collected(events, batches.append)
        return self._whole(exchange, call, started, batches, usage)

    def write(
        self, exchange: Exchange, call: Call, started: CallStarted, batch: EventBatch, usage: Usage
    ) -> Response:
        """Return the response to a call whose whole answer is `batch`."""
        return self._whole(exchange, call, started, (batch,), usage)

    def _whole(
        self,
        exchange: Exchange,
        call: Call,
        started: CallStarted,
        batches: Sequence[EventBatch],
        usage: Usage,
    ) -> Response:
        output = Output(call.id, self.tools.names)
        if started.web is not None:
            output.searched(started.web, sources=self._sources)
        output.add_whole(batches)
        written = ResponseObject(self.body, call, started.model).whole(output, usage)
        return Response(written, lines=call_headers(exchange, started, self.ignored))

    @property
    def _sources(self) -> bool:
        return SOURCES in (self.body.include or ())


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/responses",
    run=run,
    summary="Create a response, whole or as a stream of typed events",
    tag="Responses",
    body=Json(schema=ResponsesRequest, size=BodySize.MEDIA),
    paid=True,
    responses={
        200: Content(
            "The response; with `stream: true` as server-sent events, the last of which is "
            "`response.completed`, `response.incomplete` or `response.failed`",
            ResponseReply,
            stream=ResponseEvent,
            headers={
                "x-venice-model-deprecation-warning": "Only where the requested model will be "
                "retired, or was.",
                "x-venice-model-deprecation-date": "The date of its retirement, in UTC.",
                "x-fondaco-ignored-params": "Fields that had no effect. Absent where all had.",
            },
        )
    },
    errors=(
        InvalidImageFormatError,
        CorruptedImageError,
        ImageNotFetchedError,
        CharacterNotFoundError,
        WebNotInstalledError,
    ),
)
