"""Downloads of the files of known models, while the server serves."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class DownloadState(StrEnum):
    """State of the files of a model."""

    AVAILABLE = "available"
    """They are not here, and can be fetched."""
    QUEUED = "queued"
    """They are fetched once another download has ended."""
    RUNNING = "running"
    COMPLETED = "completed"
    """They are here."""
    FAILED = "failed"
    """They are not here, as the last download failed."""


@dataclass(frozen=True, slots=True)
class Download:
    """The files of a model that is known by name, and the download of them."""

    model: str
    state: DownloadState
    bytes: int
    """Bytes that have arrived."""
    total_bytes: int
    error: str | None = None
    """Why the last download failed."""


class Downloads(Protocol):
    """Downloads of models that are known by name, with hashes that are pinned; of nothing else."""

    async def all(self) -> Sequence[Download]:
        """Return the models that can be fetched, and how that gets on."""
        ...

    async def begin(self, model: str) -> Download:
        """Fetch a model's files in the background; without effect while that is under way, or if they are here.

        Raises:
            NotFoundError: the model is unknown.
            InvalidRequestError: its licence must be agreed to before, or nothing is fetched by this server.
        """
        ...
