"""A fake OpenAI-compatible engine on a real loopback socket, with a toy model and scripted faults.

```python
async with FakeUpstream(dialect="vllm", key="k") as fake:
    fake.next(refusing(503, retry_after_s=7), cut_after(3))  # then it answers with the toy model again
    ...  # point a client or a whole server at fake.base_url
    assert fake.asked[0].body["max_completion_tokens"] == 12
```

`in_thread` runs one beside a test that is not asynchronous.
"""

import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream

import toy_completions
import toy_embedder
import toy_model
import toy_pictures
import toy_replies
import toy_speaker

_HEAD_LIMIT = 2**16
_COUNTS = {
    ("vllm", "/tokenize"): "count",
    ("llama-server", "/v1/chat/completions/input_tokens"): "input_tokens",
}


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    """Empty where it is no JSON."""
    content: bytes = b""
    """The body as it came."""
    hang_up: anyio.Event = field(default_factory=anyio.Event)
    """Set once the client has closed the connection before the reply was complete."""

    @property
    def hung_up(self) -> bool:
        return self.hang_up.is_set()


@dataclass
class Wire:
    """The way back to the client."""

    stream: ByteStream
    dialect: str
    token_s: float

    async def send(self, raw: bytes) -> None:
        await self.stream.send(raw)

    async def whole(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        payload = json.dumps(body).encode()
        lines = {"Content-Type": "application/json", "Content-Length": str(len(payload))}
        await self.send(_head(status, lines | (headers or {})) + payload)

    async def begin_events(self) -> None:
        lines = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
        await self.send(_head(200, lines))

    async def event(self, payload: object) -> None:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        await self.chunk(f"data: {text}\n\n".encode())

    async def chunk(self, raw: bytes) -> None:
        await self.send(b"%x\r\n%b\r\n" % (len(raw), raw))

    async def end(self) -> None:
        await self.send(b"0\r\n\r\n")


Script = Callable[[Wire, Asked], Awaitable[bool]]
"""Answers one request, and says whether the connection may be kept."""


@dataclass
class Inbox:
    """The requests to one path, and what answers them."""

    usual: Script
    asked: list[Asked] = field(default_factory=list)
    scripts: deque[Script] = field(default_factory=deque)

    def script(self, asked: Asked) -> Script:
        """Note a request, and return what answers it."""
        self.asked.append(asked)
        return self.scripts.popleft() if self.scripts else self.usual


class FakeUpstream:
    """The engine; an async context that listens while it is entered."""

    def __init__(
        self, *, dialect: str = "openai", key: str = "", model: str = "toy", token_s: float = 0.0
    ) -> None:
        """Prepare an engine that takes `token_s` seconds for each streamed token."""
        self.dialect = dialect
        self.key = key
        self.model = model
        self.token_s = token_s
        self.asked: list[Asked] = []
        """Every request for a chat, in order."""
        self.counted: list[Asked] = []
        """Every request for a count."""
        self._others = {
            "/v1/completions": Inbox(_completing),
            "/v1/embeddings": Inbox(_embedding),
            "/v1/images/generations": Inbox(_drawing),
            "/v1/images/edits": Inbox(_editing),
            "/v1/audio/speech": Inbox(_speaking),
            "/v1/audio/transcriptions": Inbox(_transcribing),
            "/v1/audio/translations": Inbox(_transcribing),
        }
        self.counting_field = ""
        """The name of the number in a count's reply, where it is not the dialect's own."""
        self.count_next: deque[Script] = deque()
        """What answers the next requests for a count; then it counts again."""
        self.port = 0
        self.connections = 0
        """How many have been accepted."""
        self._scripts: deque[Script] = deque()
        self._always: Script = speak
        self._stack = AsyncExitStack()
        self._group: TaskGroup | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def completed(self) -> list[Asked]:
        """Every request for completions of raw prompts."""
        return self._others["/v1/completions"].asked

    @property
    def complete_next(self) -> deque[Script]:
        """What answers the next of them; then the toy model does again."""
        return self._others["/v1/completions"].scripts

    @property
    def embedded(self) -> list[Asked]:
        """Every request for embeddings."""
        return self._others["/v1/embeddings"].asked

    @property
    def embed_next(self) -> deque[Script]:
        """What answers the next of them; then the toy embedder does again."""
        return self._others["/v1/embeddings"].scripts

    @property
    def drawn(self) -> list[Asked]:
        """Every request for an image."""
        return self._others["/v1/images/generations"].asked

    @property
    def draw_next(self) -> deque[Script]:
        """What answers the next of them; then a toy picture does again."""
        return self._others["/v1/images/generations"].scripts

    @property
    def edited(self) -> list[Asked]:
        """Every request for an edit of an image."""
        return self._others["/v1/images/edits"].asked

    @property
    def edit_next(self) -> deque[Script]:
        """What answers the next of them; then a toy picture does again."""
        return self._others["/v1/images/edits"].scripts

    @property
    def spoken(self) -> list[Asked]:
        """Every request for speech."""
        return self._others["/v1/audio/speech"].asked

    @property
    def speak_next(self) -> deque[Script]:
        """What answers the next of them; then a tone does again."""
        return self._others["/v1/audio/speech"].scripts

    @property
    def heard(self) -> list[Asked]:
        """Every request for a transcript."""
        return self._others["/v1/audio/transcriptions"].asked

    @property
    def hear_next(self) -> deque[Script]:
        return self._others["/v1/audio/transcriptions"].scripts

    @property
    def translated(self) -> list[Asked]:
        return self._others["/v1/audio/translations"].asked

    def next(self, *scripts: Script) -> None:
        """Answer the next chats by these scripts, one each."""
        self._scripts.extend(scripts)

    def always(self, script: Script) -> None:
        """Answer every chat by this script from now on."""
        self._always = script

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
        await self._stack.enter_async_context(listener)
        self.port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
        self._group = await self._stack.enter_async_context(anyio.create_task_group())
        self._group.start_soon(listener.serve, self._connection)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._group is not None:
            self._group.cancel_scope.cancel()
        await self._stack.__aexit__(kind, error, trace)

    async def _connection(self, stream: SocketStream) -> None:
        self.connections += 1
        async with stream:
            reader = BufferedByteReceiveStream(stream)
            try:
                while await self._request(reader, Wire(stream, self.dialect, self.token_s)):
                    pass
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
                return

    async def _request(self, reader: BufferedByteReceiveStream, wire: Wire) -> bool:
        return await self._respond(await _read(reader), reader, wire)

    async def _respond(self, asked: Asked, reader: BufferedByteReceiveStream, wire: Wire) -> bool:
        """Answer a request; return whether the connection may be kept."""
        script = self._script(asked)
        kept = False
        async with anyio.create_task_group() as group:
            group.start_soon(_watch, wire.stream, asked, group.cancel_scope)
            try:
                kept = await script(wire, asked)
            except anyio.BrokenResourceError:
                asked.hang_up.set()
            group.cancel_scope.cancel()
        return kept and not asked.hung_up

    def _script(self, asked: Asked) -> Script:
        if self.key and asked.headers.get("authorization") != f"Bearer {self.key}":
            return refusing(401, {"message": "Invalid API Key", "code": 401})
        if asked.path == "/v1/chat/completions":
            self.asked.append(asked)
            if asked.body.get("model") != self.model:
                return refusing(404, {"message": "no such model", "code": 404})
            return self._scripts.popleft() if self._scripts else self._always
        if (inbox := self._others.get(asked.path)) is not None:
            return inbox.script(asked)
        return self._count(asked)

    def _count(self, asked: Asked) -> Script:
        if self.count_next and asked.path in {path for _, path in _COUNTS}:
            self.counted.append(asked)
            return self.count_next.popleft()
        name = _COUNTS.get((self.dialect, asked.path))
        if name is None:
            return refusing(404, {"message": "not found", "code": 404})
        self.counted.append(asked)
        return _counting(self.counting_field or name)


async def speak(wire: Wire, asked: Asked) -> bool:
    """Answer with the toy model, as the dialect does."""
    prompt_tokens = toy_model.count(asked.body["messages"])
    if prompt_tokens > toy_model.CONTEXT_TOKENS:
        await wire.whole(400, {"error": toy_replies.overflow(wire.dialect, prompt_tokens)})
    elif asked.body.get("stream"):
        await wire.begin_events()
        for event in toy_replies.events(wire.dialect, asked.body):
            if wire.token_s:
                await anyio.sleep(wire.token_s)
            await wire.event(event)
        await wire.event("[DONE]")
        await wire.end()
    else:
        await wire.whole(200, toy_replies.completion(wire.dialect, asked.body))
    return True


async def _completing(wire: Wire, asked: Asked) -> bool:
    """Continue raw prompts with the toy model."""
    if asked.body.get("stream"):
        await wire.begin_events()
        for event in toy_completions.events(asked.body):
            if wire.token_s:
                await anyio.sleep(wire.token_s)
            await wire.event(event)
        await wire.event("[DONE]")
        await wire.end()
    else:
        await wire.whole(200, toy_completions.completion(asked.body))
    return True


async def _embedding(wire: Wire, asked: Asked) -> bool:
    """Answer with the toy embedder."""
    await wire.whole(*toy_embedder.reply(asked.body))
    return True


async def _drawing(wire: Wire, asked: Asked) -> bool:
    """Answer with a picture of one colour."""
    await wire.whole(200, toy_pictures.reply(asked.body))
    return True


async def _editing(wire: Wire, asked: Asked) -> bool:
    """Answer with the picture itself, in the size that was asked for, or in one of its own."""
    await wire.whole(200, toy_pictures.edited(form(asked)))
    return True


async def _transcribing(wire: Wire, asked: Asked) -> bool:
    """Write down a piece as two words, with their times."""
    segments = [{"text": f" {w}", "start": i, "end": i + 0.5} for i, w in enumerate(("one", "two"))]
    words = [{"word": one["text"], "start": one["start"], "end": one["end"]} for one in segments]
    body = {"text": "one two", "language": "english", "segments": segments, "words": words}
    await wire.whole(200, body)
    return True


async def _speaking(wire: Wire, asked: Asked) -> bool:
    """Send a tone, as long as the text has words, in chunks."""
    await wire.send(_head(200, {"Content-Type": "audio/pcm", "Transfer-Encoding": "chunked"}))
    for word in asked.body["input"].split():
        await wire.chunk(toy_speaker.tone(word) or b"\0\0")
    await wire.end()
    return True


def form(asked: Asked) -> dict[str, bytes]:
    """Return the parts of a form by their names; none comes twice."""
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    parts = [*message_from_bytes(head + asked.content, policy=HTTP).iter_parts()]
    fields = {
        str(part.get_param("name", header="content-disposition")): bytes(
            part.get_payload(decode=True)
        )
        for part in parts
    }
    assert len(fields) == len(parts)
    return fields


def refusing(status: int, error: object = "no", *, retry_after_s: int | None = None) -> Script:
    """Refuse with a status and an error."""

    async def script(wire: Wire, asked: Asked) -> bool:
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        await wire.whole(status, {"error": error}, headers)
        return True

    return script


def replying(body: object) -> Script:
    """Answer with this body."""

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.whole(200, body)
        return True

    return script


def whole(status: int, body: object) -> Script:
    """Answer with this status and this body."""

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.whole(status, body)
        return True

    return script


def hanging(*, after: int = 0) -> Script:
    """Stream so many tokens (none: not even a head) and then say nothing until the client goes."""

    async def script(wire: Wire, asked: Asked) -> bool:
        await _begin(wire, asked, after)
        await anyio.sleep_forever()
        return False

    return script


def late(script: Script, released: anyio.Event) -> Script:
    """Say nothing until `released`, then answer by another script."""

    async def waiting(wire: Wire, asked: Asked) -> bool:
        await released.wait()
        return await script(wire, asked)

    return waiting


def cut_after(tokens: int) -> Script:
    """Stream so many tokens and close the connection; at 0 before the head."""

    async def script(wire: Wire, asked: Asked) -> bool:
        await _begin(wire, asked, tokens)
        return False

    return script


def saying(*payloads: object, done: bool = True) -> Script:
    """Stream these payloads as events (texts as they are, the rest as JSON) and end well."""

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        for payload in payloads:
            await wire.event(payload)
        if done:
            await wire.event("[DONE]")
        await wire.end()
        return True

    return script


def raw(*pieces: bytes, then: str = "keep") -> Script:
    """Send these bytes one after another, then `keep` or `close` the connection, or `hang`."""

    async def script(wire: Wire, asked: Asked) -> bool:
        for number, piece in enumerate(pieces):
            await anyio.sleep(0.001 * bool(number))
            await wire.send(piece)
        if then == "hang":
            await anyio.sleep_forever()
        return then == "keep"

    return script


@contextmanager
def in_thread(fake: FakeUpstream) -> Iterator[FakeUpstream]:
    """Run a fake in a thread of its own, for tests that are not asynchronous."""
    listening, stop = threading.Event(), threading.Event()

    async def run() -> None:
        async with fake:
            listening.set()
            await anyio.to_thread.run_sync(stop.wait)

    thread = threading.Thread(target=anyio.run, args=(run,), name="fake upstream")
    thread.start()
    try:
        assert listening.wait(10)
        yield fake
    finally:
        stop.set()
        thread.join(10)


async def _begin(wire: Wire, asked: Asked, tokens: int) -> None:
    if not tokens:
        return
    await wire.begin_events()
    for event in toy_replies.events(wire.dialect, asked.body):
        await wire.event(event)
        tokens -= bool(event["choices"] and event["choices"][0]["delta"].get("content"))
        if not tokens:
            return


def _counting(name: str) -> Script:
    async def script(wire: Wire, asked: Asked) -> bool:
        if "prompt" in asked.body:
            await wire.whole(200, {name: toy_completions.count(asked.body["prompt"])})
        else:
            await wire.whole(200, {name: toy_model.count(asked.body["messages"])})
        return True

    return script


async def _watch(stream: ByteStream, asked: Asked, scope: anyio.CancelScope) -> None:
    """Notice that the client has gone; it sends nothing while it waits for its reply."""
    try:
        await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        asked.hang_up.set()
        scope.cancel()


async def _read(reader: BufferedByteReceiveStream) -> Asked:
    head = (await reader.receive_until(b"\r\n\r\n", _HEAD_LIMIT)).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers.get("content-length", "0"))
    content = await reader.receive_exactly(length) if length else b""
    is_json = headers.get("content-type", "application/json") == "application/json"
    body = json.loads(content) if content and is_json else {}
    return Asked(method, path, headers, body, content)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Fake\r\n{lines}\r\n".encode()
