"""`fondaco characters`: list and check characters."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.admin_store import timestamp
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import AsJson, Config, Home, Wide, configuration
from fondaco.cli.output import Row, Table, print_row, print_rows

if TYPE_CHECKING:
    from fondaco.domain.chat.character import Character
    from fondaco.settings import Settings
    from fondaco.stores.characters import CharacterFolder

group = CommandGroup(help="List, add and remove characters.")

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="Slug of the character.")]


@group.command("list")
def list_characters(
    *, home: Home = None, config: Config = None, as_json: AsJson = False, wide: Wide = False
) -> None:
    """List the built-in characters and those you added."""
    folder = _opened(configuration(home, config).settings)
    rows = [
        {
            "slug": one.slug,
            "name": one.name,
            "own": one.slug in folder.custom,
            "model": one.model,
            "adult": one.adult,
            "categories": list(one.categories),
        }
        for one in sorted(folder.seen, key=lambda one: one.slug)
    ]
    table = Table("No characters.", optional=("categories", "model"))
    print_rows(rows, table, as_json=as_json, wide=wide)


@group.command()
def show(slug: Slug, *, home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show a character, including its instructions."""
    from fondaco.domain.errors import CharacterNotFoundError

    folder = _opened(configuration(home, config).settings)
    try:
        character = folder.seen.find(slug)
    except CharacterNotFoundError as error:
        raise FailedError(str(error), Exit.UNKNOWN) from error
    print_row(_row(character, own=slug in folder.custom), as_json=as_json)


@group.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Character file, named SLUG.toml.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a character with the same slug.")
    ] = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Add a character from a file.

    The file is checked and copied into the home folder. A running server offers the character within a second.
    """
    from fondaco.configuration import read_character
    from fondaco.domain.chat.character import CharacterFileError
    from fondaco.stores.home import Home as HomeFolder

    settings = configuration(home, config).settings
    try:
        character = read_character(file)
    except CharacterFileError as error:
        raise CharacterFileError(*(f"{file}: {fault}" for fault in error.faults)) from None
    HomeFolder(settings.home)
    _opened(settings).add(character.slug, file.read_bytes(), replace=replace)
    typer.echo(f"Added: {character.slug}")


@group.command()
def rm(slug: Slug, *, home: Home = None, config: Config = None) -> None:
    """Remove a character that you added.

    A built-in character with the same slug becomes available again.
    """
    _opened(configuration(home, config).settings).remove(slug)
    typer.echo(f"Removed: {slug}")


def _opened(settings: "Settings") -> "CharacterFolder":
    """Return the characters of a home, looked at; what is wrong with files is said on stderr."""
    from fondaco.configuration import built_in_characters, read_character
    from fondaco.stores.characters import CharacterFolder, characters_in
    from fondaco.system import SystemClock

    folder = CharacterFolder(
        characters_in(settings.home), built_in_characters(), read_character, SystemClock()
    )
    for fault in folder.reload():
        typer.echo(f"fondaco: {fault}", err=True)
    return folder


def _row(one: "Character", *, own: bool) -> Row:
    return {
        "slug": one.slug,
        "name": one.name,
        "own": own,
        "description": one.description,
        "tags": list(one.tags),
        "categories": list(one.categories),
        "author": one.author or None,
        "model": one.model,
        "photoUrl": one.photo_url or None,
        "shareUrl": one.share_url,
        "adult": one.adult,
        "webEnabled": one.web_enabled,
        "pro": one.pro,
        "featured": one.featured,
        "createdAt": timestamp(one.created_at),
        "updatedAt": timestamp(one.updated_at),
        "instructions": one.instructions,
    }
