"""Characters as GET /characters shows them, and what it can be asked for.

Source: GET /characters and GET /characters/{slug}.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from fondaco.domain.chat.character import CharacterQuery, Order
from fondaco.http.endpoint.fields import Strict


def _split(text: object) -> object:
    return tuple(text.split(",")) if isinstance(text, str) else text


Word = Annotated[str, Field(max_length=200, pattern=r"^[^,]+$")]
Words = Annotated[tuple[Word, ...], Field(max_length=20), BeforeValidator(_split)]
"""One word or several, by commas or by naming the field again."""
Flag = Literal["true", "false"]
Count = Annotated[int, Field(strict=False)]
_FLAGS = {None: None, "true": True, "false": False}


class CharactersQuery(Strict):
    """Which characters to list; the wire's names."""

    categories: Words = Field((), description="Only characters of one of these categories.")
    tags: Words = Field((), description="Only characters with one of these tags.")
    modelId: Words = Field(  # noqa: N815
        (), description="Only characters that one of these models speaks for."
    )
    search: str = Field(
        "",
        max_length=200,
        description="A part of the name, the description or a tag; `#word` is a whole tag.",
    )
    isAdult: Flag | None = Field(  # noqa: N815
        None, description="Only characters for adults, or none of them."
    )
    isPro: Flag | None = Field(None, description="Likewise, by `pro`.")  # noqa: N815
    isWebEnabled: Flag | None = Field(  # noqa: N815
        None, description="Likewise, by `web_enabled`."
    )
    limit: Count = Field(50, ge=1, le=100, description="Characters on a page.")
    offset: Count = Field(0, ge=0, le=10**9, description="Characters before the page.")
    sortBy: Literal["featured", "imports", "name", "createdAt", "updatedAt"] = Field(  # noqa: N815
        "featured", description="What the order goes by."
    )
    sortOrder: Literal["asc", "desc"] | None = Field(  # noqa: N815
        None, description="Else names from A to Z, and all else from the most."
    )

    def query(self) -> CharacterQuery:
        """Return this in the words of the domain."""
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
"""Fields that a query may name more than once."""


class CharacterStats(BaseModel):
    """What is counted of a character."""

    imports: int = Field(description="Chats that it answered.")


class CharacterEntry(BaseModel):
    """A character."""

    adult: bool = Field(description="Whether it is meant for adults.")
    createdAt: str  # noqa: N815
    description: str | None
    name: str
    shareUrl: str | None  # noqa: N815
    photoUrl: str = Field(description="Empty where it has none.")  # noqa: N815
    slug: str = Field(description="What `venice_parameters.character_slug` takes.")
    stats: CharacterStats
    tags: tuple[str, ...]
    updatedAt: str  # noqa: N815
    webEnabled: bool  # noqa: N815
    modelId: str = Field(  # noqa: N815
        description="The model that speaks for it where a call leaves that open."
    )


class CharacterList(BaseModel):
    """A page of characters."""

    data: list[CharacterEntry]
    object: Literal["list"]


class CharacterReply(BaseModel):
    """One character."""

    data: CharacterEntry
    object: Literal["character"]
