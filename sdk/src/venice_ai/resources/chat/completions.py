"""POST /chat/completions: non-streaming, streaming, parsed, or with tools."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, Unpack, overload

import httpx2
from pydantic import BaseModel

from venice_ai._http.request import Request
from venice_ai.costs import (
    EXPECTED_COMPLETION_TOKENS,
    TOKENS_PER_WORD,
    ChatCostEstimate,
    estimate_completion_cost,
)
from venice_ai.resources._resource import APIResource
from venice_ai.resources.chat._concurrency import together
from venice_ai.resources.chat._loop import ToolLoop
from venice_ai.resources.chat._options import ChatOptions, request_of, with_usage
from venice_ai.resources.chat._response_format import format_of
from venice_ai.resources.models import Choosing
from venice_ai.resources.tee import Tee
from venice_ai.streaming import ChatStream, Stream
from venice_ai.tee._chat import ConfidentialChat
from venice_ai.tee.types import TeeOptions
from venice_ai.types.api.chat import (
    ChatCompletionResponse,
    ParsedChatCompletion,
    Tool,
    ToolCall,
    ToolLoopResult,
)
from venice_ai.types.api.messages import Messages
from venice_ai.types.api.streaming import ChatCompletionChunk, ChunkModelFactory

if TYPE_CHECKING:
    from venice_ai.tee._calls import ConfidentialCalls

__all__ = ["ChatCompletions", "Chatting"]

Parsed = TypeVar("Parsed", bound=BaseModel)


class Chatting(Choosing, Protocol):
    """A client with a catalogue of models, and enclaves."""

    @cached_property
    def tee(self) -> Tee:
        """Its enclaves."""
        ...


class ChatCompletions(APIResource[Chatting]):
    """Chat completions."""

    @overload
    async def create(
        self,
        *,
        model: str,
        messages: Messages,
        stream: Literal[False] = False,
        **kwargs: Unpack[ChatOptions],
    ) -> ChatCompletionResponse: ...
    @overload
    async def create(
        self,
        *,
        model: str,
        messages: Messages,
        stream: Literal[True],
        stream_cls: type[ChunkModelFactory[ChatCompletionChunk]] | None = None,
        **kwargs: Unpack[ChatOptions],
    ) -> AsyncIterable[ChatCompletionChunk]: ...
    @overload
    async def create(
        self, *, model: str, messages: Messages, stream: Literal[False] = False, **kwargs: Any
    ) -> ChatCompletionResponse: ...
    @overload
    async def create(
        self,
        *,
        model: str,
        messages: Messages,
        stream: Literal[True],
        stream_cls: type[ChunkModelFactory[ChatCompletionChunk]] | None = None,
        **kwargs: Any,
    ) -> AsyncIterable[ChatCompletionChunk]: ...
    @overload
    async def create(
        self,
        *,
        model: str,
        messages: Messages,
        stream: bool,
        stream_cls: type[ChunkModelFactory[ChatCompletionChunk]] | None = None,
        **kwargs: Any,
    ) -> ChatCompletionResponse | AsyncIterable[ChatCompletionChunk]: ...
    async def create(
        self,
        *,
        model: str,
        messages: Messages,
        stream: bool = False,
        stream_cls: type[ChunkModelFactory[ChatCompletionChunk]] | None = None,
        **kwargs: Any,
    ) -> ChatCompletionResponse | AsyncIterable[ChatCompletionChunk]:
        """Answer a conversation.

        Arguments that are None are omitted; others that are not listed here are sent unchanged.

        Args:
            model: Its id, an alias, or a trait such as `default`.
            messages: The conversation: messages of `venice_ai.types.api.chat`, or dictionaries.
            stream: Return an iterator of chunks as soon as the first one is there.
            stream_cls: Class of the stream, instead of `venice_ai.streaming.Stream`.
            **kwargs: Any field of the API; these are the ones that it documents.

                frequency_penalty: -2 to 2; above 0, frequent words become less likely.
                max_completion_tokens: Most tokens of an answer, its thoughts included.
                n: How many answers.
                presence_penalty: -2 to 2; above 0, words that occurred become less likely.
                response_format: `JSONSchemaFormat`, `JSONObjectFormat`, `TextResponseFormat`, or
                    a pydantic model, which becomes a strict JSON schema.
                seed: The same seed and request give the same answer.
                stop: Up to 4 texts before which the answer ends.
                temperature: 0 to 2; higher is more random. Default: 0.7.
                top_p: 0 to 1, the probability mass to sample from. Default: 1.
                max_temp, min_temp: Between them the temperature moves from token to token.
                min_p: 0 to 1, least probability of a token, relative to the likeliest.
                tools: Functions that the model may call; see `run_with_tools`.
                tool_choice: `none`, `auto`, `required`, or a `SpecificToolChoice`.
                user: Who asks; discarded.
                venice_parameters: Web search, characters, thoughts and so on.
                reasoning_effort: `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`.
                    Counts before `reasoning.effort`.
                reasoning: `effort`, as above, and `summary`: `auto`, `concise` or `detailed`.
                prompt_cache_key: The same for conversations that begin alike.
                prompt_cache_retention: `default`, `extended` or `24h`.
                store, text, include, metadata: As OpenAI has them, sent on.
                logprobs: Tell the probabilities of the answer's tokens.
                top_logprobs: How many alternatives to tell for each token.
                parallel_tool_calls: Whether one answer may call several tools.
                repetition_penalty: Above 1, earlier words become less likely.
                stop_token_ids: Tokens at which the answer ends.
                top_k: How many of the likeliest tokens are chosen from.
                stream_options: `{"include_usage": True}` adds a last chunk with the usage.
                e2ee: End-to-end encryption to the enclave of a model named `e2ee-*`: True, or a
                    `TeeOptions`. Every message is encrypted, and the reply is checked against the
                    enclave's receipt before it is returned, or before its stream ends. Tools, schemas,
                    web search, log probabilities are refused. `reply.meta.proof` has the proof.
                    Without this argument, nothing is sent to such a model; with False, plain text.
                timeout: Seconds, instead of the client's.
                extra_headers, extra_body: Additional headers and fields.

        Returns:
            The reply, or with `stream` its chunks.

        Raises:
            TypeError: `max_tokens` was given, or something that has no form in JSON.
            TeeAttestationError: With `e2ee`, the enclave or its receipt fails verification.
            TeeDecryptionError: With `e2ee`, the reply is not encrypted to this call, or was altered.
            APIError: As its subclasses say; see `venice_ai.exceptions`.
        """
        request = request_of(model, messages, stream=stream, options=kwargs)
        if not stream:
            return await self._whole(request)
        response = await self._begun(request)
        make = stream_cls or Stream[ChatCompletionChunk]
        return make(response, ChatCompletionChunk, self._transport.metadata(response))

    async def stream(
        self,
        *,
        model: str,
        messages: Messages,
        e2ee: bool | TeeOptions | None = None,
        **kwargs: Any,
    ) -> ChatStream:
        """Answer a conversation bit by bit: `create(stream=True)` with more comfort.

        The usage is requested, so that `collect` has it. The chunk without choices that tells it is
        only shown to callers who decide about `stream_options.include_usage` themselves.

        With `e2ee`, pieces are decrypted as they arrive, and that none is missing is proved at the end
        only: what was read of a stream that raises an error in the end is not to be relied on.

        Example:
            async with await client.chat.completions.stream(model=model, messages=messages) as s:
                async for text in s.text_deltas():
                    print(text, end="")

        Raises:
            APIError: As `create` does.
        """
        options, decided = with_usage({**kwargs, "e2ee": e2ee})
        request = request_of(model, messages, stream=True, options=options)
        response = await self._begun(request)
        meta = self._transport.metadata(response)
        return ChatStream(response, ChatCompletionChunk, meta, usage_chunk=decided)

    async def parse(
        self,
        *,
        model: str,
        messages: Messages,
        response_format: type[Parsed],
        schema_name: str | None = None,
        strict: bool = True,
        **kwargs: Any,
    ) -> ParsedChatCompletion[Parsed]:
        """Answer by a value of a pydantic model.

        Args:
            model: As in `create`.
            messages: As in `create`.
            response_format: Class of the answer.
            schema_name: Name of the schema for the model; default: the class's name.
            strict: Whether the answer must match the schema, or only should.
            **kwargs: As in `create`, but for `stream`.

        Raises:
            ValueError: `stream` was given, or the answer has no text.
            pydantic.ValidationError: The answer does not fit.
            APIError: As `create` does.
        """
        _refuse_stream(kwargs, "parse")
        shape = format_of(response_format, name=schema_name, strict=strict)
        response = await self._complete(
            {**kwargs, "model": model, "messages": messages, "response_format": shape}
        )
        return ParsedChatCompletion(response.parse_as(response_format), response)

    async def estimate_cost(
        self,
        *,
        model: str,
        messages: Messages,
        expected_completion_tokens: int = EXPECTED_COMPLETION_TOKENS,
        tokens_per_word: float = TOKENS_PER_WORD,
    ) -> ChatCostEstimate:
        """Estimate the cost of an answer from words and the model's prices, without a request.

        Args:
            model: Its id, or a trait.
            messages: As in `create`.
            expected_completion_tokens: As in `venice_ai.costs.estimate_completion_cost`.
            tokens_per_word: As in `venice_ai.costs.estimate_completion_cost`.

        Raises:
            ValueError: No text model has this name, or the model has no price by the token.
            APIError: The list of models cannot be had.
        """
        found = await self._client.models.find(model)
        if found is None:
            raise ValueError(f"There is no model {model!r}. client.models.list() has them all.")
        return estimate_completion_cost(
            found,
            messages,
            expected_completion_tokens=expected_completion_tokens,
            tokens_per_word=tokens_per_word,
        )

    async def batch(
        self,
        requests: Sequence[Mapping[str, Any]],
        *,
        max_concurrency: int = 10,
        return_exceptions: bool = True,
    ) -> list[ChatCompletionResponse | BaseException]:
        """Answer many conversations at a time.

        Args:
            requests: The arguments of `create` for each of them; `stream` is refused.
            max_concurrency: Maximum number of concurrent requests.
            return_exceptions: Return errors in the list. Otherwise, the first failure
                cancels all others, and is raised.

        Returns:
            The replies, in the order of the requests.

        Raises:
            ValueError: `max_concurrency` is less than 1.
        """
        if max_concurrency < 1:
            raise ValueError(
                f"max_concurrency={max_concurrency!r} lets nothing run. Give 1 or more."
            )
        free = asyncio.Semaphore(max_concurrency)

        async def answered(fields: Mapping[str, Any]) -> ChatCompletionResponse | BaseException:
            try:
                async with free:
                    _refuse_stream(fields, "batch")
                    return await self._complete(fields)
            except Exception as error:
                if return_exceptions:
                    return error
                raise

        return await together(answered(fields) for fields in requests)

    async def run_with_tools(
        self,
        *,
        model: str,
        messages: Messages,
        tools: Sequence[Callable[..., Any] | Tool],
        on_tool_call: Callable[[ToolCall, Any], Any] | None = None,
        on_tool_error: Callable[[ToolCall, Exception], str] | None = None,
        parallel: bool = False,
        max_iterations: int = 10,
        **create_kwargs: Any,
    ) -> ToolLoopResult:
        """Answer a conversation, running the tools that the model calls until it calls no more.

        Args:
            model: As in `create`.
            messages: As in `create`; the list is not changed.
            tools: Functions, plain or asynchronous, described to the model by
                `tool_from_function`; or tools that `on_tool_call` runs.
            on_tool_call: Receives each call and its function's result. For a tool that is not a
                function, it receives None and returns the result.
            on_tool_error: Receives the call and the error, and returns the text for the model; an error
                that it raises ends the loop. By default, the error is logged to `venice_ai.tools`, and
                sent to the model.
            parallel: Run the calls of one answer at the same time.
            max_iterations: Most round trips to the model.
            **create_kwargs: As in `create`, but for `stream`.

        Raises:
            MaxIterationsExceededError: The model still calls tools after so many round trips.
            ValueError: `stream` was given, `max_iterations` is less than 1, the model called a tool
                that nothing runs, or gave no answer.
            APIError: As `create` does.
        """
        _refuse_stream(create_kwargs, "run_with_tools")
        loop = ToolLoop(tools, on_tool_call, on_tool_error, parallel=parallel)
        return await loop.run(
            self._complete,
            {**create_kwargs, "model": model, "tools": loop.tools},
            list(messages),
            max_iterations,
        )

    async def _whole(self, request: Request | ConfidentialChat) -> ChatCompletionResponse:
        if isinstance(request, Request):
            return await self._fetch(request, ChatCompletionResponse)
        response = await self._confidential.respond(request, stream=False)
        if response.is_closed:
            reply = self._transport.parsed(response, ChatCompletionResponse)
            return reply.with_meta(self._transport.metadata(response))
        meta = self._transport.metadata(response)
        return await ChatStream(response, ChatCompletionChunk, meta).collect()

    async def _begun(self, request: Request | ConfidentialChat) -> httpx2.Response:
        """Return the head of a stream."""
        if isinstance(request, Request):
            return await self._send(request, stream=True)
        return await self._confidential.respond(request, stream=True)

    @property
    def _confidential(self) -> "ConfidentialCalls":
        return self._client.tee._calls  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - its own part

    async def _complete(self, fields: Mapping[str, Any]) -> ChatCompletionResponse:
        reply = await _called(self.create, fields)
        if not isinstance(reply, ChatCompletionResponse):
            raise TypeError(f"create gave {type(reply).__name__!r} instead of a whole reply.")
        return reply


def _called(
    create: Callable[..., Awaitable[object]], fields: Mapping[str, Any]
) -> Awaitable[object]:
    """Call an overloaded function whose signature depends on the fields."""
    return create(**fields)


def _refuse_stream(fields: Mapping[str, Any], where: str) -> None:
    if fields.get("stream"):
        raise ValueError(
            f"{where} takes whole replies only. Leave out `stream`, or use `stream()`."
        )
