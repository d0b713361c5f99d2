"""The library from the command line."""

from pathlib import Path

import pytest

from cli_program import Fondaco
from fondaco.cli.exits import Exit


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "pepper.md").write_text("# Spices\n\nPepper came by ship.")
    return folder


def test_documents_are_added_listed_found_and_removed(fondaco: Fondaco, documents: Path) -> None:
    assert fondaco("library", "add", str(documents)).out == "Added: papers/pepper.md\n"
    (row,) = rows(fondaco, "list")
    assert (row["name"], row["title"], row["passages"]) == ("papers/pepper.md", "Spices", 1)
    (found,) = rows(fondaco, "search", "pepper")
    assert found["url"] == "library:papers/pepper.md"
    assert fondaco("library", "rm", "papers").out == "Removed: papers\n"
    assert fondaco("library", "list", "--json").json == []


def test_what_could_not_be_added_is_named_beside_what_was(
    fondaco: Fondaco, documents: Path
) -> None:
    (documents / "broken.pdf").write_bytes(b"%PDF-1.7 rubbish")
    told = fondaco("library", "add", str(documents))
    assert told.code == Exit.FAILED
    assert told.out == "Added: papers/pepper.md\n"
    assert told.err.startswith("Not added: papers/broken.pdf: It cannot be read")
    assert told.err.endswith("fondaco: 1 of the documents could not be added.\n")


def test_an_empty_library_says_how_it_is_filled(fondaco: Fondaco, home: Path) -> None:
    assert "fondaco library add" in fondaco("library", "list").out
    assert not home.exists()


def test_what_is_not_there_is_one_line(fondaco: Fondaco, documents: Path) -> None:
    refused = fondaco("library", "rm", "nothing")
    assert (refused.code, refused.err) == (Exit.UNKNOWN, "fondaco: The library is empty.\n")
    refused = fondaco("library", "add", str(documents / "nothing"))
    assert refused.code == Exit.FAILED
    assert "no document" in refused.err
    refused = fondaco("library", "search", "pepper")
    assert refused.code == Exit.FAILED
    assert refused.err.count("\n") == 1


def rows(fondaco: Fondaco, *arguments: str) -> list[dict[str, object]]:
    told = fondaco("library", *arguments, "--json").json
    assert isinstance(told, list)
    return told
