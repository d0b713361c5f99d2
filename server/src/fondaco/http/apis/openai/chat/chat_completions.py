"""POST /api/v1/chat/completions."""

from fondaco.domain.errors import (
    CharacterNotFoundError,
    CorruptedImageError,
    ImageNotFetchedError,
    InvalidImageFormatError,
    SealedRequestError,
    WebNotInstalledError,
)
from fondaco.http.apis.openai.chat.delivery import EventSink
from fondaco.http.apis.openai.chat.feature_suffix import take_suffix
from fondaco.http.apis.openai.chat.request import ChatRequest
from fondaco.http.apis.openai.chat.response import ResponseOptions, answered
from fondaco.http.apis.openai.chat.response_schemas import ChatCompletion, ChatCompletionChunk
from fondaco.http.apis.openai.chat.sealed import sealed_completion
from fondaco.http.apis.openai.chat.spoken import spoken_reply
from fondaco.http.apis.openai.chat.venice_echo import DEFAULT_PARAMETERS
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.bodies import BodySize, Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Events, Response


async def run(context: RequestContext[ChatRequest, None]) -> Response | Events:
    """Complete a conversation."""
    body, platform = context.body, context.platform
    if ":" in body.model:
        take_suffix(body, platform.catalogue)
    if context.sealed is not None:
        return await sealed_completion(context, context.sealed)
    parameters = body.venice_parameters or DEFAULT_PARAMETERS
    parameters.expect_plain()
    call = context.call()
    spoken = spoken_reply(
        platform,
        call,
        body.modalities,
        body.audio,
        choices=body.n or 1,
        stream=bool(body.stream),
    )
    request = body.to_domain(cache_scope=str(call.account_id))
    sink = EventSink() if body.stream and spoken is None else None
    if (slug := body.character) is None:
        events = platform.chat.answer(call, request, body.requested_tokens, sink=sink)
    else:
        events = platform.characters.answer(slug, call, request, body.requested_tokens)
    options = body.stream_options
    response_options = ResponseOptions(
        choices=body.n or 1,
        logprobs=bool(body.logprobs),
        usage=bool(options and options.include_usage),
        ignored=body.ignored,
        spoken=spoken,
        parameters=parameters,
    )
    return await answered(
        context.exchange, call, events, response_options, stream=bool(body.stream), sink=sink
    )


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="POST",
    path="/api/v1/chat/completions",
    run=run,
    summary="Create a chat completion, whole or as a stream of events",
    tag="Chat",
    body=Json(schema=ChatRequest, size=BodySize.MEDIA),
    paid=True,
    sealed=True,
    responses={
        200: Content(
            "The completion; with `stream: true` as server-sent events that end with `data: [DONE]`",
            ChatCompletion,
            stream=ChatCompletionChunk,
            headers={
                "x-fondaco-voice": "The voice that reads the reply aloud. Only where it is read.",
                "x-venice-model-deprecation-warning": "Only where the requested model will be "
                "retired, or was.",
                "x-venice-model-deprecation-date": "The date of its retirement, in UTC.",
                "x-receipt-id": "The id of the receipt. Only of encrypted responses.",
            },
        )
    },
    errors=(
        SealedRequestError,
        InvalidImageFormatError,
        CorruptedImageError,
        ImageNotFetchedError,
        CharacterNotFoundError,
        WebNotInstalledError,
    ),
)
