"""Errors of Anthropic's endpoints: their types, their words, and what is refused by name."""

from typing import Any

import pytest

from fondaco.domain.errors import (
    ConcurrencyLimitError,
    ContextTooLongError,
    EngineTimeoutError,
    EngineUnavailableError,
    FondacoError,
    InsufficientBalanceError,
    InvalidFileSizeError,
    ModelGoneError,
    RepeatedCallError,
    UnauthorizedError,
    UnknownError,
)
from fondaco.http.apis.anthropic.dialect import error_body, message_of
from house import SECRET, House, house

Json = dict[str, Any]
URL = "/v1/messages"


def body(**fields: object) -> Json:
    said = [{"role": "user", "content": "Hi"}]
    return {"model": "toy", "max_tokens": 5, "messages": said, **fields}


def saying(*blocks: Json) -> Json:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InsufficientBalanceError(), "billing_error"),
        (UnauthorizedError(), "permission_error"),
        (ModelGoneError(), "not_found_error"),
        (RepeatedCallError("x", running=True), "conflict_error"),
        (InvalidFileSizeError(), "request_too_large"),
        (ConcurrencyLimitError(), "rate_limit_error"),
        (UnknownError(), "api_error"),
        (EngineUnavailableError(), "overloaded_error"),
        (EngineTimeoutError(), "timeout_error"),
    ],
)
def test_the_type_of_an_error_is_that_of_its_status(error: FondacoError, kind: str) -> None:
    assert error_body(error) == {
        "type": "error",
        "error": {
            "type": kind,
            "message": str(error),
            "details": {"error_code": error.code.lower()},
        },
    }


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ContextTooLongError(5000, 1, 4096), "prompt is too long: 5000 tokens > 4096 maximum"),
        (ContextTooLongError(None, 1, 4096), "prompt is too long. "),
        (
            ContextTooLongError(4000, 500, 4096),
            "input length and `max_tokens` exceed context limit: 4000 + 500 > 4096",
        ),
    ],
)
def test_a_conversation_that_is_too_long_is_told_as_clients_expect(
    error: FondacoError, words: str
) -> None:
    assert message_of(error).startswith(words)


async def test_an_error_carries_the_id_of_its_request(shared: House) -> None:
    reply = await shared.client.post(URL, json=body(model="none"))
    assert (reply.status_code, reply.json()["type"]) == (404, "error")
    assert reply.json()["request_id"] == reply.headers["request-id"]
    assert reply.headers["request-id"] == f"req_{reply.headers['cf-ray']}"


async def test_unknown_paths_beside_it_are_told_in_the_same_shape(shared: House) -> None:
    reply = await shared.client.get("/v1/messages/batches")
    assert (reply.status_code, reply.json()["error"]["type"]) == (404, "not_found_error")
    assert reply.json()["request_id"] == reply.headers["request-id"]
    reply = await shared.client.get(URL)
    assert (reply.status_code, reply.json()["error"]["type"]) == (405, "invalid_request_error")


@pytest.mark.parametrize("headers", [{"x-api-key": SECRET}, {"Authorization": f"Bearer {SECRET}"}])
async def test_the_key_comes_in_either_header(shared: House, headers: dict[str, str]) -> None:
    del shared.client.headers["authorization"]
    try:
        reply = await shared.client.post(URL, json=body(), headers=headers)
        assert reply.status_code == 200
        reply = await shared.client.post(URL, json=body(), headers={"x-api-key": "wrong"})
        assert (reply.status_code, reply.json()["error"]["type"]) == (401, "authentication_error")
        reply = await shared.client.post(URL, json=body())
        assert reply.json()["error"]["message"].startswith(
            "Authentication failed: send your key in the header x-api-key: KEY."
        )
    finally:
        shared.client.headers["Authorization"] = f"Bearer {SECRET}"


PDF: Json = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"max_tokens": None}, "max_tokens", "integer"),
        ({"temperature": 1.5}, "temperature", "1"),
        ({"container": "x"}, "container", ""),
        ({"mcp_servers": [{"name": "x"}]}, "mcp_servers", ""),
        ({"thinking": {"type": "enabled"}}, "thinking", "budget_tokens"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice", "name"),
        ({"tool_choice": {"type": "any"}}, "tool_choice", "not in tools"),
        (saying({"type": "document", "source": PDF}), "messages.0.content.0.source", "PDFs"),
        (
            saying({"type": "image", "source": {"type": "base64", "media_type": "image/png"}}),
            "messages.0.content.0.source.data",
            "required",
        ),
        (saying({"type": "container_upload"}), "messages.0.content.0.type", "'tool_result'"),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools.0", "'bash_20250124'"),
        ({"tools": [{"type": "Not a type", "name": "x"}]}, "tools.0", "tool type is not"),
        ({"tools": [{"name": "x"}]}, "tools.0.input_schema", "required"),
        (
            {
                "tools": [
                    {
                        "type": "web_search_20250305",
                        "name": "web_search",
                        "allowed_domains": ["a.test"],
                    }
                ]
            },
            "tools.0",
            "allowed_domains",
        ),
        ({"tools": [{"name": "x", "input_schema": {}}] * 2}, "", "more than once"),
    ],
)
async def test_what_cannot_be_honoured_is_refused(
    shared: House, fields: Json, path: str, words: str
) -> None:
    reply = await shared.client.post(URL, json=body(**fields))
    error = reply.json()["error"]
    assert (reply.status_code, error["type"]) == (400, "invalid_request_error")
    assert path in error["message"]
    assert words in error["message"]


async def test_a_prompt_beyond_the_context_is_refused(shared: House) -> None:
    said = [{"role": "user", "content": "word " * 5_000}]
    reply = await shared.client.post(URL, json=body(messages=said))
    assert reply.status_code == 400
    assert reply.json()["error"]["message"].startswith("prompt is too long")


async def test_without_money_it_is_a_billing_error() -> None:
    async with house(usd=0) as one:
        reply = await one.client.post(URL, json=body())
    assert (reply.status_code, reply.json()["error"]["type"]) == (402, "billing_error")
