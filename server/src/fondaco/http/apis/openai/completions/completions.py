"""POST /api/v1/completions."""

from functools import partial

from fondaco.domain.money.call import request_id
from fondaco.http.apis.openai.chat.delivery import Beginning, call_headers, collected, streamed
from fondaco.http.apis.openai.completions.request import CompletionRequest
from fondaco.http.apis.openai.completions.response_schemas import Completion, CompletionChunk
from fondaco.http.apis.openai.completions.writers import CompletionAccumulator, CompletionChunks
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.bodies import BodySize, Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Events, Response
from fondaco.serving.chat.best_of import best_of
from fondaco.serving.chat.call.events import CallStarted


async def run(context: RequestContext[CompletionRequest, None]) -> Response | Events:
    """Continue prompts."""
    body, exchange, call = context.body, context.exchange, context.call()
    body.expect_possible()
    request = body.to_domain(cache_scope=str(call.account_id))
    events = context.platform.chat.answer(call, request, body.requested_tokens)
    if body.generated > body.returned:
        events = best_of(events, body.returned, body.model, of=body.generated)
    completion_id, created = request_id(call.id), int(call.opened_at)
    logprobs, output = body.logprobs is not None, body.shows_output
    if body.stream:
        usage = bool(body.stream_options and body.stream_options.include_usage)

        def begin(started: CallStarted) -> Beginning:
            chunks = CompletionChunks(
                completion_id,
                created,
                started.model.id,
                logprobs=logprobs,
                usage=usage,
                output=output,
            )
            return Beginning(chunks, call_headers(exchange, started, body.ignored))

        return Events(partial(streamed, exchange, events, begin))
    choices = len(body.prompts) * body.returned
    accumulator = CompletionAccumulator(choices, logprobs=logprobs, output=output)
    started, charged = await collected(events, accumulator.add)
    return Response(
        accumulator.body(completion_id, created, started.model.id, charged),
        lines=call_headers(exchange, started, body.ignored),
    )


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/completions",
    run=run,
    summary="Continue prompts as they stand, whole or as a stream of events",
    tag="Completions",
    body=Json(schema=CompletionRequest, size=BodySize.TEXT),
    paid=True,
    responses={
        200: Content(
            "The continuations; with `stream: true` as server-sent events that end with `data: [DONE]`",
            Completion,
            stream=CompletionChunk,
            headers={
                "x-venice-model-deprecation-warning": "Only where the requested model will be "
                "retired, or was.",
                "x-venice-model-deprecation-date": "The date of its retirement, in UTC.",
                "x-fondaco-ignored-params": "Fields that had no effect. Absent where all had.",
            },
        )
    },
)
