"""Server: whether the one that runs answers, or whether one could listen."""

import errno
import socket
from collections.abc import Iterator

import anyio
import orjson

from fondaco.cli.upkeep.findings import Diagnosis, error, ok, warning
from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineError
from fondaco.settings import Settings
from fondaco.stores.server_lock import ServerState

_CHECK = "server"
_OK = 200
_MOST_BYTES = 65_536


def listening(state: ServerState, *, longest_s: float) -> Iterator[Diagnosis]:
    """Yield the findings about a running server: whether it answers, and whether it is ready."""
    if not state.is_here:
        yield ok(_CHECK, "runs in another container; run `fondaco doctor` there")
    elif not state.url:
        yield ok(_CHECK, f"runs (pid {state.pid})")
    else:
        yield from anyio.run(_asked, state, longest_s)


async def _asked(state: ServerState, longest_s: float) -> list[Diagnosis]:
    client = connect(
        state.url, connections=1, first_byte_timeout_s=longest_s, total_timeout_s=longest_s
    )
    try:
        with anyio.fail_after(longest_s):
            async with client.send("GET", "/readyz") as response:
                body = await response.read(_MOST_BYTES)
    except (EngineError, TimeoutError):
        return [
            error(
                _CHECK,
                f"The server runs (pid {state.pid}), but did not answer at {state.url} within "
                f"{longest_s:.0f} seconds.",
                why="It is stuck, overloaded, or shutting down.",
                fix=f"see its log; to end it: kill {state.pid}",
            )
        ]
    finally:
        with anyio.CancelScope(shield=True):
            await client.aclose()
    if response.status == _OK:
        return [ok(_CHECK, f"ready at {state.url} (pid {state.pid})")]
    return [
        error(
            _CHECK,
            f"The server runs at {state.url} (pid {state.pid}), but is not ready{_reason(body)}.",
            why="A load balancer sends it no requests; the default model does not answer.",
            fix="fondaco engines test, and see the server's log",
        )
    ]


def _reason(body: bytes) -> str:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    reason = value.get("error") or value.get("reason") if isinstance(value, dict) else None
    return f": {reason.rstrip('.')}" if isinstance(reason, str) else ""


def could_listen(settings: Settings) -> Iterator[Diagnosis]:
    """Yield the finding about the address that a server would listen on."""
    host, port = settings.server.host, settings.server.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
            tried.listen(1)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            yield error(
                "port",
                f"Another program listens on {host}:{port}.",
                why="The server does not start.",
                fix="fondaco serve --port 8001, or set server.port",
            )
        else:
            yield error(
                "port",
                f"The server cannot listen on {host}:{port}: {fault.strerror}.",
                why="The server does not start.",
                fix="set server.host to an address of this machine, and server.port to one above 1023",
            )
        return
    yield ok("port", f"{host}:{port} is free; no server runs on this home folder")


def unknown(reason: str) -> Iterator[Diagnosis]:
    """Yield the finding that it cannot be seen whether a server runs."""
    yield warning(
        _CHECK,
        f"The state of the server is unknown: {reason}.",
        why="The lock of the home folder cannot be read.",
        fix="run the command as the server's user",
    )
