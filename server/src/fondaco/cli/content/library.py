"""`fondaco library`: the documents that web search finds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import AsJson, Config, Home, Wide, configuration
from fondaco.cli.output import Table, print_rows
from fondaco.cli.progress import progress

if TYPE_CHECKING:
    from fondaco.web.library import Library

group = CommandGroup(help="Manage the document library that web search finds.")


@group.command()
def add(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Document, or folder of documents.")],
    *,
    home: Home = None,
    config: Config = None,
) -> None:
    """Add or update documents (txt, md, html, pdf).

    A running server finds them immediately.
    """
    from fondaco.web.library import LibraryError

    faulty = 0
    try:
        library = _library(home, config, make_home=True)
        with progress("Adding documents", lines=False) as advance:
            for added in library.add(path, advance):
                if added.fault:
                    faulty += 1
                    typer.echo(f"Not added: {added.name}: {added.fault}", err=True)
                else:
                    typer.echo(f"Added: {added.name}")
    except LibraryError as error:
        raise FailedError(str(error)) from error
    if faulty:
        raise FailedError(f"{faulty} of the documents could not be added.")


@group.command("list")
def list_documents(
    *, home: Home = None, config: Config = None, as_json: AsJson = False, wide: Wide = False
) -> None:
    """List the documents in the library."""
    rows = [
        {
            "name": one.name,
            "title": one.title,
            "changed": one.changed.isoformat(),
            "passages": one.passages,
        }
        for one in _library(home, config).documents()
    ]
    table = Table(
        "The library is empty. Add documents with: fondaco library add PATH",
        optional=("changed", "title"),
    )
    print_rows(rows, table, as_json=as_json, wide=wide)


@group.command()
def rm(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Document or folder, as listed.")],
    *,
    home: Home = None,
    config: Config = None,
) -> None:
    """Remove a document or folder from the library.

    The original files are not touched.
    """
    from fondaco.web.library import LibraryError

    try:
        _library(home, config).remove(name)
    except LibraryError as error:
        raise FailedError(str(error), Exit.UNKNOWN) from error
    typer.echo(f"Removed: {name}")


@group.command()
def search(
    query: Annotated[str, typer.Argument(metavar="WORDS", help="Search query.")],
    *,
    most: Annotated[
        int, typer.Option(min=1, max=100, metavar="N", help="Maximum number of results.")
    ] = 5,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    wide: Wide = False,
) -> None:
    """Search the library as a model's web search does."""
    from fondaco.domain.web import SearchError

    try:
        citations = _library(home, config).find(query, most)
    except SearchError as error:
        raise FailedError(str(error)) from error
    rows = [{"url": one.url, "title": one.title, "content": one.content} for one in citations]
    print_rows(rows, Table("No results."), as_json=as_json, wide=wide)


def _library(home: Path | None, config: Path | None, *, make_home: bool = False) -> "Library":
    from fondaco.stores.home import Home as HomeFolder
    from fondaco.web.library import Library

    settings = configuration(home, config).settings
    if make_home:
        HomeFolder(settings.home)
    return Library.of(settings.home)
