"""Accounts, keys and balances from the command line, on a fresh home."""

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cli_program import Fondaco, Outcome
from fondaco.stores.home import Home
from fondaco.stores.sqlite.tables.migrate import upgrade


def made(outcome: Outcome) -> dict[str, object]:
    assert isinstance(outcome.json, dict)
    return outcome.json


def listed(outcome: Outcome) -> list[dict[str, object]]:
    assert isinstance(outcome.json, list)
    return outcome.json


def test_the_first_key_makes_home_database_and_first_account(fondaco: Fondaco, home: Path) -> None:
    key = made(fondaco("keys", "create", "--type", "ADMIN", "--description", "Mine", "--json"))
    assert str(key["apiKey"]).endswith(str(key["last6Chars"]))
    assert (key["apiKeyType"], key["description"], key["account"]) == ("ADMIN", "Mine", "default")
    assert home.stat().st_mode & 0o777 == 0o700
    [account] = listed(fondaco("accounts", "list", "--json"))
    assert (account["name"], account["usd"], account["diem"]) == ("default", "100", "100")


def test_the_first_account_begins_with_what_the_settings_say(fondaco: Fondaco) -> None:
    few = {"FONDACO_LEDGER__FIRST_ACCOUNT_USD": "0.5", "FONDACO_LEDGER__FIRST_ACCOUNT_DIEM": "0"}
    fondaco("keys", "create", **few)
    account = made(fondaco("balance", "show", "--json"))
    assert (account["usd"], account["diem"]) == ("0.5", "0")


def test_a_secret_is_shown_once_and_kept_nowhere(fondaco: Fondaco, home: Path) -> None:
    secret = str(made(fondaco("keys", "create", "--json"))["apiKey"])
    assert secret not in fondaco("keys", "list").out
    assert all(secret.encode() not in path.read_bytes() for path in home.iterdir())


def test_a_key_can_be_revoked_by_its_id(fondaco: Fondaco) -> None:
    key_id = str(made(fondaco("keys", "create", "--json"))["id"])
    assert fondaco("keys", "revoke", key_id).code == 0
    [key] = listed(fondaco("keys", "list", "--json"))
    assert (key["id"], key["revoked"]) == (key_id, True)


def test_a_key_can_end_at_a_time(fondaco: Fondaco) -> None:
    key = made(fondaco("keys", "create", "--expires-at", "2099-01-31", "--json"))
    assert key["expiresAt"] == "2099-01-31T00:00:00Z"


def test_a_key_has_limits_that_can_be_changed_and_taken_away(fondaco: Fondaco) -> None:
    key = made(fondaco("keys", "create", "--limit-usd", "0.5", "--limit-diem", "3", "--json"))
    assert (key["limitUsd"], key["limitDiem"]) == ("0.5", "3")
    key_id = str(key["id"])
    changed = made(fondaco("keys", "change", key_id, "--limit-usd", "none", "--json"))
    assert (changed["limitUsd"], changed["limitDiem"]) == (None, "3")
    assert (changed["lastUsedAt"], changed["sevenDaysUsd"], changed["sevenDaysDiem"]) == (
        None,
        "0",
        "0",
    )
    assert made(fondaco("keys", "show", key_id, "--json")) == changed
    assert listed(fondaco("keys", "list", "--json")) == [changed]


def test_a_keys_description_and_end_can_be_changed(fondaco: Fondaco) -> None:
    key_id = str(made(fondaco("keys", "create", "--expires-at", "2099-01-31", "--json"))["id"])
    later = ("--expires-at", "2099-02-01T12:00:00Z", "--description", "later")
    changed = made(fondaco("keys", "change", key_id, *later, "--json"))
    assert (changed["expiresAt"], changed["description"]) == ("2099-02-01T12:00:00Z", "later")
    changed = made(fondaco("keys", "change", key_id, "--expires-at", "never", "--json"))
    assert (changed["expiresAt"], changed["description"]) == (None, "later")


def test_a_revoked_key_cannot_be_changed(fondaco: Fondaco) -> None:
    key_id = str(made(fondaco("keys", "create", "--json"))["id"])
    fondaco("keys", "revoke", key_id)
    ended = fondaco("keys", "change", key_id, "--description", "again")
    assert (ended.code, len(ended.err.splitlines())) == (5, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "change", "00" * 16),
        ("keys", "change", "00" * 16, "--limit-usd", "-1"),
        ("keys", "create", "--limit-diem", "none of it"),
        ("keys", "create", "--expires-at", "2020-01-01"),
        ("keys", "create", "--expires-at", "2099-02-30"),
        ("keys", "create", "--expires-at", "9999-12-31T23:59:59-12:00"),
        ("keys", "create", "--expires-at", "0001-01-01T00:00:00+14:00"),
        ("keys", "create", "--expires-at", "0001-01-01"),
        ("keys", "create", "--expires-at", "10000-01-01"),
        ("keys", "create", "--expires-at", "99999999999999999999"),
        ("keys", "create", "--expires-at", "4102444800"),
        ("keys", "create", "--expires-at", ""),
        ("keys", "change", "00" * 16, "--expires-at", "9999-12-31T23:59:59-12:00"),
        ("accounts", "create", "ann", "--tier", "royal"),
        ("accounts", "create", ""),
        ("accounts", "create", "  "),
        ("accounts", "create", "a\nb"),
        ("accounts", "create", "a" * 101),
        ("keys", "create", "--description", "a\udcff"),
        ("keys", "create", "--description", "a\x1b[2J"),
        ("keys", "create", "--description", "a" * 257),
        ("keys", "change", "00" * 16, "--description", "a\nb"),
        ("balance", "grant", "--usd", "1", "--notes", "a\udcff"),
        ("accounts", "change", "ann"),
        ("accounts", "change", "ann", "--tier", "royal"),
    ],
)
def test_what_cannot_be_meant_exits_with_2(
    fondaco: Fondaco, home: Path, arguments: tuple[str, ...]
) -> None:
    assert fondaco(*arguments).code == 2
    assert not (home / "fondaco.sqlite3").exists(), "refused before anything is made"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("9999-12-31", "9999-12-31T00:00:00Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59Z"),
        ("2099-01-31T02:00:00+02:00", "2099-01-31T00:00:00Z"),
        ("20990131", "2099-01-31T00:00:00Z"),
    ],
)
def test_a_key_ends_when_it_is_said(fondaco: Fondaco, written: str, shown: str) -> None:
    key = made(fondaco("keys", "create", "--expires-at", written, "--json"))
    assert key["expiresAt"] == shown


@pytest.mark.parametrize("expires_ms", [253_402_343_999_000, 2**62, -(2**62)])
def test_an_end_beyond_the_calendar_is_listed_as_the_nearest_within(
    fondaco: Fondaco, home: Path, expires_ms: int
) -> None:
    """The command line once took ends that no calendar of four digits shows."""
    fondaco("keys", "create")
    with closing(sqlite3.connect(home / "fondaco.sqlite3")) as database, database:
        database.execute("UPDATE key SET expires_ms = ?", (expires_ms,))
    listed = fondaco("keys", "list", "--json").json
    assert isinstance(listed, list)
    year = "9999" if expires_ms > 0 else "0001"
    assert listed[0]["expiresAt"].startswith(year)


def test_an_account_has_a_tier_that_can_be_changed(fondaco: Fondaco) -> None:
    account = made(fondaco("accounts", "create", "ann", "--tier", "explorer", "--json"))
    assert account["tier"] == "explorer"
    changed = made(fondaco("accounts", "change", "ann", "--tier", "paid", "--json"))
    assert changed == {**account, "tier": "paid"}


def test_an_account_is_disabled_and_enabled(fondaco: Fondaco) -> None:
    account = made(fondaco("accounts", "create", "ann", "--json"))
    assert account["disabled"] is False
    assert made(fondaco("accounts", "disable", "ann", "--json")) == {**account, "disabled": True}
    assert made(fondaco("accounts", "enable", "ann", "--json")) == account


def test_an_account_is_made_granted_and_shown(fondaco: Fondaco) -> None:
    account = made(fondaco("accounts", "create", "ann", "--usd", "10", "--diem", "5", "--json"))
    assert (account["name"], account["usd"], account["diem"]) == ("ann", "10", "5")
    granted = made(fondaco("balance", "grant", "--usd", "0.000000001", "--json"))
    assert granted["usd"] == "10.000000001"
    raised = made(fondaco("balance", "grant", "--diem", "7", "--account", "ann", "--json"))
    assert (raised["diemAllocation"], raised["usd"]) == ("7", "10.000000001")
    assert made(fondaco("accounts", "show", "ann", "--json")) == raised


def test_an_account_without_funds_is_told_how_to_get_some(fondaco: Fondaco) -> None:
    grant = "fondaco balance grant --account {} --usd 10"
    assert grant.format("ann") in fondaco("accounts", "create", "ann").err
    assert grant.format("bea") not in fondaco("accounts", "create", "bea", "--usd", "1").err
    assert grant.format("cyd") not in fondaco("accounts", "create", "cyd", "--diem", "1").err


def test_an_account_whose_calls_are_free_needs_no_funds(fondaco: Fondaco, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "fondaco.toml").write_text("[tiers.paid]\ncharged = false\n")
    assert "balance grant" not in fondaco("accounts", "create", "ann").err


def test_a_key_belongs_to_the_account_that_is_named(fondaco: Fondaco) -> None:
    for name in ("ann", "bea"):
        fondaco("accounts", "create", name)
        fondaco("keys", "create", "--account", name)
    assert [key["account"] for key in listed(fondaco("keys", "list", "--json"))] == ["ann", "bea"]
    [key] = listed(fondaco("keys", "list", "--account", "bea", "--json"))
    assert key["account"] == "bea"


def test_lists_of_nothing_are_empty_lists(fondaco: Fondaco, home: Path) -> None:
    upgrade(Home(home).database)
    assert listed(fondaco("accounts", "list", "--json")) == []
    assert listed(fondaco("keys", "list", "--json")) == []
    assert "fondaco accounts create" in fondaco("accounts", "list").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("accounts", "show", "nobody"),
        ("keys", "create", "--account", "nobody"),
        ("keys", "revoke", "00112233445566778899aabbccddeeff"),
        ("keys", "show", "00112233445566778899aabbccddeeff"),
        ("keys", "change", "unknown", "--description", "a"),
        ("accounts", "change", "nobody", "--tier", "paid"),
        ("accounts", "disable", "nobody"),
        ("accounts", "enable", "nobody"),
        ("balance", "show"),
        ("balance", "grant", "--usd", "1", "--account", "nobody"),
    ],
)
def test_an_unknown_name_exits_with_5_and_one_line(
    fondaco: Fondaco, home: Path, arguments: tuple[str, ...]
) -> None:
    upgrade(Home(home).database)
    ended = fondaco(*arguments)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (5, "", 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("accounts", "list"),
        ("accounts", "show", "ann"),
        ("accounts", "change", "ann", "--tier", "paid"),
        ("accounts", "disable", "ann"),
        ("balance", "show"),
        ("balance", "grant", "--usd", "1"),
        ("keys", "list"),
        ("keys", "show", "00" * 16),
        ("keys", "create", "--account", "ann"),
        ("keys", "change", "00" * 16, "--description", "a"),
        ("keys", "revoke", "00" * 16),
        ("usage",),
        ("usage", "--csv"),
        ("usage", "--by", "day", "--json"),
        ("ledger", "verify"),
    ],
)
def test_what_needs_a_home_makes_none(
    fondaco: Fondaco, home: Path, arguments: tuple[str, ...]
) -> None:
    ended = fondaco(*arguments)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (4, "", 1)
    assert f"The home folder {str(home)!r} has no database" in ended.err
    assert not home.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("characters", "list"),
        ("characters", "show", "nobody"),
        ("characters", "rm", "nobody"),
        ("library", "list"),
        ("library", "search", "words"),
        ("library", "rm", "name"),
        ("models", "list"),
        ("models", "show", "default"),
        ("config", "show"),
        ("config", "check"),
        ("config", "init", "--stdout"),
        ("openapi",),
    ],
)
def test_what_needs_no_home_makes_none(
    fondaco: Fondaco, home: Path, arguments: tuple[str, ...]
) -> None:
    assert "Traceback" not in fondaco(*arguments).err
    assert not home.exists()


@pytest.mark.parametrize("amount", ["-1", "many", "NaN", "1e10", "0.0000000001"])
def test_what_is_no_amount_of_money_is_refused(fondaco: Fondaco, amount: str) -> None:
    ended = fondaco("accounts", "create", "ann", f"--usd={amount}")
    assert ended.code == 2
    assert amount in ended.err
    assert fondaco("accounts", "list").code == 4, "nothing was made"


def test_a_name_is_given_once(fondaco: Fondaco) -> None:
    assert fondaco("accounts", "create", "ann").code == 0
    again = fondaco("accounts", "create", "ann")
    assert (again.code, len(again.err.splitlines())) == (1, 1)


def test_a_sound_ledger_adds_up(fondaco: Fondaco) -> None:
    fondaco("accounts", "create", "ann", "--usd", "10")
    assert made(fondaco("ledger", "verify", "--json")) == {"sound": True, "findings": []}


def test_an_unsound_ledger_exits_with_7(fondaco: Fondaco, home: Path) -> None:
    fondaco("accounts", "create", "ann", "--usd", "10")
    tamper(home / "fondaco.sqlite3")
    ended = fondaco("ledger", "verify")
    assert ended.code == 7
    assert len(ended.out.splitlines()) >= 1


def tamper(database: Path) -> None:
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("UPDATE account SET usd = usd + 1 WHERE name = 'ann'")
    connection.close()


def test_a_home_that_is_a_file_exits_with_4_and_one_line(fondaco: Fondaco, home: Path) -> None:
    home.write_text("not a folder")
    ended = fondaco("accounts", "list")
    assert (ended.code, len(ended.err.splitlines())) == (4, 1)


def test_a_new_account_comes_with_the_commands_that_give_its_owner_a_key_a_login_and_funds(
    fondaco: Fondaco, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "an other home"
    told = fondaco("accounts", "create", "friends", "--home", str(elsewhere))
    assert told.code == 0, told.err
    lines = [line.strip() for line in told.err.splitlines() if line.strip().startswith("fondaco ")]
    typed = [shlex.split(line)[1:] for line in lines]
    commands = [["keys", "create"], ["dashboard", "link"], ["balance", "grant"]]
    assert [words[:2] for words in typed] == commands
    key, link, grant = (fondaco(*words) for words in typed)
    assert (key.code, link.code, grant.code) == (0, 0, 0), key.err + link.err + grant.err
    assert "friends" in key.out
    assert "'friends'" in link.err
    [listed_key] = listed(fondaco("keys", "list", "--home", str(elsewhere), "--json"))
    assert listed_key["account"] == "friends"


def test_a_new_account_in_json_is_nothing_but_the_account(fondaco: Fondaco) -> None:
    told = fondaco("accounts", "create", "friends", "--json")
    assert (told.err, made(told)["name"]) == ("", "friends")


@pytest.mark.parametrize(
    "words", [("balance", "show"), ("usage",), ("keys", "list"), ("keys", "create")]
)
def test_an_account_without_its_option_is_told_of_it(
    fondaco: Fondaco, words: tuple[str, ...]
) -> None:
    refused = fondaco(*words, "bob")
    assert (refused.code, "--account NAME" in refused.err) == (2, True)
    assert "--account" not in fondaco("models", "list", "bob").err
