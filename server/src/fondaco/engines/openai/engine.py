"""The engine for any server of OpenAI's chat API: vLLM, llama-server, Ollama, hosted ones."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from math import inf

import orjson

from fondaco.clients.client import ClientResponse, HttpClient, IncompleteResponseError
from fondaco.clients.connection import PooledResponse
from fondaco.clients.pool import HttpPool, PooledExchange
from fondaco.clients.sse import DOCUMENT_LIMIT_BYTES, EventParser
from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.raw_prompts import RawPrompts
from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
from fondaco.domain.errors import (
    EngineError,
    EngineTimeoutError,
    FondacoError,
    ResponseCutError,
)
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.dialects import DIALECTS, Count, Dialect
from fondaco.engines.common.lenient_json import loads
from fondaco.engines.common.raw_prompts import echoes, one_by_one
from fondaco.engines.common.reasoning import ignored_reasoning, reasoning_fields
from fondaco.engines.common.template import variables
from fondaco.engines.common.tools import longest_rendering, tool_fields
from fondaco.engines.openai.errors import refusal
from fondaco.engines.openai.pooled_answer import PooledAnswer
from fondaco.engines.openai.relaying import Relaying
from fondaco.engines.openai.reply.plain_document import is_plain
from fondaco.engines.openai.reply.prompt_echo import split_echo
from fondaco.engines.openai.reply.reader import ReplyReader
from fondaco.engines.openai.request.body import (
    chat_body,
    expect_media_supported,
    expect_parameters_supported,
    history_fields,
    messages,
)
from fondaco.engines.openai.request.extra_parameters import expect_allowed
from fondaco.engines.openai.request.hints import ignored
from fondaco.engines.openai.request.parameters import ignored_sampling
from fondaco.engines.openai.request.parts import most_media_tokens, text_only
from fondaco.engines.openai.request.text_body import expect_raw_taken, no_completions, text_body
from fondaco.ports import Prompt, Templates, TextRelay
from fondaco.ports.incidents import Incident, report

_CHAT = "/chat/completions"
_COMPLETIONS = "/completions"
_REPLY_LIMIT_BYTES = 64 * 2**20
_REFUSAL_LIMIT_BYTES = 2**20
_LINGER_S = 0.5
"""Longest wait for the end of a stream after `[DONE]`; then the connection is closed."""
_NO_SUCH_FIELD = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_LEARNED_S = 600.0
"""Time for which an engine's rejection of a field is remembered."""
_TEMPLATE_TOKENS = 128
"""Above the number of tokens that common chat templates add to a conversation."""
_TEMPLATE_TOKENS_A_MESSAGE = 16
_TEXTS = 4
"""Texts of a message that has one content, which is text: name, id and reasoning are counted even if absent."""
_SPECIAL_TOKENS = 8
"""More than a raw prompt gets by the model's rules, such as a token for its start."""
_MOST_OF_A_TEMPLATE = 2**16
"""Tokens by which an engine's count may exceed the bound: a template may include a system prompt."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 60.0, 3600.0
"""Backoff before the count endpoint is tried again after 404: the engine may be starting."""
_NO_SUCH_ENDPOINT = {
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
}


class OpenAICompatible:
    """An engine behind OpenAI's chat API."""

    def __init__(
        self,
        name: str,
        upstream: HttpClient,
        models: Mapping[str, str],
        *,
        dialect: str = "openai",
        whole_as_stream: bool = False,
        whole_timeout_s: float = 600.0,
        read_on_s: float = 300.0,
        completions: bool = True,
        extra_params: Iterable[str] = (),
        extra_headers: Iterable[str] = (),
        templates: Templates | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            upstream: its address, up to and including `/v1`.
            models: our model id -> the engine's name for it.
            dialect: a key of `DIALECTS`.
            whole_as_stream: request streams for non-streaming calls too, so that a client disconnect stops the engine.
            whole_timeout_s: time for the head of a non-streaming response, which most engines send with its end.
            read_on_s: time for which a non-streaming response is read on after its caller has disconnected.
            completions: whether it has `POST /completions` for raw prompts.
            extra_params: engine-specific fields that callers may set.
            extra_headers: engine-specific headers that callers may set.
            templates: renders callers' templates before the engine receives them; None: they are
                rejected.
            monotonic: seconds that never go back.
        """
        self._name = name
        self._upstream = upstream
        self._pool = upstream if isinstance(upstream, HttpPool) else None
        self._models = models
        self._dialect = DIALECTS[dialect]
        if not completions:
            self._dialect = replace(self._dialect, completions=False)
        if templates is None:
            self._dialect = replace(self._dialect, templates=False)
        self._templates = templates
        self._monotonic = monotonic
        self._pause_s = _FIRST_PAUSE_S
        self._counts_from = -inf
        self._learned = self._dialect
        """The dialect as last learned from the engine's errors, until `_learned_until`."""
        self._learned_until = -inf
        self._whole_as_stream = whole_as_stream
        self._whole_timeout_s = whole_timeout_s
        self._read_on_s = read_on_s
        self._extra_params = frozenset(extra_params)
        self._extra_headers = frozenset(name.lower() for name in extra_headers)

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    async def measure(self, request: ChatRequest) -> Prompt:
        """Count the prompt by the engine's endpoint, or compute an upper bound if it has none."""
        model = self._model(request)
        if (raw := request.options.raw) is not None:
            return await self._measure_raw(request, raw, model)
        self._headers(request)
        rendered, template = "", request.options.template
        if template is not None:
            rendered = await self._rendered(request, template)
        if request.options.media:
            return await self._measure_media(request)
        bound = _most_tokens(request) + len(rendered.encode())
        match self._dialect.count if self._monotonic() >= self._counts_from else Count.NOT:
            case Count.TOKENIZE:
                conversation = messages(request.messages, self._dialect)
                tool_options = request.options.tool_options
                fields = (
                    {}
                    if request.options is NO_OPTIONS
                    else reasoning_fields(request, self._dialect.effort)
                )
                fields |= {} if tool_options is None else tool_fields(tool_options, self._dialect)
                fields |= {} if template is None else {"chat_template": template}
                body = orjson.dumps({**fields, "model": model, "messages": conversation})
                count = await self._count("/../tokenize", body, "count", request, bound)
            case Count.INPUT_TOKENS:
                body = chat_body(request, model, self._dialect, engine=self._name, stream=False)
                path = f"{_CHAT}/input_tokens"
                count = await self._count(path, body, "input_tokens", request, bound)
            case Count.NOT:
                count = None
        return Prompt(bound, exact=False) if count is None else Prompt(count)

    async def _rendered(self, request: ChatRequest, template: str) -> str:
        """Render the caller's template here, before the engine receives it.

        Raises:
            FieldNotTakenError: the engine does not support templates.
            InvalidRequestError: it cannot be rendered.
        """
        expect_parameters_supported(request, self._dialect, self._name)
        if self._templates is None:
            return ""
        return await self._templates.render(template, variables(request))

    async def _measure_raw(self, request: ChatRequest, raw: RawPrompts, model: str) -> Prompt:
        """Count raw prompts: token ids as they are, texts by the engine or by an upper bound.

        Raises:
            FieldNotTakenError: the engine does not support the request.
        """
        expect_raw_taken(request, raw, self._dialect, self._name)
        counts = self._dialect.count is Count.TOKENIZE and raw.suffix is None
        parts = list[Prompt]()
        for prompt in raw.prompts:
            if not isinstance(prompt, str):
                parts.append(Prompt(len(prompt)))
                continue
            bound = len(prompt.encode()) + len((raw.suffix or "").encode()) + _SPECIAL_TOKENS
            counted = None
            if counts and self._monotonic() >= self._counts_from:
                body = orjson.dumps({"model": model, "prompt": prompt})
                counted = await self._count("/../tokenize", body, "count", request, bound)
            parts.append(Prompt(bound, exact=False) if counted is None else Prompt(counted))
        return Prompt.together(parts)

    async def _measure_media(self, request: ChatRequest) -> Prompt:
        """Return an upper bound: the count of the text, plus the most tokens of all media."""
        expect_media_supported(request, self._dialect, self._name)
        options = replace(request.options, media=False)
        text_request = replace(
            request, messages=tuple(map(text_only, request.messages)), options=options
        )
        text_tokens = (await self.measure(text_request)).input_tokens
        return Prompt(text_tokens + most_media_tokens(request.messages), exact=False)

    def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        """Answer the request; one batch for each non-empty piece of the response."""
        raw = request.options.raw
        if raw is not None and len(raw.prompts) > 1 and not self._takes_together(request, raw):
            return one_by_one(request, prompt, self.chat)
        if raw is not None and raw.echo:
            return self._scored(request, raw) if _is_scored(request) else self._echoed(request, raw)
        return self._answered(request)

    def bound(self, request: ChatRequest) -> Prompt | None:
        """Return the prompt's bound, where the request is plain and its answer is read whole."""
        if self._pool is None or request.model not in self._models:
            return None
        if request.options is not NO_OPTIONS or request.stream or self._whole_as_stream:
            return None
        if not is_plain(request):
            return None
        if self._dialect.count is not Count.NOT and self._monotonic() >= self._counts_from:
            return None
        return Prompt(most_tokens(request.messages), exact=False)

    def begin(self, request: ChatRequest) -> PooledAnswer:
        """Return the answer to a plain request, to be sent over a connection of the pool."""
        if self._pool is None:
            raise EngineError(f"The engine {self._name!r} cannot be asked at once.")
        model, dialect = self._models[request.model], self._current_dialect()
        exchange = self._pool.send(
            "POST",
            _CHAT,
            chat_body(request, model, dialect, engine=self._name, stream=False),
            first_byte_timeout_s=self._whole_timeout_s,
        )
        return PooledAnswer(exchange, partial(self._non_streaming, request))

    def _takes_together(self, request: ChatRequest, raw: RawPrompts) -> bool:
        """Whether all raw prompts of a request are sent to the engine at once."""
        return self._dialect.many_prompts and not (raw.echo and _is_scored(request))

    def _answered(self, request: ChatRequest) -> AsyncGenerator[EventBatch]:
        return self._non_streaming(request) if self._whole(request) else self._streamed(request)

    def _whole(self, request: ChatRequest) -> bool:
        """Whether the engine is asked for its output in one piece."""
        return not (
            request.stream
            or self._whole_as_stream
            or request.options.timed
            or self._undercounts(request)
        )

    def read_on_s(self, request: ChatRequest) -> float:
        """Return the time for a response that comes in one piece."""
        raw = request.options.raw
        scored = raw is not None and raw.echo and _is_scored(request)
        return self._read_on_s if scored or self._whole(request) else 0.0

    def ignores(self, request: ChatRequest) -> tuple[str, ...]:
        """Return the options that the engine's dialect ignores."""
        return (
            ignored(request, self._current_dialect())
            + ignored_reasoning(request, self._dialect.effort)
            + ignored_sampling(request, self._dialect)
        )

    async def probe(self) -> None:
        """Generate one token with the first model."""
        for model in self._models:
            request = ChatRequest(model, (Message(Role.USER, "Hi"),), max_output_tokens=1)
            async with aclosing(self.chat(request, None)) as batches:
                async for _ in batches:
                    pass
            return
        raise EngineError(f"The engine {self._name!r} has no models.")

    async def _echoed(self, request: ChatRequest, raw: RawPrompts) -> AsyncGenerator[EventBatch]:
        """Yield an answer after the echoes of its prompts, which are texts."""
        before = echoes(request, raw)
        async with aclosing(self._answered(request)) as batches:
            async for batch in batches:
                yield (*before, *batch)
                before = ()

    async def _scored(self, request: ChatRequest, raw: RawPrompts) -> AsyncGenerator[EventBatch]:
        """Yield the answer to one prompt, whose tokens the engine scores: it is read as a whole."""
        reader = ReplyReader(request, self._dialect, self._name)
        body = self._body(request, stream=False)
        async with self._upstream.send(
            "POST", _COMPLETIONS, body, first_byte_timeout_s=self._whole_timeout_s
        ) as reply:
            if reply.status != HTTPStatus.OK:
                await self._learn(reply, request)
            raw_body = await _whole_body(reply)
        before, rest = split_echo(
            raw_body, raw.prompts[0], request.choices, request.top_logprobs or 0
        )
        batch = reader.read_last([rest], done=True)
        reader.check()
        yield (*before, *batch)

    def relayed(self, request: ChatRequest, relay: TextRelay) -> AsyncGenerator[EventBatch]:
        """Answer a streamed conversation; chunks that are alike go to `relay` as soon as they arrive."""
        return self._streamed(request, relay)

    async def _streamed(  # noqa: C901 - a stream from its request to its end
        self, request: ChatRequest, relay: TextRelay | None = None
    ) -> AsyncGenerator[EventBatch]:
        reader, events = ReplyReader(request, self._dialect, self._name), EventParser()
        body, headers = self._body(request, stream=True), self._headers(request)
        async with self._upstream.send("POST", _path(request), body, headers=headers) as reply:
            refused = reply.status != HTTPStatus.OK
            if refused:
                await self._learn(reply, request)
            relaying = _relaying(reply, reader, relay)
            while not (refused or events.finished):
                if relaying is not None:
                    relaying.wait(events)
                piece = await _next(reply, reader)
                if relaying is not None and relaying.stopped():
                    yield ()
                    if not piece:
                        continue
                if batch := _batch(piece, events, reader):
                    yield batch
                reader.check()
                if not piece:
                    break
            if relaying is not None:
                relaying.end()
            if not reply.complete:
                await _drain(reply)
        if refused:  # retry, now that the connection is free
            async with aclosing(self._streamed(request, relay)) as batches:
                async for batch in batches:
                    yield batch

    async def _non_streaming(
        self, request: ChatRequest, begun: PooledExchange | None = None
    ) -> AsyncGenerator[EventBatch]:
        """Yield the answer that comes in one piece, to a request that is sent now or `begun` before."""
        reader = ReplyReader(request, self._dialect, self._name)
        async with begun or self._sent(request) as reply:
            refused = reply.status != HTTPStatus.OK
            if refused:
                await self._learn(reply, request)
            else:
                batch = _document(await _whole_body(reply), reader)
        if refused:  # retry, now that the connection is free
            async with aclosing(self._non_streaming(request)) as batches:
                async for batch in batches:
                    yield batch
            return
        if batch:
            yield batch
        reader.check()

    async def _count(
        self, path: str, body: bytes, field: str, request: ChatRequest, bound: int
    ) -> int | None:
        """Return the engine's token count of a prompt, which is about `bound` at most.

        None if it has no such endpoint, which is then skipped for a while, or if its count is
        implausible.
        """
        async with self._upstream.send("POST", path, body) as reply:
            if reply.status in _NO_SUCH_ENDPOINT:
                self._counts_from = self._monotonic() + self._pause_s
                self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
                return None
            if reply.status != HTTPStatus.OK:
                raise await _refusal(reply, request)
            body = await reply.read(_REPLY_LIMIT_BYTES)
        self._pause_s = _FIRST_PAUSE_S
        count = whole(_field(body, field), bound + _MOST_OF_A_TEMPLATE)
        if not count:
            report(
                Incident.ENGINE_REPLY_REPAIRED,
                reason="count",
                engine=self._name,
                model=request.model,
            )
        return count or None

    def _sent(self, request: ChatRequest) -> AbstractAsyncContextManager[ClientResponse]:
        return self._upstream.send(
            "POST",
            _path(request),
            self._body(request, stream=False),
            headers=self._headers(request),
            first_byte_timeout_s=self._whole_timeout_s,
        )

    def _body(self, request: ChatRequest, *, stream: bool) -> bytes:
        dialect, raw = self._current_dialect(), request.options.raw
        if raw is not None:
            model = self._model(request)
            return text_body(request, raw, model, dialect, engine=self._name, stream=stream)
        return chat_body(request, self._model(request), dialect, engine=self._name, stream=stream)

    def _current_dialect(self) -> Dialect:
        """Return the dialect to use now, with what was learned recently."""
        if self._learned is self._dialect or self._monotonic() >= self._learned_until:
            return self._dialect
        return self._learned

    async def _learn(self, reply: ClientResponse, request: ChatRequest) -> None:
        """Learn from a rejection that the engine does not accept reasoning of earlier answers; then retry.

        Some engines reject messages with it, naming the field; others require it.

        Raises:
            FondacoError: the engine refused the request for another reason.
        """
        body = await reply.read(_REFUSAL_LIMIT_BYTES)
        if request.options.raw is not None and reply.status in _NO_SUCH_ENDPOINT:
            raise no_completions(request.model, self._name)
        names = history_fields(request.messages, self._current_dialect())
        if reply.status not in _NO_SUCH_FIELD or not any(name.encode() in body for name in names):
            raise refusal(reply.status, reply.headers, body, output_tokens=request.requested_tokens)
        self._learned = replace(self._dialect, reasoning=None, opaque=False)
        self._learned_until = self._monotonic() + _LEARNED_S
        report(Incident.HISTORY_REFUSED, reason="fields", engine=self._name, model=request.model)

    def _headers(self, request: ChatRequest) -> Mapping[str, str] | None:
        """Return the caller's engine-specific headers.

        Raises:
            FieldNotTakenError: the operator does not allow them, or one of the caller's fields.
        """
        engine_parameters = request.options.engine_parameters
        if engine_parameters is None:
            return None
        expect_allowed(
            engine_parameters, self._extra_params, self._extra_headers, engine=self._name
        )
        return engine_parameters.headers

    def _model(self, request: ChatRequest) -> str:
        model = self._models.get(request.model)
        if model is None:
            raise EngineError(f"The engine {self._name!r} has no model {request.model!r}.")
        return model

    def _undercounts(self, request: ChatRequest) -> bool:
        """Whether a non-streaming response would not report the tokens of all choices."""
        return self._dialect.usage_per_choice and request.choices > 1


def _path(request: ChatRequest) -> str:
    return _CHAT if request.options.raw is None else _COMPLETIONS


def _is_scored(request: ChatRequest) -> bool:
    return request.top_logprobs is not None


def _document(body: bytes, reader: ReplyReader) -> EventBatch:
    """Read a non-streaming response; some engines send a stream instead."""
    if body.startswith(b"{"):
        return reader.read_document(body)
    events = EventParser()
    payloads = events.feed(body) + events.end()
    return reader.read_last(payloads, done=events.finished)


def _field(body: bytes, name: str) -> object:
    """Return a field of a response, or None if it is missing."""
    try:
        document = loads(body)
    except ValueError:
        return None
    return document.get(name) if isinstance(document, dict) else None


def _most_tokens(request: ChatRequest) -> int:
    tool_options = request.options.tool_options
    if tool_options is None:
        return most_tokens(request.messages)
    return most_tokens((*request.messages, Message(Role.SYSTEM, longest_rendering(tool_options))))


def most_tokens(conversation: Iterable[Message]) -> int:
    """Return an upper bound of a conversation's tokens, for any tokenizer.

    A token is at least one byte of UTF-8; the chat template's own tokens are added.
    """
    bound = _TEMPLATE_TOKENS
    for message in conversation:
        content = message.content
        if content.__class__ is str and message.only_text:  # as nearly all
            octets = len(content) if content.isascii() else len(content.encode())
            bound += _TEMPLATE_TOKENS_A_MESSAGE + _TEXTS + octets
            continue
        texts = [message.name, message.tool_call_id, message.reasoning, *message.texts]
        opaque = [message.opaque] if message.opaque is not None else []
        for use in message.tool_calls:
            texts += (use.id, use.name, use.arguments)
            opaque += [use.opaque] if use.opaque is not None else []
        texts += (orjson.dumps(fields).decode() for fields in opaque)
        bound += _TEMPLATE_TOKENS_A_MESSAGE + len(texts)
        for text in texts:
            if text:
                bound += len(text) if text.isascii() else len(text.encode())
    return bound


async def _refusal(reply: ClientResponse, request: ChatRequest) -> FondacoError:
    body = await reply.read(_REFUSAL_LIMIT_BYTES)
    return refusal(reply.status, reply.headers, body, output_tokens=request.requested_tokens)


async def _whole_body(reply: ClientResponse) -> bytes:
    """Read a response that comes in one piece.

    Raises:
        ResponseCutError: it ended early; an engine that is at capacity would not have begun.
    """
    try:
        return await reply.read(DOCUMENT_LIMIT_BYTES)
    except IncompleteResponseError as error:
        raise ResponseCutError from error


async def _next(reply: ClientResponse, reader: ReplyReader) -> bytes:
    """Return the next piece of a stream; an error after the complete answer counts as its end."""
    try:
        return await reply.piece()
    except (IncompleteResponseError, EngineTimeoutError):
        if not reader.complete:
            raise
        return b""


def _batch(piece: bytes, events: EventParser, reader: ReplyReader) -> EventBatch:
    """Read a piece of a stream; an empty one is its end."""
    payloads = events.feed(piece) if piece else events.end()
    done = events.finished
    return reader.read(payloads) if piece and not done else reader.read_last(payloads, done=done)


def _relaying(
    reply: ClientResponse, reader: ReplyReader, relay: TextRelay | None
) -> Relaying | None:
    """Relay what arrives of a response, where there is a relay and the client can do it."""
    if relay is None or not isinstance(reply, PooledResponse):
        return None
    return Relaying(reply, reader, relay)


async def _drain(reply: ClientResponse) -> None:
    """Read a stream to its end, so that its connection can be reused."""
    with suppress(TimeoutError, EngineError):
        async with asyncio.timeout(_LINGER_S):
            while await reply.piece():
                pass
