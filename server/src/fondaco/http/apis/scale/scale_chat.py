"""POST /v4/beta/chat/completions."""

from fondaco.domain.errors import (
    CorruptedImageError,
    ImageNotFetchedError,
    InvalidImageFormatError,
)
from fondaco.domain.models.vendors import resolve_vendor
from fondaco.http.apis.openai.chat.response import ResponseOptions, answered
from fondaco.http.apis.openai.chat.spoken import spoken_reply
from fondaco.http.apis.scale.chat_request import ScaleChatRequest
from fondaco.http.apis.scale.chat_response_schemas import ScaleChunk, ScaleCompletion
from fondaco.http.apis.scale.dialect import SCALE
from fondaco.http.endpoint.bodies import BodySize, Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Events, Response
from fondaco.serving.chat.best_of import best_of
from fondaco.serving.chat.deadline import within
from fondaco.serving.chat.prediction import predicted


async def run(context: RequestContext[ScaleChatRequest, None]) -> Response | Events:
    """Complete a conversation."""
    body, platform = context.body, context.platform
    body.expect_possible()
    call = context.call()
    name, engine = resolve_vendor(platform.catalogue, body.model)
    spoken = spoken_reply(
        platform,
        call,
        body.modalities,
        body.audio,
        choices=body.choices,
        stream=bool(body.stream),
    )
    request = body.to_domain(name, engine, cache_scope=str(call.account_id))
    events = platform.chat.answer(call, request, body.requested_tokens)
    if body.chooses:
        events = best_of(events, body.choices, request.model)
    if request.options.prediction is not None:
        events = predicted(events, request.options.prediction)
    if body.inference_timeout is not None:
        events = within(events, body.inference_timeout)
    options = body.stream_options
    response_options = ResponseOptions(
        choices=body.choices,
        logprobs=bool(body.logprobs),
        usage=bool(options and options.include_usage),
        ignored=body.ignored,
        spoken=spoken,
        fingerprint=True,
        guided=body.guided,
    )
    return await answered(
        context.exchange, call, events, response_options, stream=bool(body.stream)
    )


ENDPOINT = Endpoint(
    dialect=SCALE,
    method="POST",
    path="/v4/beta/chat/completions",
    run=run,
    summary="Create a chat completion, for Scale's clients",
    tag="Scale",
    body=Json(schema=ScaleChatRequest, size=BodySize.MEDIA),
    paid=True,
    responses={
        200: Content(
            "The completion; with `stream: true` as server-sent events without an end marker",
            ScaleCompletion,
            stream=ScaleChunk,
            headers={
                "x-fondaco-voice": "The voice that reads the reply aloud. Only where it is read.",
                "x-fondaco-guided-by": "The engine that constrained the output. "
                "Only where a `guided_` field was given.",
                "x-fondaco-ignored-params": "Fields that had no effect. Absent where all had.",
            },
        )
    },
    errors=(
        InvalidImageFormatError,
        CorruptedImageError,
        ImageNotFetchedError,
    ),
)
