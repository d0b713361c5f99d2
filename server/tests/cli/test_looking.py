"""`fondaco ps` and `fondaco status`: a real server, and none."""

import pytest

from cli_program import Fondaco
from fondaco.cli.exits import Exit
from program import Program


@pytest.fixture
def of_server(served: Program) -> Fondaco:
    return Fondaco(served.home)


def test_ps_lists_what_is_loaded(of_server: Fondaco, served: Program) -> None:
    served.client.chat.completions.create(
        model="default", messages=[{"role": "user", "content": "Hi"}], max_tokens=1
    )
    rows = of_server("ps", "--json").json
    assert isinstance(rows, list)
    [embedded] = [row for row in rows if row["id"] == "embedded"]
    assert (embedded["state"], embedded["isLocal"]) == ("loaded", True)
    shown, every = of_server("ps").out.splitlines(), of_server("ps", "--all").out.splitlines()
    [loaded] = [line for line in shown if line.startswith("smollm2-135m ")]
    assert loaded.split()[1:3] == ["embedded", "loaded"]
    assert len(every) > len(shown)


def test_status_is_one_screen(of_server: Fondaco, served: Program) -> None:
    shown = of_server("status").out
    assert f"at {served.url}, process {served.process.pid}" in shown
    assert len(shown.splitlines()) <= 24
    assert "DIEM" in shown
    told = of_server("status", "--json").json
    assert isinstance(told, dict)
    assert told["pid"] == served.process.pid
    assert set(told["balances"]) >= {"USD", "DIEM"}
    assert told["engines"]


@pytest.mark.parametrize("command", ["ps", "status"])
def test_without_a_server_there_is_nothing_to_see(fondaco: Fondaco, command: str) -> None:
    ended = fondaco(command)
    assert ended.code == Exit.NO_SERVER
    assert "fondaco serve" in ended.err


@pytest.mark.parametrize("command", ["ps", "status"])
def test_a_key_that_is_no_operators_is_refused(
    fondaco: Fondaco, served: Program, command: str
) -> None:
    ended = fondaco(command, "--url", served.url, "--key", "fondaco_a_nothing")
    assert ended.code == Exit.KEY
