"""Streams: of server-sent events, and of files that are made meanwhile."""

import os
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx2
from pydantic import ValidationError

from venice_ai._http.transport import broken
from venice_ai._streaming.accumulator import folded
from venice_ai._streaming.body import Body
from venice_ai._streaming.sse import Events
from venice_ai.exceptions import APIConnectionError, InvalidResponseError, error_of
from venice_ai.metadata import ResponseMetadata
from venice_ai.types._wire import Wire
from venice_ai.types.api.audio import TranscriptEvent
from venice_ai.types.api.chat import ChatCompletionResponse
from venice_ai.types.api.streaming import ChatCompletionChunk

__all__ = ["ChatStream", "SpeechStream", "Stream", "TranscriptStream"]

Chunk = TypeVar("Chunk", bound=Wire)

_DONE = b"[DONE]"
_DRAIN_S = 0.5
"""Time to wait for the very end of a stream, so that its connection can be reused."""


class Stream(Generic[Chunk]):
    """A stream of chunks; iterate over it once.

    It closes itself when it ends or breaks. Use `async with` if you might stop early: otherwise it hangs
    up when nothing refers to it any more.

    Raises:
        APIError: The server reports an error within the stream.
        APIConnectionError: The stream was cut off before its end.
    """

    meta: ResponseMetadata
    """The reply's head."""

    def __init__(
        self, response: httpx2.Response, chunk: type[Chunk], meta: ResponseMetadata
    ) -> None:
        self.meta = meta
        self._response = response
        self._chunk = chunk
        self._body = Body(response)
        self._events = Events()
        self._found: deque[bytes] = deque()
        self._answered = False
        self._over = False

    def __aiter__(self) -> AsyncIterator[Chunk]:
        return self

    async def __anext__(self) -> Chunk:
        try:
            chunk = await self._next()
        except BaseException:  # also at a cancellation
            await self.aclose()
            raise
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Close the connection. The engine stops; output not yet produced is not charged."""
        self._over = True
        await self._body.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _next(self) -> Chunk | None:
        """Return the next chunk; None at the end, and ever after."""
        while not (self._over or self._found):
            await self._more()
        if self._over:
            return None
        found = self._found.popleft()
        if found == _DONE:
            await self._body.drain(_DRAIN_S)
            await self.aclose()
            return None
        try:
            chunk = self._chunk.model_validate_json(found)
        except ValidationError as error:
            raise InvalidResponseError(f"The stream contains an invalid chunk: {error}") from error
        self._answered = self._check(chunk, found) or self._answered
        return chunk

    async def _more(self) -> None:
        """Wait for more events, or the end."""
        try:
            piece = await self._body.next()
        except httpx2.RequestError as error:
            raise broken(error, self._response.request, streamed=True) from error
        if piece is not None:
            self._found.extend(self._events.feed(piece))
        elif self._answered or self._over:
            await self.aclose()
        else:
            raise APIConnectionError("The stream ended before the answer did. Try again.")

    def _check(self, chunk: Chunk, found: bytes) -> bool:
        """Return whether the answer ends with this chunk.

        Raises:
            APIError: The chunk contains an error.
        """
        extra = chunk.__pydantic_extra__
        if extra and extra.get("error"):
            raise error_of(self.meta.status, dict(extra), self.meta.headers)
        return b'"finish_reason":"' in found or b'"finish_reason": "' in found


class ChatStream(Stream[ChatCompletionChunk]):
    """A chat stream: chunks, text only, or the accumulated response."""

    def __init__(
        self,
        response: httpx2.Response,
        chunk: type[ChatCompletionChunk],
        meta: ResponseMetadata,
        *,
        usage_chunk: bool = True,
    ) -> None:
        """Read a reply.

        Args:
            response: The reply, whose body has not been read.
            chunk: The class of its chunks.
            meta: Its head.
            usage_chunk: Also yield the chunk with only the usage, without choices.
        """
        self._seen: list[ChatCompletionChunk] = []
        self._usage_chunk = usage_chunk
        super().__init__(response, chunk, meta)

    async def text_deltas(self) -> AsyncGenerator[str]:
        """Yield the first choice's text in non-empty pieces."""
        async for chunk in self:
            for choice in chunk.choices:
                if choice.index == 0 and choice.delta.content:
                    yield choice.delta.content

    async def collect(self) -> ChatCompletionResponse:
        """Return the accumulated response, as a non-streaming call would.

        It includes chunks that were already iterated over, so it can be called after `text_deltas`.
        """
        async for _ in self:
            pass
        return folded(self._seen).with_meta(self.meta)

    async def _next(self) -> ChatCompletionChunk | None:
        while (chunk := await super()._next()) is not None:
            self._seen.append(chunk)
            if self._usage_chunk or chunk.choices or chunk.usage is None:
                return chunk
        return None


class TranscriptStream(Stream[TranscriptEvent]):
    """Transcript of a recording as a stream of events."""

    async def text_deltas(self) -> AsyncGenerator[str]:
        """Yield the text in non-empty pieces."""
        async for event in self:
            if event.delta:
                yield event.delta

    def _check(self, chunk: TranscriptEvent, found: bytes) -> bool:
        super()._check(chunk, found)
        return chunk.type == "transcript.text.done"


class SpeechStream:
    """The file of a text that is read aloud, in pieces as they are made; iterate over it once.

    It closes itself when it ends or breaks. Use `async with` if you might stop early: otherwise it hangs
    up when nothing refers to it any more.

    Raises:
        APIConnectionError: The file was cut off before its end.
    """

    meta: ResponseMetadata
    """The reply's head."""

    def __init__(self, response: httpx2.Response, meta: ResponseMetadata) -> None:
        self.meta = meta
        self._response = response
        self._body = Body(response)

    @property
    def voice(self) -> str | None:
        """The voice that speaks: a different one from the requested one, where the server lacks that."""
        return self.meta.headers.get("x-fondaco-voice")

    async def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the rest of the stream to a file, and return its path."""
        with Path(path).open("wb") as file:  # noqa: ASYNC230 - a piece is a few kilobytes
            async for piece in self:
                file.write(piece)
        return Path(path)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await self._body.next()
        except httpx2.RequestError as error:
            await self.aclose()
            raise broken(error, self._response.request, streamed=True) from error
        except BaseException:  # also at a cancellation
            await self.aclose()
            raise
        if piece is None:
            await self.aclose()
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Close the connection. The engine stops; text that was not yet spoken is not charged."""
        await self._body.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
