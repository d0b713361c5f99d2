"""What is refused before any work, and with which words."""

import gzip
import json
from collections.abc import AsyncGenerator

import httpx2
import pytest

from house import SECRET, House, chat_body, house


async def post(shared: House, content: bytes, **headers: str) -> httpx2.Response:
    sent = {"Content-Type": "application/json", **headers}
    return await shared.client.post("/api/v1/chat/completions", content=content, headers=sent)


async def test_a_call_without_a_key_is_401(shared: House) -> None:
    async with httpx2.AsyncClient(base_url=shared.url) as stranger:
        reply = await stranger.post("/api/v1/chat/completions", json=chat_body())
    assert reply.status_code == 401
    assert reply.json() == {
        "error": "Authentication failed: send your key in the header Authorization: Bearer KEY. The "
        "operator of this server creates keys with: fondaco keys create",
        "code": "AUTHENTICATION_FAILED",
    }
    assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer " + SECRET + "x", "Bearer \xe9"])
async def test_an_unknown_key_is_401(shared: House, header: str) -> None:
    sent = {b"authorization": header.encode("latin-1"), b"content-type": b"application/json"}
    reply = await shared.client.post("/api/v1/chat/completions", content=b"{}", headers=sent)
    assert reply.status_code == 401
    assert reply.json()["code"] == "INVALID_API_KEY"


async def test_a_wrong_scheme_is_401(shared: House) -> None:
    reply = await post(shared, b"{}", Authorization=f"Basic {SECRET}")
    assert reply.json()["code"] == "AUTHENTICATION_FAILED"


async def test_all_faults_come_at_once_as_the_documented_tree(shared: House) -> None:
    reply = await shared.chat(
        messages=[{"role": "usr", "content": "x"}],
        temperature=3,
        n="2",
        venice_parameters={"enable_web_serch": "on"},
    )
    assert reply.status_code == 400
    body = reply.json()
    assert body["code"] == "INVALID_REQUEST"
    details = body["details"]
    assert details["_errors"] == []
    assert details["temperature"]["_errors"] == ["Must be at most 2 (got 3)"]
    assert details["n"]["_errors"] == ["Must be an integer, not a string"]
    assert details["messages"]["0"]["role"]["_errors"] == [
        "Must be one of 'system', 'developer', 'user', 'assistant', 'tool'"
    ]
    unknown = details["venice_parameters"]["enable_web_serch"]["_errors"]
    assert unknown == ["Unknown field. Did you mean 'enable_web_search'?"]


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "canary-4711", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "canary-4711"}]}]},
        {"response_format": {"type": "canary-4711"}},
    ],
)
async def test_nor_does_it_repeat_which_of_several_kinds_was_named(
    shared: House, fields: dict[str, object]
) -> None:
    reply = await shared.chat(**fields)
    assert reply.status_code == 400
    assert "must be one of" in reply.text
    assert "canary" not in reply.text


async def test_a_field_that_says_which_kind_is_meant_is_named_where_it_is_missing(
    shared: House,
) -> None:
    reply = await shared.chat(messages=[{"content": "x"}])
    assert reply.json()["details"]["messages"]["0"]["role"]["_errors"] == ["Field is required"]


@pytest.mark.parametrize(
    ("body", "told"), [(b"[]", ", not a list"), (b'"hi"', ", not a string"), (b"3", " (got 3)")]
)
async def test_a_body_that_is_no_object_is_reported_in_json_terms(
    shared: House, body: bytes, told: str
) -> None:
    reply = await post(shared, body)
    assert reply.json()["details"]["_errors"] == [f"Must be an object{told}"]


async def test_a_compressed_body_is_refused_by_its_name(shared: House) -> None:
    body = gzip.compress(json.dumps(chat_body()).encode())
    reply = await post(shared, body, **{"Content-Encoding": "gzip"})
    assert (reply.status_code, reply.json()["code"]) == (415, "INVALID_CONTENT_TYPE")
    assert "Content-Encoding" in reply.json()["error"]


async def test_a_refusal_never_repeats_the_content(shared: House) -> None:
    canary = "canary-4711"
    reply = await shared.chat(messages=[{"role": "user", "content": {"text": canary}}])
    assert reply.status_code == 400
    assert canary not in reply.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e400}', "too large"),
        (b'{"a": 1, "a": 2}', "'a' twice"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'{"a": "\\ud800"}', "not JSON"),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "64 levels"),
        (b"[" * 100_000, "64 levels"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too many digits"),
    ],
)
async def test_what_is_not_strict_json_is_refused(shared: House, text: bytes, why: str) -> None:
    reply = await post(shared, text)
    assert reply.status_code == 400
    assert why in reply.json()["error"]


async def test_deep_but_permitted_json_passes_the_parser(shared: House) -> None:
    value: object = "x"
    for _ in range(60):
        value = [value]
    reply = await shared.chat(unheard_of=value)
    assert reply.status_code == 200


async def test_another_content_type_is_415(shared: House) -> None:
    reply = await post(shared, b"{}", **{"Content-Type": "text/plain"})
    assert reply.status_code == 415
    assert "application/json" in reply.json()["error"]
    assert reply.json()["code"] == "INVALID_CONTENT_TYPE"


async def test_a_charset_beside_the_content_type_is_fine(shared: House) -> None:
    body = json.dumps(chat_body()).encode()
    reply = await post(shared, body, **{"Content-Type": "application/json; charset=utf-8"})
    assert reply.status_code == 200


async def test_a_declared_body_over_the_limit_is_413() -> None:
    async with house(body_limit_bytes=2048) as small:
        reply = await post(small, b" " * 4096)
    assert reply.status_code == 413
    assert reply.json()["code"] == "INVALID_FILE_SIZE"


async def test_an_undeclared_body_over_the_limit_is_413() -> None:
    async def drops() -> AsyncGenerator[bytes]:
        for _ in range(64):
            yield b" " * 1024

    async with house(body_limit_bytes=2048) as small:
        reply = await small.client.post(
            "/api/v1/chat/completions",
            content=drops(),
            headers={"Content-Type": "application/json"},
        )
    assert reply.status_code == 413


async def test_an_unknown_address_is_404_with_the_nearest(shared: House) -> None:
    reply = await shared.client.get("/api/v1/model")
    assert reply.status_code == 404
    assert reply.json()["error"].endswith("Did you mean '/api/v1/models'?")


async def test_a_base_url_without_its_path_gets_the_right_one_suggested(shared: House) -> None:
    reply = await shared.client.post("/chat/completions", json=chat_body())
    assert "Did you mean '/api/v1/chat/completions'?" in reply.json()["error"]


@pytest.mark.parametrize(
    ("path", "instead"),
    [
        ("/api/chat", "POST /v1/chat/completions"),
        ("/api/generate", "POST /v1/completions"),
        ("/api/embed", "POST /v1/embeddings"),
        ("/api/tags", "GET /v1/models"),
        ("/api/pull", "fondaco models"),
        ("/api/ps", "fondaco ps"),
    ],
)
async def test_an_address_of_ollamas_own_api_is_404_with_what_to_call_instead(
    shared: House, path: str, instead: str
) -> None:
    reply = await shared.client.post(path, json={})
    assert reply.status_code == 404
    assert reply.json()["code"] == "NOT_SUPPORTED"
    assert "Ollama" in reply.json()["error"]
    assert instead in reply.json()["error"]


async def test_another_method_is_405_with_those_that_work(shared: House) -> None:
    reply = await shared.client.put("/api/v1/chat/completions", json=chat_body())
    assert reply.status_code == 405
    assert reply.headers["allow"] == "POST"


async def test_an_unknown_model_is_404_with_the_nearest(shared: House) -> None:
    reply = await shared.chat(model="gpt-4")
    assert reply.status_code == 404
    assert reply.json()["code"] == "MODEL_NOT_FOUND"
    assert "Did you mean 'gpt-4o'" in reply.json()["error"]


async def test_a_foreign_host_name_is_refused(shared: House) -> None:
    reply = await shared.client.get("/api/v1/models", headers={"Host": "rebound.example"})
    assert reply.status_code == 400
    assert "allowed_hosts" in reply.json()["error"]


async def test_a_permitted_host_name_passes() -> None:
    async with house(hosts=("api.example",)) as named:
        reply = await named.client.get("/api/v1/models", headers={"Host": "api.example:8000"})
    assert reply.status_code == 200


async def test_images_are_refused_by_a_model_that_cannot_see(shared: House) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    reply = await shared.chat(messages=[{"role": "user", "content": [image]}])
    assert reply.status_code == 400
    assert reply.json()["code"] == "INVALID_MODEL"
    assert "does not take images" in reply.json()["error"]


@pytest.mark.parametrize(
    "field",
    [
        {"tools": None},
        {"tools": []},
        {"tool_choice": "none"},
        {"response_format": {"type": "text"}},
        {"parallel_tool_calls": True},
        {"user": "somebody"},
        {"prompt_cache_key": "k"},
        {"venice_parameters": {}},
        {"venice_parameters": {"enable_web_search": "off", "include_venice_system_prompt": False}},
        {"stop": None, "seed": None, "max_tokens": None, "stream": None, "stream_options": None},
    ],
)
async def test_what_asks_for_nothing_more_than_words_passes(
    shared: House, field: dict[str, object]
) -> None:
    reply = await shared.chat(**field)
    assert reply.status_code == 200, reply.text


async def test_unknown_fields_are_ignored_and_named(shared: House) -> None:
    reply = await shared.chat(moods=True, colour={"a": "b"}, **{"odd\r\nname": 1})
    assert reply.status_code == 200
    assert reply.headers["x-fondaco-ignored-params"] == "colour, moods"


@pytest.mark.parametrize(
    "field",
    [
        {"n": 0},
        {"n": 9},
        {"max_tokens": 0},
        {"max_completion_tokens": -1},
        {"temperature": 2.1},
        {"temperature": "1"},
        {"top_p": 1.1},
        {"min_p": -0.1},
        {"top_k": -1},
        {"frequency_penalty": 2.5},
        {"presence_penalty": -2.5},
        {"repetition_penalty": -1},
        {"seed": -1},
        {"stop": []},
        {"stop": ["a", "b", "c", "d", "e"]},
        {"stop": ""},
        {"stop_token_ids": [-1]},
        {"top_logprobs": 21},
        {"logprobs": 1},
        {"stream": "yes"},
        {"messages": []},
        {"messages": [{"role": "assistant"}]},
        {"messages": [{"role": "tool", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
        {"model": ""},
    ],
)
async def test_values_out_of_bounds_are_400(shared: House, field: dict[str, object]) -> None:
    reply = await shared.chat(**field)
    assert reply.status_code == 400
    assert next(iter(field)) in reply.json()["details"]


async def test_nothing_of_a_refused_call_is_charged(shared: House) -> None:
    before = await shared.balance()
    await shared.chat(temperature=9)
    await shared.chat(model="nobody")
    assert await shared.balance() == before


@pytest.mark.parametrize(
    ("method", "address", "twice"),
    [
        ("DELETE", "/api/v1/api_keys?id={key}&id=other", "id"),
        ("DELETE", "/api/v1/api_keys?id={key}&%69d={key}", "id"),
        ("GET", "/api/v1/models?type=text&type=all", "type"),
        ("GET", "/api/v1/billing/usage?page=1&limit=1&page=1", "page"),
    ],
)
async def test_a_field_named_twice_in_the_query_is_400(
    shared: House, method: str, address: str, twice: str
) -> None:
    before = (await shared.client.get("/api/v1/api_keys")).json()
    key = before["data"][0]["id"]
    reply = await shared.client.request(method, address.format(key=key))
    assert reply.status_code == 400
    assert reply.json()["details"] == {
        "_errors": [],
        twice: {"_errors": ["Parameter given more than once."]},
    }
    assert (await shared.client.get("/api/v1/api_keys")).json() == before
