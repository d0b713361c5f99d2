"""Jobs of an sd-server: submitted, looked at until they end, and cancelled while they wait.

Source: stable-diffusion.cpp, `examples/server/api.md`, "sdcpp API".
"""

import re
from collections.abc import Mapping
from typing import Any

import anyio
from anyio import to_thread

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError, EngineTimeoutError, EngineUnavailableError
from fondaco.engines.common.images.exchange import asked, object_in
from fondaco.engines.common.images.files import FILE_LIMIT_BYTES, file_in_base64
from fondaco.engines.common.images.supervision import clean_up

_SUBMIT = "/sdcpp/v1/img_gen"
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_LONGEST_SUBMISSION_S = 20.0
_FIRST_LOOK_S = 0.05


class Jobs:
    """The jobs of one sd-server."""

    def __init__(self, client: HttpClient, *, poll_s: float, total_timeout_s: float) -> None:
        """Prepare.

        Args:
            client: the server's address.
            poll_s: between two looks at a job; the first ones follow each other more closely.
            total_timeout_s: from a job's submission to its end.
        """
        self._client = client
        self._poll_s = poll_s
        self._total_timeout_s = total_timeout_s

    async def picture(self, request: Mapping[str, object]) -> tuple[bytes, float]:
        """Return the picture of a job, and for how many seconds it waited in the server's queue.

        A job that is left is cancelled; one that is worked on already draws on for nobody, as this server
        cannot stop it.

        Raises:
            EngineTimeoutError: it took too long.
            EngineError: the server refused it, lost it or failed at it.
        """
        job_id = await self._submitted(request)
        ended = False
        try:
            with anyio.fail_after(self._total_timeout_s):
                job, queued_s = await self._ended(job_id)
            ended = True
        except TimeoutError:
            raise EngineTimeoutError from None
        finally:
            if not ended:
                await clean_up(lambda: self._cancel(job_id))
        return await to_thread.run_sync(_file_in, job), queued_s

    async def _submitted(self, request: Mapping[str, object]) -> str:
        """Return the id of a new job; not cancelled in between, as the job could not be found again."""
        try:
            with anyio.fail_after(_LONGEST_SUBMISSION_S, shield=True):
                answer = object_in(await asked(self._client, _SUBMIT, request))
        except TimeoutError:
            raise EngineTimeoutError from None
        job_id = answer.get("id")
        if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
            raise EngineError("The model's engine named no job.")
        return job_id

    async def _ended(self, job_id: str) -> tuple[Mapping[str, Any], float]:
        """Return a job that is complete, and how long it was queued."""
        asked_at, queued_s, pause_s = anyio.current_time(), 0.0, min(_FIRST_LOOK_S, self._poll_s)
        while True:
            job = object_in(
                await asked(self._client, f"/sdcpp/v1/jobs/{job_id}", limit_bytes=FILE_LIMIT_BYTES)
            )
            if job.get("id") != job_id:
                raise EngineError("The model's engine answered with another job.")
            match job.get("status"):
                case "queued":
                    queued_s = anyio.current_time() - asked_at
                case "generating":
                    pass
                case "completed":
                    return job, queued_s
                case "cancelled":
                    raise EngineUnavailableError("The job was cancelled at the model's engine.")
                case _:
                    raise EngineError("The model's engine failed at the picture.")
            await anyio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._poll_s)

    async def _cancel(self, job_id: str) -> None:
        await asked(
            self._client, f"/sdcpp/v1/jobs/{job_id}/cancel", {}, limit_bytes=FILE_LIMIT_BYTES
        )


def _file_in(job: Mapping[str, Any]) -> bytes:
    """Return the picture of a complete job.

    Raises:
        EngineError: it has none.
    """
    match job.get("result"):
        case {"images": [{"b64_json": text}, *_]}:
            return file_in_base64(text)
    raise EngineError("The model's engine sent no picture.")
