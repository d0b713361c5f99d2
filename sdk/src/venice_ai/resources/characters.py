"""GET /characters, GET /characters/{slug}: personas for chats."""

from collections.abc import AsyncGenerator, Sequence
from typing import Unpack

from venice_ai._http.request import Query, segment
from venice_ai.resources._resource import APIResource, Client
from venice_ai.types.api.characters import CharacterFilters, CharacterList, CharacterReply

__all__ = ["Characters"]

_PATH = "/characters"


class Characters(APIResource[Client]):
    """Characters for chats."""

    async def list(self, **filters: Unpack[CharacterFilters]) -> CharacterList:
        """List a page of characters.

        Args:
            **filters: Which ones, as `CharacterFilters` says.
        """
        return await self._get(_PATH, CharacterList, query=_query(filters))

    async def pages(self, **filters: Unpack[CharacterFilters]) -> AsyncGenerator[CharacterList]:
        """Yield pages, each requested when it is needed; there may be none.

        Args:
            **filters: As in `list`; the first page starts at `offset`.
        """
        offset = filters.get("offset") or 0
        while True:
            filters["offset"] = offset
            page = await self.list(**filters)
            if not page.data:
                return
            yield page
            offset += len(page.data)
            pagination = page.pagination
            if pagination is not None and offset >= pagination.total:
                return

    async def get(self, slug: str) -> CharacterReply:
        """Return a character.

        Raises:
            NotFoundError: No character has this slug.
        """
        return await self._get(f"{_PATH}/{segment(slug)}", CharacterReply)


def _query(filters: CharacterFilters) -> Query:
    return {
        "search": filters.get("search"),
        "categories": _joined(filters.get("categories")),
        "tags": _joined(filters.get("tags")),
        "modelId": _joined(filters.get("model_ids")),
        "isAdult": filters.get("is_adult"),
        "isPro": filters.get("is_pro"),
        "isWebEnabled": filters.get("is_web_enabled"),
        "sortBy": filters.get("sort_by"),
        "sortOrder": filters.get("sort_order"),
        "limit": filters.get("limit"),
        "offset": filters.get("offset"),
    }


def _joined(words: Sequence[str] | None) -> str | None:
    return ",".join([words] if isinstance(words, str) else words) if words else None
