"""GET /v4/models: pages of the catalogue."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from house import ACCOUNT, TOY, House, house

MODELS = "/v4/models"
MANY = tuple(replace(TOY, id=f"toy-{number}", name=f"Toy {number}") for number in range(5))


@pytest.fixture(scope="module")
async def shop() -> AsyncGenerator[House]:
    async with house(models=MANY) as one:
        yield one


async def ids(shop: House, **query: object) -> list[str]:
    reply = await shop.client.get(MODELS, params=query)  # type: ignore[arg-type]  # of any kind
    return [model["id"] for model in reply.json()["items"]]


async def test_a_page_says_where_it_stands(shop: House) -> None:
    page = (await shop.client.get(MODELS, params={"page": 2, "limit": 2})).json()
    assert [model["id"] for model in page.pop("items")] == ["toy-2", "toy-3"]
    assert page == {"current_page": 2, "items_per_page": 2, "total_item_count": 5}


async def test_all_are_on_the_first_page_of_a_hundred(shop: House) -> None:
    page = (await shop.client.get(MODELS)).json()
    assert (len(page["items"]), page["current_page"], page["items_per_page"]) == (5, 1, 100)


async def test_the_page_after_the_last_is_empty(shop: House) -> None:
    assert await ids(shop, page=4, limit=2) == []


async def test_a_type_can_be_asked_for(shop: House) -> None:
    assert len(await ids(shop, model_type="CHAT_COMPLETION")) == 5
    assert await ids(shop, model_type="EMBEDDING") == []


async def test_a_model_has_the_name_by_which_it_is_asked_for(shop: House) -> None:
    [model] = (await shop.client.get(MODELS, params={"limit": 1})).json()["items"]
    assert (model["name"], model["display_name"]) == ("local/toy-0", "Toy 0")
    assert (model["account_id"], model["deployment_count"]) == (str(ACCOUNT), 2)
    body = {"model": model["name"], "messages": [{"role": "user", "content": "Hi"}]}
    assert (await shop.client.post("/v4/beta/chat/completions", json=body)).status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"page": 0}, 400),
        ({"limit": 10_001}, 400),
        ({"page": "one"}, 400),
        ({"model_type": "BUNDLE"}, 400),
        ({"pages": 1}, 400),
        ({"account_id": "11"}, 403),
        ({"account_id": str(ACCOUNT)}, 200),
    ],
)
async def test_what_cannot_be_listed_is_refused(
    shop: House, query: dict[str, str | int], status: int
) -> None:
    assert (await shop.client.get(MODELS, params=query)).status_code == status
