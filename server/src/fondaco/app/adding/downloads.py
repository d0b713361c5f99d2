"""Downloads of known models while the server runs, one after another."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import anyio
from anyio import to_thread

from fondaco.domain.errors import InvalidRequestError, NotFoundError
from fondaco.modelfiles import KNOWN, KnownModel, ModelFileError, ModelFolder
from fondaco.patterns import without_credentials
from fondaco.ports import Download, DownloadState

log = logging.getLogger("fondaco")

Progress: TypeAlias = Callable[[int, int | None], None]
"""Told the bytes that are here and the bytes there are, from the thread of a download."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """The download of a model's files."""

    model: str
    """The model's id."""
    file: Callable[[Progress], object]
    """Downloads the files, blocking; raises a `ModelFileError` where they cannot be had."""


@dataclass(slots=True)
class _Attempt:
    """The last download of a model."""

    state: DownloadState
    bytes: int = 0
    total_bytes: int | None = None
    error: str | None = None

    def advanced(self, done: int, total: int | None) -> None:
        self.bytes, self.total_bytes = done, total


class ModelDownloads:
    """The queue of downloads, and their progress; `ended` is told what became of what `next` returned."""

    def __init__(
        self,
        folder: ModelFolder,
        models: Sequence[str],
        fetches: Sequence[Fetch] = (),
        *,
        known: Mapping[str, KnownModel] = KNOWN,
    ) -> None:
        """Prepare.

        Args:
            folder: where the files lie.
            models: the models of the catalogue: of the known ones only these can be fetched.
            fetches: downloads to begin with.
            known: the models that are known by name.
        """
        self._folder = folder
        self._known = {
            name: model for name, model in known.items() if name in models or model.purpose
        }
        self._queue = deque(fetches)
        self._attempts = {fetch.model: _Attempt(DownloadState.QUEUED) for fetch in fetches}
        self._requested = anyio.Event()
        self.running = False
        """Whether downloads are made."""

    async def all(self) -> Sequence[Download]:
        """Return the models that can be fetched without agreeing to a licence."""
        return await to_thread.run_sync(self._all)

    async def begin(self, model: str) -> Download:
        """Queue a download."""
        known = self._known.get(model)
        if known is None:
            names = ", ".join(sorted(self._known))
            raise NotFoundError(f"No model {model[:100]!r} can be fetched. There are: {names}.")
        if known.licence is not None:
            raise _refused(
                f"The model {model!r} is under the {known.licence.name}, to which whoever runs the server "
                f"has to agree. On the server: fondaco models add {model}"
            )
        if not self.running:
            raise _refused(
                "This server runs inside another program, and fetches nothing. On its machine: fondaco models "
                f"pull {model}; then restart it."
            )
        before = await to_thread.run_sync(self._download, known)
        if before.state in (DownloadState.AVAILABLE, DownloadState.FAILED):
            attempt = self._attempts.get(model)
            if (
                attempt is None or attempt.state is DownloadState.FAILED
            ):  # else another call began it
                self._attempts[model] = _Attempt(DownloadState.QUEUED)
                self._queue.append(Fetch(model, partial(self._pull, model)))
                self._requested.set()
        return self._download(known)

    async def next(self) -> tuple[Fetch, Progress]:
        """Wait for the next download; return it, and what its progress is to be told."""
        while not self._queue:
            self._requested = anyio.Event()
            await self._requested.wait()
        fetch = self._queue.popleft()
        attempt = self._attempts[fetch.model] = _Attempt(DownloadState.RUNNING)
        return fetch, attempt.advanced

    def ended(self, model: str, reason: str) -> None:
        """Note the end of a download, and the reason if it failed; empty: the files are here."""
        if reason:
            shown = without_credentials(reason)
            self._attempts[model] = _Attempt(DownloadState.FAILED, error=shown)
        else:
            self._attempts.pop(model, None)

    def _pull(self, model: str, told: Progress) -> None:
        log.warning("model %s: its files are being fetched", model)
        try:
            self._folder.pull(model, progress=told)
        except ModelFileError as error:
            log.warning("model %s: %s", model, without_credentials(str(error)))
            raise
        log.warning("model %s: its files are here", model)

    def _all(self) -> list[Download]:
        return [self._download(one) for one in self._known.values() if one.licence is None]

    def _download(self, known: KnownModel) -> Download:
        attempt, total = self._attempts.get(known.name), _total_bytes(known)
        if attempt is not None:
            total = attempt.total_bytes or total
            return Download(known.name, attempt.state, attempt.bytes, total, attempt.error)
        if all(path.is_file() for path in self._folder.paths(known.name)):
            return Download(known.name, DownloadState.COMPLETED, total, total)
        return Download(known.name, DownloadState.AVAILABLE, 0, total)


def _total_bytes(known: KnownModel) -> int:
    """Return how much is downloaded for a model of which nothing is here."""
    parts = {part.archive: part for file in known.files for part in file.parts}
    return sum(part.download_bytes for part in parts.values())


def _refused(message: str) -> InvalidRequestError:
    return InvalidRequestError(message, faults={"model": (message,)})
