"""Who receives an error as OpenAI's object below `/api/v1`: clients that show nothing of a string."""

from typing import Any, Literal

import orjson
import pytest

from fake_upstream import cut_after
from fondaco.http.edge.error_format import is_openai_client
from house import House, chat_body, house
from raw_http import exchanged

STAINLESS = {"x-stainless-lang": "python", "user-agent": "LangChain/1.0"}
CHAT = "/api/v1/chat/completions"


async def refused(one: House, headers: dict[str, str], **fields: object) -> dict[str, Any]:
    reply = await one.client.post(CHAT, json=chat_body(**fields), headers=headers)
    body: dict[str, Any] = reply.json()
    return body


@pytest.mark.parametrize(
    "headers",
    [
        STAINLESS,
        {"user-agent": "OpenAI/Python 1.109.1"},
        {"user-agent": "AsyncOpenAI/Python 3.57.0"},
        {"user-agent": "openai/2.1.0 (.NET 9.0)"},
        {"user-agent": "ai/5.0.1 ai-sdk/provider-utils/3.0.0 runtime/node.js/22"},
    ],
)
async def test_a_client_of_openai_s_receives_the_object(
    shared: House, headers: dict[str, str]
) -> None:
    body = await refused(shared, headers, temperature=5)
    assert body == {
        "error": {
            "message": "temperature: must be at most 2 (got 5)",
            "type": "invalid_request_error",
            "param": "temperature",
            "code": "invalid_request",
        },
        "code": "INVALID_REQUEST",
        "details": {
            "_errors": [],
            "temperature": {"_errors": ["Must be at most 2 (got 5)"]},
        },
    }


@pytest.mark.parametrize(
    "agent", ["curl/8.5.0", "venice-ai/2.2", "python-httpx/0.28", "not-OpenAI/1", "x-ai-sdk/1", ""]
)
async def test_all_others_receive_the_documented_string(shared: House, agent: str) -> None:
    body = await refused(shared, {"user-agent": agent}, temperature=5)
    assert body["error"] == "temperature: must be at most 2 (got 5)"


async def test_it_is_an_object_before_a_key_is_known_and_at_unknown_paths(shared: House) -> None:
    body = await refused(shared, {**STAINLESS, "authorization": "Bearer no"})
    assert (body["error"]["code"], body["code"]) == ("invalid_api_key", "INVALID_API_KEY")
    reply = await shared.client.get("/api/v1/nothing", headers=STAINLESS)
    assert reply.json()["error"]["code"] == "not_found"


async def test_a_repeated_call_keeps_the_id_of_its_charge_beside_the_object(shared: House) -> None:
    headers = {**STAINLESS, "idempotency-key": "object-once"}
    await refused(shared, headers, max_tokens=1)
    body = await refused(shared, headers, max_tokens=1)
    assert body["error"]["code"] == "idempotent_replay"
    assert body["chargeId"] in body["error"]["message"]


async def test_it_is_an_object_within_a_stream(shared: House) -> None:
    shared.fake.next(cut_after(2))
    reply = await shared.client.post(CHAT, json=chat_body(stream=True), headers=STAINLESS)
    last = orjson.loads(reply.text.rstrip().rpartition("data: ")[2])
    assert (last["error"]["code"], last["code"]) == ("inference_failed", "INFERENCE_FAILED")


@pytest.mark.parametrize(("chosen", "kind"), [("string", str), ("object", dict)])
async def test_the_operator_may_choose_one_for_all(
    chosen: Literal["string", "object"], kind: type
) -> None:
    async with house(error_format=chosen) as one:
        for headers in (STAINLESS, {}):
            assert isinstance((await refused(one, headers, n=0))["error"], kind)
        [malformed] = await exchanged(one.address, b"GET / HTTP/1.1\r\n\r\n")
        assert isinstance(orjson.loads(malformed.body or b"")["error"], kind)
        assert isinstance((await one.client.post("/v1/embeddings", json={})).json()["error"], dict)


async def test_other_dialects_keep_their_own_shape(shared: House) -> None:
    reply = await shared.client.post("/v4/beta/chat/completions", json={}, headers=STAINLESS)
    assert isinstance(reply.json()["error"], str)


def test_only_the_beginning_of_a_header_s_name_tells() -> None:
    assert not is_openai_client({b"accept": b"x-stainless-lang"})
