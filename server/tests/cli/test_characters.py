"""Characters from the command line."""

from pathlib import Path

import pytest

from cli_program import Fondaco


@pytest.fixture
def chef(tmp_path: Path) -> Path:
    file = tmp_path / "chef.toml"
    file.write_text('name = "Chef"\ninstructions = "Cook."\nmodel = "fastest"\ntags = ["Food"]\n')
    return file


def listed(fondaco: Fondaco) -> dict[str, bool]:
    rows = fondaco("characters", "list", "--json").json
    assert isinstance(rows, list)
    return {row["slug"]: row["own"] for row in rows}


def test_the_built_in_ones_are_listed_without_a_home(fondaco: Fondaco, home: Path) -> None:
    assert len(listed(fondaco)) == 10
    assert not home.exists()


def test_one_is_added_shown_and_removed(fondaco: Fondaco, home: Path, chef: Path) -> None:
    assert fondaco("characters", "add", str(chef)).out == "Added: chef\n"
    assert (home / "characters/chef.toml").read_bytes() == chef.read_bytes()
    assert listed(fondaco)["chef"] is True
    shown = fondaco("characters", "show", "chef", "--json").json
    assert isinstance(shown, dict)
    assert (shown["name"], shown["instructions"], shown["own"]) == ("Chef", "Cook.", True)
    assert (shown["model"], shown["tags"]) == ("fastest", ["Food"])
    assert fondaco("characters", "rm", "chef").out == "Removed: chef\n"
    assert "chef" not in listed(fondaco)


def test_one_is_replaced_only_where_that_is_asked_for(fondaco: Fondaco, chef: Path) -> None:
    assert fondaco("characters", "add", str(chef)).code == 0
    again = fondaco("characters", "add", str(chef))
    assert (again.code, len(again.err.splitlines())) == (1, 1)
    assert "--replace" in again.err
    assert fondaco("characters", "add", str(chef), "--replace").code == 0


def test_a_broken_file_is_not_added(fondaco: Fondaco, home: Path, chef: Path) -> None:
    chef.write_text('nam = "Chef"')
    ended = fondaco("characters", "add", str(chef))
    assert ended.code == 3
    assert f"{chef}: name is missing." in ended.err
    assert "nam: no such key. Did you mean name?" in ended.err
    assert not (home / "characters").exists()


def test_a_file_that_broke_later_is_named_beside_the_list(
    fondaco: Fondaco, home: Path, chef: Path
) -> None:
    fondaco("characters", "add", str(chef))
    (home / "characters/chef.toml").write_text("broken")
    ended = fondaco("characters", "list")
    assert ended.code == 0
    assert "chef.toml: is not TOML" in ended.err
    assert "alan-watts" in ended.out
    assert fondaco("characters", "rm", "chef").code == 0


def test_unknown_slugs_end_with_their_own_code(fondaco: Fondaco) -> None:
    shown = fondaco("characters", "show", "alan-wats")
    assert (shown.code, len(shown.err.splitlines())) == (5, 1)
    assert "Did you mean 'alan-watts'" in shown.err
    assert fondaco("characters", "rm", "nobody").code == 5
    built_in = fondaco("characters", "rm", "alan-watts")
    assert built_in.code == 5
    assert "built in" in built_in.err
