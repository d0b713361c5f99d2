"""Forms of answers from the program with the embedded model: what is promised, and what is hostile."""

import json
from typing import Any

import httpx2
import jsonschema_rs
import pytest

from program import Program

MATH = {
    "type": "object",
    "properties": {
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"explanation": {"type": "string"}, "output": {"type": "string"}},
                "required": ["explanation", "output"],
                "additionalProperties": False,
            },
        },
        "final_answer": {"type": "string"},
    },
    "required": ["steps", "final_answer"],
    "additionalProperties": False,
}


def ask(served: Program, schema: object, said: str = "Hi", **fields: object) -> httpx2.Response:
    output_format = {
        "type": "json_schema",
        "json_schema": {"name": "it", "strict": True, "schema": schema},
    }
    body = {
        "model": "venice-uncensored",
        "messages": [{"role": "user", "content": said}],
        "response_format": output_format,
        **fields,
    }
    return served.http.post("/api/v1/chat/completions", json=body)


def content(reply: httpx2.Response) -> Any:
    assert reply.status_code == 200, reply.text
    choice = reply.json()["choices"][0]
    assert choice["finish_reason"] == "stop"
    return json.loads(choice["message"]["content"])


@pytest.mark.slow  # a small model takes some 200 tokens to solve an equation
def test_the_example_of_the_documents_is_answered_in_its_form(served: Program) -> None:
    messages = [
        {"role": "system", "content": "You are a helpful math tutor."},
        {"role": "user", "content": "solve 8x + 31 = 2"},
    ]
    answer = content(ask(served, MATH, messages=messages, temperature=0))
    jsonschema_rs.validate(MATH, answer)


def test_the_child_is_not_in_the_way_of_a_schema_of_pydantic(served: Program) -> None:
    schema = {
        "$defs": {
            "Mood": {"enum": ["calm", "cross"], "title": "Mood", "type": "string"},
            "Cat": {
                "properties": {
                    "mood": {"$ref": "#/$defs/Mood"},
                    "age": {"anyOf": [{"type": "integer", "maximum": 30}, {"type": "null"}]},
                },
                "required": ["mood", "age"],
                "title": "Cat",
                "type": "object",
                "additionalProperties": False,
            },
        },
        "properties": {"cat": {"$ref": "#/$defs/Cat"}},
        "required": ["cat"],
        "title": "Home",
        "type": "object",
        "additionalProperties": False,
    }
    answer = content(ask(served, schema, "A cat sleeps here.", temperature=0))
    jsonschema_rs.validate(schema, answer)


HOSTILE: dict[str, object] = {
    "a remote reference": {"$ref": "http://127.0.0.1:9/schema"},
    "a chain of references": {
        "$ref": "#/$defs/a0",
        "$defs": {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(20_000)},
    },
    "a long repetition": {"type": "string", "pattern": "^a{100000}$"},
    "nested quantifiers": {"type": "string", "pattern": "^(((a{30}){30}){30}){30}$"},
    "an enum of thousands": {"enum": list(range(100_000))},
    "contains itself": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"$ref": "#"}},
        "required": ["a", "b"],
    },
    "look-around": {"type": "string", "pattern": "^(?!a).*$"},
}


@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE)
def test_the_engine_lives_on_after_a_hostile_schema(served: Program, schema: object) -> None:
    before = served.children()
    assert ask(served, schema).status_code == 400
    assert set(before) <= set(served.children())
    assert content(ask(served, {"const": 1})) == 1


DEMANDING: dict[str, dict[str, object]] = {
    "a long pattern": {"type": "string", "pattern": "^[a-z]{998}$"},
    "many alternatives": {"type": "string", "pattern": "^(a|b|ab|ba|[a-z ]+){80}$"},
    "a long list": {"type": "array", "items": {"type": "integer"}, "minItems": 1_000},
    "a deep list of lists": json.loads(
        '{"type":"array","minItems":1,"items":' * 48 + "true" + "}" * 48
    ),
    "many properties": {
        "type": "object",
        "properties": {f"p{n}": {"type": "integer"} for n in range(400)},
        "required": [f"p{n}" for n in range(400)],
        "additionalProperties": False,
    },
    "a choice of thousand": {"enum": [f"number {n}" for n in range(1_000)]},
}


@pytest.mark.parametrize("schema", DEMANDING.values(), ids=DEMANDING)
def test_the_largest_schemas_within_the_bounds_do_not_end_the_engine(
    served: Program, schema: dict[str, object]
) -> None:
    before = served.children()
    reply = ask(served, schema, max_tokens=8)
    assert reply.status_code == 200, reply.text
    assert set(before) <= set(served.children())
