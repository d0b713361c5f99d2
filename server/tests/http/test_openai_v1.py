"""What OpenAI's API has as well answers at `/v1`, in OpenAI's shapes."""

import httpx2
import orjson
import pytest

from fake_upstream import cut_after
from fondaco.http.apis.endpoints import ENDPOINTS
from fondaco.http.apis.openai.dialect import OPENAI
from house import House, chat_body

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


async def test_an_unknown_path_and_a_missing_key_are_told_in_the_same_shape(shared: House) -> None:
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


async def test_models_are_listed_as_below_api(shared: House) -> None:
    reply = await shared.client.get("/v1/models")
    assert reply.json() == (await shared.client.get("/api/v1/models")).json()


def test_openapi_mentions_them_once_and_lists_only_those_below_api() -> None:
    mirrored = [one for one in ENDPOINTS if one.dialect is OPENAI]
    assert mirrored
    assert not [one for one in mirrored if one.listed]
    paths = {one.path for one in ENDPOINTS if one.listed}
    assert all(f"/api{one.path}" in paths for one in mirrored)
