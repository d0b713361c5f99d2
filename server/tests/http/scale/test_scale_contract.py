"""Replies of Scale's endpoints against our own OpenAPI document."""

import json
from typing import Any

import httpx2
import pytest

from house import House, chat_body
from published import faults_by

CHAT, MODELS = "/v4/beta/chat/completions", "/v4/models"
Json = dict[str, Any]


@pytest.fixture(scope="module")
async def document(shared: House) -> Json:
    shown: Json = (await shared.client.get("/openapi.json")).json()
    return shown


def deviations(document: Json, reply: httpx2.Response) -> list[str]:
    """Return how a reply differs from the document: in its status, headers or body."""
    method, path = reply.request.method.lower(), reply.request.url.path
    shown = document["paths"][path][method]["responses"].get(str(reply.status_code))
    if shown is None:
        return [f"There is no status {reply.status_code}."]
    known = document["components"]["headers"]
    missing = [
        name
        for name in shown["headers"]
        if known.get(name, {}).get("required") and name not in reply.headers
    ]
    schema = shown["content"]["application/json"]["schema"]
    return [*missing, *faults_by({**schema, "components": document["components"]}, reply.json())]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"n": 2, "logprobs": True, "top_logprobs": 1}, 200),
        ({"best_of": 3, "prediction": {"type": "content", "content": "one"}}, 200),
        ({"suffix": "."}, 400),
        ({"max_tokens": 1_000_000}, 400),
        ({"model": "nobody/nothing"}, 404),
    ],
)
async def test_chats_are_answered_as_documented(
    shared: House, document: Json, fields: Json, status: int
) -> None:
    reply = await shared.client.post(CHAT, json=chat_body(**fields))
    assert reply.status_code == status
    assert deviations(document, reply) == []


async def test_each_event_of_a_stream_is_as_documented(shared: House, document: Json) -> None:
    body = chat_body(stream=True, stream_options={"include_usage": True}, logprobs=True)
    reply = await shared.client.post(CHAT, json=body)
    shown = document["paths"][CHAT]["post"]["responses"]["200"]["content"]["text/event-stream"]
    [payload] = shown["schema"]["properties"]["data"]["anyOf"]
    schema = {**payload["contentSchema"]["anyOf"][0], "components": document["components"]}
    chunks = [json.loads(e.removeprefix("data: ")) for e in reply.text.split("\n\n") if e]
    assert len(chunks) > 3
    assert [fault for chunk in chunks for fault in faults_by(schema, chunk)] == []


@pytest.mark.parametrize("path", [CHAT, MODELS])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Authorization": ""}, 401), ({"x-selected-account-id": "nobody"}, 403)],
)
async def test_refused_access_has_the_documented_error(
    shared: House, document: Json, path: str, headers: dict[str, str], status: int
) -> None:
    method = "POST" if path == CHAT else "GET"
    reply = await shared.client.request(method, path, headers=headers)
    assert reply.status_code == status
    assert deviations(document, reply) == []


@pytest.mark.parametrize(("query", "status"), [({}, 200), ({"page": "0"}, 400)])
async def test_models_are_listed_as_documented(
    shared: House, document: Json, query: dict[str, str], status: int
) -> None:
    reply = await shared.client.get(MODELS, params=query)
    assert reply.status_code == status
    assert deviations(document, reply) == []
