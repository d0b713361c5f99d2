"""The program as a whole: its weight, its help, its errors."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import fondaco as package
from cli_program import Fondaco
from fondaco.cli.exits import Exit
from fondaco.cli.failures import failure
from fondaco.domain.errors import StorageFailedError

HEAVY = {"alembic", "aiohttp", "pydantic", "rich", "sqlalchemy", "typer"}


def imported_by(*arguments: str) -> set[str]:
    """Return the packages that a command loads."""
    script = (
        "import sys\n"
        f"sys.argv[1:] = {list(arguments)!r}\n"
        "from fondaco.__main__ import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in ended.stderr.split()}


def test_the_version_loads_nothing_heavy(fondaco: Fondaco) -> None:
    assert fondaco.process("--version").out == f"fondaco {package.__version__}\n"
    assert imported_by("--version").isdisjoint(HEAVY)


def test_help_loads_no_server() -> None:
    assert imported_by("--help") & HEAVY == {"typer"}


def test_without_a_command_the_help_is_shown(fondaco: Fondaco) -> None:
    shown = fondaco()
    assert all(word in shown.out + shown.err for word in ("serve", "keys", "models", "config"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("serve", "--prot", "1"),
        ("serve", "--port", "many"),
        ("serve", "--port", "-1"),
        ("serve", "--port", "70000"),
        ("serve", "--host", ""),
        ("serve", "--host", "http://0.0.0.0"),
        ("serve", "--host", "0.0.0.0:8000"),
    ],
)
def test_a_command_line_that_is_not_understood_exits_with_2(
    fondaco: Fondaco, arguments: tuple[str, ...]
) -> None:
    ended = fondaco(*arguments)
    assert ended.code == 2
    assert ended.err.splitlines()[-1].startswith("Error: ")


def test_a_refused_configuration_exits_with_3_and_a_line_for_each_fault(
    fondaco: Fondaco,
) -> None:
    ended = fondaco.process("serve", FONDACO_SERVER__PORT="many", FONDACO_SERVER__PROT="1")
    assert ended.code == 3
    assert len(ended.err.splitlines()) == 2
    assert "Did you mean FONDACO_SERVER__PORT?" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "0"),
        ("keys", "list"),
        ("usage",),
        ("balance", "show"),
        ("ledger", "verify"),
    ],
)
def test_a_sqlite_that_is_too_old_is_one_line(
    fondaco: Fondaco, monkeypatch: pytest.MonkeyPatch, home: Path, arguments: tuple[str, ...]
) -> None:
    fondaco("keys", "create")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    ended = fondaco(*arguments, FONDACO_EMBEDDED__ENABLED="false")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert "SQLite 3.36.0 is too old: 3.37.0 or newer is needed." in ended.err


def test_a_database_that_cannot_be_brought_up_to_date_is_one_line(
    fondaco: Fondaco, home: Path
) -> None:
    home.mkdir()
    with closing(sqlite3.connect(home / "fondaco.sqlite3")) as database:
        database.execute("CREATE TABLE account (id INTEGER)")
    ended = fondaco("keys", "create")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert "table account already exists. Nothing was changed." in ended.err


def test_a_system_without_posix_locks_gets_the_supported_systems_named(
    fondaco: Fondaco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    ended = fondaco("serve")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert "Linux and macOS" in ended.err
    assert fondaco("--version").code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("command", ["openapi", "models list", "config show"])
def test_output_that_cannot_be_written_is_one_line(home: Path, command: str) -> None:
    program = [sys.executable, "-m", "fondaco", *command.split()]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            program,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={"FONDACO_HOME": str(home), "HOME": str(home)},
        )
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith("fondaco: The output could not be written: No space left on device.")


def test_failures_inside_and_outside_the_server_are_reported_alike() -> None:
    lost = StorageFailedError("2 writes were lost.")
    found = failure(ExceptionGroup("tasks", [ExceptionGroup("more tasks", [lost])]))
    assert found == (Exit.FAILED, ("2 writes were lost.",))
    several = ExceptionGroup("tasks", [lost, ZeroDivisionError()])
    with pytest.raises(ExceptionGroup) as raised:
        failure(several)
    assert raised.value is several


def test_output_that_is_no_terminal_has_no_colour(fondaco: Fondaco) -> None:
    ended = fondaco.process("models", "list", TERM="xterm-256color")
    assert ended.code == 0
    assert "\x1b" not in ended.out + ended.err


def test_the_openapi_document_is_printed(fondaco: Fondaco) -> None:
    document = fondaco("openapi").json
    assert isinstance(document, dict)
    assert "/api/v1/chat/completions" in document["paths"]
    assert fondaco("openapi", "--yaml").out.startswith("openapi:")


def test_config_show_says_where_each_value_is_from(fondaco: Fondaco, home: Path) -> None:
    home.mkdir()
    (home / "fondaco.toml").write_text("[server]\nhost = '127.0.0.2'\n")
    shown = fondaco("config", "show", "--origin", FONDACO_SERVER__PORT="9").out.splitlines()
    assert f'host = "127.0.0.2"  # file {home / "fondaco.toml"}' in shown
    assert "port = 9  # env FONDACO_SERVER__PORT" in shown
    assert f'home = "{home}"  # env FONDACO_HOME' in shown
    assert 'durability = "process"  # default' in shown


def test_config_show_gives_programs_json(fondaco: Fondaco) -> None:
    values = fondaco("config", "show", "--json").json
    origins = fondaco("config", "show", "--json", "--origin").json
    assert isinstance(values, dict)
    assert isinstance(origins, dict)
    assert values["server.port"] == 8000
    assert origins["server.port"] == {"value": 8000, "origin": "default"}


def test_what_config_show_prints_is_a_configuration(fondaco: Fondaco, tmp_path: Path) -> None:
    shown = fondaco("config", "show").out
    copy = tmp_path / "copy.toml"
    copy.write_text(shown)
    assert fondaco("config", "show", "--config", str(copy)).out == shown


@pytest.mark.parametrize("extent", [(), ("--all",)])
def test_config_init_writes_a_file_that_changes_nothing(
    fondaco: Fondaco, home: Path, extent: tuple[str, ...]
) -> None:
    before = fondaco("config", "show").out
    assert fondaco("config", "init", *extent).code == 0
    assert home.stat().st_mode & 0o777 == 0o700
    assert fondaco("config", "check").out.strip().endswith(f"{home / 'fondaco.toml'}.")
    assert fondaco("config", "show").out == before


SECRETS = """
[engines.one]
base_url = "http://127.0.0.1:9/v1"
key = "env:NOT_THERE_AT_ALL"
[search]
engines = ["library", "brave"]
brave_key = "file:/not/there/at/all"
"""
TOKEN = '[server]\nmetrics_token = "env:NOT_THERE_AT_ALL"\n'


def test_config_check_misses_secrets_and_says_what_does_not_count(
    fondaco: Fondaco, home: Path
) -> None:
    home.mkdir()
    (home / "fondaco.toml").write_text(SECRETS)
    ended = fondaco("config", "check")
    assert ended.code == 0, "an upstream without its key is unavailable, and nothing else"
    named, *warnings = ended.err.splitlines()
    assert named.startswith("fondaco: warning: engines.one: no model's `engines` names it")
    assert [line.split(": ")[1:3] for line in warnings] == [
        ["warning", "engines.one.key"],
        ["warning", "search.brave_key"],
    ]
    (home / "fondaco.toml").write_text(TOKEN)
    ended = fondaco("config", "check")
    assert ended.code == 3
    assert ended.err.startswith("fondaco: server.metrics_token: ")
    assert fondaco("models", "list").code == 0, "secrets are for the server alone"


def test_config_check_warns_of_an_address_that_serve_refuses(fondaco: Fondaco, home: Path) -> None:
    home.mkdir()
    text = '[server]\nhost = "10.0.0.1"\n'
    (home / "fondaco.toml").write_text(text)
    ended = fondaco("config", "check")
    assert ended.code == 0
    assert "--allow-remote" in ended.err
    (home / "fondaco.toml").write_text(f"{text}allow_remote = true\n")
    assert not fondaco("config", "check").err


def test_config_init_overwrites_nothing(fondaco: Fondaco, home: Path) -> None:
    home.mkdir()
    (home / "fondaco.toml").write_text("[server]\nport = 9\n")
    ended = fondaco("config", "init")
    assert ended.code == 1
    assert len(ended.err.splitlines()) == 1
    assert (home / "fondaco.toml").read_text() == "[server]\nport = 9\n"


@pytest.mark.parametrize("command", [(), ("models",), ("models", "add")])
def test_the_short_option_shows_the_help_as_well(
    fondaco: Fondaco, command: tuple[str, ...]
) -> None:
    assert fondaco(*command, "-h").out == fondaco(*command, "--help").out


@pytest.mark.parametrize(
    "group",
    [
        (),
        *((name,) for name in ("accounts", "keys", "balance", "models", "engines", "characters")),
        *((name,) for name in ("library", "ledger", "config")),
        ("ledger", "quarantine"),
    ],
)
def test_the_list_of_commands_has_whole_sentences(fondaco: Fondaco, group: tuple[str, ...]) -> None:
    shown = fondaco(*group, "--help", COLUMNS="80").out
    _, _, commands = shown.partition("Commands:\n")
    lines = commands.splitlines()
    assert lines
    assert [line for line in lines if not line.rstrip().endswith(".")] == []
    assert "..." not in commands
