"""The child's side of a worker: requests on standard input, responses out, until the parent exits.

A request is a line of JSON; where it has `payload_bytes`, so many follow. A response is a line of JSON whose
`bytes` is the length of the payload after it.
The first request loads the model; the first response reports that the child is ready.

While a long request is handled, lines with `progress` may precede its response; once the first response
has had `cancellable`, a line with `cancel` asks for the response to the request in hand to come soon.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, BinaryIO, Protocol, TypeAlias, TypeVar

from fondaco.processes import die_with, harden

WorkerResponse: TypeAlias = tuple[Mapping[str, Any], bytes]
"""Fields of the response, and its binary payload."""
Handler: TypeAlias = Callable[[Mapping[str, Any]], WorkerResponse]
Advance: TypeAlias = Callable[[int, int], None]
"""Called with the number of completed steps, and of all steps."""

_Handler = TypeVar("_Handler")

PAYLOAD_BYTES = "payload_bytes"
"""The length of a request's payload, which its handler finds as `payload`."""
PROGRESS, CANCEL, CANCELLABLE = "progress", "cancel", "cancellable"
_ERROR_LIMIT = 300


class Interruptible(Protocol):
    """Handles requests that take long: it reports progress, and may stop early."""

    @property
    def cancellable(self) -> bool:
        """Whether `cancel` does anything."""
        ...

    def handle(
        self, request: Mapping[str, Any], advance: Advance, cancelled: Event
    ) -> WorkerResponse:
        """Return the response; soon and with any error once `cancelled` is set."""
        ...

    def cancel(self) -> None:
        """Have the request in hand stop early; called from another thread, after its `cancelled` was set."""
        ...


def serve(load: Callable[[Mapping[str, Any]], Handler]) -> None:
    """Answer requests one by one until standard input ends.

    Args:
        load: returns the request handler for the first request; its error ends the child.
    """
    out, launch = _begun()
    handler = _loaded(out, load, launch)
    _write(out, {})
    for line in sys.stdin.buffer:
        request = _request(line)
        _answer(out, lambda: handler(request))  # noqa: B023 - called at once


def serve_long(load: Callable[[Mapping[str, Any]], Interruptible]) -> None:
    """Likewise, for requests that take long."""
    out, launch = _begun()
    handler = _loaded(out, load, launch)
    requests: SimpleQueue[tuple[Mapping[str, Any], Event] | None] = SimpleQueue()
    _write(out, {CANCELLABLE: handler.cancellable})
    Thread(target=_receive, args=(requests, handler), daemon=True).start()

    def advance(done: int, total: int) -> None:
        _write(out, {PROGRESS: [done, total]})

    while (received := requests.get()) is not None:
        request, cancelled = received
        _answer(out, lambda: handler.handle(request, advance, cancelled))  # noqa: B023 - likewise


def _receive(
    requests: "SimpleQueue[tuple[Mapping[str, Any], Event] | None]", handler: Interruptible
) -> None:
    """Queue the requests, and pass on what cancels the latest one."""
    cancelled = Event()
    for line in sys.stdin.buffer:
        request = _request(line)
        if CANCEL in request:
            cancelled.set()
            handler.cancel()
        else:
            cancelled = Event()
            requests.put((request, cancelled))
    requests.put(None)


def _begun() -> tuple[BinaryIO, Mapping[str, Any]]:
    """Prepare the process; return where responses go, and the first request."""
    out = _silence()
    # A signal to the process group must not end the calls that the parent still drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    launch = json.loads(sys.stdin.buffer.readline())
    harden()
    die_with(launch["parent"])
    _confine()
    return out, launch


def _loaded(
    out: BinaryIO, load: Callable[[Mapping[str, Any]], _Handler], launch: Mapping[str, Any]
) -> _Handler:
    try:
        return load(launch)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent reports it
        _write(out, {"error": _describe(error)})
        os._exit(1)


def _answer(out: BinaryIO, work: Callable[[], WorkerResponse]) -> None:
    try:
        fields, payload = work()
    except BaseException as error:  # noqa: BLE001 - a panic of a native library included
        _write(out, {"error": type(error).__name__})  # the message may quote content
    else:
        _write(out, fields, payload)


def _request(line: bytes) -> Mapping[str, Any]:
    """Return a request, with its payload where it has one."""
    request: dict[str, Any] = json.loads(line)
    if size := request.get(PAYLOAD_BYTES):
        request["payload"] = sys.stdin.buffer.read(size)
    return request


def _silence() -> BinaryIO:
    """Discard what native libraries print, and return the real standard output."""
    out = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return out


def _confine() -> None:
    """Keep the child from writing files."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _write(out: BinaryIO, fields: Mapping[str, Any], payload: bytes = b"") -> None:
    out.write(json.dumps({**fields, "bytes": len(payload)}).encode() + b"\n")
    out.write(payload)  # separate, to avoid copying megabytes of pixels
    out.flush()


def _describe(error: BaseException) -> str:
    """Describe an error of loading; it may quote the model's file, never content."""
    return f"{type(error).__name__}: {error}"[:_ERROR_LIMIT]
