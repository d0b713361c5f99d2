"""Tables on terminals: whole cells at any width, and nothing that steers a terminal."""

import json
import re
from pathlib import Path

import pytest

from cli_program import Fondaco
from fondaco.cli import output

WIDE = 300
ADDRESS = "wallet:0x45B73055F3aDcC4577Bb709db10B19d11b5c94eE"


@pytest.fixture
def furnished(fondaco: Fondaco, tmp_path: Path) -> Fondaco:
    """A home with something in every table; its ids and names are as long as they get."""
    fondaco("accounts", "create", ADDRESS, "--usd", "1000.123456789", "--diem", "99.5")
    for text in ("The build server of the second floor", "", "Bücher und 本"):
        options = ("--limit-usd", "5.5", "--expires-at", "2099-12-31", "--description", text)
        fondaco("keys", "create", "--account", ADDRESS, *options)
    papers = tmp_path / "papers-with-a-rather-long-name"
    papers.mkdir()
    words = "Pepper came by ship from a place that is far away. " * 9
    (papers / "pepper-and-other-spices-of-the-east.md").write_text(f"# Spices\n\n{words}")
    assert fondaco("library", "add", str(papers)).code == 0
    return fondaco


def test_json_keeps_every_character_and_steers_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hostile = "a\x1b[2J\x9b2J\x7f\x85\u202eb\u2066c\ud800 \t\n é 漢 😀"
    output.print_json({hostile: [hostile]})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {hostile: [hostile]}
    assert printed == output.without_controls(printed)
    assert "é 漢 😀" in printed


TABLES = [
    ("accounts", "list"),
    ("keys", "list"),
    ("models", "list"),
    ("characters", "list"),
    ("library", "list"),
    ("library", "search", "pepper"),
]


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("command", TABLES, ids=" ".join)
def test_a_table_fits_its_terminal_and_splits_no_value(
    furnished: Fondaco, command: tuple[str, ...], columns: int
) -> None:
    rows = furnished(*command, "--json").json
    assert isinstance(rows, list)
    assert rows
    shown = furnished.on_terminal(columns, *command).out
    whole = [line for line in shown.splitlines() if len(line) > columns]
    # A line may be longer only where one word alone does not fit.
    assert all(len(line.split()) <= 2 for line in whole), whole
    for row in rows:
        name = row.get("id") or row.get("slug") or row.get("name") or row.get("url")
        assert name in re.split(r"[\s()]+", shown), "found whole by whoever copies it"


@pytest.mark.parametrize("command", TABLES, ids=" ".join)
def test_a_wide_terminal_shows_what_the_option_does(
    furnished: Fondaco, command: tuple[str, ...]
) -> None:
    assert furnished.on_terminal(2_000, *command).out == furnished(*command, "--wide").out


@pytest.mark.parametrize("command", [("models", "list"), ("keys", "list"), ("accounts", "list")])
def test_without_a_terminal_a_line_for_each_row_has_80_columns(
    furnished: Fondaco, command: tuple[str, ...]
) -> None:
    rows = furnished(*command, "--json").json
    assert isinstance(rows, list)
    shown = furnished(*command)
    lines = shown.out.splitlines()
    assert len(lines) == len(rows) + 1
    assert max(map(len, lines)) <= 80
    assert shown.out == furnished.on_terminal(80, *command).out


def test_a_narrow_terminal_says_what_is_not_shown(furnished: Fondaco) -> None:
    narrow = furnished.on_terminal(100, "models", "list")
    assert narrow.out.split()[0] == "id"
    assert "Not shown: sunset, traits" in narrow.err
    assert narrow.err.endswith("--wide or --json shows all.\n")
    shown = furnished.on_terminal(WIDE, "models", "list")
    assert "Not shown" not in shown.out + shown.err


def test_only_a_description_is_cut(furnished: Fondaco) -> None:
    narrow = furnished.on_terminal(80, "keys", "list")
    assert "The build server…" in narrow.out
    assert "of the second floor" in furnished.on_terminal(140, "keys", "list").out
    assert "…" not in furnished("keys", "list", "--wide").out


def test_a_table_that_never_fits_is_printed_as_blocks(furnished: Fondaco) -> None:
    first, second, *_ = furnished.on_terminal(40, "keys", "list").out.splitlines()
    names = [line.split()[0] for line in (first, second)]
    assert names == ["id", "account"]


@pytest.mark.parametrize("columns", range(16, 24))
def test_a_cut_cell_takes_no_more_columns_than_it_may(columns: int) -> None:
    for text in ("x" * 30, "本" * 15, "a" * 15 + "本" * 9):
        cut = output._cut(text, columns)
        assert cut.endswith("…")
        assert output._cells_of(cut) <= columns
    assert output._cut("x" * columns, columns) == "x" * columns


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\x1b[2Jb", "a [2Jb"),
        ("a\r\nb", "a  b"),
        ("a\x9bb\u202eb", "a b b"),
        (["a", "b\x07"], "a, b "),
        (None, "-"),
        (True, "yes"),
        ([], "-"),
    ],
)
def test_no_cell_steers_a_terminal(value: object, shown: str) -> None:
    assert output._cell(value) == shown


def test_lines_of_one_thing_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_row({"name": "a", "instructions": "one\ntwo\x1b"}, as_json=False)
    assert capsys.readouterr().out == "name          a\ninstructions  one\ntwo \n"
