"""The child's side of a worker: requests on standard input, responses out, until the parent exits.

A request is a line of JSON; where it has `payload_bytes`, so many follow. A response is a line of JSON whose
`bytes` is the length of the payload after it.
The first request loads the model; the first response reports that the child is ready.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, TypeAlias

from fondaco.processes import die_with, harden

WorkerResponse: TypeAlias = tuple[Mapping[str, Any], bytes]
"""Fields of the response, and its binary payload."""
Handler: TypeAlias = Callable[[Mapping[str, Any]], WorkerResponse]

PAYLOAD_BYTES = "payload_bytes"
"""The length of a request's payload, which its handler finds as `payload`."""
_ERROR_LIMIT = 300


def serve(load: Callable[[Mapping[str, Any]], Handler]) -> None:
    """Answer requests one by one until standard input ends.

    Args:
        load: returns the request handler for the first request; its error ends the child.
    """
    out = _silence()
    # A signal to the whole process group must not cut the calls that the parent still drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    launch = json.loads(sys.stdin.buffer.readline())
    harden()
    die_with(launch["parent"])
    _confine()
    try:
        handler = load(launch)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent reports it
        _write(out, {"error": _describe(error)})
        os._exit(1)
    _write(out, {})
    for line in sys.stdin.buffer:
        try:
            fields, payload = handler(_request(line))
        except BaseException as error:  # noqa: BLE001 - a panic of a native library included
            _write(out, {"error": type(error).__name__})  # its text may quote content
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
    out.write(payload)  # on its own, as a picture has megabytes that joining would copy
    out.flush()


def _describe(error: BaseException) -> str:
    """Describe an error of loading; it may quote the model's file, never content."""
    return f"{type(error).__name__}: {error}"[:_ERROR_LIMIT]
