"""A fake ComfyUI: a queue of jobs that run one after another, events by a real websocket, a history, a disk.

Source: ComfyUI, `server.py`, `execution.py`, `main.py` (`prompt_worker`); docs.comfy.org, "Messages".
"""

import base64
import hashlib
import json
import re
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from zlib import crc32

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

import toy_pictures
from fake_upstream import Asked, FakeUpstream, Inbox, Script, Wire, whole

CHECKPOINTS = ["heron_v8.safetensors", "sdxl/base_1.0.safetensors"]
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BYTES, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
JPEG_PREVIEW = struct.pack(">II", 1, 1) + b"\xff\xd8\xff\xe0 a preview"


@dataclass
class Running:
    """A job in the queue, or at work."""

    prompt_id: str
    nodes: dict[str, Any]
    client_id: str
    interrupted: anyio.Event = field(default_factory=anyio.Event)

    @property
    def row(self) -> list[object]:
        return [1, self.prompt_id, self.nodes, {"client_id": self.client_id}, []]

    def node_of(self, *classes: str) -> str:
        """Return the id of the first node of these classes."""
        return next(i for i, node in self.nodes.items() if node["class_type"] in classes)


Play = Callable[["FakeComfyUI", Running], Awaitable[object]]
"""What a job does in place of what jobs do; it returns the outputs for the history, or None for no entry."""


class FakeComfyUI(FakeUpstream):
    """The engine; an async context that listens while it is entered."""

    def __init__(self, *, own_ids: bool = False, websocket: bool = True) -> None:
        """Prepare.

        Args:
            own_ids: whether it chooses the ids of jobs and interrupts whatever runs, as versions before 2025.
            websocket: whether there is one.
        """
        super().__init__()
        self.own_ids = own_ids
        self.websocket = websocket
        self.pending: list[Running] = []
        self.running: Running | None = None
        self.jobs: list[Running] = []
        """All that were accepted."""
        self.history: dict[str, dict[str, Any]] = {}
        self.disk: dict[tuple[str, str, str], bytes] = {}
        """Folder, subfolder and name -> file."""
        self.uploads: dict[str, list[bytes]] = {}
        """Name -> what was brought under it, one after another."""
        self.plays: list[Play] = []
        """What the next jobs do."""
        self.hold = anyio.Event()
        """Jobs get on beyond their sampler once it is set."""
        self.hold.set()
        self.sampling = anyio.Event()
        """Set when a job has reached its sampler."""
        self.looks = 0
        """How often the queue was looked at."""
        self._sockets: dict[str, Wire] = {}
        self._arrived = anyio.Event()
        self._others = {
            "/prompt": Inbox(self._accept),
            "/queue": Inbox(self._queue),
            "/interrupt": Inbox(self._interrupt),
            "/history": Inbox(self._forget),
            "/upload/image": Inbox(self._upload),
            "/view": Inbox(self._view),
            "/history/": Inbox(self._tell),
            "/object_info/CheckpointLoaderSimple": Inbox(whole(200, loader(CHECKPOINTS))),
            "/object_info/SaveImageWebsocket": Inbox(
                whole(200, {"SaveImageWebsocket": {"input": {}}})
            ),
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked_at(self, path: str) -> list[Asked]:
        return self._others[path].asked

    def script(self, path: str, *scripts: Script) -> None:
        """Answer the next requests to a path by these."""
        self._others[path].scripts.extend(scripts)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        assert self._group is not None
        self._group.start_soon(self._work)
        return self

    # The queue.

    async def _work(self) -> None:
        while True:
            while not self.pending:
                await self._arrived.wait()
                self._arrived = anyio.Event()
            job = self.running = self.pending.pop(0)
            play = self.plays.pop(0) if self.plays else run
            try:
                entry = await play(self, job)
            except InterruptedJobError:
                entry = status("error", ["execution_interrupted", {"prompt_id": job.prompt_id}])
            if entry is not None:
                self.history[job.prompt_id] = {"prompt": job.row, **entry}  # type: ignore[dict-item]
            self.running = None
            await self.event(job, "executing", node=None)

    async def event(self, job: Running, kind: str, **data: object) -> None:
        """Send an event of a job to its client."""
        await self.say(job, {"type": kind, "data": {"prompt_id": job.prompt_id, **data}})

    async def say(self, job: Running, message: object) -> None:
        """Send a message to a job's client, if it listens."""
        if (wire := self._sockets.get(job.client_id)) is not None:
            opcode, payload = (
                (_BYTES, message)
                if isinstance(message, bytes)
                else (_TEXT, json.dumps(message).encode())
            )
            try:
                await wire.send(frame(opcode, payload))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                self._sockets.pop(job.client_id, None)

    async def drop(self, job: Running) -> None:
        """Break off the websocket of a job's client."""
        await self._sockets.pop(job.client_id).stream.aclose()

    # Requests.

    def _script(self, asked: Asked) -> Script:
        path = urlsplit(asked.path).path
        if path.startswith("/history/"):
            path = "/history/"
        if asked.method == "GET" and path == "/queue":
            return self._tell_queue
        inbox = self._others.get(path)
        return whole(404, {"error": "404: Not Found"}) if inbox is None else inbox.script(asked)

    async def _accept(self, wire: Wire, asked: Asked) -> bool:
        nodes = asked.body["prompt"]
        named = [n["inputs"]["ckpt_name"] for n in nodes.values() if "ckpt_name" in n["inputs"]]
        if unknown := [name for name in named if name not in CHECKPOINTS]:
            await wire.whole(400, refusal(unknown[0]))
            return True
        prompt_id = f"own-{len(self.jobs)}" if self.own_ids else asked.body["prompt_id"]
        job = Running(prompt_id, nodes, asked.body["client_id"])
        self.jobs.append(job)
        self.pending.append(job)
        await wire.whole(200, {"prompt_id": prompt_id, "number": len(self.jobs), "node_errors": {}})
        self._arrived.set()
        return True

    async def _tell_queue(self, wire: Wire, asked: Asked) -> bool:
        self.looks += 1
        running = [self.running.row] if self.running else []
        await wire.whole(
            200, {"queue_running": running, "queue_pending": [job.row for job in self.pending]}
        )
        return True

    async def _queue(self, wire: Wire, asked: Asked) -> bool:
        self.pending = [job for job in self.pending if job.prompt_id not in asked.body["delete"]]
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return True

    async def _interrupt(self, wire: Wire, asked: Asked) -> bool:
        named = asked.body.get("prompt_id")
        if self.running and (self.own_ids or named in (None, self.running.prompt_id)):
            self.running.interrupted.set()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return True

    async def _tell(self, wire: Wire, asked: Asked) -> bool:
        prompt_id = asked.path.removeprefix("/history/")
        entry = self.history.get(prompt_id)
        await wire.whole(200, {} if entry is None else {prompt_id: entry})
        return True

    async def _forget(self, wire: Wire, asked: Asked) -> bool:
        for prompt_id in asked.body["delete"]:
            self.history.pop(prompt_id, None)
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return True

    async def _upload(self, wire: Wire, asked: Asked) -> bool:
        found = re.search(rb'name="image"; filename="([^"]+)"\r\n[^\r]+\r\n\r\n', asked.content)
        assert found is not None
        assert b'name="type"\r\n\r\ntemp\r\n' in asked.content
        assert b'name="overwrite"\r\n\r\ntrue\r\n' in asked.content
        name = found[1].decode()
        boundary = asked.headers["content-type"].partition("boundary=")[2].encode()
        file = asked.content[found.end() :].split(b"\r\n--" + boundary)[0]
        self.uploads.setdefault(name, []).append(file)
        await wire.whole(200, {"name": name, "subfolder": "", "type": "temp"})
        return True

    async def _view(self, wire: Wire, asked: Asked) -> bool:
        query = {key: value for key, [value] in parse_qs(asked.path.partition("?")[2]).items()}
        file = self.disk.get((query["type"], query.get("subfolder", ""), query["filename"]))
        if file is None:
            await wire.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        else:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
            await wire.send(head % len(file) + file)
        return True

    # The websocket.

    async def _respond(self, asked: Asked, reader: BufferedByteReceiveStream, wire: Wire) -> bool:
        if self.websocket and asked.path.startswith("/ws?clientId="):
            await self._converse(asked, reader, wire)
            return False
        return await super()._respond(asked, reader, wire)

    async def _converse(self, asked: Asked, reader: BufferedByteReceiveStream, wire: Wire) -> None:
        client_id = asked.path.partition("=")[2]
        key = asked.headers["sec-websocket-key"].encode()
        digest = hashlib.sha1(key + _GUID, usedforsecurity=False)  # as RFC 6455 has it
        accept = base64.b64encode(digest.digest())
        await wire.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept
        )
        self._sockets[client_id] = wire
        remaining = {"exec_info": {"queue_remaining": len(self.pending)}}
        hello = {"type": "status", "data": {"status": remaining, "sid": client_id}}
        await wire.send(frame(_TEXT, json.dumps(hello).encode()))
        try:
            while (opcode := await _received(reader)) != _CLOSE:
                if opcode == _PING:
                    await wire.send(frame(_PONG, b""))
            await wire.send(frame(_CLOSE, struct.pack(">H", 1000)))
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.BusyResourceError):
            return
        finally:
            self._sockets.pop(client_id, None)


class InterruptedJobError(Exception):
    """Somebody interrupted the job."""


async def run(fake: FakeComfyUI, job: Running) -> dict[str, Any]:
    """Do what jobs do: sample with previews, and give the picture back as the output's class does."""
    await begin(fake, job)
    output = job.node_of("SaveImageWebsocket", "SaveImage", "PreviewImage")
    await fake.event(job, "executing", node=output)
    file = drawn(job, fake)
    if job.nodes[output]["class_type"] == "SaveImageWebsocket":
        await fake.say(job, struct.pack(">II", 1, 2) + file)
        images: list[dict[str, str]] = []
    else:
        folder = "output" if job.nodes[output]["class_type"] == "SaveImage" else "temp"
        name = f"ComfyUI_{len(fake.disk):05d}_.png"
        fake.disk[folder, "", name] = file
        images = [{"filename": name, "subfolder": "", "type": folder}]
        await fake.event(job, "executed", node=output, output={"images": images})
    await fake.event(job, "execution_success", timestamp=1)
    return outputs(output, images)


async def begin(fake: FakeComfyUI, job: Running) -> None:
    """Start, and run the sampler as far as the test lets it."""
    await fake.event(job, "execution_start", timestamp=1)
    await fake.event(job, "execution_cached", nodes=[])
    await fake.event(job, "executing", node="sampler")
    await fake.say(job, JPEG_PREVIEW)
    await fake.event(job, "progress", value=1, max=20, node="sampler")
    fake.sampling.set()
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            await job.interrupted.wait()
            group.cancel_scope.cancel()

        group.start_soon(watch)
        await fake.hold.wait()
        group.cancel_scope.cancel()
    if job.interrupted.is_set():
        await fake.event(
            job, "execution_interrupted", node_id="sampler", node_type="KSampler", executed=[]
        )
        raise InterruptedJobError


def drawn(job: Running, fake: FakeComfyUI | None = None) -> bytes:
    """Return the picture of a job: a colour by its prompt, its seed, and the pictures brought to it."""
    inputs = [node["inputs"] for node in job.nodes.values()]
    values = {key: value for one in inputs for key, value in one.items()}
    size = f"{values.get('width', 64)}x{values.get('height', 64)}"
    words = json.dumps([one["text"] for one in inputs if "text" in one])
    names = [str(one["image"]).removesuffix(" [temp]") for one in inputs if "image" in one]
    brought = {} if fake is None else fake.uploads
    words += str([crc32(brought[name][-1]) for name in names if name in brought])
    reply = toy_pictures.reply({"size": size, "prompt": words, "seed": values.get("seed")})
    file = base64.b64decode(reply["data"][0]["b64_json"])
    given = [brought[name][-1] for name in names if name in brought]
    if len(given) > 1:
        original, mask, *_ = given
        file = toy_pictures.painted_over(original, mask, file)
    return file


def outputs(node: str, images: object) -> dict[str, Any]:
    """Return the history of a job that succeeded."""
    return {"outputs": {node: {"images": images}}, **status("success")}


def status(word: str, *messages: object) -> dict[str, Any]:
    """Return the status in a job's history."""
    done = {"status_str": word, "completed": word == "success", "messages": list(messages)}
    return {"status": done} if word == "success" else {"outputs": {}, "status": done}


def loader(names: list[Any], *, modern: bool = False) -> dict[str, Any]:
    """Return what is said of the node that loads checkpoints."""
    choices = ["COMBO", {"options": names}] if modern else [names, {"tooltip": "The name"}]
    return {
        "CheckpointLoaderSimple": {
            "input": {"required": {"ckpt_name": choices}},
            "output": ["MODEL"],
        }
    }


def refusal(name: str) -> dict[str, Any]:
    """Return the refusal of a workflow with a checkpoint that is not there."""
    detail = f"ckpt_name: '{name}' not in ['heron_v8.safetensors']"
    fault = {
        "type": "value_not_in_list",
        "message": "Value not in list",
        "details": detail,
        "extra_info": {},
    }
    return {
        "error": {
            "type": "prompt_outputs_failed_validation",
            "message": "Prompt outputs failed validation",
            "details": "",
            "extra_info": {},
        },
        "node_errors": {
            "1": {"errors": [fault], "dependent_outputs": ["7"], "class_type": "Loader"}
        },
    }


def frame(opcode: int, payload: bytes) -> bytes:
    """Return a websocket frame as servers send it, unmasked."""
    if len(payload) < 126:
        head = struct.pack(">BB", 0x80 | opcode, len(payload))
    elif len(payload) < 2**16:
        head = struct.pack(">BBH", 0x80 | opcode, 126, len(payload))
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 127, len(payload))
    return head + payload


async def _received(reader: BufferedByteReceiveStream) -> int:
    """Read one small frame of a client, and return its opcode."""
    first, second = await reader.receive_exactly(2)
    await reader.receive_exactly(4 + (second & 0x7F))  # the mask, and what it masks
    return first & 0x0F
