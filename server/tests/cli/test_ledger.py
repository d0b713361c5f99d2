"""What an operator sees of the ledger, and does about it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cli_program import Fondaco
from fondaco.domain.money.ledger import Entry, EntryKind, OpenCall, Unwritable
from fondaco.domain.money.money import NANO, Currency, Funds
from fondaco.domain.money.usage import Usage
from fondaco.stores.sqlite.ledger import quarantine
from fondaco.stores.sqlite.tables.connection import connect

CALL = "ab" * 16


def database(home: Path) -> Path:
    return home / "fondaco.sqlite3"


def charge(**fields: Any) -> Entry:
    usual: dict[str, Any] = {
        "account_id": 4,
        "kind": EntryKind.CHARGE,
        "currency": Currency.USD,
        "amount": -200 * NANO,
        "at": 1_790_000_000.0,
        "call_id": CALL,
        "sku": "toy-llm-output-mtoken",
        "units": 7,
        "unit_price": 5,
        "usage": Usage(3, 0, 7, 0),
        "epoch": 20_717,
        "notes": "cut off by the caller; charged what was produced",
    }
    return Entry(**{**usual, **fields})


@pytest.fixture
def put_aside(fondaco: Fondaco, home: Path) -> int:
    """Put a charge aside that the first account, with its 100 dollars, cannot pay."""
    fondaco("keys", "create")
    return put(home, charge())


def put(home: Path, *entries: Entry) -> int:
    with closing(connect(database(home))) as connection:
        quarantine.put_write(connection, entries, None, Unwritable.CONSTRAINT)
        return quarantine.waiting_writes(connection)[-1].id


def waiting(fondaco: Fondaco) -> list[Any]:
    listed = fondaco("ledger", "quarantine", "list", "--json").json
    assert isinstance(listed, list)
    return listed


def usd(fondaco: Fondaco) -> str:
    shown = fondaco("balance", "show", "--json").json
    assert isinstance(shown, dict)
    return str(shown["usd"])


def test_an_empty_quarantine_says_so(fondaco: Fondaco) -> None:
    fondaco("keys", "create")
    assert fondaco("ledger", "quarantine", "list").out == "The quarantine is empty.\n"
    assert fondaco("ledger", "verify").code == 0


def test_what_waits_is_listed_with_its_reason(fondaco: Fondaco, put_aside: int) -> None:
    [one] = waiting(fondaco)
    assert (one["id"], one["kind"], one["reason"]) == (put_aside, "write", "constraint")
    assert (one["account"], one["callId"], one["tries"]) == ("default", CALL, 1)
    assert one["details"]["entries"][0]["amount"] == -200 * NANO
    assert "constraint" in fondaco("ledger", "quarantine", "list").out


def test_the_audit_tells_what_waits(fondaco: Fondaco, put_aside: int) -> None:
    assert put_aside
    found = fondaco("ledger", "verify")
    assert (found.code, "quarantine list" in found.out) == (7, True)


def test_a_write_is_made_once_what_was_in_its_way_is_gone(fondaco: Fondaco, put_aside: int) -> None:
    refused = fondaco("ledger", "quarantine", "retry", str(put_aside))
    assert (refused.code, "constraint" in refused.err) == (1, True)
    assert len(waiting(fondaco)) == 1
    fondaco("balance", "grant", "--usd", "150")
    assert fondaco("ledger", "quarantine", "retry", str(put_aside)).code == 0
    assert waiting(fondaco) == []
    assert usd(fondaco) == "50"
    assert fondaco("ledger", "verify").code == 0


def test_a_write_is_not_made_twice(fondaco: Fondaco, put_aside: int, home: Path) -> None:
    fondaco("balance", "grant", "--usd", "500")
    assert fondaco("ledger", "quarantine", "retry", str(put_aside)).code == 0
    assert fondaco("ledger", "quarantine", "retry", str(put_aside)).code == 5
    again = put(home, charge())
    refused = fondaco("ledger", "quarantine", "retry", str(again))
    assert (refused.code, "already" in refused.err) == (1, True)
    assert usd(fondaco) == "400"


def test_a_write_can_be_discarded(fondaco: Fondaco, put_aside: int) -> None:
    assert fondaco("ledger", "quarantine", "discard", str(put_aside)).code == 0
    assert waiting(fondaco) == []
    assert usd(fondaco) == "100"
    assert fondaco("ledger", "verify").code == 0
    assert fondaco("ledger", "quarantine", "discard", str(put_aside)).code == 5


@pytest.mark.parametrize("fields", [{"units": 10**90}, {"at": float("nan")}, {"key_id": 5}])
def test_a_write_that_was_kept_with_gaps_is_not_made(
    fondaco: Fondaco, put_aside: int, home: Path, fields: dict[str, Any]
) -> None:
    assert put_aside
    odd = put(home, charge(call_id="cd" * 16, amount=-1, **fields))
    assert fondaco("ledger", "quarantine", "retry", str(odd)).code == 1
    assert usd(fondaco) == "100"
    assert fondaco("ledger", "quarantine", "discard", str(odd)).code == 0


def test_the_quarantine_keeps_no_content(fondaco: Fondaco, put_aside: int, home: Path) -> None:
    assert put_aside
    put(home, charge(call_id="cd" * 16, notes="a prompt\nof two lines", sku="y" * 500))
    assert "prompt" not in fondaco("ledger", "quarantine", "list", "--json").out


def test_an_open_call_is_put_back_for_the_next_start(fondaco: Fondaco, home: Path) -> None:
    fondaco("keys", "create")
    call = OpenCall(CALL, 4, "cd" * 16, "toy", 1.79e9, Funds(usd=5), 20_717, Usage(1, 0, 2, 0))
    with closing(connect(database(home))) as connection:
        quarantine.put_call(connection, call, Unwritable.UNSETTLED)
    [one] = waiting(fondaco)
    assert fondaco("ledger", "quarantine", "retry", str(one["id"])).code == 0
    with closing(sqlite3.connect(database(home))) as connection:
        rows = connection.execute("SELECT lower(hex(call_id)), held_usd FROM open_call").fetchall()
    assert rows == [(CALL, 5)]


# A clock that was wrong.


def test_what_contradicts_the_clock_is_shown_before_it_is_trusted(
    fondaco: Fondaco, home: Path
) -> None:
    fondaco("keys", "create")
    with closing(connect(database(home))) as connection:
        connection.execute(
            "INSERT INTO entry (account_id, kind, currency, amount, at_ms, sku_id, units, unit_price,"
            " execution_ms, notes) SELECT 4, 5, 1, 0, 4102444800000, id, 0, 0, 0, '' FROM sku LIMIT 1"
        )
    shown = fondaco("ledger", "repair-epoch", "--json").json
    assert isinstance(shown, dict)
    assert (shown["lastEntry"], shown["clockTrusted"]) == ("2100-01-01T00:00:00Z", False)
    assert shown["entriesAfterTomorrow"] == 1
    assert "Nothing was changed" in fondaco("ledger", "repair-epoch").out
    trusted = fondaco("ledger", "repair-epoch", "--yes", "--json").json
    assert isinstance(trusted, dict)
    assert trusted["clockTrusted"] is True
    after = fondaco("ledger", "repair-epoch", "--json").json
    assert isinstance(after, dict)
    assert after["lastEntry"] == trusted["clock"]


# A lost pepper.


def test_a_lost_pepper_is_never_made_anew(fondaco: Fondaco, home: Path) -> None:
    fondaco("keys", "create")
    (home / "pepper").unlink()
    for command in (("keys", "create"), ("serve", "--port", "0")):
        ended = fondaco(*command)
        assert ended.code == 4
        assert "Restore it from a backup" in ended.err
        assert "revoke-all" in ended.err
    assert not (home / "pepper").exists()


def test_what_needs_no_pepper_works_without_it(fondaco: Fondaco, home: Path) -> None:
    fondaco("keys", "create")
    (home / "pepper").unlink()
    for command in (
        ("keys", "list"),
        ("accounts", "list"),
        ("balance", "show"),
        ("ledger", "verify"),
        ("usage",),
    ):
        assert fondaco(*command).code == 0
    assert not (home / "pepper").exists()


def test_a_pepper_that_is_gone_for_good_ends_its_keys(fondaco: Fondaco, home: Path) -> None:
    fondaco("keys", "create")
    fondaco("keys", "create")
    (home / "pepper").unlink()
    assert fondaco("keys", "revoke-all").out == "Revoked: 2 keys\n"
    assert fondaco("keys", "create").code == 0
    assert len((home / "pepper").read_bytes()) == 32


def test_a_fresh_home_makes_its_pepper(fondaco: Fondaco, home: Path) -> None:
    fondaco("accounts", "create", "ada")
    assert fondaco("keys", "create", "--account", "ada").code == 0
    assert len((home / "pepper").read_bytes()) == 32
