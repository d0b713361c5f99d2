"""Jobs at an engine's queue: submitted, looked at until they end, and deleted there.

Source: Venice, `POST /video/queue`, `POST /video/retrieve`, `POST /video/complete`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import anyio
import orjson

from fondaco.clients.client import ClientResponse, HttpClient
from fondaco.domain.errors import (
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    FondacoError,
    InvalidRequestError,
)
from fondaco.domain.untrusted_numbers import finite
from fondaco.engines.common.found import row_of
from fondaco.engines.common.images.exchange import asked, object_in, refusal
from fondaco.engines.common.images.supervision import clean_up
from fondaco.engines.common.lenient_json import loads
from fondaco.ports import Progress, RemoteJob

FILE_LIMIT_BYTES = 256 * 2**20
"""Of a video: a minute at 1080p has some 60 MB."""
_ANSWER_BYTES = 2**16
_LONGEST_SUBMISSION_S = 60.0
_LONGEST_ID = 1_000
_FIRST_LOOK_S = 1.0
_SLOWER = 1.5
"""The pause between two looks to the one before."""
_MOST_MISSES = 6
"""Looks in a row that may fail: the video is being made, and paid for, meanwhile."""
_BY_TIME = 0.95
"""The most progress that is concluded from times: an average may be exceeded."""
_UNDER_WAY = ("PROCESSING", "QUEUED", "PENDING")
_GOOD = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED})
_FILE_TYPES = frozenset({"video/mp4", "application/octet-stream"})
_BRAND_AT, _BRAND_END = 4, 8
_NO_ANSWERS = (EngineUnavailableError, EngineTimeoutError)
"""After which the video may be there all the same."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A video in the engine's queue."""

    model: str
    queue_id: str

    @classmethod
    def noted(cls, job_id: str | None) -> "_Job | None":
        """Return the job of a note; None where it is none."""
        try:
            model, queue_id = loads((job_id or "").encode())
        except (TypeError, ValueError):
            return None
        return cls(str(model), str(queue_id))

    @property
    def note(self) -> str:
        """Note that identifies the job."""
        return orjson.dumps([self.model, self.queue_id]).decode()

    @property
    def named(self) -> dict[str, str]:
        return {"model": self.model, "queue_id": self.queue_id}


class VideoJobs:
    """The queue of one engine."""

    def __init__(self, client: HttpClient, *, poll_s: float, total_timeout_s: float) -> None:
        """Prepare.

        Args:
            client: the engine's address, up to and including its version.
            poll_s: between two looks at a job, at most; the first ones follow each other more closely.
            total_timeout_s: from a job's submission to its end; once more, where it is found again.
        """
        self._client = client
        self._poll_s = poll_s
        self._total_timeout_s = total_timeout_s

    async def video(
        self, fields: Mapping[str, object], progress: Progress, remote: RemoteJob
    ) -> bytes:
        """Return the file of a video, of at most `FILE_LIMIT_BYTES`; the engine's copy is deleted.

        It is also deleted if the call is cancelled or fails, after the engine has completed it. It
        is kept if the video will be fetched later.

        Args:
            fields: of the request.
            progress: called with the completed share, as reported by the engine or estimated from the elapsed time.
            remote: the job that an earlier call has left, and where to note a new one.

        Raises:
            InvalidRequestError: the engine refuses what the request says, or cannot read its soundtrack.
            EngineTimeoutError: it took too long.
            EngineError: the engine refuses, fails, or sends something else.
        """
        if (left := _Job.noted(remote.id)) is not None:
            try:
                return await self._file(left, progress, remote)
            except _NO_ANSWERS:
                raise
            except EngineError:
                pass  # the engine has lost the job, or it failed
        return await self._file(await self._submitted(fields, remote), progress, remote)

    async def _file(self, job: _Job, progress: Progress, remote: RemoteJob) -> bytes:
        """Return the file of a job, which is deleted at its engine unless it will be fetched again."""
        lasts = False
        try:
            with anyio.fail_after(self._total_timeout_s):
                return await self._ended(job, progress)
        except TimeoutError:
            raise EngineTimeoutError from None
        except (*_NO_ANSWERS, anyio.get_cancelled_exc_class()):
            lasts = remote.lasts
            raise
        finally:
            if not lasts:
                await clean_up(lambda: self._delete(job))

    async def _submitted(self, fields: Mapping[str, object], remote: RemoteJob) -> _Job:
        """Return a new job, which is noted.

        It is not cancelled in between, as the job could not be found again.
        """
        with anyio.fail_after(_LONGEST_SUBMISSION_S, shield=True):
            async with self._client.send("POST", "/video/queue", orjson.dumps(fields)) as reply:
                answer = await _answer(reply)
            model, queue_id = answer.get("model"), answer.get("queue_id")
            if not _is_id(queue_id):
                raise EngineError("The model's engine returned no job id.")
            job = _Job(str(model if _is_id(model) else fields["model"]), str(queue_id))
            await remote.note(job.note)
        return job

    async def _ended(self, job: _Job, progress: Progress) -> bytes:
        pause_s, misses = min(_FIRST_LOOK_S, self._poll_s), 0
        while True:
            await anyio.sleep(pause_s)
            pause_s = min(_SLOWER * pause_s, self._poll_s)
            try:
                found = await self._look(job)
            except _NO_ANSWERS:
                misses += 1
                if misses >= _MOST_MISSES:
                    raise
                continue
            misses = 0
            if isinstance(found, bytes):
                return found
            progress(found)

    async def _look(self, job: _Job) -> bytes | float:
        """Return the video, or which share of it is done."""
        async with self._client.send("POST", "/video/retrieve", orjson.dumps(job.named)) as reply:
            if reply.status in _GOOD and _media_type(reply) in _FILE_TYPES:
                return await _file(reply)
            answer = await _answer(reply)
        if answer.get("status") not in _UNDER_WAY:
            raise EngineError("The model's engine failed to make the video.")
        return _share_done(answer, reply.headers)

    async def _delete(self, job: _Job) -> None:
        await asked(self._client, "/video/complete", job.named, limit_bytes=_ANSWER_BYTES)


async def _answer(reply: ClientResponse) -> Mapping[str, object]:
    """Return the object in a good response.

    Raises:
        InvalidRequestError, EngineError: it is a refusal, or something else.
    """
    if reply.status in _GOOD and "json" not in _media_type(reply):
        raise EngineError("The model's engine sent neither a video nor its progress.")
    content = await reply.read(_ANSWER_BYTES)
    if reply.status not in _GOOD:
        raise _refusal(reply.status, content)
    try:
        return object_in(loads(content))
    except ValueError:
        raise EngineError("The model's engine sent a reply that is not JSON.") from None


async def _file(reply: ClientResponse) -> bytes:
    """Return the body of a response as long as it can be an MP4 file.

    Raises:
        EngineError: it is none, or too large.
    """
    pieces, size, head = list[bytes](), 0, b""
    while piece := await reply.piece():
        pieces.append(piece)
        size += len(piece)
        if size > FILE_LIMIT_BYTES:
            raise EngineError("The model's engine sent a video that is too large.")
        if len(head) < _BRAND_END:
            head = (head + piece)[:_BRAND_END]
            if len(head) == _BRAND_END and head[_BRAND_AT:] != b"ftyp":
                raise EngineError("The model's engine sent a file that is not an MP4 file.")
    return b"".join(pieces)


def _refusal(status: int, body: bytes) -> FondacoError:
    """Map a refusal to our error; of what the engine says, only the names of fields are repeated."""
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return InvalidRequestError("The model's engine refused the request.")
    if status != HTTPStatus.BAD_REQUEST:
        return refusal(status, b"")
    try:
        details = row_of(row_of(loads(body)).get("details"))
    except ValueError:
        details = {}
    for name in ("audio_url", "video_url"):
        if name in details:
            return InvalidRequestError(faults={name: ("The model's engine cannot read it.",)})
    names = ", ".join(name for name in _FIELDS if name in details)
    if not names:
        return refusal(status, b"")
    return EngineError(
        f"The model's engine refused the request for its {names}. The operator must check the "
        "model's limits and omitted fields."
    )


_FIELDS = (
    *("model", "prompt", "negative_prompt", "duration", "resolution", "aspect_ratio"),
    *("audio", "image_url"),
)


def _share_done(answer: Mapping[str, object], headers: Mapping[str, str]) -> float:
    told = finite(headers.get("x-fondaco-progress"))
    if told is not None:
        return min(max(told, 0.0), 1.0)
    passed, average = (
        finite(answer.get(name)) for name in ("execution_duration", "average_execution_time")
    )
    if passed is None or average is None or passed <= 0 or average <= 0:
        return 0.0
    return min(passed / average, _BY_TIME)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and value.isprintable()


def _media_type(reply: ClientResponse) -> str:
    return reply.headers.get("content-type", "").partition(";")[0].strip().lower()
