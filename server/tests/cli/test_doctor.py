"""`fondaco doctor`: every kind of fault, made for real, with its fix."""

import json
import os
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest

from cli_program import Fondaco, Outcome
from fondaco.cli.upkeep.checks import database as of_database, home as of_home
from fondaco.cli.upkeep.checks.models import PACKAGES
from fondaco.domain.extras import BY_CHOICE, Extra
from fondaco.domain.money.account import KeyType
from fondaco.domain.money.ledger import Entry, EntryKind, Unwritable
from fondaco.domain.money.money import Currency
from fondaco.stores.backup.staging import _PREFIX
from fondaco.stores.home import Home
from fondaco.stores.server_lock import Reloads
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.ledger import quarantine
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.migrate import version_of
from fondaco.system import SystemClock
from hand_clock import UNIX, HandClock
from program import MODEL_FILE, program

QUIET = {"FONDACO_SERVER__PORT": "0"}
DAY_S = 86_400.0


def examined(outcome: Outcome) -> dict[str, Any]:
    """Return the JSON of an examination, which agrees with its exit code."""
    value = json.loads(outcome.out)
    assert outcome.code == (0 if value["ok"] else 10), outcome.err
    assert value["ok"] == (value["errors"] == 0)
    for one in value["findings"]:
        assert (one["why"] is None) == (one["fix"] is None) == (one["state"] == "ok")
    return dict(value)


def faults(outcome: Outcome) -> list[tuple[str, str, str]]:
    """Return check, state and message of whatever is not well."""
    return [
        (one["check"], one["state"], one["message"])
        for one in examined(outcome)["findings"]
        if one["state"] != "ok"
    ]


@pytest.fixture
def doctor(fondaco: Fondaco, tmp_path: Path) -> Callable[..., Outcome]:
    """Examine the home without probes; model files are none's business but those of their own tests."""

    def run(*arguments: str, **environ: str) -> Outcome:
        return fondaco("doctor", "--json", "--offline", *arguments, **{**QUIET, **environ})

    return run


@pytest.fixture
def key(fondaco: Fondaco) -> str:
    made = fondaco("keys", "create", "--type", "ADMIN", "--json").json
    assert isinstance(made, dict)
    return str(made["apiKey"])


@pytest.fixture
def only(doctor: Callable[..., Outcome]) -> Callable[..., tuple[str, str, str]]:
    """Return the one fault that is found."""

    def find(**environ: str) -> tuple[str, str, str]:
        [one] = faults(doctor(**environ))
        return one

    return find


def store(home: Path, now: float) -> AdminStore:
    clock = HandClock(now - UNIX)
    return AdminStore(Home.database_in(home), Home(home).pepper(), clock)


def test_a_sound_home_has_no_faults(doctor: Callable[..., Outcome], key: str) -> None:
    assert faults(doctor()) == []


def test_people_read_lines_and_a_summary(fondaco: Fondaco, home: Path, key: str) -> None:
    (home / "pepper").chmod(0o644)
    shown = fondaco("doctor", "--offline", **QUIET)
    assert shown.code == 10
    assert "error    home: Other users can reach" in shown.out
    assert f"Fix: chmod 600 {home}/pepper" in shown.out
    assert shown.out.endswith("\n1 error.\n")
    (home / "pepper").chmod(0o600)
    assert fondaco("doctor", "--offline", **QUIET).out.endswith("\nNo problems found.\n")


def test_no_secret_is_printed(
    doctor: Callable[..., Outcome], fondaco: Fondaco, home: Path, tmp_path: Path, key: str
) -> None:
    (tmp_path / "token").write_text("hunter2")
    (tmp_path / "token").chmod(0o644)
    environ = {"FONDACO_SERVER__METRICS_TOKEN": f"file:{tmp_path}/token"}
    said = faults(doctor(**environ))
    assert {(check, state) for check, state, _ in said} == {("configuration", "warning")}
    assert len(said) == 2  # it is short, and others can read it
    for outcome in (doctor(**environ), fondaco("doctor", "--offline", **QUIET, **environ)):
        for secret in ("hunter2", key, (home / "pepper").read_bytes().hex()):
            assert secret not in outcome.out + outcome.err


def test_a_home_that_nobody_used_is_said_and_left_alone(
    only: Callable[..., tuple[str, str, str]], home: Path
) -> None:
    assert only()[:2] == ("home", "warning")
    assert not home.exists()


def test_a_configuration_that_cannot_be_used_hides_no_other_fault(
    doctor: Callable[..., Outcome], home: Path, key: str
) -> None:
    (home / "fondaco.toml").write_text("[server]\nprot = 1\n")
    (home / "pepper").chmod(0o640)
    found = faults(doctor())
    assert [one[:2] for one in found] == [("configuration", "error"), ("home", "error")]
    assert "prot" in found[0][2]


def test_an_address_that_serve_refuses_is_an_error(
    only: Callable[..., tuple[str, str, str]], key: str
) -> None:
    check, state, _ = only(
        FONDACO_SERVER__HOST="0.0.0.0",  # noqa: S104 (refused)
        FONDACO_SERVER__ALLOWED_HOSTS="example.com",
    )
    assert (check, state) == ("configuration", "error")


@pytest.mark.parametrize("name", [".", "pepper", "fondaco.sqlite3"])
def test_what_others_can_read_is_an_error(
    only: Callable[..., tuple[str, str, str]], home: Path, key: str, name: str
) -> None:
    (home / name).chmod(0o755)
    assert only()[:2] == ("home", "error")


def test_a_restore_that_was_interrupted_is_said(
    only: Callable[..., tuple[str, str, str]], home: Path, key: str
) -> None:
    (home / f"{_PREFIX}x").mkdir()
    assert only()[:2] == ("home", "warning")


@pytest.mark.parametrize(
    ("pepper", "said"),
    [(b"short", "5 bytes instead of 32"), (bytes(32), "not random"), (None, "is missing")],
)
def test_a_pepper_that_is_lost_or_weak_is_an_error(
    only: Callable[..., tuple[str, str, str]],
    home: Path,
    key: str,
    pepper: bytes | None,
    said: str,
) -> None:
    (home / "pepper").unlink()
    if pepper is not None:
        (home / "pepper").write_bytes(pepper)
        (home / "pepper").chmod(0o600)
    check, state, message = only()
    assert (check, state, said in message) == ("keys", "error", True)


@pytest.mark.parametrize(("revision", "state"), [("0001", "warning"), ("9999", "error")])
def test_a_database_of_another_revision_is_said_and_not_migrated(
    only: Callable[..., tuple[str, str, str]], home: Path, key: str, revision: str, state: str
) -> None:
    with closing(sqlite3.connect(home / "fondaco.sqlite3")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    assert only()[:2] == ("database", state)
    assert version_of(home / "fondaco.sqlite3") == revision


def test_a_file_that_is_no_database_is_an_error(
    only: Callable[..., tuple[str, str, str]], home: Path, key: str
) -> None:
    (home / "fondaco.sqlite3").write_bytes(b"no database" * 1000)
    assert only()[:2] == ("database", "error")


def test_a_balance_that_does_not_add_up_is_an_error(
    doctor: Callable[..., Outcome], home: Path, key: str
) -> None:
    with closing(sqlite3.connect(home / "fondaco.sqlite3")) as database, database:
        database.execute("UPDATE account SET usd = usd + 1 WHERE name = 'default'")
    assert {one[:2] for one in faults(doctor())} == {("ledger", "error")}


def test_an_audit_that_takes_too_long_is_given_up(
    home: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_database, "_STEPS", 1)
    found = list(of_database.checked(home / "fondaco.sqlite3", longest_s=0))
    assert [one.state for one in found if one.check == "ledger"] == ["warning"]


def test_a_write_in_the_quarantine_is_a_warning(
    only: Callable[..., tuple[str, str, str]], home: Path, key: str
) -> None:
    entry = Entry(4, EntryKind.CHARGE, Currency.USD, -1, at=1_790_000_000.0, call_id="ab" * 16)
    with closing(connect(home / "fondaco.sqlite3")) as connection:
        quarantine.put_write(connection, [entry], None, Unwritable.CONSTRAINT)
    assert only()[:2] == ("quarantine", "warning")


def test_a_clock_behind_the_newest_entry_is_an_error(
    only: Callable[..., tuple[str, str, str]], home: Path, key: str
) -> None:
    store(home, SystemClock.now() + DAY_S).grant("default", 1)
    check, state, message = only()
    assert (check, state, "newest entry" in message) == ("clock", "error", True)


@pytest.mark.parametrize("now", [0.0, 5e9])
def test_a_clock_that_cannot_be_right_is_an_error(home: Path, key: str, now: float) -> None:
    found = list(of_database.checked(home / "fondaco.sqlite3", longest_s=30, now=lambda: now))
    assert ("clock", "error") in {(one.check, one.state.value) for one in found}


def test_an_admin_key_that_nobody_uses_and_never_expires_is_a_warning(
    only: Callable[..., tuple[str, str, str]], home: Path, key: str
) -> None:
    old = SystemClock.now() - 100 * DAY_S
    forgotten = store(home, old).make_key("default", KeyType.ADMIN, "forgotten")
    store(home, old).make_key("default", KeyType.INFERENCE, "worth less")
    store(home, old).make_key("default", KeyType.ADMIN, "ends", expires_at=old + 200 * DAY_S)
    check, state, message = only()
    assert (check, state) == ("keys", "warning")
    assert forgotten.key.last6 in message


def test_a_home_without_a_valid_key_is_a_warning(
    only: Callable[..., tuple[str, str, str]], fondaco: Fondaco, key: str
) -> None:
    assert fondaco("keys", "revoke-all").code == 0
    assert only()[:2] == ("keys", "warning")


@pytest.mark.parametrize(
    ("threshold", "state"), [("_LEAST_BYTES", "error"), ("_LITTLE_BYTES", "warning")]
)
def test_a_disk_without_room_is_said(
    doctor: Callable[..., Outcome],
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    threshold: str,
    state: str,
) -> None:
    monkeypatch.setattr(of_home, threshold, 2**62)  # no disk has that much
    assert {one[:2] for one in faults(doctor())} == {("disk", state)}


def test_a_model_file_of_another_size_is_an_error_and_a_missing_default_a_warning(
    doctor: Callable[..., Outcome], tmp_path: Path, key: str
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    found = faults(doctor(FONDACO_MODELS=str(folder)))
    assert [one[:2] for one in found] == [("models", "warning")]
    assert "smollm2-135m" in found[0][2]
    (folder / MODEL_FILE).write_bytes(b"GGUF")
    [(check, state, message)] = faults(doctor(FONDACO_MODELS=str(folder)))
    assert (check, state) == ("models", "error")
    assert "has 4 bytes instead of" in message


def test_a_model_of_ones_own_without_its_file_is_an_error(
    doctor: Callable[..., Outcome], home: Path, tmp_path: Path, key: str
) -> None:
    (home / "fondaco.toml").write_text(
        '[models.mine]\nname = "Mine"\nengines = ["embedded"]\nfile = "mine.gguf"\ncontext_tokens = 512\n'
        "price = { input = 0, output = 0 }\n"
    )
    found = [one for one in faults(doctor()) if "mine" in one[2]]
    assert ("models", "error") in {one[:2] for one in found}


def test_packages_that_are_missing_are_said(
    only: Callable[..., tuple[str, str, str]], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)  # as if it were not installed
    check, state, message = only()
    assert (check, state, "transcription" in message) == ("extras", "warning", True)


def test_a_package_that_lacks_a_system_library_is_an_error(
    only: Callable[..., tuple[str, str, str]],
    key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cause = "libEGL.so.1: cannot open shared object file: No such file or directory"
    (tmp_path / "skia.py").write_text(f"raise ImportError({cause!r})\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    check, state, message = only()
    assert (check, state, "library libEGL.so.1 is missing" in message) == ("extras", "error", True)


def test_every_extra_is_checked_or_chosen() -> None:
    by_need = {"ddgs", "diffusion", "web3"}  # nothing of the default installation uses them
    assert PACKAGES.keys() | by_need | BY_CHOICE == set(get_args(Extra))


@contextmanager
def silent() -> Iterator[str]:
    """Listen, accept, and never answer; the address is yielded."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_port_that_another_program_has_is_an_error(
    only: Callable[..., tuple[str, str, str]], key: str
) -> None:
    with silent() as url:
        assert only(FONDACO_SERVER__PORT=url.rpartition(":")[2])[:2] == ("port", "error")


def test_a_server_and_an_engine_that_hang_are_said_in_bounded_time(
    fondaco: Fondaco, home: Path, key: str
) -> None:
    with silent() as url, Home(home).lock(Reloads.YES) as lock:
        lock.says_url(url)
        outcome = fondaco(
            "doctor",
            "--json",
            "--timeout",
            "1",
            **QUIET,
            FONDACO_ENGINES__SLOW__BASE_URL=f"{url}/v1",
        )
    found = [one for one in faults(outcome) if one[0] != "configuration"]  # no model uses it
    assert [one[:2] for one in found] == [("server", "error"), ("engines", "error")]
    assert str(os.getpid()) in found[0][2]
    assert "slow: It does not respond" in found[1][2]


@pytest.mark.slow  # every engine on this machine is started
def test_engines_are_probed_here_where_no_server_runs_and_by_it_where_one_does(
    fondaco: Fondaco, home: Path
) -> None:
    with program(home):
        ready = examined(fondaco("doctor", "--json", **QUIET))
    [server] = [one for one in ready["findings"] if one["check"] == "server"]
    assert "ready at http://127.0.0.1:" in server["message"]
    assert not [one for one in ready["findings"] if one["check"] == "engines"]
    stopped = examined(fondaco("doctor", "--json", FONDACO_EMBEDDED__THREADS="1", **QUIET))
    said = {one["message"] for one in stopped["findings"] if one["check"] == "engines"}
    assert "embedded answers" in said
    assert "painter answers" in said
