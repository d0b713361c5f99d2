"""What OpenAI's API has as well answers at `/v1`, in OpenAI's shapes."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date

import httpx2
import orjson
import pytest

from fake_upstream import cut_after
from fondaco.domain.models.model import Deprecation
from fondaco.http.apis.endpoints import ENDPOINTS
from fondaco.http.apis.openai.dialect import OPENAI
from house import TOY, House, chat_body, house
from scripted_embedder import VECTORS as TOY_VECTORS

CHAT = "/v1/chat/completions"


def parted(reply: httpx2.Response) -> list[str]:
    return [event.removeprefix("data: ") for event in reply.text.split("\n\n") if event]


async def test_a_chat_is_answered_and_charged_as_below_api(shared: House) -> None:
    before = len(shared.charges())
    reply = await shared.client.post(CHAT, json=chat_body(max_tokens=2))
    assert reply.json()["object"] == "chat.completion"
    assert len(shared.charges()) > before


async def test_a_stream_ends_with_done(shared: House) -> None:
    reply = await shared.client.post(CHAT, json=chat_body(max_tokens=2, stream=True))
    *chunks, done = parted(reply)
    assert done == "[DONE]"
    assert {orjson.loads(chunk)["object"] for chunk in chunks} == {"chat.completion.chunk"}


@pytest.mark.parametrize(
    ("fields", "status", "param", "code"),
    [
        ({"temperature": 9}, 400, "temperature", "invalid_request"),
        ({"model": "nothing"}, 404, "model", "model_not_found"),
        ({"max_tokens": 5000}, 400, "messages", "context_length_exceeded"),
    ],
)
async def test_an_error_is_an_object_with_nothing_beside_it(
    shared: House, fields: dict[str, object], status: int, param: str, code: str
) -> None:
    reply = await shared.client.post(CHAT, json=chat_body(**fields))
    assert (reply.status_code, list(reply.json())) == (status, ["error"])
    error = reply.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert (error["param"], error["code"]) == (param, code)
    assert error["type"] == "invalid_request_error"


async def test_an_unknown_path_and_a_missing_key_have_the_same_error_shape(shared: House) -> None:
    reply = await shared.client.get("/v1/nothing")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")
    reply = await shared.client.post(CHAT, json=chat_body(), headers={"Authorization": "Bearer no"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_api_key")


async def test_an_error_in_a_stream_is_an_object_too(shared: House) -> None:
    shared.fake.next(cut_after(2))
    reply = await shared.client.post(CHAT, json=chat_body(max_tokens=20, stream=True))
    assert reply.status_code == 200
    last = orjson.loads(parted(reply)[-1])
    assert list(last) == ["error"]
    assert (last["error"]["type"], last["error"]["code"]) == ("server_error", "inference_failed")


async def test_models_of_every_type_are_listed_with_openai_s_fields(shared: House) -> None:
    reply = await shared.client.get("/v1/models")
    every = await shared.client.get("/api/v1/models", params={"type": "all"})
    assert reply.json() == every.json()
    assert [*reply.json()["data"][0]][:4] == ["id", "object", "created", "owned_by"]


SLASHED = replace(TOY, id="org/toy:8b", traits=())
VECTORS = replace(TOY_VECTORS, id="org/vectors", traits=())


@pytest.fixture(scope="module")
async def models() -> AsyncGenerator[House]:
    aliases = {"gpt-4o": "default", "their/model": "org/toy:8b", "claude-*": "org/toy:8b"}
    async with house(models=(TOY, SLASHED, VECTORS), aliases=aliases) as one:
        yield one


@pytest.mark.parametrize("base", ["/v1", "/api/v1"])
@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("toy", "toy"),
        ("default", "toy"),
        ("gpt-4o", "toy"),
        ("org/toy:8b", "org/toy:8b"),
        ("org%2Ftoy%3A8b", "org/toy:8b"),
        ("their/model", "org/toy:8b"),
        ("claude-x", "org/toy:8b"),
        ("org/vectors", "org/vectors"),
    ],
)
async def test_a_model_is_shown_by_any_name_as_the_list_shows_it(
    models: House, base: str, name: str, model: str
) -> None:
    reply = await models.client.get(f"{base}/models/{name}", headers={"Authorization": ""})
    entries = (await models.client.get("/v1/models")).json()["data"]
    assert reply.json() == next(one for one in entries if one["id"] == model)


async def test_an_unknown_model_has_the_error_shape_of_its_api(models: House) -> None:
    reply = await models.client.get("/v1/models/org/toy:9b")
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] == "model_not_found"
    assert "Did you mean 'org/toy:8b'" in reply.json()["error"]["message"]
    reply = await models.client.get("/api/v1/models/nobody")
    assert (reply.status_code, reply.json()["code"]) == (404, "MODEL_NOT_FOUND")


async def test_a_name_that_is_too_long_is_not_compared_with_others(models: House) -> None:
    reply = await models.client.get(f"/v1/models/{'toy' * 10_000}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "model_not_found")
    assert "at most 1,000 characters" in reply.json()["error"]["message"]


async def test_names_below_models_that_are_no_models_stay_what_they_are(models: House) -> None:
    traits = (await models.client.get("/api/v1/models/traits")).json()
    assert traits["data"]["default"] == "toy"
    assert (await models.client.get("/v1/models/traits")).status_code == 404
    assert (await models.client.delete("/v1/models/toy")).status_code == 405


async def test_a_retired_model_is_410_or_names_what_serves_it() -> None:
    ended = Deprecation(date(2001, 1, 1), date(2001, 1, 2))
    gone = replace(TOY, id="gone", traits=(), deprecation=ended)
    heir = replace(TOY, id="old", traits=(), deprecation=replace(ended, replacement="toy"))
    async with house(models=(TOY, gone, heir)) as one:
        reply = await one.client.get("/v1/models/gone")
        assert (reply.status_code, reply.json()["error"]["code"]) == (410, "model_gone")
        reply = await one.client.get("/v1/models/old")
        assert reply.json()["id"] == "toy"
        assert "x-venice-model-deprecation-warning" in reply.headers


@pytest.mark.parametrize(
    ("path", "instead"),
    [
        ("/v1/files", "Nothing is stored here"),
        ("/v1/threads/thread_1/runs", "Nothing is stored here"),
        ("/v1/chat/completions/chatcmpl-1", "Nothing is stored here"),
        ("/v1/fine_tuning/jobs", "fondaco models add"),
        ("/v1/moderations", "Ask a chat model"),
        ("/v1/videos", "POST /api/v1/video/queue makes videos"),
        ("/api/v1/billing/balance", "/api/v1/billing/usage"),
    ],
)
async def test_a_known_path_that_is_not_here_is_not_supported_and_says_what_to_do(
    shared: House, path: str, instead: str
) -> None:
    reply = await shared.client.post(path, json={})
    error = reply.json()["error"]
    told = error["message"] if path.startswith("/v1/") else error
    assert reply.status_code == 404
    assert told.startswith(f"This server does not support {path!r}.")
    assert instead in told
    assert "Did you mean" not in told


async def test_a_misspelt_path_names_the_nearest_below_the_same_base(shared: House) -> None:
    for base in ("/v1", "/api/v1"):
        reply = await shared.client.post(f"{base}/chat/completion", json={})
        assert f"Did you mean '{base}/chat/completions'?" in reply.text


def test_openapi_mentions_them_once_and_lists_only_those_below_api() -> None:
    mirrored = [one for one in ENDPOINTS if one.dialect is OPENAI]
    assert mirrored
    assert not [one for one in mirrored if one.listed]
    paths = {one.path for one in ENDPOINTS if one.dialect is not OPENAI}
    assert all(f"/api{one.path}" in paths for one in mirrored)
