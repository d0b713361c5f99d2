"""The library finds passages of the operator's documents, and keeps nothing else."""

import os
from pathlib import Path

import pytest

from fondaco.domain.web import SearchError
from fondaco.web.library import Library, LibraryError, LibrarySearch
from web.test_pages import pdf_saying


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "deep").mkdir(parents=True)
    (folder / "pepper.md").write_text("# Spices\n\nPepper came by ship from Alexandria.")
    (folder / "deep/cloth.txt").write_text("Cloth was dyed crimson with grana.")
    (folder / "page.html").write_text("<title>Salt</title><p>Salt was a monopoly of the city.</p>")
    (folder / "paper.pdf").write_bytes(pdf_saying("Paper was made at Fabriano"))
    (folder / "tool.exe").write_text("pepper")
    (folder / ".hidden.md").write_text("pepper")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.of(tmp_path)


def test_a_folder_is_taken_in_by_the_kinds_that_are_known(
    library: Library, documents: Path
) -> None:
    names = ["docs/deep/cloth.txt", "docs/page.html", "docs/paper.pdf", "docs/pepper.md"]
    assert [added.name for added in library.add(documents)] == names
    assert [(one.name, one.title) for one in library.documents()] == [
        ("docs/deep/cloth.txt", ""),
        ("docs/page.html", "Salt"),
        ("docs/paper.pdf", ""),
        ("docs/pepper.md", "Spices"),
    ]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("Where did the pepper come from?", "docs/pepper.md"),
        ("how was cloth dyed", "docs/deep/cloth.txt"),
        ('monopolies AND "salt" OR (NEAR', "docs/page.html"),
        ("Fabriano", "docs/paper.pdf"),
        ("spice", "docs/pepper.md"),
    ],
)
def test_a_question_finds_its_passage_first(
    library: Library, documents: Path, query: str, name: str
) -> None:
    list(library.add(documents))
    assert library.find(query, 3)[0].url == f"library:{name}"


def test_a_result_says_where_and_when_it_was_written(library: Library, documents: Path) -> None:
    os.utime(documents / "pepper.md", (86_400, 86_400))
    list(library.add(documents / "pepper.md"))
    (found,) = library.find("pepper", 5)
    assert (found.title, found.url) == ("Spices", "library:pepper.md")
    assert found.content.endswith("Pepper came by ship from Alexandria.")
    assert found.date == "1970-01-02T00:00:00+00:00"


def test_letters_with_marks_are_found_without_them(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Der Zöllner zählt.")
    list(library.add(tmp_path / "a.txt"))
    assert len(library.find("zollner", 5)) == 1


@pytest.mark.parametrize("query", ["", "?!", "xyzzy"])
def test_what_shares_no_word_is_not_found(library: Library, documents: Path, query: str) -> None:
    list(library.add(documents))
    assert library.find(query, 5) == []


def test_a_document_taken_in_again_replaces_itself(library: Library, documents: Path) -> None:
    list(library.add(documents))
    (documents / "pepper.md").write_text("Ginger instead.")
    list(library.add(documents))
    assert library.find("pepper", 5) == []
    assert len(library.find("ginger", 5)) == 1
    assert len(library.documents()) == 4


def test_a_long_document_is_found_by_its_passages(library: Library, tmp_path: Path) -> None:
    text = "\n\n".join(f"Paragraph {number} of the statutes. " * 20 for number in range(50))
    (tmp_path / "long.txt").write_text(text + "\n\n" + "endless" * 1_000)
    list(library.add(tmp_path / "long.txt"))
    found = library.find("statutes 37", 1)
    assert "Paragraph 37 " in found[0].content
    assert len(found[0].content) <= 1_200
    assert library.documents()[0].passages > 25


def test_a_document_or_a_folder_is_forgotten(library: Library, documents: Path) -> None:
    list(library.add(documents))
    library.remove("docs/pepper.md")
    assert library.find("pepper", 5) == []
    library.remove("docs")
    assert library.documents() == []
    with pytest.raises(LibraryError, match="no document 'docs'"):
        library.remove("docs")


def test_a_broken_document_keeps_no_other_one_out(library: Library, documents: Path) -> None:
    (documents / "broken.pdf").write_bytes(b"%PDF-1.7 rubbish")
    faults = {added.name: added.fault for added in library.add(documents)}
    assert faults.pop("docs/broken.pdf").startswith("It cannot be read")
    assert set(faults.values()) == {""}
    assert len(library.documents()) == 4


def test_what_is_no_document_is_refused(library: Library, documents: Path) -> None:
    (added,) = library.add(documents / "tool.exe")
    assert added.fault.startswith("It is not a document. Supported files:")
    with pytest.raises(LibraryError, match="no document in"):
        list(library.add(documents / "nowhere"))


def test_its_file_is_private(library: Library, documents: Path, tmp_path: Path) -> None:
    list(library.add(documents))
    assert (tmp_path / "library.sqlite3").stat().st_mode & 0o777 == 0o600


async def test_an_empty_library_cannot_be_searched(library: Library) -> None:
    with pytest.raises(SearchError, match="empty"):
        await LibrarySearch(library).find("pepper", 5)


async def test_a_library_that_is_no_database_is_said_so(library: Library, tmp_path: Path) -> None:
    (tmp_path / "library.sqlite3").write_text("no database " * 100)
    with pytest.raises(SearchError, match="cannot be read"):
        await LibrarySearch(library).find("pepper", 5)
