"""Keys in Scale's headers, and the account that a caller selects."""

from collections.abc import AsyncGenerator

import httpx2
import pytest

from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.http.apis.endpoints import ENDPOINTS
from house import ACCOUNT, PEPPER, SECRET, House, chat_body, house

CHAT, MODELS = "/v4/beta/chat/completions", "/v4/models"
OTHER = "another account's key"


@pytest.fixture(scope="module")
async def doors() -> AsyncGenerator[House]:
    async with house() as one:
        one.journal.add_account(11)
        key = Key("cd" * 16, 11, KeyType.INFERENCE, "", "", 0.0)
        one.keys.put(Account(11, "others"), digest(PEPPER, OTHER), key)
        yield one


async def models(doors: House, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx2.AsyncClient(base_url=doors.url) as client:
        return await client.get(MODELS, headers=named)


async def test_a_key_is_taken_as_x_api_key(doors: House) -> None:
    async with httpx2.AsyncClient(base_url=doors.url, headers={"x-api-key": SECRET}) as client:
        assert (await client.get(MODELS)).status_code == 200
        assert (await client.post(CHAT, json=chat_body())).status_code == 200


async def test_a_key_is_taken_as_a_bearer_token(doors: House) -> None:
    assert (await models(doors, authorization=f"Bearer {SECRET}")).status_code == 200


async def test_the_same_key_may_come_both_ways(doors: House) -> None:
    both = {"authorization": f"Bearer {SECRET}", "x_api_key": SECRET}
    assert (await models(doors, **both)).status_code == 200


async def test_credentials_for_something_in_between_do_not_matter(doors: House) -> None:
    both = {"authorization": "Basic cHJveHk6cHJveHk=", "x_api_key": SECRET}
    assert (await models(doors, **both)).status_code == 200


async def test_two_different_keys_are_none(doors: House) -> None:
    reply = await models(doors, authorization=f"Bearer {OTHER}", x_api_key=SECRET)
    assert (reply.status_code, reply.json()["code"]) == (401, "AUTHENTICATION_FAILED")
    assert "different keys" in reply.json()["error"]


async def test_an_empty_key_hides_no_good_one(doors: House) -> None:
    reply = await models(doors, authorization=f"Bearer {SECRET}", x_api_key="")
    assert reply.status_code == 401


@pytest.mark.parametrize("key", ["", "unknown", f"Bearer {SECRET}"])
async def test_a_bad_key_is_401(doors: House, key: str) -> None:
    reply = await models(doors, x_api_key=key)
    assert reply.status_code == 401
    assert not any(name.startswith("x-venice-balance") for name in reply.headers)


async def test_without_a_key_the_reply_says_how_to_send_one(doors: House) -> None:
    reply = await models(doors)
    assert reply.status_code == 401
    assert reply.json() == {
        "error": "Authentication failed: send your key in the header x-api-key: KEY. The operator of "
        "this server creates keys with: fondaco keys create",
        "code": "AUTHENTICATION_FAILED",
    }


@pytest.mark.parametrize("selected", [str(ACCOUNT), "tests", ""])
async def test_the_keys_own_account_can_be_selected(doors: House, selected: str) -> None:
    reply = await models(doors, x_api_key=SECRET, x_selected_account_id=selected)
    assert reply.status_code == 200


@pytest.mark.parametrize("selected", ["11", "others", "1", "nobody", "0010"])
async def test_any_other_account_is_403(doors: House, selected: str) -> None:
    reply = await models(doors, x_api_key=SECRET, x_selected_account_id=selected)
    assert (reply.status_code, reply.json()["code"]) == (403, "UNAUTHORIZED")
    assert repr(selected) in reply.json()["error"]


@pytest.mark.parametrize("path", [e.path for e in ENDPOINTS if e.access.name == "KEY"])
async def test_only_dialects_that_say_so_take_x_api_key(doors: House, path: str) -> None:
    endpoint = next(e for e in ENDPOINTS if e.path == path and e.access.name == "KEY")
    method, key_header = endpoint.method, endpoint.dialect.key_header
    assert (key_header == "x-api-key") == path.startswith(
        ("/v4/", "/v1/messages", "/api/v1/messages")
    )
    async with httpx2.AsyncClient(base_url=doors.url, headers={"x-api-key": SECRET}) as client:
        reply = await client.request(method, path, json={})
    assert (reply.status_code == 401) == (key_header is None)


async def test_openapi_shows_both_ways(doors: House) -> None:
    document = (await doors.client.get("/openapi.json")).json()
    shown = document["paths"][CHAT]["post"]
    assert shown["security"] == [{"ApiKeyAuth": []}, {"BearerAuth": []}]
    assert document["components"]["securitySchemes"]["ApiKeyAuth"] == {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
    }
    assert "x-selected-account-id" in [parameter["name"] for parameter in shown["parameters"]]
