"""A video that a server makes: queued, waited for, retrieved, saved, and then deleted there."""

import shlex
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import orjson

from fondaco.cli.connecting.api import Api
from fondaco.cli.connecting.refusals import RefusalError
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.made_files import write_made
from fondaco.cli.media.received import expect_media
from fondaco.cli.progress import ShareBar

if TYPE_CHECKING:
    from fondaco.domain.media.video import VideoRequest

_NAMES = ("model", "queue_id")
_MOST_BYTES = 512 * 2**20
_SOONEST_S, _LATEST_S = 0.5, 10.0
_SHARE_OF_TIME = 10_000
"""Milliseconds of work for each second between two looks at it."""
_MOST_FAULTS = 5
"""Looks in a row that may fail: a server that restarts goes on with the job."""
_ALMOST = 0.99
_TRANSIENT = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_FINAL = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR})
"""Statuses of a video that failed, or that nobody can retrieve any more."""


@dataclass(frozen=True, slots=True)
class PendingVideo:
    """A video that a server was asked for."""

    model: str
    queue_id: str

    def retrieval(self, output: Path, options: Mapping[str, str]) -> str:
        """Return the command that retrieves it later, as it can be typed."""
        words = ["fondaco", "jobs", "retrieve", self.model, self.queue_id, "-o", str(output)]
        for name, value in options.items():
            words += [name, value]
        return shlex.join(words)


async def queued_by(api: Api, request: "VideoRequest") -> PendingVideo:
    """Have a server queue a video.

    Raises:
        FailedError: it does not answer, or refuses.
    """
    fields: dict[str, object] = {
        "model": request.model,
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt or None,
        "duration": f"{request.seconds}s",
        "aspect_ratio": request.aspect_ratio,
        "resolution": request.resolution,
        "audio": request.audio,
        "image_url": None if request.picture is None else _data_url(request.picture.content),
        "audio_url": None if request.soundtrack is None else request.soundtrack.url,
        "video_url": None if request.reference is None else request.reference.url,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    told = await api.post("/video/queue", given)
    model, queue_id = (told.get(name) if isinstance(told, dict) else None for name in _NAMES)
    if not isinstance(queue_id, str) or not queue_id:
        raise FailedError(
            f"{api.place} queued no video. Check that it is the base URL of a server with the Venice API."
        )
    return PendingVideo(model if isinstance(model, str) else request.model, queue_id)


async def fetched(api: Api, job: PendingVideo, output: Path, bar: ShareBar) -> bytes:
    """Wait for a video, save it, have the server delete its own copy, and return the file.

    Raises:
        FailedError: the video failed, the server does not answer, or the file cannot be written.
    """
    file = await _waited(api, job, bar)
    write_made(output, file)
    with suppress(FailedError):  # the server deletes it by itself, later
        await api.post("/video/complete", _body(job))
    return file


def is_lost(error: FailedError) -> bool:
    """Whether an error says that a video will never be retrieved."""
    return isinstance(error, RefusalError) and error.status in _FINAL


async def _waited(api: Api, job: PendingVideo, bar: ShareBar) -> bytes:
    faults, pause_s = 0, _SOONEST_S
    while True:
        try:
            found = await _looked(api, job, bar)
        except FailedError as error:
            faults += 1
            if faults > _MOST_FAULTS or not _may_pass(error):
                raise
            pause_s = min(_LATEST_S, 2 * pause_s)
        else:
            if isinstance(found, bytes):
                return found
            faults, pause_s = 0, found
        await anyio.sleep(pause_s)


async def _looked(api: Api, job: PendingVideo, bar: ShareBar) -> bytes | float:
    """Return the video; while it is being made, the seconds until the next look."""
    async with api.sent("POST", "/video/retrieve", orjson.dumps(_body(job))) as response:
        body, headers = await response.read(_MOST_BYTES), response.headers
    if "json" not in headers.get("content-type", ""):
        expect_media(body, headers, "video", api.place)
        return body
    told = _object(body)
    running_ms, usual_ms = (
        _number(told.get(name)) for name in ("execution_duration", "average_execution_time")
    )
    if headers.get("x-fondaco-queued") == "true":
        bar.wait("Waiting for other videos")
    else:
        bar.say("Generating the video")
        share = _share(headers.get("x-fondaco-progress", ""))
        bar(min(running_ms / usual_ms, _ALMOST) if share is None and usual_ms else share or 0.0)
    return min(_LATEST_S, max(_SOONEST_S, running_ms / _SHARE_OF_TIME))


def _may_pass(error: FailedError) -> bool:
    """Whether another look may succeed."""
    if isinstance(error, RefusalError):
        return error.status in _TRANSIENT
    return error.exit_code is Exit.UNREACHABLE


def _body(job: PendingVideo) -> dict[str, str]:
    return {"model": job.model, "queue_id": job.queue_id}


def _data_url(content: bytes | str) -> str:
    if isinstance(content, str):
        return content
    return f"data:application/octet-stream;base64,{b64encode(content).decode()}"


def _object(body: bytes) -> dict[str, object]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = None
    return told if isinstance(told, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and value > 0 else 0.0


def _share(text: str) -> float | None:
    """Return a share that a server tells.

    >>> _share("0.25"), _share("nan"), _share("7"), _share("")
    (0.25, None, None, None)
    """
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None
