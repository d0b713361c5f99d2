"""Answers of the embedded engine in the form that a turn asks for, judged by a validator of the tests' own."""

import json
from contextlib import aclosing

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from contracts.chat_engine import Answer, answer
from fondaco.domain.chat.events import Text
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatOptions, ChatRequest, Sampling
from fondaco.domain.output_format.output_format import JsonObject, JsonSchema, OutputFormat
from fondaco.engines.llamacpp.engine import LlamaCpp

pytestmark = pytest.mark.anyio
NAMES = st.sampled_from(["name", "age", "città", 'a "quoted" key', "tags", "x"])
TEXTS = st.text('abcé"\\ \n{}', max_size=6)

simple = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.builds(lambda n, w: {"type": "integer", "minimum": n, "maximum": n + w}, st.integers(-99, 99), st.integers(0, 500)),
    st.builds(lambda most: {"type": "string", "maxLength": most}, st.integers(0, 12)),
    st.builds(lambda texts: {"enum": texts}, st.lists(TEXTS | st.integers() | st.none(), min_size=1, max_size=4)),
    st.builds(lambda text: {"const": text}, TEXTS),
    st.sampled_from(
        [
            {"type": "string", "pattern": "^[a-z]{2,5}-[0-9]{3}$"},
            {"type": "string", "format": "date"},
            {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
            {"$ref": "#/$defs/colour"},
        ]
    ),
)  # fmt: skip


def richer(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(
        st.builds(
            lambda items, least: {
                "type": "array",
                "items": items,
                "minItems": least,
                "maxItems": least + 1,
            },
            inner,
            st.integers(0, 2),
        ),
        st.builds(lambda ways: {"anyOf": ways}, st.lists(inner, min_size=1, max_size=3)),
        objects(inner),
    )


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[object]) -> dict[str, object]:
    properties = draw(st.dictionaries(NAMES, inner, min_size=1, max_size=3))
    required = draw(st.sets(st.sampled_from(sorted(properties))))
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(required),
        "additionalProperties": False,
    }


schemas = objects(st.recursive(simple, richer, max_leaves=4)).map(
    lambda schema: {**schema, "$defs": {"colour": {"enum": ["red", "green"]}}}
)


def asking(
    output_format: OutputFormat, model: str, said: str = "Tell me about a person.", **more: object
) -> ChatRequest:
    return ChatRequest(
        model,
        (Message(Role.USER, said),),
        max_output_tokens=300,
        sampling=Sampling(temperature=1.0, seed=1),
        options=ChatOptions(output_format=output_format, **more),  # type: ignore[arg-type]  # of wishes
        cache_scope="forms",
    )


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(schema=schemas)
async def test_an_answer_that_ends_fits_its_schema(
    engine: LlamaCpp, model: str, schema: dict[str, object]
) -> None:
    told = await answer(engine, asking(JsonSchema(json.dumps(schema)), model))
    assert told.finishes == [(0, "stop")], told.text
    jsonschema_rs.validate(schema, json.loads(told.text))


async def test_an_object_is_one(engine: LlamaCpp, model: str) -> None:
    told = await answer(engine, asking(JsonObject(), model, "Name and age of Ann, 9, as JSON."))
    assert told.finishes == [(0, "length")] or isinstance(json.loads(told.text), dict)


async def test_an_answer_has_no_white_space_to_get_lost_in(engine: LlamaCpp, model: str) -> None:
    schema = '{"type":"array","items":{"const":1},"minItems":3,"maxItems":3}'
    told = await answer(engine, asking(JsonSchema(schema), model))
    assert told.text == "[1, 1, 1]"


async def test_each_choice_has_the_form(engine: LlamaCpp, model: str) -> None:
    schema = '{"enum":["rain","sun"]}'
    request = asking(JsonSchema(schema), model)
    told = await answer(
        engine, ChatRequest(request.model, request.messages, 10, choices=2, options=request.options)
    )
    assert {json.loads(text) for text in told.texts.values()} <= {"rain", "sun"}
    assert len(told.texts) == 2


async def test_a_form_may_begin_after_a_thought(engine: LlamaCpp, model: str) -> None:
    request = asking(JsonSchema('{"const":{"a":1}}'), model, "Count to five.", format_after=",")
    told = await answer(engine, request)
    thought, _, output_format = told.text.partition(",")
    assert thought
    assert json.loads(output_format) == {"a": 1}


async def test_a_form_that_the_limit_cuts_is_cut(engine: LlamaCpp, model: str) -> None:
    request = asking(JsonSchema('{"type":"string","minLength":500}'), model)
    told = await cut(engine, request)
    assert told.finishes == [(0, "length")]
    assert told.text.startswith('"')


async def cut(engine: LlamaCpp, request: ChatRequest) -> Answer:
    return await answer(
        engine, ChatRequest(request.model, request.messages, 5, options=request.options)
    )


async def test_a_model_that_repeats_itself_comes_to_an_end(engine: LlamaCpp, model: str) -> None:
    schema = '{"type":"object","properties":{"story":{"type":"string"}},"required":["story"]}'
    request = asking(JsonSchema(schema), model, "Say: ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha")
    greedy = ChatRequest(
        request.model, request.messages, 400, Sampling(temperature=0.0), options=request.options
    )
    pieces: list[str] = []
    async with aclosing(engine.chat(greedy, None)) as batches:
        async for batch in batches:
            pieces += [event.text for event in batch if isinstance(event, Text)]
    assert "".join(pieces).count("ha ha ha ha ha ha ha ha") <= 4
