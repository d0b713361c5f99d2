"""What a server keeps of a job at an engine elsewhere."""

from dataclasses import dataclass


@dataclass
class Kept:
    """A `RemoteJob` in memory."""

    id: str | None = None
    lasts: bool = True

    async def note(self, job_id: str) -> None:
        self.id = job_id
