"""The program as a server process of its own: real socket, real store, real embedded model."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

import httpx2
import openai
import pytest

from fondaco.stores.sqlite.ledger.replay import entered

MODEL = "smollm2-135m"
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
START_TIMEOUT_S = 120.0
_LISTENS = "Fondaco listens on "
_ENTRIES = """
SELECT lower(hex(call_id)), sku.name, units, amount, notes FROM entry JOIN sku ON sku.id = sku_id
WHERE kind = 1 ORDER BY entry.id
"""
T = TypeVar("T")
Front = Literal["wire", "uvicorn"]
"""What takes connections: our own server, or one that runs `fondaco.asgi`."""
FRONTS: tuple[Front, ...] = ("wire", "uvicorn")
_SERVE = ("-m", "fondaco", "serve", "--port", "0")
_UVICORN = (
    "-m",
    "uvicorn",
    "--factory",
    "fondaco.asgi:create_app",
    "--no-access-log",
    "--port",
    "0",
)
_UVICORN_LISTENS = re.compile(r"Uvicorn running on (http://\S+)")


@dataclass(frozen=True)
class Charged:
    """An entry of a call, as it lies in the database."""

    call_id: str
    sku: str
    units: int
    amount: int
    notes: str


@dataclass
class Program:
    """A running server and its home."""

    home: Path
    process: subprocess.Popen[str]
    url: str
    api_key: str
    log: Path
    """What it wrote on stderr."""

    @cached_property
    def client(self) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=f"{self.url}/api/v1", api_key=self.api_key, max_retries=0, timeout=120
        )

    @cached_property
    def http(self) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=120)

    def charged(self) -> list[Charged]:
        """Return all charges that are durable."""
        assert entered(self.home / "fondaco.sqlite3")
        with closing(sqlite3.connect(self.home / "fondaco.sqlite3", timeout=10)) as database:
            return [Charged(*row) for row in database.execute(_ENTRIES)]

    def kill(self) -> None:
        """End it as a power cut ends a process."""
        self.process.kill()
        self.process.wait(30)

    def children(self) -> list[int]:
        """Return the process ids of its children: the engines."""
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and _parent(int(entry.name)) == self.process.pid
        ]


@contextmanager
def program(
    home: Path,
    api_key: str = "",
    environ: Mapping[str, str] | None = None,
    *,
    front: Front = "wire",
    arguments: Sequence[str] = (),
) -> Iterator[Program]:
    """Run a server on a home; a new home prints the first key, an old one needs to be told it.

    `arguments` are further ones of `fondaco serve`.
    """
    if not model_file().is_file():
        pytest.skip(f"the embedded model is not installed: run `fondaco models pull {MODEL}`")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "stderr"
        with (
            log.open("w") as stderr,
            _process(home, stderr, environ or {}, front, arguments) as process,
        ):
            try:
                wants_key = not api_key
                if front == "wire":
                    url, printed = _announcement(process, log, wants_key=wants_key)
                else:
                    url, printed = _told_by_uvicorn(process, log, wants_key=wants_key)
                one = Program(home, process, url, api_key or printed, log)
                with one.client, one.http:
                    yield one
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                process.wait(60)


def until(met: Callable[[], T], *, within_s: float) -> T:
    """Return what `met` returns once that is true."""
    deadline = time.monotonic() + within_s
    while not (value := met()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return value


WITHOUT_KOKORO = {"FONDACO_MODELS__kokoro-82m__OFFLINE": "true"}
"""Speech comes from hibari then, which takes a 25th of the CPU; tests of Kokoro's own run the other."""


def model_file(name: str = MODEL_FILE) -> Path:
    """Return where an embedded model's file lies."""
    told = os.environ.get("FONDACO_MODELS")  # noqa: TID251 - tests are told where models lie
    return (Path(told) if told else Path.home() / ".cache/fondaco/models") / name


def _process(
    home: Path, stderr: object, environ: Mapping[str, str], front: Front, arguments: Sequence[str]
) -> "subprocess.Popen[str]":
    inherited = os.environ  # noqa: TID251 - handed on to the child
    kept = {k: v for k, v in inherited.items() if k[:8] != "FONDACO_" or k == "FONDACO_MODELS"}
    settings = {
        "FONDACO_EMBEDDED__THREADS": "1",
        "FONDACO_EMBEDDED__CONTEXT_TOKENS": "1024",
        "FONDACO_SERVER__DRAIN_DELAY_S": "0",
        **WITHOUT_KOKORO,
        **environ,
    }
    process: subprocess.Popen[str] = subprocess.Popen(
        [
            sys.executable,
            *(_UVICORN if front == "uvicorn" else (*_SERVE, *arguments)),
        ],
        env={**kept, "FONDACO_HOME": str(home), **settings},
        stdout=subprocess.PIPE,
        stderr=stderr,  # type: ignore[call-overload]  # a text file
        text=True,
    )
    return process


def _announcement(
    process: "subprocess.Popen[str]", log: Path, *, wants_key: bool
) -> tuple[str, str]:
    assert process.stdout is not None
    url = key = ""
    for line in process.stdout:
        if line.startswith(_LISTENS):
            url = line.removeprefix(_LISTENS).strip()
        if line.strip().startswith("fondaco_a_"):
            key = line.strip()
        if url and (key or not wants_key):
            return url, key
    raise AssertionError(f"The server ended with {process.wait(10)}: {log.read_text()}")


def _told_by_uvicorn(
    process: "subprocess.Popen[str]", log: Path, *, wants_key: bool
) -> tuple[str, str]:
    assert process.stdout is not None
    key = ""
    while wants_key and not key.startswith("fondaco_a_"):
        line = process.stdout.readline()
        assert line, log.read_text()
        key = line.strip()

    def listens() -> re.Match[str] | None:
        assert process.poll() is None, log.read_text()
        return _UVICORN_LISTENS.search(log.read_text())

    found = until(listens, within_s=START_TIMEOUT_S)
    assert found is not None
    return found[1], key


def _parent(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return -1
    return int(status.rpartition(")")[2].split()[1])
