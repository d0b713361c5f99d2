"""Progress of an engine's task, and whether the engine works on it at all.

Source: stable-diffusion-webui, `modules/progress.py` (`POST /internal/progress`, by the id that a request
carries as `force_task_id`, since 1.6) and `GET /sdapi/v1/progress`, which tells of whatever runs.
"""

from dataclasses import dataclass

import anyio

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError, EngineTimeoutError
from fondaco.engines.common.found import row_of
from fondaco.engines.common.images.exchange import NotAtEngineError, asked, posted
from fondaco.engines.common.images.options import ImageOptions

_OF_TASK = "/internal/progress"
_OF_ALL = "/sdapi/v1/progress?skip_current_image=true"
_INTERRUPT = "/sdapi/v1/interrupt"
_API_JOBS = frozenset({"scripts_txt2img", "scripts_img2img"})
"""Names of the API's tasks where they have no id; the web UI's have one."""


@dataclass(frozen=True, slots=True)
class _Progress:
    """Result of one look; two equal ones show no progress."""

    active: bool
    """Whether the engine works on the task."""
    queued: bool
    state: tuple[object, ...] = ()


class TaskProgress:
    """Watches one task from its request to its answer."""

    def __init__(self, client: HttpClient, task_id: str, options: ImageOptions) -> None:
        """Start at its request."""
        self._client = client
        self._task_id = task_id
        self._options = options
        self._asked_at = anyio.current_time()
        self._started_at: float | None = None

    @property
    def queued_s(self) -> float:
        """Time that the task waited at the engine, as far as looks have shown."""
        return 0.0 if self._started_at is None else self._started_at - self._asked_at

    async def watch(self) -> None:
        """Look again and again, until cancelled.

        Raises:
            EngineTimeoutError: the engine made no progress for too long; or it cannot tell of any, and
                did not answer in time.
        """
        last, changed_at = _Progress(active=False, queued=True), self._asked_at
        while True:
            await anyio.sleep(self._options.poll_s)
            try:
                seen = await self._look()
            except NotAtEngineError:
                break
            except EngineError:
                seen = last  # a busy engine may not answer in time
            now = anyio.current_time()
            if seen.active and self._started_at is None:
                self._started_at = now
            if seen != last or seen.queued:
                last, changed_at = seen, now
            elif now - changed_at >= self._options.silence_timeout_s:
                raise EngineTimeoutError
        await anyio.sleep_until(self._asked_at + self._options.first_byte_timeout_s)
        raise EngineTimeoutError

    async def interrupt(self) -> None:
        """Have the engine stop if it works on this task: its interrupt stops whatever runs.

        Raises:
            EngineError: it does not answer.
        """
        if (await self._look()).active:
            await posted(self._client, _INTERRUPT, {})

    async def _look(self) -> _Progress:
        question = {"id_task": self._task_id, "id_live_preview": -1, "live_preview": False}
        try:
            row = row_of(await asked(self._client, _OF_TASK, question))
        except NotAtEngineError:
            row = {}
        active, queued = row.get("active") is True, row.get("queued") is True
        if active or queued or row.get("completed") is True:
            return _Progress(active, queued, (str(row.get("progress")),))
        every = row_of(await asked(self._client, _OF_ALL))
        state = row_of(every.get("state"))
        shown = (
            every.get("progress"),
            state.get("job"),
            state.get("job_no"),
            state.get("sampling_step"),
        )
        return _Progress(state.get("job") in _API_JOBS, queued=False, state=tuple(map(str, shown)))
