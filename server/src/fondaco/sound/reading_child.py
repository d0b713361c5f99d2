"""The child process that decodes recordings; `reader` starts it and sends requests over its pipes."""

import sys
from collections.abc import Mapping
from typing import Any

from fondaco.workers.child import Handler, WorkerResponse, serve

MEMORY_LIMIT_BYTES = 2 * 2**30
"""Of addresses: what the longest sound takes several times over."""
CPU_LIMIT_S = 60
"""Of one file: an hour of any format takes a tenth."""


def load(launch: Mapping[str, Any]) -> Handler:
    """Load PyAV, and limit the memory that a file can take."""
    # A missing package is reported, not a crash.
    from fondaco.sound.reading import UnusableSoundError, samples_of  # noqa: PLC0415

    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        limit = launch["memory_limit_bytes"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def handle(request: Mapping[str, Any]) -> WorkerResponse:
        limit_cpu(launch["cpu_limit_s"])
        try:
            return {}, samples_of(request["payload"], request["most_s"])
        except UnusableSoundError as error:
            return {"fault": error.fault}, b""

    return handle


def limit_cpu(seconds: int) -> None:
    """End the process once it has computed for so long from now on."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime) + 1 + seconds
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (most, hard))


if __name__ == "__main__":
    serve(load)
