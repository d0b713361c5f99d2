"""`fondaco backup` and `fondaco restore` as an operator uses them."""

import gzip
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli_program import Fondaco, Outcome
from fondaco.stores.home import Home
from fondaco.stores.sqlite.sessions.home import HomeSessions
from fondaco.system import SystemClock
from program import Program, program, until

ASK = {"model": "default", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}


def fields(outcome: Outcome) -> dict[str, Any]:
    value = outcome.json
    assert isinstance(value, dict)
    return value


@pytest.fixture
def lived_in(fondaco: Fondaco, home: Path) -> str:
    """Give the home all kinds of state; return a key."""
    key = str(fields(fondaco("keys", "create", "--json"))["apiKey"])
    (home / "fondaco.toml").write_text("[server]\nport = 8123\n")
    (home / "catalogue.d").mkdir()
    (home / "catalogue.d" / "engine-x.toml").write_text(
        f"[engines.x]\nbase_url = 'http://127.0.0.1:9/v1'\nkey = 'file:{home}/secrets/vendor.key'\n"
    )
    (home / "secrets").mkdir()
    (home / "secrets" / "vendor.key").write_text("sk-vendor")
    (home / "secrets" / "unrelated").write_text("nothing")
    (home / "workflows" / "deep").mkdir(parents=True)
    (home / "workflows" / "deep" / "flux.json").write_text("{}")
    (home / "models").mkdir()
    (home / "models" / "large.gguf").write_bytes(b"GGUF")
    (home.parent / "doc.txt").write_text("The lighthouse keeper counts waves.")
    assert fondaco("library", "add", str(home.parent / "doc.txt")).code == 0
    return key


def test_a_backup_holds_all_state_and_no_model_files(
    fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str
) -> None:
    file = tmp_path / "backup.tar.gz"
    made = fields(fondaco("backup", str(file), "--json"))
    assert [one["path"] for one in made["files"]] == [
        "fondaco.sqlite3",
        "library.sqlite3",
        "catalogue.d/engine-x.toml",
        "fondaco.toml",
        "pepper",
        "secrets/vendor.key",
        "workflows/deep/flux.json",
    ]
    assert made["notIncluded"] == ["models"]
    assert made["findings"] == []
    assert (made["bytes"], file.stat().st_mode & 0o777) == (file.stat().st_size, 0o600)
    with tarfile.open(file) as tar:  # any tar can read it
        assert tar.getnames() == ["manifest.json", *(one["path"] for one in made["files"])]


def test_a_restored_home_has_the_same_keys_money_documents_and_configuration(
    fondaco: Fondaco, tmp_path: Path, lived_in: str
) -> None:
    assert fondaco("backup", str(tmp_path / "b")).code == 0
    other = Fondaco(tmp_path / "other")
    done = other("restore", str(tmp_path / "b"))
    assert (done.code, "The ledger adds up." in done.out) == (0, True)
    for command in (["keys", "list"], ["accounts", "list"], ["library", "list"]):
        assert other(*command, "--json").json == fondaco(*command, "--json").json
    assert '"server.port": 8123' in other("config", "show", "--json").out
    assert other("ledger", "verify").code == 0


def sessions_in(home: Path) -> HomeSessions:
    opened = Home(home)
    return HomeSessions(opened.database, opened.pepper(), SystemClock())


def rows(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as opened:
        return {
            table: opened.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 (ours)
            for table in ("session", "login")
        }


def test_a_restored_home_has_no_sessions_and_login_links(
    fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str
) -> None:
    sessions = sessions_in(home)
    sessions.add_login(1, 600)
    token = sessions.open_session(1, "Dashboard", idle_timeout_s=600)
    assert fondaco("backup", str(tmp_path / "b")).code == 0
    sessions.close(token)
    assert fondaco("restore", "--replace", str(tmp_path / "b")).code == 0
    assert rows(home / "fondaco.sqlite3") == {"session": 0, "login": 0}
    [kept] = home.glob("before-restore-*")
    assert rows(kept / "fondaco.sqlite3") == {"session": 0, "login": 1}


def test_a_configuration_outside_the_home_is_warned_of(
    fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str
) -> None:
    outside = tmp_path / "etc.toml"
    outside.write_text("[server]\nport = 8124\n")
    flag = ["--config", str(outside)]
    made = fields(fondaco("backup", str(tmp_path / "b"), *flag, "--json"))
    [warned] = made["findings"]
    assert f"The configuration file {str(outside)!r} is not included" in warned
    piped = fondaco("backup", str(tmp_path / "c"), FONDACO_CONFIG=str(outside))
    assert warned in piped.err
    own = fondaco("backup", str(tmp_path / "d"), "--config", str(home / "fondaco.toml"))
    assert (own.code, own.err) == (0, "")


def test_a_backup_keeps_what_is_there_unless_it_is_forced(
    fondaco: Fondaco, tmp_path: Path, lived_in: str
) -> None:
    file = tmp_path / "b"
    file.write_text("of someone else")
    refused = fondaco("backup", str(file))
    assert (refused.code, "--force" in refused.err) == (1, True)
    assert file.read_text() == "of someone else"
    assert fondaco("backup", str(file), "--force").code == 0
    assert gzip.decompress(file.read_bytes())[:13] == b"manifest.json"


def test_a_folder_gets_a_file_named_after_the_time(
    fondaco: Fondaco, tmp_path: Path, lived_in: str
) -> None:
    (tmp_path / "backups").mkdir()
    assert fondaco("backup", str(tmp_path / "backups")).code == 0
    [file] = (tmp_path / "backups").iterdir()
    assert file.name.startswith("fondaco-20")
    assert file.name.endswith("Z.tar.gz")
    assert fondaco("restore", "--check", str(file)).code == 0


def test_a_backup_goes_through_pipes(fondaco: Fondaco, tmp_path: Path, lived_in: str) -> None:
    def run(*arguments: str, home: Path | None = None, given: bytes = b"") -> bytes:
        environ = fondaco.environ() if home is None else Fondaco(home).environ()
        return subprocess.run(
            [sys.executable, "-m", "fondaco", *arguments],
            env=environ,
            input=given,
            capture_output=True,
            check=True,
        ).stdout

    run("restore", "-", home=tmp_path / "other", given=run("backup", "-"))
    assert Fondaco(tmp_path / "other")("ledger", "verify").code == 0


def test_a_home_without_a_database_has_nothing_to_back_up(fondaco: Fondaco, tmp_path: Path) -> None:
    refused = fondaco("backup", str(tmp_path / "b"))
    assert (refused.code, "nothing to back up" in refused.err) == (4, True)
    assert not (tmp_path / "b").exists()


def test_a_configuration_that_cannot_be_used_is_backed_up_and_restored_as_it_is(
    fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str
) -> None:
    (home / "fondaco.toml").write_text("this is no TOML")
    assert fondaco("backup", str(tmp_path / "b")).code == 0
    assert fondaco("restore", "--replace", str(tmp_path / "b")).code == 0
    assert (home / "fondaco.toml").read_text() == "this is no TOML"


def test_a_home_with_state_is_kept_beside_what_replaces_it(
    fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str
) -> None:
    assert fondaco("backup", str(tmp_path / "b")).code == 0
    fondaco("accounts", "create", "later")
    refused = fondaco("restore", str(tmp_path / "b"))
    assert (refused.code, "--replace" in refused.err) == (4, True)
    assert fondaco("accounts", "show", "later").code == 0
    done = fields(fondaco("restore", "--replace", str(tmp_path / "b"), "--json"))
    assert fondaco("accounts", "show", "later").code == 5
    kept = Path(done["kept"])
    assert kept.parent == home
    assert (home / "models" / "large.gguf").exists()
    assert Fondaco(kept)("accounts", "show", "later").code == 0


def test_a_journal_that_was_left_over_is_never_mixed_with_a_restored_database(
    fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str
) -> None:
    assert fondaco("backup", str(tmp_path / "b")).code == 0
    other = Fondaco(tmp_path / "other")
    other.home.mkdir()
    (other.home / "fondaco.sqlite3-wal").write_bytes(b"of another database")
    assert other("restore", str(tmp_path / "b")).code == 4
    assert other("restore", "--replace", str(tmp_path / "b")).code == 0
    assert not (other.home / "fondaco.sqlite3-wal").exists()
    assert other("ledger", "verify").code == 0


def test_nothing_is_restored_while_a_server_runs_on_the_home(
    fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str
) -> None:
    assert fondaco("backup", str(tmp_path / "b")).code == 0
    with Home(home).lock():
        refused = fondaco("restore", "--replace", str(tmp_path / "b"))
    assert (refused.code, "A server runs" in refused.err) == (4, True)


def test_a_ledger_that_does_not_add_up_is_restored_and_said_with_exit_code_7(
    fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str
) -> None:
    with closing(sqlite3.connect(home / "fondaco.sqlite3")) as database, database:
        database.execute("UPDATE account SET usd = usd + 1 WHERE name = 'default'")
    made = fondaco("backup", str(tmp_path / "b"))
    assert (made.code, "add up to" in made.err) == (0, True)
    done = Fondaco(tmp_path / "other")("restore", str(tmp_path / "b"))
    assert (done.code, "add up to" in done.err) == (7, True)


def test_a_lost_pepper_is_said(fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str) -> None:
    (home / "pepper").unlink()
    made = fondaco("backup", str(tmp_path / "b"))
    assert (made.code, "pepper" in made.err) == (0, True)
    done = Fondaco(tmp_path / "other")("restore", str(tmp_path / "b"))
    assert (done.code, "revoke-all" in done.err) == (0, True)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(
    fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str
) -> None:
    (home / "pepper").unlink()
    os.mkfifo(home / "pepper")
    made = fondaco("backup", str(tmp_path / "b"))
    assert made.code == 0
    assert "pepper" in made.err


def test_a_killed_backup_leaves_no_file_and_the_next_one_clears_up(
    fondaco: Fondaco, home: Path, tmp_path: Path, lived_in: str
) -> None:
    with closing(sqlite3.connect(home / "library.sqlite3")) as library, library:
        library.execute("CREATE TABLE filling (content BLOB)")
        library.executemany("INSERT INTO filling VALUES (randomblob(1000000))", [()] * 100)
    folder = tmp_path / "backups"
    folder.mkdir()
    command = [sys.executable, "-m", "fondaco", "backup", str(folder / "b")]
    with subprocess.Popen(command, env=fondaco.environ(), stderr=subprocess.DEVNULL) as running:
        until(lambda: list(folder.glob(".fondaco-staging-*/archive")), within_s=60)
        running.send_signal(signal.SIGKILL)
        assert running.wait(60) == -signal.SIGKILL
    left = list(folder.iterdir())
    assert [one.stat().st_mode & 0o077 for one in left] == [0]
    assert not (folder / "b").exists()
    with closing(sqlite3.connect(home / "library.sqlite3")) as library, library:
        library.execute("DROP TABLE filling")
        library.execute("VACUUM")
    assert fondaco("backup", str(folder / "b")).code == 0
    assert [one.name for one in folder.iterdir()] == ["b"]


@contextmanager
def calling(served: Program) -> Iterator[list[int]]:
    """Make calls one after the other, until the block ends; their statuses are yielded."""
    statuses: list[int] = []
    ends = threading.Event()

    def call() -> None:
        headers = {"Authorization": f"Bearer {served.api_key}"}
        with httpx2.Client(base_url=served.url, headers=headers, timeout=120) as client:
            while not ends.is_set():
                statuses.append(client.post("/api/v1/chat/completions", json=ASK).status_code)

    callers = [threading.Thread(target=call) for _ in range(2)]
    for one in callers:
        one.start()
    try:
        yield statuses
    finally:
        ends.set()
        for one in callers:
            one.join()


def _has(statuses: list[int], enough: int) -> bool:
    return len(statuses) >= enough


@pytest.mark.slow  # two servers with the embedded model
def test_a_backup_of_a_busy_server_is_a_consistent_home_for_another(
    fondaco: Fondaco, home: Path, tmp_path: Path
) -> None:
    with program(home) as served:
        with calling(served) as statuses:
            for number in range(5):
                until(partial(_has, statuses, 2 * number + 1), within_s=120)
                assert fondaco("backup", str(tmp_path / f"b{number}")).code == 0
        assert set(statuses) == {200}
        key = served.api_key
    for number in range(5):
        done = Fondaco(tmp_path / f"home{number}")("restore", str(tmp_path / f"b{number}"))
        assert (done.code, done.err) == (0, "")
    with program(tmp_path / "home4", key) as restored:
        reply = restored.http.post("/api/v1/chat/completions", json=ASK)
        assert reply.status_code == 200
        assert len(restored.charged()) > 0
    assert Fondaco(tmp_path / "home4")("ledger", "verify").code == 0
