"""POST /v1/messages."""

from fondaco.domain.errors import (
    CharacterNotFoundError,
    CorruptedImageError,
    ImageNotFetchedError,
    InvalidImageFormatError,
    WebNotInstalledError,
)
from fondaco.http.apis.anthropic.dialect import ANTHROPIC
from fondaco.http.apis.anthropic.reply.response import answered
from fondaco.http.apis.anthropic.reply.schemas import Message, MessageEvent
from fondaco.http.apis.anthropic.request import MessageRequest
from fondaco.http.endpoint.bodies import BodySize, Json
from fondaco.http.endpoint.endpoint import Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Events, Response


async def run(context: RequestContext[MessageRequest, None]) -> Response | Events:
    """Complete a conversation."""
    body, platform = context.body, context.platform
    parameters = body.take_suffix(platform.catalogue)
    call = context.call()
    request = body.to_domain(parameters, cache_scope=str(call.account_id))
    if (slug := parameters.character_slug) is None:
        events = platform.chat.answer(call, request, body.max_tokens)
    else:
        events = platform.characters.answer(slug, call, request, body.max_tokens)
    return await answered(context.exchange, call, events, body.ignored, stream=bool(body.stream))


ENDPOINT = Endpoint(
    dialect=ANTHROPIC,
    method="POST",
    path="/v1/messages",
    run=run,
    summary="Create a message, for Anthropic's clients",
    tag="Anthropic",
    body=Json(schema=MessageRequest, size=BodySize.MEDIA),
    paid=True,
    responses={
        200: Content(
            "The message; with `stream: true` as server-sent events, each with its type as its name",
            Message,
            stream=MessageEvent,
            headers={
                "x-venice-model-deprecation-warning": "Only where the requested model will be "
                "retired, or was.",
                "x-venice-model-deprecation-date": "The date of its retirement, in UTC.",
                "x-fondaco-ignored-params": "Fields that had no effect. Absent where all had.",
                "request-id": "The id of the request, as in errors.",
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
