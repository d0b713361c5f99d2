"""The query and the responses of GET /characters.

Source: GET /characters and GET /characters/{slug}.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from fondaco.domain.chat.character import CharacterQuery, Order
from fondaco.http.endpoint.fields import Schema, Strict


def _split(text: object) -> object:
    return tuple(text.split(",")) if isinstance(text, str) else text


Word = Annotated[str, Field(max_length=200, pattern=r"^[^,]+$")]
Words = Annotated[tuple[Word, ...], Field(max_length=20), BeforeValidator(_split)]
"""One value or several, separated by commas or given by repeated fields."""
Flag = Literal["true", "false"]
Count = Annotated[int, Field(strict=False)]
_FLAGS = {None: None, "true": True, "false": False}


class CharactersQuery(Strict):
    """Selects characters; the names are the wire's."""

    categories: Words = Field((), description="Only characters of one of these categories.")
    tags: Words = Field((), description="Only characters with one of these tags.")
    modelId: Words = Field(  # noqa: N815
        (), description="Only characters of one of these models."
    )
    search: str = Field(
        "",
        max_length=200,
        description="Part of a name, description or tag; `#word` matches a whole tag.",
    )
    isAdult: Flag | None = Field(  # noqa: N815
        None, description="Only characters for adults, or only others."
    )
    isPro: Flag | None = Field(None, description="Only pro characters, or only others.")  # noqa: N815
    isWebEnabled: Flag | None = Field(  # noqa: N815
        None, description="Only characters with web access, or only others."
    )
    limit: Count = Field(50, ge=1, le=100, description="Characters per page.")
    offset: Count = Field(0, ge=0, le=10**9, description="How many characters to skip.")
    sortBy: Literal["featured", "imports", "name", "createdAt", "updatedAt"] = Field(  # noqa: N815
        "featured", description="Sort key."
    )
    sortOrder: Literal["asc", "desc"] | None = Field(  # noqa: N815
        None, description="By default names ascend, and all other keys descend."
    )

    def query(self) -> CharacterQuery:
        """Convert the query to the domain."""
        return CharacterQuery(
            categories=self.categories,
            tags=self.tags,
            model_ids=self.modelId,
            search=self.search,
            adult=_FLAGS[self.isAdult],
            pro=_FLAGS[self.isPro],
            web_enabled=_FLAGS[self.isWebEnabled],
            order=Order(self.sortBy),
            descending=None if self.sortOrder is None else self.sortOrder == "desc",
            limit=self.limit,
            offset=self.offset,
        )


LISTS = frozenset({"categories", "tags", "modelId"})
"""Fields that may be repeated."""


class CharacterStats(Schema):
    """Counts of a character."""

    imports: int = Field(description="Number of chats.")


class CharacterEntry(Schema):
    """A character."""

    adult: bool = Field(description="Whether it is meant for adults.")
    createdAt: str  # noqa: N815
    description: str | None
    name: str
    shareUrl: str | None  # noqa: N815
    photoUrl: str = Field(description="Empty where there is none.")  # noqa: N815
    slug: str = Field(description="Value for `venice_parameters.character_slug`.")
    stats: CharacterStats
    tags: tuple[str, ...]
    updatedAt: str  # noqa: N815
    webEnabled: bool  # noqa: N815
    modelId: str = Field(  # noqa: N815
        description="Default model of the character."
    )


class CharacterList(Schema):
    """A page of characters."""

    data: list[CharacterEntry]
    object: Literal["list"]


class CharacterReply(Schema):
    """One character."""

    data: CharacterEntry
    object: Literal["character"]
