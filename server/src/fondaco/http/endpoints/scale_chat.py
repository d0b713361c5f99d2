"""POST /v4/beta/chat/completions."""

from fondaco.domain.errors import (
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
)
from fondaco.domain.vendors import addressed
from fondaco.http.chat_answer import Manner, answered
from fondaco.http.endpoint import Ask, Content, Endpoint
from fondaco.http.replies import Events, Whole
from fondaco.http.schemas.scale_chat import ScaleChatRequest
from fondaco.http.schemas.scale_reply import ScaleChunk, ScaleCompletion
from fondaco.serving.best import best_of
from fondaco.serving.deadline import within
from fondaco.serving.prediction import predicted


async def run(ask: Ask[ScaleChatRequest, None]) -> Whole | Events:
    """Answer a conversation."""
    request, platform = ask.body, ask.platform
    request.expect_possible()
    call = ask.call()
    name, engine = addressed(platform.catalogue, request.model)
    turn = request.turn(name, engine, cache_scope=str(call.account_id))
    steps = platform.chat.answer(call, turn, request.asked_tokens)
    if request.chooses:
        steps = best_of(steps, request.choices, turn.model)
    if turn.wishes.prediction is not None:
        steps = predicted(steps, turn.wishes.prediction)
    if request.inference_timeout is not None:
        steps = within(steps, request.inference_timeout)
    options = request.stream_options
    manner = Manner(
        choices=request.choices,
        logprobs=bool(request.logprobs),
        usage=bool(options and options.include_usage),
        ignored=request.ignored,
        fingerprint=True,
        guided=request.guided,
    )
    return await answered(ask.exchange, call, steps, manner, stream=bool(request.stream))


ENDPOINT = Endpoint(
    method="POST",
    path="/v4/beta/chat/completions",
    run=run,
    summary="Answer a conversation, as Scale's clients ask for it",
    tag="Scale",
    body=ScaleChatRequest,
    x_api_key=True,
    paid=True,
    media=True,
    replies={
        200: Content(
            "The answer; with `stream: true` as server-sent events, and nothing after the last chunk",
            ScaleCompletion,
            stream=ScaleChunk,
            done=False,
            headers={
                "x-fondaco-guided-by": "The engine that held the answer to its form. "
                "Absent but where one of the `guided_` fields gave one.",
                "x-fondaco-ignored-params": "Fields that mean nothing here. Absent where none does.",
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
        InferenceFailedError,
        EngineRefusedError,
        EngineUnavailableError,
        EngineTimeoutError,
        StorageFailedError,
    ),
)
