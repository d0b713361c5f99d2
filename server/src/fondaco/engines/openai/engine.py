"""The engine for any server of OpenAI's chat API: vLLM, llama-server, Ollama, hosted ones."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from http import HTTPStatus
from math import inf

import orjson

from fondaco.clients.client import ClientResponse, HttpClient, IncompleteResponseError
from fondaco.clients.sse import DOCUMENT_LIMIT_BYTES, EventParser
from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.raw_prompts import RawPrompts
from fondaco.domain.chat.request import NO_OPTIONS, ChatRequest
from fondaco.domain.errors import EngineError, EngineTimeoutError, FondacoError
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.dialects import DIALECTS, Count, Dialect
from fondaco.engines.common.raw_prompts import echoes, one_by_one
from fondaco.engines.common.reasoning import ignored_reasoning, reasoning_fields
from fondaco.engines.common.template import variables
from fondaco.engines.common.tools import most_text, offered
from fondaco.engines.openai.errors import refusal
from fondaco.engines.openai.reply.prompt_echo import told_apart
from fondaco.engines.openai.reply.reader import ReplyReader
from fondaco.engines.openai.request.body import (
    chat_body,
    expect_media_taken,
    expect_particulars_taken,
    given_back,
    messages,
)
from fondaco.engines.openai.request.extra_parameters import expect_allowed
from fondaco.engines.openai.request.hints import ignored
from fondaco.engines.openai.request.parameters import ignored_sampling
from fondaco.engines.openai.request.parts import most_media_tokens, text_only
from fondaco.engines.openai.request.text_body import expect_raw_taken, no_completions, text_body
from fondaco.ports import Prompt, Templates
from fondaco.ports.incidents import Incident, report

_CHAT = "/chat/completions"
_COMPLETIONS = "/completions"
_REPLY_LIMIT_BYTES = 64 * 2**20
_REFUSAL_LIMIT_BYTES = 2**20
_LINGER_S = 0.5
"""How long a stream's very end may take after `[DONE]` before its connection is given up."""
_NO_SUCH_FIELD = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_TAUGHT_S = 600.0
"""How long an engine is taken at its word that it knows no such field."""
_TEMPLATE_TOKENS = 128
"""More than the chat templates in use add to a conversation of their own accord."""
_TEMPLATE_TOKENS_A_MESSAGE = 16
_SPECIAL_TOKENS = 8
"""More than a raw prompt gets by the model's rules, such as a token for its start."""
_MOST_OF_A_TEMPLATE = 2**16
"""Tokens by which an engine's count may exceed the bound: a template may bring a prompt of its own."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 60.0, 3600.0
"""How long an engine that has no endpoint for counts is not asked again: it may be one that starts."""
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
        whole_as_stream: bool = True,
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
            whole_as_stream: read whole replies as streams, so that a client disconnect is charged exactly.
            completions: whether it has `POST /completions` for raw prompts.
            extra_params: fields of its own that callers may word themselves.
            extra_headers: headers of the kind.
            templates: what tries templates of callers, before the engine gets them; None: they are
                refused.
            monotonic: seconds that never go back.
        """
        self._name = name
        self._upstream = upstream
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
        self._taught = self._dialect
        """The dialect as the engine last showed it, until `_taught_until`."""
        self._taught_until = -inf
        self._whole_as_stream = whole_as_stream
        self._extra_params = frozenset(extra_params)
        self._extra_headers = frozenset(name.lower() for name in extra_headers)

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    async def measure(self, request: ChatRequest) -> Prompt:
        """Count the prompt: by the engine where it can, else by an upper bound without asking it."""
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
                known = (
                    {}
                    if request.options is NO_OPTIONS
                    else reasoning_fields(request, self._dialect.effort)
                )
                known |= {} if tool_options is None else offered(tool_options, self._dialect)
                known |= {} if template is None else {"chat_template": template}
                asked = orjson.dumps({**known, "model": model, "messages": conversation})
                counted = await self._counted("/../tokenize", asked, "count", request, bound)
            case Count.INPUT_TOKENS:
                asked = chat_body(request, model, self._dialect, engine=self._name, stream=False)
                path = f"{_CHAT}/input_tokens"
                counted = await self._counted(path, asked, "input_tokens", request, bound)
            case Count.NOT:
                counted = None
        return Prompt(bound, exact=False) if counted is None else Prompt(counted)

    async def _rendered(self, request: ChatRequest, template: str) -> str:
        """Return what a template makes of the request: the engine gets none that was not tried.

        Raises:
            FieldNotTakenError: the engine takes no template.
            InvalidRequestError: it makes nothing.
        """
        expect_particulars_taken(request, self._dialect, self._name)
        if self._templates is None:
            return ""
        return await self._templates.render(template, variables(request))

    async def _measure_raw(self, request: ChatRequest, raw: RawPrompts, model: str) -> Prompt:
        """Count raw prompts: token ids as they are, texts by the engine or by an upper bound.

        Raises:
            FieldNotTakenError: the engine does not complete them as it is asked to.
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
                asked = orjson.dumps({"model": model, "prompt": prompt})
                counted = await self._counted("/../tokenize", asked, "count", request, bound)
            parts.append(Prompt(bound, exact=False) if counted is None else Prompt(counted))
        return Prompt.together(parts)

    async def _measure_media(self, request: ChatRequest) -> Prompt:
        """Return an upper bound: what its words count, and the most that images and the like may."""
        expect_media_taken(request, self._dialect, self._name)
        options = replace(request.options, media=False)
        words = replace(request, messages=tuple(map(text_only, request.messages)), options=options)
        most = (await self.measure(words)).input_tokens
        return Prompt(most + most_media_tokens(request.messages), exact=False)

    def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        """Answer the request; one batch for each piece of the reply that says something."""
        raw = request.options.raw
        if raw is not None and len(raw.prompts) > 1 and not self._takes_together(request, raw):
            return one_by_one(request, prompt, self.chat)
        if raw is not None and raw.echo:
            return self._scored(request, raw) if _is_scored(request) else self._echoed(request, raw)
        return self._answered(request)

    def _takes_together(self, request: ChatRequest, raw: RawPrompts) -> bool:
        """Whether the engine is asked for all raw prompts at once."""
        return self._dialect.many_prompts and not (raw.echo and _is_scored(request))

    def _answered(self, request: ChatRequest) -> AsyncGenerator[EventBatch]:
        whole = not (request.stream or self._whole_as_stream or self._undercounts(request))
        return self._whole(request) if whole else self._streamed(request)

    def ignores(self, request: ChatRequest) -> tuple[str, ...]:
        """Return what the engine's dialect has no place for."""
        return (
            ignored(request, self._spoken())
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
        async with self._upstream.send("POST", _COMPLETIONS, body) as reply:
            if reply.status != HTTPStatus.OK:
                await self._learn(reply, request)
            told = await reply.read(DOCUMENT_LIMIT_BYTES)
        before, rest = told_apart(told, raw.prompts[0], request.choices, request.top_logprobs or 0)
        batch = reader.read_last([rest], done=True)
        reader.check()
        yield (*before, *batch)

    async def _streamed(self, request: ChatRequest) -> AsyncGenerator[EventBatch]:
        reader, events = ReplyReader(request, self._dialect, self._name), EventParser()
        body, headers = self._body(request, stream=True), self._headers(request)
        async with self._upstream.send("POST", _path(request), body, headers=headers) as reply:
            refused = reply.status != HTTPStatus.OK
            if refused:
                await self._learn(reply, request)
            while not (refused or events.finished):
                piece = await _next(reply, reader)
                payloads = events.feed(piece) if piece else events.end()
                done = events.finished
                if batch := (
                    reader.read(payloads)
                    if piece and not done
                    else reader.read_last(payloads, done=done)
                ):
                    yield batch
                reader.check()
                if not piece:
                    break
            if not reply.complete:
                await _drain(reply)
        if refused:  # now that the connection is free for it
            async with aclosing(self._streamed(request)) as batches:
                async for batch in batches:
                    yield batch

    async def _whole(self, request: ChatRequest) -> AsyncGenerator[EventBatch]:
        reader = ReplyReader(request, self._dialect, self._name)
        body, headers = self._body(request, stream=False), self._headers(request)
        async with self._upstream.send("POST", _path(request), body, headers=headers) as reply:
            refused = reply.status != HTTPStatus.OK
            if refused:
                await self._learn(reply, request)
            else:
                batch = _document(await reply.read(DOCUMENT_LIMIT_BYTES), reader)
        if refused:  # now that the connection is free for it
            async with aclosing(self._whole(request)) as batches:
                async for batch in batches:
                    yield batch
            return
        if batch:
            yield batch
        reader.check()

    async def _counted(
        self, path: str, asked: bytes, field: str, request: ChatRequest, bound: int
    ) -> int | None:
        """Return the engine's count of a prompt of about `bound` tokens at most.

        None where it has no such endpoint, which is then not asked for a while, or where it counts
        what cannot be.
        """
        async with self._upstream.send("POST", path, asked) as reply:
            if reply.status in _NO_SUCH_ENDPOINT:
                self._counts_from = self._monotonic() + self._pause_s
                self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
                return None
            if reply.status != HTTPStatus.OK:
                raise await _refusal(reply, request)
            body = await reply.read(_REPLY_LIMIT_BYTES)
        self._pause_s = _FIRST_PAUSE_S
        counted = whole(_field(body, field), bound + _MOST_OF_A_TEMPLATE)
        if not counted:
            report(
                Incident.ENGINE_REPLY_REPAIRED,
                reason="count",
                engine=self._name,
                model=request.model,
            )
        return counted or None

    def _body(self, request: ChatRequest, *, stream: bool) -> bytes:
        dialect, raw = self._spoken(), request.options.raw
        if raw is not None:
            model = self._model(request)
            return text_body(request, raw, model, dialect, engine=self._name, stream=stream)
        return chat_body(request, self._model(request), dialect, engine=self._name, stream=stream)

    def _spoken(self) -> Dialect:
        """Return the dialect in which the engine is asked now."""
        if self._taught is self._dialect or self._monotonic() >= self._taught_until:
            return self._dialect
        return self._taught

    async def _learn(self, reply: ClientResponse, request: ChatRequest) -> None:
        """Return if the engine may answer after all, once it is asked without reasoning of earlier answers.

        Some refuse a message that has it, by its name; others want it back.

        Raises:
            FondacoError: the engine refused the request for another reason.
        """
        body = await reply.read(_REFUSAL_LIMIT_BYTES)
        if request.options.raw is not None and reply.status in _NO_SUCH_ENDPOINT:
            raise no_completions(request.model, self._name)
        names = given_back(request.messages, self._spoken())
        if reply.status not in _NO_SUCH_FIELD or not any(name.encode() in body for name in names):
            raise refusal(reply.status, reply.headers, body, output_tokens=request.requested_tokens)
        self._taught = replace(self._dialect, reasoning=None, opaque=False)
        self._taught_until = self._monotonic() + _TAUGHT_S
        report(Incident.HISTORY_REFUSED, reason="fields", engine=self._name, model=request.model)

    def _headers(self, request: ChatRequest) -> Mapping[str, str] | None:
        """Return the headers that the caller words itself.

        Raises:
            FieldNotTakenError: the operator does not allow them, or fields of the kind.
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
        """Whether a whole reply would not tell the tokens of all choices."""
        return self._dialect.usage_per_choice and request.choices > 1


def _path(request: ChatRequest) -> str:
    return _CHAT if request.options.raw is None else _COMPLETIONS


def _is_scored(request: ChatRequest) -> bool:
    return request.top_logprobs is not None


def _document(body: bytes, reader: ReplyReader) -> EventBatch:
    """Return what a whole reply says; some engines send a stream in its place."""
    if body.startswith(b"{"):
        return reader.read_last([body], done=True)
    events = EventParser()
    payloads = events.feed(body) + events.end()
    return reader.read_last(payloads, done=events.finished)


def _field(body: bytes, name: str) -> object:
    """Return a field of a reply, or None where it has no such thing."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return told.get(name) if isinstance(told, dict) else None


def _most_tokens(request: ChatRequest) -> int:
    tool_options = request.options.tool_options
    if tool_options is None:
        return most_tokens(request.messages)
    return most_tokens((*request.messages, Message(Role.SYSTEM, most_text(tool_options))))


def most_tokens(conversation: Iterable[Message]) -> int:
    """Return more tokens than any tokenizer makes of a conversation.

    A token is at least one byte of UTF-8; what the chat template adds is allowed for.
    """
    most = _TEMPLATE_TOKENS
    for message in conversation:
        texts = [message.name, message.tool_call_id, message.reasoning, *message.texts]
        opaque = [message.opaque] if message.opaque is not None else []
        for use in message.tool_calls:
            texts += (use.id, use.name, use.arguments)
            opaque += [use.opaque] if use.opaque is not None else []
        texts += (orjson.dumps(fields).decode() for fields in opaque)
        most += _TEMPLATE_TOKENS_A_MESSAGE + len(texts)
        for text in texts:
            if text:
                most += len(text) if text.isascii() else len(text.encode())
    return most


async def _refusal(reply: ClientResponse, request: ChatRequest) -> FondacoError:
    body = await reply.read(_REFUSAL_LIMIT_BYTES)
    return refusal(reply.status, reply.headers, body, output_tokens=request.requested_tokens)


async def _next(reply: ClientResponse, reader: ReplyReader) -> bytes:
    """Return the next piece of a stream; one that is cut, or late, after its answer has ended well."""
    try:
        return await reply.piece()
    except (IncompleteResponseError, EngineTimeoutError):
        if not reader.complete:
            raise
        return b""


async def _drain(reply: ClientResponse) -> None:
    """Wait for the very end of a stream, so that its connection can serve the next call."""
    with suppress(TimeoutError, EngineError):
        async with asyncio.timeout(_LINGER_S):
            while await reply.piece():
                pass
