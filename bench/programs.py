"""The programs of a run: the static upstream, the loader, nginx as the limit, and Fondaco."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import machine

HERE = Path(__file__).parent
FONDACO = (sys.executable, "-m", "fondaco")
START_TIMEOUT_S = 120.0
AT_ONCE = "16x0"
"""Path of the upstream's streams of 16 events in one write; also of its whole replies."""
PACED = "64x10"
"""Path of its streams of 64 events, a write each, 10 ms apart."""
LONG = "256x10"
"""Path of longer ones."""

_PACKAGES = {"nginx": "nginx-light", "gcc": "gcc libc6-dev"}

_NGINX = """
daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; tcp_nodelay on;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path other;
  uwsgi_temp_path other; scgi_temp_path other;
  upstream engine {{
    server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1; proxy_set_header Connection "";
    location / {{ proxy_pass http://engine; }}
    location /{paced}/ {{ proxy_pass http://engine; proxy_buffering off; }}
  }}
}}
"""

_FONDACO = """
[embedded]
enabled = false
[ledger]
first_account_usd = 1000000
[tiers.paid.limits.small]
requests_per_minute = 1_000_000_000
requests_per_day = 1_000_000_000
tokens_per_minute = 1_000_000_000
"""
_MODEL = """
[engines.{name}]
base_url = "http://127.0.0.1:{upstream}/{shape}/v1"
whole_as_stream = {folded}
connections = 1024
[models.{name}]
name = "Bench"
price = {{ input = 0.2, output = 0.9 }}
context_tokens = 32768
engines = ["{name}"]
"""


class BenchError(Exception):
    """The run cannot go on; the message is for the person who started it."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What was compiled for this run."""

    upstream: Path
    load: Path


@dataclass(frozen=True, slots=True)
class Target:
    """A running server that is measured."""

    pid: int
    port: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the loader saw; every reply was a good one."""

    calls: int
    events: int
    tokens: int
    seconds: float
    p50_us: float
    p99_us: float


def expect_installed(needed: Collection[str]) -> None:
    """Return if all programs are there that are not ours: any of `nginx` and `gcc`.

    Raises:
        BenchError: some are not.
    """
    missing = [_PACKAGES[program] for program in sorted(needed) if _path_of(program) is None]
    if missing:
        raise BenchError(f"The bench needs: sudo apt-get install {' '.join(missing)}")


def compiled(folder: Path) -> Tools:
    """Compile the C programs into a folder, unless they are there."""
    for name in ("upstream", "load"):
        source, program = HERE / f"{name}.c", folder / name
        if not program.is_file():
            subprocess.run(["gcc", "-O2", "-Wall", "-o", program, source], check=True)
    return Tools(folder / "upstream", folder / "load")


@contextmanager
def upstream(tools: Tools) -> Iterator[int]:
    """Run the static engine, and yield its port."""
    port = free_port()
    with running([str(tools.upstream), str(port)], machine.cores()[1]) as child:
        await_port(port, child)
        yield port


@contextmanager
def nginx(folder: Path, upstream_port: int) -> Iterator[Target]:
    """Run nginx as a plain proxy: one worker that does nothing else."""
    port = free_port()
    home = folder / "nginx"
    home.mkdir()
    text = _NGINX.format(upstream=upstream_port, port=port, paced=PACED)
    (home / "nginx.conf").write_text(text)
    program = _path_of("nginx")
    argv = [str(program), "-p", f"{home}/", "-c", "nginx.conf", "-e", "error.log"]
    with running(argv, machine.cores()[0]) as child:
        await_port(port, child)
        yield Target(child.pid, port)


def configuration(upstream_port: int) -> str:
    """Return Fondaco's configuration for the static engine.

    Its models: `folded` reads whole replies as streams (the default), `whole` asks for whole ones,
    `paced` and `long` stream chunk by chunk.
    """
    shapes = {"folded": AT_ONCE, "whole": AT_ONCE, "paced": PACED, "long": LONG}
    return _FONDACO + "".join(
        _MODEL.format(
            name=name, upstream=upstream_port, shape=shape, folded=str(name != "whole").lower()
        )
        for name, shape in shapes.items()
    )


@contextmanager
def serving(
    home: Path, settings: str, core: int | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start Fondaco, on one core if it is named, and yield it with its port; it may not listen yet."""
    port = free_port()
    file = home.with_suffix(".toml")
    file.write_text(settings)
    argv = ["env", "FONDACO_SERVER__DRAIN_DELAY_S=0", *FONDACO, "serve"]
    argv += ["--port", str(port), "--home", str(home), "--config", str(file)]
    with running(argv, core) as child:
        yield child, port


@contextmanager
def fondaco(
    home: Path, settings: str, *, core: int | None = None, ready: str = "/healthz"
) -> Iterator[Target]:
    """Run Fondaco, and yield it with a key once `ready` answers."""
    with serving(home, settings, core) as (child, port):
        await_reply(port, ready, child)
        argv = [*FONDACO, "keys", "create", "--description", "bench", "--json"]
        made = subprocess.run([*argv, "--home", str(home)], check=True, capture_output=True)
        yield Target(child.pid, port, json.loads(made.stdout)["apiKey"])


@contextmanager
def running(argv: Sequence[str], core: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, pinned to a core if one is named, and end it.

    Raises:
        BenchError: it ended by itself.
    """
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [*_pin(core), *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            yield child
        finally:
            ended = child.poll()
            _end(child)
            if ended is not None:
                said.seek(0)
                text = said.read().decode(errors="replace")[-1000:]
                raise BenchError(f"{argv[0]} ended by itself with code {ended}.\n{text}")


def load(
    tools: Tools,
    target: Target,
    requests: Sequence[Path],
    *,
    connections: int = 64,
    seconds: float = 1.0,
    calls: int | None = None,
    rate: float | None = None,
    events: int = 0,
    must_have: str = "",
) -> Loaded:
    """Put load on a target; see load.c.

    Raises:
        BenchError: a reply was not what it must be.
    """
    argv = [str(tools.load), "-p", str(target.port), "-c", str(connections), "-s", str(seconds)]
    argv += ["-e", str(events), "-m", must_have]
    argv += [] if calls is None else ["-n", str(calls)]
    argv += [] if rate is None else ["-r", str(rate)]
    done = subprocess.run(
        [*_pin(machine.cores()[1]), *argv, *map(str, requests)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BenchError(f"A run failed, so there is no figure.\n{done.stderr}")
    return Loaded(**json.loads(done.stdout))


def request(
    folder: Path, path: str, body: object, key: str = "", headers: Mapping[str, str] | None = None
) -> Path:
    """Write a request as it travels to a file, and return the file; `headers` are further ones."""
    content = json.dumps(body, separators=(",", ":")).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\n{more}Content-Length: {len(content)}\r\n\r\n"
    )
    file = folder / f"request-{len(list(folder.glob('request-*')))}"
    file.write_bytes(head.encode() + content)
    return file


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_port(port: int, child: subprocess.Popen[bytes]) -> None:
    """Wait until a program listens.

    Raises:
        BenchError: it does not.
    """
    _await(lambda: _connects(port), child)


def await_reply(port: int, path: str, child: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers a path with 200.

    Raises:
        BenchError: it does not.
    """
    _await(lambda: _replies(port, path), child)


def _await(arrived: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while not arrived():
        if time.monotonic() > end or child.poll() is not None:
            raise BenchError(f"It did not start: {child.args!r}")
        time.sleep(0.01)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _pin(core: int | None) -> list[str]:
    return [] if core is None else ["taskset", "-c", str(core)]


def _connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _replies(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
            return bool(reply.status == HTTPStatus.OK)
    except OSError:
        return False


def _path_of(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
