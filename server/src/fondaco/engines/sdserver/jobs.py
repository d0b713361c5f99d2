"""Jobs of an sd-server: submitted, looked at until they end, and cancelled while they wait.

Source: stable-diffusion.cpp, `examples/server/api.md`, "sdcpp API".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import anyio

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError, EngineTimeoutError, EngineUnavailableError
from fondaco.engines.common.images.exchange import asked, object_in
from fondaco.engines.common.images.files import FILE_LIMIT_BYTES
from fondaco.engines.common.images.supervision import clean_up
from fondaco.ports import RemoteJob, UnkeptJob

_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_LONGEST_SUBMISSION_S = 20.0
_FIRST_LOOK_S = 0.05

_NO_ANSWERS = (EngineUnavailableError, EngineTimeoutError)
"""After which the job may be there all the same."""
_UNKEPT = UnkeptJob()

Mode: TypeAlias = Literal["img_gen", "vid_gen"]
"""Product of a job, as the server names it."""


@dataclass(frozen=True, slots=True)
class JobRules:
    """Rules for watching the jobs of one kind."""

    mode: Mode
    poll_s: float
    """Between two looks at a job; the first ones follow each other more closely."""
    total_timeout_s: float
    """From a job's submission to its end."""
    limit_bytes: int = FILE_LIMIT_BYTES
    """Of what the server says of a job, its result included."""
    most_misses: int = 1
    """At so many looks in a row that fail, it is given up."""


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that is complete."""

    result: Mapping[str, Any]
    """Empty where the server sent none."""
    queued_s: float
    """For how long it waited in the server's queue."""
    worked_s: float
    """For how long it was worked on."""


class _CancelledThereError(EngineUnavailableError):
    """The job was cancelled at the server."""


class Jobs:
    """The jobs of one kind of one sd-server."""

    def __init__(self, client: HttpClient, rules: JobRules) -> None:
        """Prepare; `client` has the server's address."""
        self._client = client
        self._rules = rules

    async def ended(
        self,
        request: Mapping[str, object],
        working: Callable[[float], None] = lambda _: None,
        remote: RemoteJob = _UNKEPT,
    ) -> EndedJob:
        """Submit a job, and return it once it is complete.

        A job that `remote` knows is not submitted again, unless the server has lost it or failed at it.
        One that is left is cancelled, unless it is requested again; one that is worked on already goes on
        without a recipient, as this server cannot stop it.

        Args:
            request: of the job.
            working: called at each poll with the seconds since the job started.
            remote: the job that an earlier call has left, and where to note a new one.

        Raises:
            EngineTimeoutError: it took too long.
            EngineError: the server refused it, lost it or failed at it.
        """
        if remote.id is not None and _JOB_ID.fullmatch(remote.id):
            try:
                return await self._waited_for(remote.id, working, remote)
            except _CancelledThereError:
                pass
            except _NO_ANSWERS:
                raise
            except EngineError:
                pass  # the server has lost the job, or it failed
        return await self._waited_for(await self._submitted(request, remote), working, remote)

    async def _waited_for(
        self, job_id: str, working: Callable[[float], None], remote: RemoteJob
    ) -> EndedJob:
        """Return a job once it is complete; it is cancelled unless it is requested again."""
        unwanted = True
        try:
            with anyio.fail_after(self._rules.total_timeout_s):
                job = await self._watched(job_id, working)
            unwanted = False
        except TimeoutError:
            raise EngineTimeoutError from None
        except (*_NO_ANSWERS, anyio.get_cancelled_exc_class()):
            unwanted = not remote.lasts
            raise
        finally:
            if unwanted:
                await clean_up(lambda: self._cancel(job_id))
        return job

    async def _submitted(self, request: Mapping[str, object], remote: RemoteJob) -> str:
        """Return the id of a new job, which is noted.

        It is not cancelled in between, as the job could not be found again.
        """
        submit = f"/sdcpp/v1/{self._rules.mode}"
        try:
            with anyio.fail_after(_LONGEST_SUBMISSION_S, shield=True):
                answer = object_in(await asked(self._client, submit, request))
                job_id = answer.get("id")
                if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
                    raise EngineError("The model's engine returned no job id.")
                await remote.note(job_id)
        except TimeoutError:
            raise EngineTimeoutError from None
        return job_id

    async def _watched(self, job_id: str, working: Callable[[float], None]) -> EndedJob:
        """Return a job once it is complete."""
        asked_at = begun_at = anyio.current_time()
        pause_s = min(_FIRST_LOOK_S, self._rules.poll_s)
        while True:
            job = await self._found(job_id)
            now = anyio.current_time()
            match job.get("status"):
                case "queued":
                    begun_at = now
                case "generating":
                    working(now - begun_at)
                case "completed":
                    return EndedJob(_result_of(job), begun_at - asked_at, now - begun_at)
                case "cancelled":
                    raise _CancelledThereError("The job was cancelled at the model's engine.")
                case _:
                    raise EngineError("The model's engine failed to run the job.")
            await anyio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._rules.poll_s)

    async def _found(self, job_id: str) -> Mapping[str, Any]:
        """Return the state of a job; failed polls are repeated within limits."""
        for missed in range(1, self._rules.most_misses + 1):
            try:
                answer = await asked(
                    self._client, f"/sdcpp/v1/jobs/{job_id}", limit_bytes=self._rules.limit_bytes
                )
                break
            except _NO_ANSWERS:
                if missed == self._rules.most_misses:
                    raise
            await anyio.sleep(self._rules.poll_s)
        job = object_in(answer)
        if job.get("id") != job_id:
            raise EngineError("The model's engine returned another job.")
        return job

    async def _cancel(self, job_id: str) -> None:
        await asked(
            self._client,
            f"/sdcpp/v1/jobs/{job_id}/cancel",
            {},
            limit_bytes=self._rules.limit_bytes,
        )


def _result_of(job: Mapping[str, Any]) -> Mapping[str, Any]:
    result = job.get("result")
    return result if isinstance(result, dict) else {}
