"""What a hostile body costs has an end: in processor time, and in the bytes of the refusal.

The bounds on time are ten times what the slowest takes; a quadratic algorithm takes minutes.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress

import httpx2
import pytest

from fondaco.domain.errors import InvalidRequestError
from fondaco.http.apis.anthropic.conversation import turns
from fondaco.http.apis.anthropic.request import MessageRequest
from fondaco.http.apis.openai.responses.request.body import ResponsesRequest
from fondaco.http.apis.openai.responses.request.conversation import conversation_of
from fondaco.http.apis.openai.responses.request.opaque_item import packed
from fondaco.http.endpoint.accept import preferred
from fondaco.http.endpoint.strict_json import parse, parse_exactly
from fondaco.serving.retrieval.web_retrieval import urls_in
from house import House

MIB = 2**20
OK = b'{"role":"user","content":"a"}'


def keys(count: int) -> bytes:
    return b",".join(b'"k%x":0' % number for number in range(count))


def body(messages: bytes, more: bytes = b"") -> bytes:
    return b'{"model":"toy","max_tokens":1,"messages":[%b]%b}' % (messages, more)


@pytest.mark.parametrize("read", [parse, parse_exactly])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"{%b,%b}" % (keys(100_000), b'"k18695":0'), id="a key twice among many"),
        pytest.param(b"{%b}" % keys(100_000), id="many keys"),
        pytest.param(b"[%b{}]" % (b'{"a":1,"a":1},' * 70_000), id="many objects"),
        pytest.param(b"[" * MIB, id="depth"),
        pytest.param((b"[" * 60 + b"]" * 60 + b",") * 8_000, id="depth again and again"),
        pytest.param(b'["' + b"\\u0041" * 170_000 + b'"]', id="escapes"),
        pytest.param(b'["' + b'\\\\\\"' * 250_000 + b'"]', id="backslashes and quotes"),
        pytest.param(b'{"a":1,"b":"' + b':\\\\\\":' * 150_000 + b'"}', id="colons after quotes"),
        pytest.param(b'"' + b'" ' * 500_000, id="texts that never end"),
        pytest.param(b'["' + b"\\ud800" * 170_000 + b'"]', id="lone surrogates"),
        pytest.param(b"[%b]" % (b"9" * MIB), id="a huge integer"),
        pytest.param(b"[0.%b]" % (b"1" * MIB), id="a long fraction"),
        pytest.param(b"[" + b"9" * 4_000 + b",9" * 400_000 + b"]", id="numbers"),
    ],
)
def test_json_is_read_in_linear_time(read: Callable[[bytes], object], text: bytes) -> None:
    began = time.process_time()
    with suppress(InvalidRequestError):
        read(text)
    assert time.process_time() - began < 5


def test_other_readers_are_linear_too() -> None:
    began = time.process_time()
    assert urls_in("https://a.test/" + ").!" * 300_000) == ("https://a.test/",)
    assert preferred("a/b;q=1;" * 100_000, ("x/y",)) == "x/y"
    assert time.process_time() - began < 5


FAULTY = {
    "numbers for messages": body(b",".join([b"0"] * 500_000)),
    "empty messages": body(b",".join([b"{}"] * 300_000)),
    "messages without content": body(b",".join([b'{"role":"user"}'] * 60_000)),
    "numbers for parts": body(b'{"role":"user","content":[%b0]}' % (b"0," * 500_000)),
    "numbers for calls": body(
        b'{"role":"assistant","content":"a","tool_calls":[%b0]}' % (b"0," * 500_000)
    ),
    "unknown fields": body(OK, b',"venice_parameters":{%b}' % keys(120_000)),
    "values that are no text": body(OK, b',"metadata":{%b}' % keys(120_000)),
    "a field with a long name": body(OK, b',"venice_parameters":{"%b":0}' % (b"a" * MIB)),
    "a name with many dots": body(OK, b',"venice_parameters":{"%b":0}' % (b"a." * 1000)),
    "a role with a long name": body(b'{"role":"%b"}' % (b"a" * MIB)),
    "a model with a long name": body(OK).replace(b"toy", b"a:" * 490 + b"b"),
    "stop": body(OK, b',"stop":[%b0]' % (b"0," * 500_000)),
    "tools": body(OK, b',"tools":[%b0]' % (b"0," * 500_000)),
}


PATHS = ("/api/v1/chat/completions", "/v4/beta/chat/completions")


async def send(shared: House, content: bytes, path: str = PATHS[0]) -> httpx2.Response:
    sent = {"Content-Type": "application/json"}
    return await shared.client.post(path, content=content, headers=sent)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", FAULTY)
async def test_a_refusal_is_small_whatever_was_sent(shared: House, name: str, path: str) -> None:
    began = time.process_time()
    reply = await send(shared, FAULTY[name], path)
    assert time.process_time() - began < 10
    assert reply.status_code in (200, 400, 404)  # some are ignored there
    assert len(reply.content) < 32_000
    assert len(reply.headers.get("x-fondaco-ignored-params", "")) < 2_000


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/models?" + "&".join(f"type{n}=x" for n in range(100)),
        "/api/v1/models?" + "t" * 50_000 + "=x",
        "/api/v1/models?type=" + "t" * 50_000,
        "/api/v1/models?" + "a&" * 20_000,
        "/api/v1/characters?categories=" + "a," * 20_000,
        "/api/v1/characters/" + "a" * 50_000,
        "/api/v1/" + "models/" * 7_000,
        "/" + "%41" * 20_000,
    ],
    ids=lambda target: str(target)[:30],
)
async def test_so_is_one_of_a_hostile_address(shared: House, target: str) -> None:
    began = time.process_time()
    reply = await shared.client.get(target)
    assert time.process_time() - began < 5
    assert reply.status_code in (400, 404)
    assert len(reply.content) < 32_000


ONE_AFTER_ANOTHER = {
    "the user": {"role": "user", "content": "a"},
    "thinking": {"role": "assistant", "content": [{"type": "thinking", "thinking": "a"}]},
    "calls": {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "a", "name": "b", "input": {}}],
    },
}


@pytest.mark.parametrize("name", ONE_AFTER_ANOTHER)
def test_turns_of_one_role_are_joined_in_linear_time(name: str) -> None:
    given = [ONE_AFTER_ANOTHER[name]] * 50_000
    asked = MessageRequest.model_validate({"model": "m", "max_tokens": 1, "messages": given})
    began = time.process_time()
    assert len(list(turns(asked.messages))) == 1
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("name", "value"),
    [("reasoning_details", '[{"a":%d},{},{},{},{},{},{},{}]'), ("extra_content", '{"a%d":1}')],
)
def test_so_are_opaque_fields_of_responses(name: str, value: str) -> None:
    items = [
        {"type": "reasoning", "encrypted_content": packed({name: value % number}, {})}
        for number in range(40_000)
    ]
    asked = ResponsesRequest.model_validate({"model": "m", "input": items})
    began = time.process_time()
    assert len(conversation_of(asked.input).messages) == 1
    assert time.process_time() - began < 5


async def test_thousands_of_unknown_fields_are_ignored(shared: House) -> None:
    reply = await send(shared, body(OK, b"," + keys(100_000)))
    assert reply.status_code == 200
    assert len(reply.headers["x-fondaco-ignored-params"]) < 2_000


async def test_fifty_faults_are_listed_and_the_rest_counted(shared: House) -> None:
    reply = await shared.chat(venice_parameters={f"enable_web_searc{n}": 0 for n in range(70)})
    details = reply.json()["details"]
    listed = {name: one for name, one in details["venice_parameters"].items() if name != "_errors"}
    assert len(listed) == 50
    assert details["_errors"] == ["There are 20 more errors."]
    hints = [one for one in listed.values() if "Did you mean 'enable_web_search'" in str(one)]
    assert len(hints) == 5


async def test_too_many_faults_to_list_are_counted(shared: House) -> None:
    reply = await shared.chat(venice_parameters={f"unknown{n}": 0 for n in range(3_000)})
    assert reply.json()["details"] == {"_errors": ["The body has 3,000 errors, too many to list."]}


async def test_of_a_list_of_any_length_the_first_faulty_item_is_named(shared: House) -> None:
    bad = [{"role": "user"}, {"role": "usr", "content": "x"}]
    reply = await shared.chat(messages=[{"role": "user", "content": "x"}, *bad], temperature=9)
    details = reply.json()["details"]
    assert set(details) == {"_errors", "messages", "temperature"}
    assert json.dumps(details["messages"]["1"]["content"]["_errors"]) == '["Field is required"]'
    assert "2" not in details["messages"]
