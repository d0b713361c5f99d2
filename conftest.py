"""Runs the examples of the README, the documentation and the docstrings as tests.

Examples of pages find a server by the environment variables that its first start prints. The blocks of a page share
one shell, whose home is a folder of its own; the server's address, `fondaco_a_...` and `/home/ada` stand for those of
the test. Output that a page shows below a command is compared: `...` stands for any text, a number for any number. A
command has to fail where the page shows a fault (`fondaco: ...` or `error ...`), and to succeed otherwise.

What readers do not see of a page (invisible code blocks) may also use `server`, which starts at the first use of its
address, and `shell`: files in `shell.folder`, and words of the page in `shell.stands_for`. Pages share the server, so
accounts that they create need names of their own. What cannot run has a comment, `skip: next "A reason."`, and is
still parsed by `guards/test_blocks.py`.
"""

import asyncio
import gc
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import SkipTest

import pytest
from sybil import Example, Sybil
from sybil.integration.pytest import SybilFile, SybilItem
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser
from sybil.sybil import SybilCollection

from fondaco.configuration import load
from pages.server import Server
from pages.shell import Shell

NODE_MODULES = Path(__file__).parent / "server/tests/compat/node/node_modules"


def _run_console(example: Example) -> None:
    example.namespace["shell"].run_console(example.parsed)


def _run_script(example: Example) -> None:
    example.namespace["shell"].run_script(example.parsed)


def _run_javascript(example: Example) -> None:
    if shutil.which("node") is None or not NODE_MODULES.is_dir():
        raise SkipTest("Node or the npm clients are not installed: run `make test`.")
    shell = example.namespace["shell"]
    (shell.folder / "node_modules").symlink_to(NODE_MODULES)
    (shell.folder / "page.mjs").write_text(example.parsed)
    shell.run_script("node page.mjs")


_collect_examples: Callable[[Path, pytest.Collector], SybilFile | None] = SybilCollection(
    (
        Sybil(
            parsers=[
                PythonCodeBlockParser(),
                CodeBlockParser("console", _run_console),
                CodeBlockParser("bash", _run_script),
                CodeBlockParser("js", _run_javascript),
                SkipParser(),
            ],
            patterns=["*.md"],
            fixtures=["server", "exported", "shell"],
            teardown=lambda namespace: namespace["shell"].close(),
        ),
        Sybil(
            parsers=[DocTestParser()],
            patterns=["*.py"],
            excludes=["**/tests/**", "**/migrations/**"],
        ),
    )
).pytest()

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in the background of a shell: programs that tests start would inherit it, and outlast their Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

gc.disable()  # imports and collection leave little garbage; see `pytest_collection_finish`


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


@pytest.fixture
def shell(
    request: pytest.FixtureRequest,
    server: Server,
    exported: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Shell:
    """Give the examples of a page a shell, in a folder that is its home."""
    assert isinstance(request.node, SybilItem)
    namespace = request.node.example.document.namespace
    if "shell" not in namespace:
        environ = os.environ  # noqa: TID251 - handed on to the shell
        folder = tmp_path_factory.mktemp("reader")
        namespace["shell"] = Shell(
            folder,
            {
                **environ,
                "PATH": f"{Path(sys.executable).parent}:{environ['PATH']}",
                "FONDACO_MODELS": str(load(environ=environ).settings.models_folder),
                "COLUMNS": "200",
                "HTTPS_PROXY": "http://127.0.0.1:9",  # nothing listens there: no example leaves the machine
            },
            {
                "http://127.0.0.1:8000": server.base_url.removesuffix("/api/v1"),
                "fondaco_a_...": server.admin_key,
                "/home/ada": str(folder),
            },
        )
    return namespace["shell"]
