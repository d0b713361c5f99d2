"""Characters.

Source: GET /characters, GET /characters/{slug}.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias, TypedDict

from pydantic import Field

from venice_ai.types._camel import Camel
from venice_ai.types._timestamps import Moment
from venice_ai.types._wire import Reply, Wire
from venice_ai.types.api.paging import Pagination

__all__ = [
    "Character",
    "CharacterFilters",
    "CharacterList",
    "CharacterOrder",
    "CharacterReply",
    "CharacterStats",
]

CharacterOrder: TypeAlias = Literal["featured", "imports", "name", "createdAt", "updatedAt"]


class CharacterFilters(TypedDict, total=False):
    """Filters and order of characters."""

    search: str | None
    """A part of the name, the description or a tag; `#word` is a whole tag."""
    categories: Sequence[str] | None
    """Of these, one must fit; so with `tags` and `model_ids`."""
    tags: Sequence[str] | None
    model_ids: Sequence[str] | None
    is_adult: bool | None
    is_pro: bool | None
    is_web_enabled: bool | None
    sort_by: CharacterOrder | None
    sort_order: Literal["asc", "desc"] | None
    """By default, names from A to Z, other fields in descending order."""
    limit: int | None
    """Characters of a page, 100 at most."""
    offset: int | None
    """Characters before the page."""


class CharacterStats(Wire):
    """Usage statistics of a character."""

    imports: int = 0


class Character(Camel):
    """A character."""

    slug: str
    """The character's id, for `character_slug` in `venice_parameters`."""
    name: str
    description: str | None = None
    model_id: str | None = None
    """The model that speaks for it where the request leaves that open."""
    adult: bool = False
    web_enabled: bool = False
    tags: list[str] = Field(default_factory=list)
    photo_url: str | None = None
    share_url: str | None = None
    stats: CharacterStats = Field(default_factory=CharacterStats)
    created_at: Moment = None
    updated_at: Moment = None


class CharacterList(Reply):
    """A page of characters."""

    object: str = "list"
    data: list[Character]

    @property
    def pagination(self) -> Pagination | None:
        """Position of the page; None if the response lacks the headers."""
        return Pagination.of(self.meta.headers)


class CharacterReply(Reply):
    """One character."""

    object: str = "character"
    data: Character
