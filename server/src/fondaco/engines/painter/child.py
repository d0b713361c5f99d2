"""The child process of the painter: one request, one picture."""

import sys
from collections.abc import Mapping
from typing import Any

from fondaco.engines.painter.painting import PaintRequest, paint
from fondaco.workers.child import Handler, WorkerResponse, serve


def load(launch: Mapping[str, Any]) -> Handler:
    """Bound the memory, and return the request handler."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        most = int(launch["memory_bytes"])
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    return answer


def answer(request: Mapping[str, Any]) -> WorkerResponse:
    """Paint; the payload is the picture's rows of RGB."""
    picture = paint(PaintRequest(**request))
    fields = {
        "width": picture.width,
        "height": picture.height,
        "understood": picture.understood,
        "notes": list(picture.notes),
    }
    return fields, picture.rgb


if __name__ == "__main__":
    serve(load)
