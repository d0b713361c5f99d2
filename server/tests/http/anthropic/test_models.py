"""Models in Anthropic's shape, where a request names a version of its API."""

from house import House

VERSION = {"anthropic-version": "2023-06-01"}


async def test_models_are_listed_in_anthropics_shape(shared: House) -> None:
    reply = await shared.client.get("/v1/models", headers=VERSION)
    assert (reply.status_code, reply.json()["has_more"]) == (200, False)
    (model,) = reply.json()["data"]
    assert (model["type"], model["id"], model["display_name"]) == ("model", "toy", "Toy")
    assert model["max_input_tokens"] == 4_096
    assert reply.json()["first_id"] == reply.json()["last_id"] == "toy"


async def test_a_model_is_shown_by_any_of_its_names(shared: House) -> None:
    reply = await shared.client.get("/v1/models/gpt-4o", headers=VERSION)
    assert (reply.json()["type"], reply.json()["id"]) == ("model", "toy")


async def test_without_a_version_they_have_openais_shape(shared: House) -> None:
    assert (await shared.client.get("/v1/models")).json()["object"] == "list"
    assert (await shared.client.get("/v1/models/toy")).json()["object"] == "model"


async def test_all_models_are_on_one_page(shared: House) -> None:
    page = {"limit": "20"}
    reply = await shared.client.get("/v1/models", headers=VERSION, params=page)
    assert len(reply.json()["data"]) == 1
    beyond = {"after_id": "toy"}
    reply = await shared.client.get("/v1/models", headers=VERSION, params=beyond)
    assert reply.json() == {"data": [], "has_more": False, "first_id": None, "last_id": None}
    reply = await shared.client.get("/v1/models", params=page)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "limit")
