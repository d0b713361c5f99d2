"""POST /api/v1/chat/completions."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from functools import partial

from fondaco.domain.call import Call, request_id
from fondaco.domain.errors import (
    CharacterNotFoundError,
    ContextTooLongError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    IdempotencyKeyReusedError,
    InferenceFailedError,
    InsufficientBalanceError,
    InvalidModelError,
    KeyLimitReachedError,
    ModelGoneError,
    ModelNotFoundError,
    RateLimitExceededError,
    RepeatedCallError,
    StorageFailedError,
    WebNotInstalledError,
)
from fondaco.domain.usage import Usage
from fondaco.domain.web import Gathered
from fondaco.http.chat_format import DONE, Chunks, Fold
from fondaco.http.echo import documents, echo, opening
from fondaco.http.endpoint import Ask, Content, Endpoint
from fondaco.http.feature_suffix import take_suffix
from fondaco.http.headers import ending, inference, lines_of
from fondaco.http.replies import Events, EventStream, Whole
from fondaco.http.schemas.chat_reply import ChatCompletion, ChatCompletionChunk
from fondaco.http.schemas.chat_request import ChatRequest
from fondaco.http.schemas.messages import has_images
from fondaco.serving.chat import Began, Step

_MOST, _LONGEST = 20, 64
"""How many ignored fields are named, of how many characters."""
ChatAsk = Ask[ChatRequest, None]


async def run(ask: ChatAsk) -> Whole | Events:
    """Answer a conversation."""
    request = ask.body
    if ":" in request.model:
        take_suffix(request, ask.platform.catalogue)
    request.expect_supported()
    if has_images(request.messages):
        ask.platform.chat.refuse_images(request.model)
    call = ask.call()
    turn = request.turn(cache_scope=str(call.account_id))
    if (slug := request.character) is None:
        steps = ask.platform.chat.answer(call, turn, request.asked_tokens)
    else:
        steps = ask.platform.characters.answer(slug, call, turn, request.asked_tokens)
    if request.stream:
        return Events(partial(_stream, ask, call, steps))
    return await _whole(ask, call, steps)


async def _whole(ask: ChatAsk, call: Call, steps: AsyncGenerator[Step]) -> Whole:
    fold = Fold(ask.body.n or 1, logprobs=bool(ask.body.logprobs))
    began: Began | None = None
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, tuple):
                fold.add(step)
            elif isinstance(step, Began):
                began = step
            else:
                fold.settle(step.usage)
    if began is None:
        raise SilentEngineError
    if (found := documents(ask.body.venice_parameters, began.web, call.id)) is not None:
        fold.attach(found)
    spoken = echo(ask.body.venice_parameters, began.web)
    body = fold.reply(request_id(call.id), int(call.opened_at), began.model.id, spoken)
    return Whole(body, lines=_lines(ask, began))


async def _stream(
    ask: ChatAsk, call: Call, steps: AsyncGenerator[Step], stream: EventStream
) -> None:
    chunks: Chunks | None = None
    usage: Usage | None = None
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, tuple):
                if chunks is not None and (events := chunks.write(step)):
                    await stream.write(events)
            elif isinstance(step, Began):
                stream.lines += _lines(ask, step)
                chunks = Chunks(request_id(call.id), int(call.opened_at), step.model.id)
                if step.web is not None and (first := _opened(ask, call, chunks, step.web)):
                    await stream.write(first)
            else:
                usage = step.usage
    if chunks is None or usage is None:
        raise SilentEngineError
    options = ask.body.stream_options
    report = chunks.usage(usage) if options and options.include_usage else b""
    stream.finish(report + DONE)


def _opened(ask: ChatAsk, call: Call, chunks: Chunks, web: Gathered) -> bytes:
    """Return the first event, where it has to tell of what was brought from the web."""
    said = opening(ask.body.venice_parameters, web)
    found = documents(ask.body.venice_parameters, web, call.id)
    return b"" if said is None and found is None else chunks.open(said, found)


class SilentEngineError(InferenceFailedError):
    """The engine ended well, and said nothing at all."""

    default = "The engine ended without an answer. Nothing was charged."


def _lines(ask: ChatAsk, began: Began) -> bytes:
    """Return the headers of what ran, as they are sent."""
    ask.exchange.quota = began.quota
    lines = inference(began.model, began.engine)
    if began.notice is not None:
        lines += ending(began.notice)
    if ignored := (*ask.body.ignored, *began.ignored):
        lines += lines_of([(b"x-fondaco-ignored-params", _listed(ignored))])
    return lines


def _listed(names: Iterable[str]) -> bytes:
    """Return names for a header; what could not be a field's name is left out."""
    fit = (n for n in names if len(n) <= _LONGEST and n.isascii() and n.isidentifier())
    return ", ".join(sorted(fit)[:_MOST]).encode()


ENDPOINT = Endpoint(
    method="POST",
    path="/api/v1/chat/completions",
    run=run,
    summary="Answer a conversation, whole or as a stream of events",
    tag="Chat",
    body=ChatRequest,
    paid=True,
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
