"""The child's side of a worker: requests on standard input, responses out, until the parent exits.

A request is a line of JSON. An answer is a line of JSON, whose `bytes` counts the bytes that follow it.
The first line in is the order that the child is started with; the first answer says that it is ready.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, TypeAlias

from fondaco.processes import die_with, harden

Answer: TypeAlias = tuple[Mapping[str, Any], bytes]
"""Fields, and bytes that go with them."""
Answerer: TypeAlias = Callable[[Mapping[str, Any]], Answer]

_ERROR_LIMIT = 300


def serve(load: Callable[[Mapping[str, Any]], Answerer]) -> None:
    """Answer requests one by one until standard input ends.

    Args:
        load: makes what answers out of the order; its error is the first and last answer.
    """
    out = _silence()
    # A signal to the whole process group must not cut the calls that the parent still drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    order = json.loads(sys.stdin.buffer.readline())
    harden()
    die_with(order["parent"])
    _confine()
    try:
        answerer = load(order)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent reports it
        _say(out, {"error": _words(error)})
        os._exit(1)
    _say(out, {})
    for line in sys.stdin.buffer:
        try:
            fields, payload = answerer(json.loads(line))
        except BaseException as error:  # noqa: BLE001 - a panic of a native library included
            _say(out, {"error": type(error).__name__})  # its text may quote content
        else:
            _say(out, fields, payload)


def _silence() -> BinaryIO:
    """Send what native libraries print nowhere, and return the real standard output."""
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


def _say(out: BinaryIO, fields: Mapping[str, Any], payload: bytes = b"") -> None:
    out.write(json.dumps({**fields, "bytes": len(payload)}).encode() + b"\n" + payload)
    out.flush()


def _words(error: BaseException) -> str:
    """Name an error of loading: it can quote the model's file, no content."""
    return f"{type(error).__name__}: {error}"[:_ERROR_LIMIT]
