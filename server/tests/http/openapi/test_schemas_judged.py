"""Where schemas are judged: where something here is made of them; else they pass as they are."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from fake_upstream import saying
from house import TOY, House, chat_body, house

Json = dict[str, Any]
WORDS = saying({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]})
"""An answer that is no JSON."""
ABLE = replace(
    TOY, capabilities=replace(TOY.capabilities, function_calling=True, response_schema=True)
)
ODD: dict[str, Json] = {
    "look-ahead": {"type": "string", "pattern": "^(?=.*[A-Z]).{8,}$"},
    "a reference back": {"type": "string", "pattern": r"^(a)\1$"},
    "a schema of its own": {"$schema": "https://example.com/schema", "type": "string"},
    "24 kB": {"enum": ["x" * 100 + str(n) for n in range(230)]},
    "int64": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "uint64": {"type": "integer", "maximum": 2**64 - 1},
    "other keywords": {"type": "string", "x-order": 1, "nullable": True, "example": "a"},
    "definitions": {"$ref": "#/$defs/a"},
    "a remote reference": {"$ref": "https://example.com/a.json"},
    "formats": {"type": "string", "format": "uri-template"},
    "a type that is none": {"type": "any"},
    "a thousand members": {"properties": {f"p{n}": {} for n in range(1000)}},
    "what no grammar says": {"type": "array", "uniqueItems": True, "not": {"minItems": 1}},
    "deep": json.loads('{"items":' * 50 + "{}" + "}" * 50),
}


def tools(schema: Json, **more: object) -> list[Json]:
    parameters = {
        "type": "object",
        "properties": {"odd": schema},
        "$defs": {"a": {"type": "integer"}},
    }
    return [{"type": "function", "function": {"name": "f", "parameters": parameters, **more}}]


def asking(schema: Json, **more: object) -> Json:
    named = {"name": "x", "schema": schema, **more}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


@pytest.fixture(scope="module")
async def upstream() -> AsyncGenerator[House]:
    async with house(models=(ABLE,)) as one:
        yield one


@pytest.fixture(scope="module")
async def compiling() -> AsyncGenerator[House]:
    """Run a house whose first engine makes grammars here, as the embedded one does."""
    async with house(models=(ABLE,), compiling=True) as one:
        yield one


@pytest.mark.parametrize("schema", ODD.values(), ids=ODD)
async def test_an_odd_schema_of_a_function_passes_to_an_upstream_as_it_is(
    upstream: House, schema: Json
) -> None:
    reply = await upstream.chat(tools=tools(schema))
    assert reply.status_code == 200, reply.text
    told = upstream.fake.asked[-1].body["tools"]
    assert json.dumps(told) == json.dumps(tools(schema))


@pytest.mark.parametrize("schema", ODD.values(), ids=ODD)
async def test_so_does_one_of_an_answer_of_which_nothing_is_promised(
    upstream: House, schema: Json
) -> None:
    await upstream.chat(**asking(schema, strict=False))
    told = upstream.fake.asked[-1].body["response_format"]["json_schema"]["schema"]
    assert json.dumps(told) == json.dumps(schema)


@pytest.mark.parametrize("strict", [{}, {"strict": True}])
@pytest.mark.parametrize("case", ["look-ahead", "24 kB", "a type that is none"])
async def test_what_an_answer_is_checked_by_is_judged(
    upstream: House, case: str, strict: Json
) -> None:
    assert (await upstream.chat(**asking(ODD[case], **strict))).status_code == 400


@pytest.mark.parametrize("case", ["int64", "a thousand members", "what no grammar says"])
async def test_what_no_grammar_says_can_be_checked_all_the_same(upstream: House, case: str) -> None:
    upstream.fake.next(WORDS)
    upstream.second.next(WORDS)
    reply = await upstream.chat(**asking(ODD[case]))
    assert "did not follow response_format" in reply.text
    assert upstream.fake.asked[-1].body["response_format"]


async def test_a_function_that_promises_to_keep_its_schema_is_judged(upstream: House) -> None:
    reply = await upstream.chat(tools=tools(ODD["look-ahead"], strict=True))
    assert reply.status_code == 400
    assert "tools" in reply.json()["details"]


@pytest.mark.parametrize("case", ["look-ahead", "int64", "24 kB", "a type that is none"])
async def test_what_is_compiled_here_is_judged(compiling: House, case: str) -> None:
    reply = await compiling.chat(tools=tools(ODD[case]))
    assert reply.status_code == 400
    assert reply.json()["details"]["tools"]["0"]["function"]["parameters"]["_errors"]


@pytest.mark.parametrize(
    "case", ["other keywords", "definitions", "formats", "what no grammar says"]
)
async def test_what_compiles_is_offered_where_nothing_is_promised(
    compiling: House, case: str
) -> None:
    reply = await compiling.chat(tools=tools(ODD[case]))
    assert reply.status_code == 200, reply.text


async def test_what_the_engine_cannot_enforce_is_refused_where_it_is_promised(
    compiling: House,
) -> None:
    for fields in (
        {"tools": tools(ODD["what no grammar says"], strict=True)},
        asking(ODD["what no grammar says"]),
    ):
        reply = await compiling.chat(**fields)
        assert reply.status_code == 400
        assert "which the engine cannot enforce" in reply.text
    compiling.fake.next(WORDS)
    compiling.second.next(WORDS)
    best = await compiling.chat(**asking(ODD["what no grammar says"], strict=False))
    assert "is not JSON" in best.text, "which is all that is asked"


async def test_functions_that_are_too_much_together_are_refused_together(compiling: House) -> None:
    several = [
        {**tool, "function": {**tool["function"], "name": f"f{number}"}}
        for number in range(128)
        for tool in tools({"enum": [f"{number}-{way}" for way in range(900)]})
    ]
    assert (await compiling.chat(tools=several[:2])).status_code == 200
    reply = await compiling.chat(tools=several)
    assert reply.status_code == 400
    assert "cannot be combined" in reply.json()["error"]
    assert reply.json()["details"]["tools"]["_errors"]


async def test_a_function_that_may_not_be_called_is_not_compiled(compiling: House) -> None:
    reply = await compiling.chat(tools=tools(ODD["look-ahead"]), tool_choice="none")
    assert reply.status_code == 200, reply.text


async def test_a_number_beyond_64_bits_is_read_alike_whatever_else_is_sent(upstream: House) -> None:
    for beside in ("a", 'a\\":'):
        body = chat_body(tools=tools({"description": beside, "maximum": 0}))
        raw = json.dumps(body).replace('"maximum": 0', f'"maximum": {2**70}')
        reply = await upstream.client.post(
            "/api/v1/chat/completions",
            content=raw,
            headers={"content-type": "application/json"},
        )
        assert reply.status_code == 200, reply.text
        told = upstream.fake.asked[-1].body["tools"][0]["function"]["parameters"]
        assert told["properties"]["odd"]["maximum"] == 2**70
