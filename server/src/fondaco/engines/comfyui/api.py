"""ComfyUI's API: submits, watches, interrupts and deletes jobs, uploads and downloads images.

Source: ComfyUI, `server.py`; docs.comfy.org, "Routes".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import Enum, auto
from http import HTTPStatus
from secrets import token_hex
from typing import Any, TypeAlias
from urllib.parse import quote

from fondaco.clients.client import HttpClient
from fondaco.clients.websocket import WebSocket
from fondaco.domain.errors import EngineError
from fondaco.engines.comfyui.history import StoredImage
from fondaco.engines.common.found import row_of
from fondaco.engines.common.images.exchange import asked, fetched_file, object_in, posted, refusal
from fondaco.engines.common.images.files import expect_picture, white_png
from fondaco.engines.common.images.form import form_of

OpenSocket: TypeAlias = Callable[[str], AbstractAsyncContextManager[WebSocket]]
"""Opens a websocket of the engine at a path."""

VIDEO_LIMIT_BYTES = 256 * 2**20
_QUEUE_LIMIT_BYTES = 16 * 2**20
"""The queue lists all jobs with their workflows."""
_PROMPT_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_UPLOADS = "temp"
"""The folder that ComfyUI empties whenever it starts."""


class Place(Enum):
    """State of a job in the queue."""

    PENDING = auto()
    RUNNING = auto()
    GONE = auto()
    """In neither list: it has ended, or never was there."""


class ComfyApi:
    """The API of one ComfyUI."""

    def __init__(self, client: HttpClient, open_socket: OpenSocket) -> None:
        """Prepare; no request is sent yet."""
        self._client = client
        self._open_socket = open_socket

    def events(self, client_id: str) -> AbstractAsyncContextManager[WebSocket]:
        """Open the websocket that brings the events of this client's jobs.

        Raises:
            ConnectFailedError: there is none.
        """
        return self._open_socket(f"/ws?clientId={quote(client_id, safe='')}")

    async def submit(self, nodes: Mapping[str, Any], client_id: str, prompt_id: str) -> str:
        """Submit a job and return its id: older versions choose their own.

        Raises:
            EngineError: the engine refuses the workflow, or does not answer.
        """
        body = {"prompt": nodes, "client_id": client_id, "prompt_id": prompt_id}
        answer = object_in(await asked(self._client, "/prompt", body))
        named = answer.get("prompt_id")
        if not isinstance(named, str) or not _PROMPT_ID.fullmatch(named):
            raise EngineError("The model's engine returned no job id.")
        return named

    async def history(self, prompt_id: str) -> Mapping[str, Any] | None:
        """Return the history of a job that has ended; None before that.

        Raises:
            EngineError: the engine does not answer.
        """
        entries = row_of(await asked(self._client, f"/history/{quote(prompt_id, safe='')}"))
        entry = entries.get(prompt_id)
        return entry if isinstance(entry, dict) else None

    async def place(self, prompt_id: str) -> Place:
        """Return where a job is.

        Raises:
            EngineError: the engine does not answer.
        """
        queue = row_of(await asked(self._client, "/queue", limit_bytes=_QUEUE_LIMIT_BYTES))
        if _holds(queue.get("queue_running"), prompt_id):
            return Place.RUNNING
        return Place.PENDING if _holds(queue.get("queue_pending"), prompt_id) else Place.GONE

    async def interrupt(self, prompt_id: str) -> None:
        """Interrupt a job that runs; older versions interrupt whichever does.

        Raises:
            EngineError: the engine does not answer.
        """
        await posted(self._client, "/interrupt", {"prompt_id": prompt_id})

    async def dequeue(self, prompt_id: str) -> None:
        """Take a job out of the queue, if it is there.

        Raises:
            EngineError: the engine does not answer.
        """
        await posted(self._client, "/queue", {"delete": [prompt_id]})

    async def forget(self, prompt_ids: Sequence[str]) -> None:
        """Delete the history of jobs, which holds their prompts.

        Raises:
            EngineError: the engine does not answer.
        """
        await posted(self._client, "/history", {"delete": list(prompt_ids)})

    async def file(self, image: StoredImage) -> bytes:
        """Return a picture from the engine's disk.

        Raises:
            EngineError: it is not there, too large, or no picture.
        """
        return expect_picture(await fetched_file(self._client, image.path))

    async def video(self, video: StoredImage) -> bytes:
        """Return a video from the engine's disk, of at most `VIDEO_LIMIT_BYTES`.

        Raises:
            EngineError: it is not there, or too large.
        """
        return await fetched_file(self._client, video.path, limit_bytes=VIDEO_LIMIT_BYTES)

    async def upload(self, name: str, file: bytes) -> None:
        """Upload a picture to the engine's temporary folder, replacing one with this name.

        Raises:
            EngineError: the engine does not take it.
        """
        fields = {"type": _UPLOADS, "overwrite": "true"}
        content_type, body = form_of(fields, {"image": (name, file)})
        async with self._client.send(
            "POST", "/upload/image", body, content_type=content_type
        ) as reply:
            answer = await reply.read(2**20)
            if reply.status != HTTPStatus.OK:
                raise refusal(reply.status, answer)

    async def blank(self, name: str) -> None:
        """Overwrite an uploaded picture: the API cannot delete it.

        Raises:
            EngineError: the engine does not answer.
        """
        await self.upload(name, white_png(1, 1))


def upload_name() -> str:
    """Return a unique name for an upload."""
    return f"fondaco-{token_hex(16)}.png"


def _holds(jobs: object, prompt_id: str) -> bool:
    """Whether a list of the queue, whose jobs are lists themselves, has one of this id."""
    listed = jobs if isinstance(jobs, list) else []
    return any(isinstance(job, list) and len(job) > 1 and job[1] == prompt_id for job in listed)
