"""The library: full-text search over the operator's own documents; needs no network."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from anyio import to_thread

from fondaco.domain.extras import how_to_install
from fondaco.domain.web import Citation, SearchError
from fondaco.web.reading import PDF, READERS, ParsedDocument

TYPES = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".pdf": PDF,
}
"""File extension -> media type."""

_LONGEST_DOCUMENT = 20_000_000
_PASSAGE = 1_200
"""Characters of a passage, as a result shows it."""
_MOST_WORDS = 32
_BUSY_TIMEOUT_S = 10.0
_TABLES = """
CREATE TABLE IF NOT EXISTS document (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, changed_s INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE IF NOT EXISTS passage
USING fts5(text, title, document_id UNINDEXED, tokenize = 'porter unicode61 remove_diacritics 2');
"""
_FIND = """
SELECT document.name, document.title, document.changed_s, passage.text FROM passage
JOIN document ON document.id = passage.document_id
WHERE passage MATCH ? ORDER BY bm25(passage, 1.0, 2.0) LIMIT ?
"""
_LIST = """
SELECT name, title, changed_s,
       (SELECT count(*) FROM passage WHERE document_id = document.id) FROM document ORDER BY name
"""


class LibraryError(Exception):
    """A document cannot be added or removed; one line for the operator."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the library."""

    name: str
    title: str
    changed: datetime
    passages: int


@dataclass(frozen=True, slots=True)
class Added:
    """Outcome of adding a document."""

    name: str
    fault: str = ""
    """Why it was not added; empty if it was."""


class Library:
    """Documents in their own database; queries are never stored."""

    def __init__(self, path: Path) -> None:
        """Prepare; the file is created with the first document."""
        self._path = path

    @classmethod
    def of(cls, home: Path) -> "Library":
        """Return the library of a home folder."""
        return cls(home / "library.sqlite3")

    def add(
        self, path: Path, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> Iterator["Added"]:
        """Add a file, or all documents of a folder, one by one.

        A document of the same name is replaced. Names of a folder's documents start with the folder's name.

        Args:
            path: the file or folder.
            progress: called before each document and at the end, with the bytes of files so far and in all.

        Raises:
            LibraryError: the path has no document.
        """
        try:
            path = path.expanduser().resolve()
        except RuntimeError as error:  # `~name` of an unknown user, or circular links
            raise LibraryError(f"{str(path)!r} is not a path: {error}") from error
        files = sorted(_files(path))
        if not files:
            extensions = ", ".join(sorted(TYPES))
            raise LibraryError(
                f"There is no document in {str(path)!r}. Supported files: {extensions}."
            )
        sizes = [_bytes_of(file) for file in files]
        done, total = 0, sum(sizes)
        for file, size in zip(files, sizes, strict=True):
            progress(done, total)
            done += size
            name = str(file.relative_to(path.parent))
            try:
                document, changed_s = _read(file), int(file.stat().st_mtime)
            except (LibraryError, OSError) as error:
                yield Added(name, str(error))
                continue
            with self._changing() as database:
                _put(database, name, document, changed_s)
            yield Added(name)
        progress(done, total)

    def documents(self) -> list[Document]:
        """Return all documents by their names."""
        if not self._path.exists():
            return []
        with closing(self._connect()) as database:
            return [
                Document(name, title, datetime.fromtimestamp(changed_s, UTC), passages)
                for name, title, changed_s, passages in database.execute(_LIST)
            ]

    def remove(self, name: str) -> None:
        """Remove a document, or all of a folder.

        Raises:
            LibraryError: there is no document or folder of this name.
        """
        if not self._path.exists():
            raise LibraryError("The library is empty.")
        folder = f"{name.rstrip('/')}/"
        with self._changing() as database:
            ids = [
                document_id
                for document_id, document in database.execute(
                    "SELECT id, name FROM document"
                ).fetchall()
                if document == name or document.startswith(folder)
            ]
            if not ids:
                raise LibraryError(f"There is no document {name!r} in the library.")
            for document_id in ids:
                _delete(database, document_id)

    def find(self, query: str, most: int) -> list[Citation]:
        """Return the passages that match a query best, by BM25.

        Raises:
            SearchError: there are no documents.
        """
        if not self._path.exists():
            raise SearchError("The library is empty; its operator can add documents.")
        words = dict.fromkeys(re.findall(r"\w+", query.lower()))
        matching = " OR ".join(f'"{word}"' for word in list(words)[:_MOST_WORDS])
        if not matching:
            return []
        with closing(self._connect()) as database:
            rows = database.execute(_FIND, (matching, most)).fetchall()
        return [
            Citation(
                title or name,
                f"library:{name}",
                text,
                datetime.fromtimestamp(changed_s, UTC).isoformat(),
            )
            for name, title, changed_s, text in rows
        ]

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """Run the block in one transaction, rolled back if it raises."""
        self._path.touch(mode=0o600)
        with closing(self._connect()) as database:
            database.executescript(_TABLES)
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.rollback()
                raise
            database.commit()

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        database.execute("PRAGMA secure_delete = ON")
        return database


class LibrarySearch:
    """The library as a search engine."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def find(self, query: str, most: int) -> Sequence[Citation]:
        """Return the best passages; see `Search.find`."""
        try:
            return await to_thread.run_sync(self._library.find, query, most, abandon_on_cancel=True)
        except sqlite3.Error as error:
            raise SearchError("The library cannot be read.") from error

    async def aclose(self) -> None:
        """Do nothing: each search opens its own connection."""


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    for file in path.rglob("*"):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.suffix.lower() in TYPES and file.is_file() and not hidden:
            yield file


def _bytes_of(file: Path) -> int:
    """Return a file's size; 0 if it is gone meanwhile."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _read(file: Path) -> ParsedDocument:
    kind = TYPES.get(file.suffix.lower())
    if kind is None:
        extensions = ", ".join(sorted(TYPES))
        raise LibraryError(f"It is not a document. Supported files: {extensions}.")
    try:
        return READERS[kind](file.read_bytes(), None, _LONGEST_DOCUMENT)
    except ModuleNotFoundError as error:
        raise LibraryError(
            f"Reading it needs additional libraries. {how_to_install('web')}"
        ) from error
    except Exception as error:  # libraries raise arbitrary errors at broken documents
        raise LibraryError(f"It cannot be read: {error}") from error


def _put(database: sqlite3.Connection, name: str, document: ParsedDocument, changed_s: int) -> None:
    existing = database.execute("SELECT id FROM document WHERE name = ?", (name,)).fetchone()
    if existing is not None:
        _delete(database, existing[0])
    document_id = database.execute(
        "INSERT INTO document (name, title, changed_s) VALUES (?, ?, ?)",
        (name, document.title, changed_s),
    ).lastrowid
    database.executemany(
        "INSERT INTO passage (text, title, document_id) VALUES (?, ?, ?)",
        [(passage, document.title, document_id) for passage in _passages(document.text)],
    )


def _delete(database: sqlite3.Connection, document_id: int) -> None:
    database.execute("DELETE FROM passage WHERE document_id = ?", (document_id,))
    database.execute("DELETE FROM document WHERE id = ?", (document_id,))


def _passages(text: str) -> Iterator[str]:
    """Split a text into passages at paragraphs; paragraphs that are too long are split at spaces."""
    passage = ""
    for paragraph in re.split(r"\n\s*\n", text):
        if passage and len(passage) + len(paragraph) > _PASSAGE:
            yield passage
            passage = ""
        passage = f"{passage}\n\n{paragraph}".strip()
        while len(passage) > _PASSAGE:
            cut = passage.rfind(" ", _PASSAGE // 2, _PASSAGE)
            cut = cut if cut > 0 else _PASSAGE
            yield passage[:cut]
            passage = passage[cut:].strip()
    if passage:
        yield passage
