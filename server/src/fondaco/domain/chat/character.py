"""Characters: personas with instructions that a chat can use, and how lists of them are filtered and sorted.

Source: GET /characters and GET /characters/{slug}.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from fondaco.domain.errors import CharacterNotFoundError

_SHOWN = 100
"""Characters of an unknown slug that are compared with known ones and quoted in the error."""


class CharacterFileError(Exception):
    """A file is not a valid character; `faults` has a line for each error."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """A persona: instructions that precede a conversation."""

    slug: str
    name: str
    instructions: str = field(repr=False)
    """Instructions at the start of the system message."""
    description: str | None = None
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    author: str = ""
    model: str | None = None
    """Id, trait or alias of the preferred model."""
    photo_url: str = ""
    share_url: str | None = None
    adult: bool = False
    web_enabled: bool = False
    pro: bool = False
    featured: bool = False
    created_at: float = 0.0
    """Unix seconds."""
    updated_at: float = 0.0
    """Unix seconds."""


class CharacterRegistry:
    """All characters by slug."""

    def __init__(self, characters: Iterable[Character] = ()) -> None:
        """Index characters; of two with one slug, the later one wins."""
        self._characters = {character.slug: character for character in characters}

    def __iter__(self) -> Iterator[Character]:
        return iter(self._characters.values())

    def find(self, slug: str) -> Character:
        """Return the character with this slug.

        Raises:
            CharacterNotFoundError: there is none; the message names the nearest slugs.
        """
        character = self._characters.get(slug)
        if character is None:
            shown = slug[:_SHOWN]
            near = get_close_matches(shown.lower(), self._characters, n=3, cutoff=0.7)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise CharacterNotFoundError(
                f"{CharacterNotFoundError.default}: {shown!r}.{hint} "
                "GET /api/v1/characters lists all."
            )
        return character


@dataclass(frozen=True, slots=True)
class Listing:
    """A character with the model and usage that lists show."""

    character: Character
    model_id: str
    """The model that answers if the caller requests none."""
    imports: int
    """Number of uses."""


class Order(StrEnum):
    """The sort key of a list. Source: GET /characters, `sortBy`."""

    FEATURED = "featured"
    IMPORTS = "imports"
    NAME = "name"
    CREATED = "createdAt"
    UPDATED = "updatedAt"


@dataclass(frozen=True, slots=True)
class CharacterPage:
    """A page of characters, and the number on all pages."""

    listings: Sequence[Listing]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterQuery:
    """A filter, sort order and page of characters.

    Matching ignores case. Of several categories, tags or models, one must match.
    """

    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    model_ids: tuple[str, ...] = ()
    search: str = ""
    """A part of the name, the description or a tag; `#word` is one whole tag."""
    adult: bool | None = None
    pro: bool | None = None
    web_enabled: bool | None = None
    order: Order = Order.FEATURED
    descending: bool | None = None
    """None: ascending for names, descending for all other keys."""
    limit: int = 50
    offset: int = 0

    def page(self, listings: Iterable[Listing]) -> CharacterPage:
        """Return the page of matching characters."""
        matching = sorted(filter(self.matches, listings), key=_by_name)
        descending = self.order is not Order.NAME if self.descending is None else self.descending
        matching.sort(key=self._sort_key, reverse=descending)  # stable sort
        return CharacterPage(matching[self.offset : self.offset + self.limit], len(matching))

    def matches(self, listing: Listing) -> bool:
        """Whether a character matches the filter."""
        character = listing.character
        return (
            _is(character.adult, self.adult)
            and _is(character.pro, self.pro)
            and _is(character.web_enabled, self.web_enabled)
            and _any(character.categories, self.categories)
            and _any(character.tags, self.tags)
            and _any((listing.model_id,), self.model_ids)
            and _mentions(character, self.search.strip().casefold())
        )

    def _sort_key(self, listing: Listing) -> tuple[float, str]:
        character = listing.character
        match self.order:
            case Order.FEATURED:
                return character.featured, ""
            case Order.IMPORTS:
                return listing.imports, ""
            case Order.NAME:
                return 0, character.name.casefold()
            case Order.CREATED:
                return character.created_at, ""
            case Order.UPDATED:
                return character.updated_at, ""


def _by_name(listing: Listing) -> tuple[str, str]:
    return listing.character.name.casefold(), listing.character.slug


def _is(value: bool, required: bool | None) -> bool:  # noqa: FBT001  # a comparison of two
    return required is None or value is required


def _any(words: Iterable[str], allowed: tuple[str, ...]) -> bool:
    return not allowed or not _folded(words).isdisjoint(_folded(allowed))


def _folded(words: Iterable[str]) -> set[str]:
    return {word.casefold() for word in words}


def _mentions(character: Character, search: str) -> bool:
    if search.startswith("#"):
        return search[1:] in _folded(character.tags)
    texts = (character.name, character.description or "", *character.tags)
    return any(search in text.casefold() for text in texts)
