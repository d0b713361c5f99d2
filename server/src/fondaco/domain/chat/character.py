"""Characters: personas with instructions that a chat can use, and how lists of them are filtered and sorted.

Source: GET /characters and GET /characters/{slug}.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from fondaco.domain.errors import CharacterNotFoundError

_SHOWN = 100
"""How much of an unknown slug is repeated, and compared with those there are."""


class CharacterFileError(Exception):
    """A file does not describe a character; `faults` holds a line for each thing that is wrong."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """A voice and a task, put before a conversation."""

    slug: str
    name: str
    instructions: str = field(repr=False)
    """What the model is told before anything else."""
    description: str | None = None
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    author: str = ""
    model: str | None = None
    """Id, trait or alias of the model it is best spoken by."""
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
    """All characters there are, each under its slug."""

    def __init__(self, characters: Iterable[Character] = ()) -> None:
        """Gather characters; of two with one slug, the later one."""
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
    """A character as lists show it."""

    character: Character
    model_id: str
    """The model that speaks for it where the caller leaves that open."""
    imports: int
    """How often it was used."""


class Order(StrEnum):
    """What a list goes by. Source: GET /characters, `sortBy`."""

    FEATURED = "featured"
    IMPORTS = "imports"
    NAME = "name"
    CREATED = "createdAt"
    UPDATED = "updatedAt"


@dataclass(frozen=True, slots=True)
class CharacterPage:
    """A page of characters, and how many there are on all pages."""

    listings: Sequence[Listing]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterQuery:
    """Which characters are wanted, in which order, and which of them.

    Words are compared without regard to case. Of several categories, tags or models one has to fit.
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
    """None: names from A to Z, all else from the most."""
    limit: int = 50
    offset: int = 0

    def page(self, listings: Iterable[Listing]) -> CharacterPage:
        """Return the page that is asked for."""
        found = sorted(filter(self.takes, listings), key=_by_name)
        descending = self.order is not Order.NAME if self.descending is None else self.descending
        found.sort(key=self._place, reverse=descending)  # stable: equal ones stay in order
        return CharacterPage(found[self.offset : self.offset + self.limit], len(found))

    def takes(self, listing: Listing) -> bool:
        """Whether a character is among those wanted."""
        one = listing.character
        return (
            _is(one.adult, self.adult)
            and _is(one.pro, self.pro)
            and _is(one.web_enabled, self.web_enabled)
            and _any(one.categories, self.categories)
            and _any(one.tags, self.tags)
            and _any((listing.model_id,), self.model_ids)
            and _mentions(one, self.search.strip().casefold())
        )

    def _place(self, listing: Listing) -> tuple[float, str]:
        one = listing.character
        match self.order:
            case Order.FEATURED:
                return one.featured, ""
            case Order.IMPORTS:
                return listing.imports, ""
            case Order.NAME:
                return 0, one.name.casefold()
            case Order.CREATED:
                return one.created_at, ""
            case Order.UPDATED:
                return one.updated_at, ""


def _by_name(listing: Listing) -> tuple[str, str]:
    return listing.character.name.casefold(), listing.character.slug


def _is(value: bool, wanted: bool | None) -> bool:  # noqa: FBT001  # a comparison of two
    return wanted is None or value is wanted


def _any(words: Iterable[str], wanted: tuple[str, ...]) -> bool:
    return not wanted or not _folded(words).isdisjoint(_folded(wanted))


def _folded(words: Iterable[str]) -> set[str]:
    return {word.casefold() for word in words}


def _mentions(character: Character, search: str) -> bool:
    if search.startswith("#"):
        return search[1:] in _folded(character.tags)
    texts = (character.name, character.description or "", *character.tags)
    return any(search in text.casefold() for text in texts)
