"""`client.characters`: lists with filters, page by page, and one by its slug."""

from datetime import timedelta

import anyio.to_thread
import pytest

from fondaco.configuration import built_in_characters
from house import SECRET, House
from upstream.raw_server import RawServer
from venice_ai import InvalidRequestError, NotFoundError, SyncVeniceClient, VeniceClient
from venice_ai.types.api.characters import Character

BUILT_IN = {character.slug for character in built_in_characters()}


async def test_characters_are_listed_with_what_is_known_of_them(client: VeniceClient) -> None:
    page = await client.characters.list()
    watts = next(one for one in page.data if one.slug == "alan-watts")
    assert {one.slug for one in page.data} == BUILT_IN
    assert watts.model_id == "toy"
    assert watts["modelId"] == "toy"
    assert watts.created_at is not None
    assert watts.created_at.utcoffset() == timedelta(0)
    assert watts.stats.imports == 0
    assert "philosophy" in [tag.lower() for tag in watts.tags]


async def test_filters_choose_among_them(client: VeniceClient) -> None:
    found = await client.characters.list(
        tags=["philosophy", "cooking"], is_adult=False, sort_by="name", sort_order="desc"
    )
    assert [one.slug for one in found.data] == ["harbour-cook", "alan-watts"]
    assert (await client.characters.list(search="watts")).data[0].slug == "alan-watts"
    assert (await client.characters.list(model_ids=["toy"])).data
    assert (await client.characters.list(categories=["no-such"])).data == []
    assert (await client.characters.list(is_pro=True, is_web_enabled=True)).data == []


async def test_a_word_need_not_be_in_a_list(client: VeniceClient) -> None:
    found = await client.characters.list(tags="cooking")  # a text is a sequence to type checkers
    assert [one.slug for one in found.data] == ["harbour-cook"]


async def test_a_page_says_where_it_stands(client: VeniceClient) -> None:
    page = await client.characters.list(limit=4, offset=4)
    place = page.pagination
    assert place is not None
    assert (place.limit, place.page, place.total, place.total_pages) == (4, 2, len(BUILT_IN), 3)


@pytest.mark.parametrize("limit", [1, 4, 5, 100])
async def test_pages_hold_everything_once(client: VeniceClient, limit: int) -> None:
    slugs = [one.slug async for page in client.characters.pages(limit=limit) for one in page.data]
    assert len(slugs) == len(BUILT_IN)
    assert set(slugs) == BUILT_IN


async def test_pages_begin_at_the_offset_and_keep_to_the_filters(client: VeniceClient) -> None:
    every = [one.slug for one in (await client.characters.list(sort_by="name")).data]
    later = client.characters.pages(sort_by="name", offset=7, limit=2)
    assert [one.slug async for page in later for one in page.data] == every[7:]
    none = client.characters.pages(search="nobody at all")
    assert [page async for page in none] == []


async def test_pages_end_where_no_head_says_how_many_there_are(raw: RawServer) -> None:
    one = '{"object":"list","data":[{"slug":"a","name":"A"}]}'
    for body in (one, one, '{"object":"list","data":[]}'):
        raw.answer(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}") as client:
        slugs = [found.slug async for page in client.characters.pages() for found in page.data]
    assert slugs == ["a", "a"]


async def test_a_character_is_shown_by_its_slug(client: VeniceClient) -> None:
    shown = await client.characters.get("alan-watts")
    assert shown.object == "character"
    assert isinstance(shown.data, Character)
    assert shown.data.name == "Alan Watts"


@pytest.mark.parametrize("slug", ["nobody", "../api_keys", "a?b=c", "#", "..", ".", ""])
async def test_a_slug_that_nobody_has_is_not_found(client: VeniceClient, slug: str) -> None:
    with pytest.raises(NotFoundError):
        await client.characters.get(slug)


async def test_a_filter_that_does_not_fit_is_refused(client: VeniceClient) -> None:
    with pytest.raises(InvalidRequestError) as told:
        await client.characters.list(limit=101)
    assert "limit" in str(told.value.details)


async def test_the_synchronous_client_turns_pages(shared: House) -> None:
    def call() -> list[int]:
        with SyncVeniceClient(api_key=SECRET, base_url=f"{shared.url}/api/v1") as client:
            return [len(page.data) for page in client.characters.pages(limit=4)]

    assert await anyio.to_thread.run_sync(call) == [4, 4, 2]


async def test_who_has_found_what_they_want_need_not_turn_all_pages(shared: House) -> None:
    def call() -> str:
        with SyncVeniceClient(api_key=SECRET, base_url=f"{shared.url}/api/v1") as client:
            for page in client.characters.pages(limit=1, sort_by="name"):
                return page.data[0].slug
        return "none"

    assert await anyio.to_thread.run_sync(call) == "alan-watts"
