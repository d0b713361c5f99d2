"""A worker's child that echoes payloads, and that never answers when it is told to hang."""

import signal
from collections.abc import Mapping
from typing import Any

from fondaco.workers.child import Handler, WorkerResponse, serve


def load(launch: Mapping[str, Any]) -> Handler:
    return answer


def answer(request: Mapping[str, Any]) -> WorkerResponse:
    if request.get("hang"):
        signal.pause()
    return {"said": request.get("said")}, request.get("payload", b"")


if __name__ == "__main__":
    serve(load)
