"""A worker's child that finishes what it was asked although it is cancelled, and goes on."""

import time
from collections.abc import Mapping
from threading import Event
from typing import Any

from fondaco.workers.child import Advance, WorkerResponse, serve_long


class Patient:
    """Answers with so many bytes, after so many seconds."""

    cancellable = True

    def cancel(self) -> None:
        return

    def handle(
        self, request: Mapping[str, Any], advance: Advance, cancelled: Event
    ) -> WorkerResponse:
        time.sleep(request.get("seconds", 0))
        return {"said": request["said"]}, bytes([request["said"]]) * request.get("size", 1)


def load(launch: Mapping[str, Any]) -> Patient:
    return Patient()


if __name__ == "__main__":
    serve_long(load)
