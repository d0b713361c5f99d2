"""POST /api/v1/chat/completions."""

from fondaco.domain.errors import (
    CharacterNotFoundError,
    ContextTooLongError,
    CorruptedImageError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    IdempotencyKeyReusedError,
    ImageNotFetchedError,
    InferenceFailedError,
    InsufficientBalanceError,
    InvalidImageFormatError,
    InvalidModelError,
    KeyLimitReachedError,
    ModelGoneError,
    ModelNotFoundError,
    RateLimitExceededError,
    RepeatedCallError,
    StorageFailedError,
    WebNotInstalledError,
)
from fondaco.http.chat_answer import Manner, answered
from fondaco.http.echo import UNSAID
from fondaco.http.endpoint import Ask, Content, Endpoint
from fondaco.http.feature_suffix import take_suffix
from fondaco.http.replies import Events, Whole
from fondaco.http.schemas.chat_reply import ChatCompletion, ChatCompletionChunk
from fondaco.http.schemas.chat_request import ChatRequest


async def run(ask: Ask[ChatRequest, None]) -> Whole | Events:
    """Answer a conversation."""
    request = ask.body
    if ":" in request.model:
        take_suffix(request, ask.platform.catalogue)
    call = ask.call()
    turn = request.turn(cache_scope=str(call.account_id))
    if (slug := request.character) is None:
        steps = ask.platform.chat.answer(call, turn, request.asked_tokens)
    else:
        steps = ask.platform.characters.answer(slug, call, turn, request.asked_tokens)
    options = request.stream_options
    manner = Manner(
        choices=request.n or 1,
        logprobs=bool(request.logprobs),
        usage=bool(options and options.include_usage),
        ignored=request.ignored,
        parameters=request.venice_parameters or UNSAID,
    )
    return await answered(ask.exchange, call, steps, manner, stream=bool(request.stream))


ENDPOINT = Endpoint(
    method="POST",
    path="/api/v1/chat/completions",
    run=run,
    summary="Answer a conversation, whole or as a stream of events",
    tag="Chat",
    body=ChatRequest,
    paid=True,
    media=True,
    replies={
        200: Content(
            "The answer; with `stream: true` as server-sent events that end with `data: [DONE]`",
            ChatCompletion,
            stream=ChatCompletionChunk,
            headers={
                "x-venice-model-deprecation-warning": "Absent but where the model that was asked for "
                "will be retired, or was.",
                "x-venice-model-deprecation-date": "When, in UTC.",
            },
        )
    },
    errors=(
        InvalidModelError,
        ContextTooLongError,
        InvalidImageFormatError,
        CorruptedImageError,
        ImageNotFetchedError,
        InsufficientBalanceError,
        KeyLimitReachedError,
        RateLimitExceededError,
        RepeatedCallError,
        IdempotencyKeyReusedError,
        ModelNotFoundError,
        ModelGoneError,
        CharacterNotFoundError,
        InferenceFailedError,
        EngineRefusedError,
        EngineUnavailableError,
        EngineTimeoutError,
        StorageFailedError,
        WebNotInstalledError,
    ),
)
