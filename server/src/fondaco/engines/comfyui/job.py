"""One job of a workflow: submitted, followed to its picture, and not left behind at the engine."""

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from secrets import token_hex
from typing import Any
from uuid import uuid4

import anyio

from fondaco.clients.client import ConnectFailedError, IncompleteResponseError
from fondaco.clients.websocket import WebSocket
from fondaco.domain.errors import EngineError, EngineTimeoutError, EngineUnavailableError
from fondaco.engines.comfyui.api import ComfyApi, Place
from fondaco.engines.comfyui.events import JobEvents
from fondaco.engines.comfyui.history import image_in, video_in
from fondaco.engines.comfyui.workflow import Workflow
from fondaco.engines.common.images.options import ImageOptions
from fondaco.engines.common.images.supervision import clean_up

_LONGEST_END_S = 5.0
"""Between the last node's end and the job's."""
_END_S = 0.25
_LOOKS_AT_END = 20
"""At a job that was interrupted, until it is in the history, from which it is deleted then."""
_LOOKS_FOR_LOST = 5
"""Looks that find a job neither in the queue nor in the history, before it is taken to be lost."""


class Job:
    """One job, which is run once."""

    def __init__(
        self,
        api: ComfyApi,
        workflow: Workflow,
        options: ImageOptions,
        left: deque[str],
        *,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        """Prepare it; nothing is submitted yet.

        Args:
            api: the engine's.
            workflow: what is run.
            options: how long it may take.
            progress: called with the completed share of the current node.
            left: ids of the engine's jobs that were at work when they were left, and so are in its history later.
        """
        self._api = api
        self._workflow = workflow
        self._options = options
        self._left = left
        self._progress = progress
        self._gone = False
        """Whether the engine is known to be done with it."""
        self._client_id = token_hex(16)
        self._prompt_id = str(uuid4())
        self._submitted_at = 0.0
        self._started_at: float | None = None

    @property
    def queued_s(self) -> float:
        """Time that it waited at the engine, as far as the engine reported."""
        return 0.0 if self._started_at is None else self._started_at - self._submitted_at

    async def file(self, nodes: Mapping[str, Any]) -> bytes:
        """Run it with these nodes, and return its picture or video; the engine forgets it afterwards.

        One that does not stop within seconds of being left is forgotten with the next one.

        Raises:
            EngineTimeoutError: it took too long, or reported nothing for too long.
            EngineError: it failed.
        """
        try:
            with anyio.fail_after(self._options.total_timeout_s):
                file = await self._followed(nodes)
            self._gone = True
        except TimeoutError:
            raise EngineTimeoutError from None
        finally:
            self._left.append(self._prompt_id)
            leave = [] if self._gone else [self._stop]
            await clean_up(*leave, self._forget)
        return file

    async def _followed(self, nodes: Mapping[str, Any]) -> bytes:
        async with AsyncExitStack() as stack:
            socket = await self._opened(stack)
            self._submitted_at = anyio.current_time()
            self._prompt_id = await self._api.submit(nodes, self._client_id, self._prompt_id)
            if socket is not None and (file := await self._by_events(socket)) is not None:
                return file
        return await self._by_history()

    async def _opened(self, stack: AsyncExitStack) -> WebSocket | None:
        """Return the engine's websocket; None if it has none, and the workflow can do without.

        Raises:
            ConnectFailedError: it has none.
        """
        try:
            return await stack.enter_async_context(self._api.events(self._client_id))
        except ConnectFailedError:
            if self._workflow.by_websocket:
                raise
            return None

    async def _by_events(self, socket: WebSocket) -> bytes | None:
        """Return the picture from the WebSocket; None if it is on the engine's disk.

        Raises:
            EngineError: the job failed, or ended without a picture.
        """
        events = JobEvents(self._prompt_id, self._workflow.output)
        while not events.ended:
            try:
                message = await self._next(socket, soon=events.succeeded)
            except IncompleteResponseError:
                break
            events.feed(message)
            if self._progress is not None:
                self._progress(events.share)
            if events.started and self._started_at is None:
                self._started_at = anyio.current_time()
        if not self._workflow.by_websocket:
            return None
        if events.picture is not None:
            return events.picture
        if events.ended or events.succeeded:
            raise EngineError("The model's engine made no image.")
        raise EngineUnavailableError(
            "The WebSocket of the model's engine was closed before the image arrived."
        )

    async def _next(self, socket: WebSocket, *, soon: bool) -> str | bytes:
        """Return the next message; while the job waits for others, silence says nothing.

        Args:
            socket: the engine's.
            soon: whether the job has run, so that only its end is to come.

        Raises:
            EngineTimeoutError: it is running, and reported nothing for too long.
            IncompleteResponseError: the websocket ended, or there is no more to come.
        """
        longest_s = self._options.silence_timeout_s
        while True:
            with anyio.move_on_after(min(longest_s, _LONGEST_END_S) if soon else longest_s):
                return await socket.receive()
            match await self._api.place(self._prompt_id):
                case Place.PENDING:
                    continue
                case Place.GONE:
                    raise IncompleteResponseError
                case Place.RUNNING if not soon:
                    raise EngineTimeoutError

    async def _by_history(self) -> bytes:
        """Return the picture that the job's history names, once it has ended.

        Raises:
            EngineError: the job failed, or is lost.
        """
        missed = 0
        while (entry := await self._api.history(self._prompt_id)) is None:
            place = await self._api.place(self._prompt_id)
            if place is Place.RUNNING and self._started_at is None:
                self._started_at = anyio.current_time()
            missed = missed + 1 if place is Place.GONE else 0
            if missed >= _LOOKS_FOR_LOST:
                raise EngineError("The model's engine lost the job.")
            await anyio.sleep(self._options.poll_s)
        if self._workflow.is_of_videos:
            return await self._api.video(video_in(entry, self._workflow.output))
        return await self._api.file(image_in(entry, self._workflow.output))

    async def _stop(self) -> None:
        """Take the job out of the queue, or interrupt it, and wait until it is out.

        Raises:
            EngineError: the engine does not answer.
        """
        await self._api.dequeue(self._prompt_id)
        self._gone = await self._api.place(self._prompt_id) is not Place.RUNNING
        if self._gone:
            return
        await self._api.interrupt(self._prompt_id)
        for _ in range(_LOOKS_AT_END):
            self._gone = await self._api.place(self._prompt_id) is Place.GONE
            if self._gone:
                return
            await anyio.sleep(min(_END_S, self._options.poll_s))

    async def _forget(self) -> None:
        """Delete the history of the job, and of those before it: the engine works on one after the other.

        Raises:
            EngineError: the engine does not answer.
        """
        ids = tuple(self._left)
        await self._api.forget(ids)
        if self._gone:
            for one in set(ids).intersection(self._left):
                self._left.remove(one)
