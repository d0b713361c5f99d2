"""`response_format` over engines that keep to it, and over one that does not."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import anyio
import pytest

from fake_upstream import Script, saying
from fondaco.domain.models.model import Capabilities
from house import TOY, House, house

FORMING = replace(TOY, id="forming", capabilities=Capabilities(response_schema=True))
PLAIN_MODEL = replace(TOY, traits=())
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
NESTED = {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": CITY}}
FLAT = {"type": "json_schema", "json_schema": CITY}
LAX = {"type": "json_schema", "json_schema": {"name": "city", "strict": False, "schema": CITY}}
OBJECT = {"type": "json_object"}


@pytest.fixture(scope="module")
async def forming() -> AsyncGenerator[House]:
    async with house(models=(FORMING, PLAIN_MODEL)) as one:
        yield one


def answer(*pieces: str, reason: str = "stop", choices: int = 1) -> Script:
    return saying(
        *(delta(choice, {"content": piece}) for choice in range(choices) for piece in pieces),
        *(delta(choice, {}, reason) for choice in range(choices)),
        {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}},
    )


def delta(choice: int, said: object, reason: str | None = None) -> dict[str, object]:
    return {"choices": [{"index": choice, "delta": said, "finish_reason": reason}]}


async def streamed(one: House, **fields: object) -> list[dict[str, Any]]:
    async with one.streaming(model="forming", **fields) as reply:
        lines = [line.removeprefix("data: ") async for line in reply.aiter_lines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.mark.parametrize("output_format", [NESTED, FLAT, OBJECT, LAX])
async def test_an_answer_that_fits_arrives(forming: House, output_format: object) -> None:
    forming.fake.next(answer('{"city"', ': "Venice"}'))
    reply = await forming.chat(model="forming", response_format=output_format)
    assert reply.status_code == 200
    assert json.loads(reply.json()["choices"][0]["message"]["content"]) == {"city": "Venice"}


@pytest.mark.parametrize(
    ("output_format", "name", "strict"),
    [(NESTED, "city", True), (FLAT, "answer", None), (LAX, "city", False)],
)
async def test_engines_get_the_schema_nested_with_its_name(
    forming: House, output_format: object, name: str, strict: object
) -> None:
    forming.fake.next(answer('{"city": "Venice"}'))
    await forming.chat(model="forming", response_format=output_format)
    sent = forming.fake.asked[-1].body["response_format"]
    said = {"strict": strict} if strict is not None else {}
    assert sent == {"type": "json_schema", "json_schema": {"name": name, "schema": CITY, **said}}


async def test_engines_are_asked_for_an_object_by_its_own_name(forming: House) -> None:
    forming.fake.next(answer("{}"))
    await forming.chat(model="forming", response_format=OBJECT)
    assert forming.fake.asked[-1].body["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    "named", [{"name": 5}, {"name": "x" * 65}, {"name": "x", "strict": "very"}]
)
async def test_what_stands_beside_a_schema_is_checked(
    forming: House, named: dict[str, object]
) -> None:
    output_format = {"type": "json_schema", "json_schema": {"schema": CITY, **named}}
    reply = await forming.chat(model="forming", response_format=output_format)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")
    assert "Beside the schema" in reply.text


async def test_text_is_no_form(forming: House) -> None:
    reply = await forming.chat(model="toy", response_format={"type": "text"})
    assert reply.status_code == 200
    assert "response_format" not in forming.fake.asked[-1].body


@pytest.mark.parametrize(
    ("output_format", "said", "fault"),
    [
        (NESTED, '{"town": "Venice"}', "'additionalProperties'"),
        (FLAT, "{}", "'required'"),
        (NESTED, "Venice, of course!", "is not JSON"),
        (OBJECT, '["Venice"]', "'type'"),
        (LAX, "Venice", "is not JSON"),
    ],
)
async def test_an_answer_that_does_not_fit_is_an_error_without_its_content(
    forming: House, output_format: object, said: str, fault: str
) -> None:
    forming.fake.next(answer(said))
    forming.second.next(answer(said))
    reply = await forming.chat(model="forming", response_format=output_format)
    assert (reply.status_code, reply.json()["code"]) == (500, "INFERENCE_FAILED")
    assert fault in reply.json()["error"]
    assert "Nothing was charged" in reply.json()["error"]
    assert "Venice" not in reply.text


async def test_an_answer_that_does_not_fit_is_charged_as_far_as_it_was_streamed() -> None:
    async with house(models=(FORMING,)) as one:
        one.fake.always(answer("{}"))
        one.second.always(answer("{}"))
        await one.chat(model="forming", response_format=NESTED)
        assert one.charges() == []
        await streamed(one, response_format=NESTED)
        assert one.charges() != []


async def test_an_answer_that_does_not_fit_lets_the_next_engine_try(forming: House) -> None:
    forming.fake.next(answer("{}"))
    forming.second.next(answer('{"city": "Venice"}'))
    reply = await forming.chat(model="forming", response_format=NESTED)
    assert reply.json()["choices"][0]["message"]["content"] == '{"city": "Venice"}'
    assert reply.headers["x-venice-model-router"] == "second"


async def test_a_stream_that_does_not_fit_ends_with_an_error_and_without_a_finish(
    forming: House,
) -> None:
    forming.fake.next(answer('{"town"', ': "Venice"}'))
    events = await streamed(forming, response_format=NESTED)
    assert "'additionalProperties'" in json.dumps(events[-1])
    finished = [c["finish_reason"] for e in events for c in e.get("choices", ())]
    assert "stop" not in finished


async def test_a_stream_that_fits_ends_well(forming: House) -> None:
    forming.fake.next(answer('{"city"', ': "Venice"}'))
    events = await streamed(forming, response_format=NESTED)
    assert [c["finish_reason"] for e in events for c in e["choices"]][-1] == "stop"


async def test_every_choice_is_checked(forming: House) -> None:
    script = saying(
        delta(0, {"content": '{"city": "Venice"}'}),
        delta(1, {"content": "{}"}),
        delta(0, {}, "stop"),
        delta(1, {}, "stop"),
    )
    forming.fake.next(script)
    forming.second.next(script)
    reply = await forming.chat(model="forming", response_format=NESTED, n=2)
    assert reply.status_code == 500


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_an_answer_that_was_cut_is_given_as_it_is(forming: House, reason: str) -> None:
    forming.fake.next(answer('{"city": "Ven', reason=reason))
    reply = await forming.chat(model="forming", response_format=NESTED)
    assert reply.json()["choices"][0]["finish_reason"] == reason


async def test_an_answer_that_ends_at_words_of_its_caller_is_given_as_it_is(forming: House) -> None:
    forming.fake.next(answer('{"city": "Ven'))
    reply = await forming.chat(model="forming", response_format=NESTED, stop=["ice"])
    assert reply.status_code == 200


async def test_a_model_without_forms_names_those_that_have_them(forming: House) -> None:
    reply = await forming.chat(model="toy", response_format=OBJECT)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_MODEL")
    assert "Models that do: forming." in reply.json()["error"]


HOSTILE: dict[str, dict[str, object]] = {
    "a remote reference": {"$ref": "http://169.254.169.254/latest"},
    "a chain of references": {
        "$ref": "#/$defs/a0",
        "$defs": {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(20_000)},
    },
    "a long repetition": {"type": "string", "pattern": "^a{100000}$"},
    "nested quantifiers": {"type": "string", "pattern": "^(((a{30}){30}){30}){30}$"},
    "an enum of thousands": {"enum": list(range(100_000))},
    "a list of millions": {"type": "array", "items": {}, "minItems": 10_000_000},
    "contains itself": {
        "type": "object",
        "properties": {"a": {"$ref": "#"}},
        "required": ["a"],
    },
    "combinations without end": {
        "allOf": [
            {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {f"{p}{w}": {"type": "null"}},
                        "required": [f"{p}{w}"],
                    }
                    for w in range(9)
                ]
            }
            for p in range(12)
        ]
    },
    "nothing fits it": {"type": "integer", "minimum": 2, "maximum": 1},
    "no schema": {"type": "text"},
}


@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_schema_is_refused_before_any_engine_is_asked(
    forming: House, schema: dict[str, object]
) -> None:
    asked = len(forming.fake.asked)
    output_format = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    reply = await forming.chat(model="forming", response_format=output_format)
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")
    assert reply.json()["details"]["response_format"]["json_schema"]["_errors"]
    assert len(forming.fake.asked) == asked


async def test_other_calls_are_served_while_a_schema_is_judged(forming: House) -> None:
    output_format = {"type": "json_schema", "json_schema": HOSTILE["combinations without end"]}
    served = 0
    async with anyio.create_task_group() as tasks:

        async def refused() -> None:
            await forming.chat(model="forming", response_format=output_format)
            tasks.cancel_scope.cancel()

        tasks.start_soon(refused)
        while True:
            await forming.client.get("/api/v1/models")
            served += 1
    assert served > 10
