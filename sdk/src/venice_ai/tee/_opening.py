"""Encrypted replies as plain ones: each piece decrypted as it arrives, the end held back until it is proved."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpx2
from pydantic_core import from_json, to_json

from venice_ai._json_values import is_array, is_object
from venice_ai._streaming.body import Body
from venice_ai._streaming.sse import Events
from venice_ai.exceptions import TeeDecryptionError, error_of
from venice_ai.tee._ciphers import Cipher

Conclude = Callable[[str, str], Awaitable[None]]
"""Given a body's digest and the reply's id, sees that the enclave signed both."""

_DONE = b"[DONE]"
_TEXTS = ("content", "reasoning_content")
"""Fields that are encrypted."""
_OPEN_FIELDS = {*_TEXTS, "role"}
_TELLING = {"delta", "message", "text", "logprobs"}
"""Fields of choices that tell texts."""
_LEFT_BEHIND = {"content-length", "content-encoding", "transfer-encoding"}
"""Headers that are true of the encrypted body only."""


class Opener:
    """Decrypts the objects of one reply."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self._seen: set[str] = set()
        self.reply_id: str | None = None
        """The reply's `id`; None: nothing was opened yet."""

    def opened(self, reply: dict[str, Any], part: str) -> dict[str, Any]:
        """Return a reply, or a chunk of one, with its texts decrypted.

        Args:
            reply: JSON as it was received; it is changed.
            part: Where choices have their texts: `message` or `delta`.

        Raises:
            TeeDecryptionError: A text is plain, repeated, of another reply, or from another place.
        """
        told = reply.get("id")
        reply_id = told if isinstance(told, str) else ""
        if self.reply_id not in {None, reply_id}:
            raise _refused(f"A chunk of the reply {reply_id!r} was put into {self.reply_id!r}.")
        self.reply_id = reply_id
        choices = reply.get("choices")
        for position, choice in enumerate(choices if is_array(choices) else []):
            if is_object(choice):
                self._open_choice(choice, position, part, reply_id)
        return reply

    def _open_choice(
        self, choice: Mapping[str, Any], position: int, part: str, reply_id: str
    ) -> None:
        texts = choice.get(part)
        told = {name for name, value in choice.items() if value and name in _TELLING - {part}}
        if isinstance(texts, dict):
            told |= {name for name, value in texts.items() if value and name not in _OPEN_FIELDS}
        if told:
            raise _refused(f"The reply has {', '.join(sorted(told))} in plain.")
        if not isinstance(texts, dict):
            return
        index = choice.get("index", position)
        for name in _TEXTS:
            if texts.get(name):
                texts[name] = self._open(texts[name], f"choices.{index}.{part}.{name}", reply_id)

    def _open(self, ciphertext: object, field: str, reply_id: str) -> str:
        if not isinstance(ciphertext, str):
            raise _refused(f"The reply's {field} is not encrypted.")
        mark = hashlib.sha256(ciphertext.lower().encode()).hexdigest()
        if mark in self._seen:
            raise _refused(f"A chunk of the reply was received twice, at {field}.")
        self._seen.add(mark)
        return self._cipher.open(ciphertext, field, reply_id)


def opened_stream(
    response: httpx2.Response, cipher: Cipher, conclude: Conclude, extensions: Mapping[str, Any]
) -> httpx2.Response:
    """Return the decrypted stream; its last event is yielded once its end is verified.

    Args:
        response: The reply, whose body has not been read.
        cipher: The call's keys.
        conclude: Verification to run before the end.
        extensions: More that the plain reply is to carry.
    """
    return httpx2.Response(
        response.status_code,
        headers=_headers(response),
        stream=_OpenedStream(response, Opener(cipher), conclude),
        request=response.request,
        extensions={**response.extensions, **extensions},
    )


async def opened_whole(
    response: httpx2.Response, cipher: Cipher, conclude: Conclude, extensions: Mapping[str, Any]
) -> httpx2.Response:
    """Return a whole reply, decrypted and proved.

    Args:
        response: The reply with its body.
        cipher: The call's keys.
        conclude: Verification to run.
        extensions: More that the plain reply is to carry.

    Raises:
        TeeDecryptionError: It is not encrypted to this call.
    """
    body = response.content
    opener = Opener(cipher)
    plain = opener.opened(_object(body), "message")
    await conclude(f"sha256:{hashlib.sha256(body).hexdigest()}", opener.reply_id or "")
    return httpx2.Response(
        response.status_code,
        headers=_headers(response),
        content=to_json(plain),
        request=response.request,
        extensions={**response.extensions, **extensions},
    )


def _headers(response: httpx2.Response) -> list[tuple[str, str]]:
    return [one for one in response.headers.multi_items() if one[0].lower() not in _LEFT_BEHIND]


class _OpenedStream(httpx2.AsyncByteStream):
    """The plain events of an encrypted stream."""

    def __init__(self, response: httpx2.Response, opener: Opener, conclude: Conclude) -> None:
        self._response = response
        self._body = Body(response)
        self._opener = opener
        self._conclude = conclude
        self._events = Events()
        self._hash = hashlib.sha256()
        self._done = False
        self._over = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._over:
            piece = await self._body.next()
            if piece is None:
                return await self._end()
            self._hash.update(piece)
            if plain := b"".join(map(self._plain, self._events.feed(piece))):
                return plain
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Hang up, unless the body has ended."""
        self._over = True
        await self._body.aclose()

    def _plain(self, data: bytes) -> bytes:
        """Return an event, decrypted; nothing of the one that ends the stream, before that is proved."""
        if self._done:
            raise _refused("The stream goes on after its end.")
        if data == _DONE:
            self._done = True
            return b""
        chunk = _object(data)
        if chunk.get("error"):
            response = self._response
            raise error_of(response.status_code, chunk, response.headers)
        return b"data: " + to_json(self._opener.opened(chunk, "delta")) + b"\n\n"

    async def _end(self) -> bytes:
        """Return the event that ends the stream."""
        self._over = True
        if not self._done:
            raise _refused("The encrypted stream was cut off before its end.")
        await self._conclude(f"sha256:{self._hash.hexdigest()}", self._opener.reply_id or "")
        return b"data: " + _DONE + b"\n\n"


def _object(text: bytes) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        TeeDecryptionError: It is none.
    """
    try:
        value = from_json(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _refused("The reply contains something other than a JSON object.")
    return value


def _refused(reason: str) -> TeeDecryptionError:
    return TeeDecryptionError(f"{reason} Discard the reply.", code="TEE_DECRYPTION_FAILED")
