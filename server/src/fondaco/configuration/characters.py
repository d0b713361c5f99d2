"""Builds characters from files, built in or the operator's."""

import re
import tomllib
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field, Strict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from fondaco.domain.chat.character import Character, CharacterFileError
from fondaco.sections import ModelId, Section

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50, pattern=r"^[^,]*$")
]
Url = Annotated[str, Field(max_length=2_000, pattern=r"^https?://\S+$")]
# The length is not part of the pattern: with `{1,2000}`, it takes 15 ms to build, and 8 MB.

Timestamp = Annotated[datetime, Strict()] | Annotated[date, Strict()]
"""A TOML datetime or date; a date stands for its start in UTC."""
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_MOST_BYTES = 256 * 2**10


class CharacterFile(Section):
    """Schema of a character's file; its name is the character's slug."""

    name: Line = Field(description="What people call it.")
    instructions: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32_768)
    ] = Field(description="Instructions at the start of the conversation.")
    description: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)] = ""
    tags: tuple[Word, ...] = Field((), max_length=20)
    categories: tuple[Word, ...] = Field((), max_length=20)
    author: Line | None = None
    model: ModelId | None = None
    photo_url: Url | None = None
    share_url: Url | None = None
    adult: bool = False
    web_enabled: bool = False
    pro: bool = False
    featured: bool = False
    created: Timestamp | None = None
    updated: Timestamp | None = None


def character_of(slug: str, text: str, changed_at: float) -> Character:
    """Return the character that a file describes.

    Args:
        slug: the file's name without its ending.
        text: what is in it.
        changed_at: when it was changed, in Unix seconds: where it says no times itself.

    Raises:
        CharacterFileError: a line for each thing that is wrong, with nothing of the file's text.
    """
    try:
        entry = CharacterFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise CharacterFileError(f"is not TOML: {error}.") from None
    except RecursionError:
        raise CharacterFileError("is nested too deeply.") from None
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise CharacterFileError(*map(_line, faults)) from None
    created_at = _unix_seconds(entry.created, changed_at)
    return Character(
        slug=slug,
        name=entry.name,
        instructions=entry.instructions,
        description=entry.description or None,
        tags=entry.tags,
        categories=entry.categories,
        author=entry.author or "",
        model=entry.model,
        photo_url=entry.photo_url or "",
        share_url=entry.share_url,
        adult=entry.adult,
        web_enabled=entry.web_enabled,
        pro=entry.pro,
        featured=entry.featured,
        created_at=created_at,
        updated_at=_unix_seconds(entry.updated, max(created_at, changed_at)),
    )


def read_character(path: Path) -> Character:
    """Return the character in a file, under the file's name without `.toml`.

    Raises:
        CharacterFileError: a line for each thing that is wrong, with nothing of the file's text.
    """
    if SLUG.fullmatch(path.stem) is None or path.suffix != ".toml":
        raise CharacterFileError(
            "the file must be named SLUG.toml, with lower-case letters, digits, hyphens and underscores."
        )
    try:
        status = path.stat()
        if status.st_size > _MOST_BYTES:
            raise CharacterFileError(f"is larger than {_MOST_BYTES // 2**10} KiB.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CharacterFileError(f"cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CharacterFileError("is not UTF-8 text.") from None
    return character_of(path.stem, text, status.st_mtime)


@cache
def built_in_characters() -> tuple[Character, ...]:
    """Return the characters that come with the program, by their slugs."""
    folder = files("fondaco") / "characters"
    status = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(
        character_of(file.name.removesuffix(".toml"), file.read_text(encoding="utf-8"), 0.0)
        for file in status
    )


def _unix_seconds(at: datetime | date | None, otherwise: float) -> float:
    if at is None:
        return otherwise
    timestamp = at if isinstance(at, datetime) else datetime.combine(at, time())
    return (timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)).timestamp()


def _line(fault: ErrorDetails) -> str:
    path = ".".join(map(str, fault["loc"]))
    match fault["type"]:
        case "extra_forbidden":
            near = get_close_matches(path, CharacterFile.model_fields, n=1, cutoff=0.6)
            hint = f" Did you mean {near[0]}?" if near else ""
            return f"{path}: no such key.{hint}"
        case "missing":
            return f"{path} is missing."
    return f"{path}: {fault['msg'].removesuffix('.')}."
