"""Runs the examples of the README, the documentation and the docstrings as tests.

Examples of pages find a server by the environment variables that its first start prints; what readers do not see of
a page (invisible code blocks) may also use `server`, which starts at the first use of its address.
"""

import asyncio
import gc
import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.integration.pytest import SybilFile
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser
from sybil.sybil import SybilCollection

START_TIMEOUT_S = 120.0
COMMAND_TIMEOUT_S = 120.0
_COMMAND = re.compile(r"^\$ (?P<command>.*(?:\\\n.*|\n {4,}\S.*)*)$", re.MULTILINE)
"""A command behind its prompt, with the lines that continue it."""


def _run_commands(example: Example) -> None:
    """Run the commands of a console block as a reader's shell would; the first that fails fails the test."""
    commands = [found["command"] for found in _COMMAND.finditer(example.parsed)]
    assert commands, "a console block without a prompt"
    script = "\n".join([f'export PATH="{Path(sys.executable).parent}:$PATH"', *commands])
    ran = subprocess.run(
        ["bash", "-e", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_TIMEOUT_S,
    )
    assert ran.returncode == 0, f"{script}\n{ran.stdout}{ran.stderr}"


_collect_examples: Callable[[Path, pytest.Collector], SybilFile | None] = SybilCollection(
    (
        Sybil(
            parsers=[PythonCodeBlockParser(), SkipParser()],
            patterns=["*.md"],
            excludes=["docs/tutorial/*.md"],
            fixtures=["server", "exported"],
        ),
        Sybil(
            parsers=[
                PythonCodeBlockParser(),
                CodeBlockParser("console", _run_commands),
                SkipParser(),
            ],
            patterns=["docs/tutorial/*.md"],
            fixtures=["server", "exported"],
        ),
        Sybil(
            parsers=[DocTestParser()],
            patterns=["*.py"],
            excludes=["**/tests/**", "**/migrations/**"],
        ),
    )
).pytest()

gc.disable()  # imports and collection leave little garbage; see `pytest_collection_finish`


class Server:
    """A server of its own home, started when an example first asks for it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._child: subprocess.Popen[bytes] | None = None

    @cached_property
    def api_key(self) -> str:
        """The secret of a fresh INFERENCE key."""
        return self._fresh_key("INFERENCE")

    @cached_property
    def admin_key(self) -> str:
        """The secret of a fresh ADMIN key of the same account."""
        return self._fresh_key("ADMIN")

    @cached_property
    def base_url(self) -> str:
        """The API's address, up to and including `/api/v1`."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        _ = self.api_key  # made first: the server locks the home
        (self.home / "fondaco.toml").write_text(
            "[server]\ndrain_delay_s = 0\n[chain]\nstake = 1\n"  # for examples of wallets
            '[models."kokoro-82m"]\noffline = true\n'  # hibari speaks for a 25th of the CPU
        )
        self._child = subprocess.Popen(
            self._fondaco("serve", "--port", str(port)), stdout=subprocess.DEVNULL
        )
        self._await_ready(f"http://127.0.0.1:{port}/healthz")
        return f"http://127.0.0.1:{port}/api/v1"

    def stop(self) -> None:
        """End the server, if it was started."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait(timeout=60)

    def _fresh_key(self, kind: str) -> str:
        command = ["keys", "create", "--type", kind, "--description", "Examples", "--json"]
        made = subprocess.run(self._fondaco(*command), check=True, capture_output=True)
        secret = json.loads(made.stdout)["apiKey"]
        assert isinstance(secret, str)
        return secret

    def _fondaco(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "fondaco", *arguments, "--home", str(self.home)]

    def _await_ready(self, url: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError):
                assert self._child is not None
                assert self._child.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server did not start in time"
                time.sleep(0.05)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SybilFile | None:
    """Collect pages, and modules with examples: to parse those without would take seconds."""
    if file_path.suffix == ".py" and b">>> " not in file_path.read_bytes():
        return None
    return _collect_examples(file_path, parent)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forget a loop that counts as running: Playwright's does between its calls, and tests run loops of their own."""
    asyncio._set_running_loop(None)  # noqa: SLF001 (asyncio has no other way)


def pytest_collection_finish() -> None:
    """Collect garbage again, but spare what was imported: it lives as long as the process."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put pages first: their examples build on each other, and xdist takes tests from the end of a queue."""
    items.sort(key=lambda item: item.path.suffix != ".md")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give examples a server."""
    live = Server(tmp_path_factory.mktemp("home"))
    yield live
    live.stop()


@pytest.fixture
def exported(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Export what readers export after the first start: its key is an ADMIN key."""
    for name in ("OPENAI", "VENICE"):
        monkeypatch.setenv(f"{name}_BASE_URL", server.base_url)
        monkeypatch.setenv(f"{name}_API_KEY", server.admin_key)
    monkeypatch.setenv("FONDACO_HOME", str(server.home))
