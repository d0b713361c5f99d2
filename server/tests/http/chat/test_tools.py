"""Functions at the edge: what callers may offer, and how calls of them are shown."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from openai import AsyncOpenAI

from fake_upstream import saying
from fondaco.domain.models.model import Capabilities
from fondaco.http.apis.openai.chat.response_schemas import ChatCompletion, ChatCompletionChunk
from house import SECRET, TOY, House, house

Json = dict[str, object]

ABLE = replace(TOY, capabilities=Capabilities(function_calling=True, log_probs=True))
UNABLE = replace(TOY, id="mute", traits=(), capabilities=Capabilities())
SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
WEATHER: Json = {"name": "get_weather", "description": "The weather.", "parameters": SCHEMA}
TOOLS: list[Json] = [{"type": "function", "function": WEATHER}]
STRICT: list[Json] = [{"type": "function", "function": {**WEATHER, "strict": True}}]


def chunk(delta: Json, reason: str | None = None, index: int = 0) -> Json:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": reason}]}


def calling(*arguments: str, call_id: str = "", reason: str = "tool_calls") -> list[Json]:
    """Return the chunks of one call whose arguments come in pieces."""
    first: Json = {
        "index": 0,
        "type": "function",
        "function": {"name": "get_weather", "arguments": ""},
    }
    if call_id:
        first["id"] = call_id
    rest = [{"index": 0, "function": {"arguments": piece}} for piece in arguments]
    return [
        chunk({"role": "assistant", "content": None, "tool_calls": [first]}),
        *(chunk({"tool_calls": [piece]}) for piece in rest),
        chunk({}, reason),
    ]


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    async with house(models=(ABLE, UNABLE)) as one:
        yield one


async def streamed(home: House, **fields: object) -> list[Json]:
    async with home.streaming(**fields) as reply:
        assert reply.status_code == 200, await reply.aread()
        lines = [line async for line in reply.aiter_lines() if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


async def test_a_call_is_shown_whole(able: House) -> None:
    able.fake.next(saying(*calling('{"city":', '"Oslo"}', call_id="c1")))
    reply = await able.chat(tools=TOOLS)
    shown = ChatCompletion.model_validate_json(reply.content).choices[0]
    assert shown.finish_reason == "tool_calls"
    assert shown.message.content is None
    assert [call.model_dump(exclude_unset=True) for call in shown.message.tool_calls] == [
        {
            "id": "c1",
            "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'},
        }
    ]


async def test_a_call_is_streamed_as_it_comes(able: House) -> None:
    able.fake.next(saying(*calling('{"city":', '"Oslo"}', call_id="c1")))
    events = [ChatCompletionChunk.model_validate(e) for e in await streamed(able, tools=TOOLS)]
    pieces = [
        p.model_dump(exclude_unset=True)
        for e in events
        for p in e.choices[0].delta.tool_calls or ()
    ]
    assert pieces == [
        {
            "index": 0,
            "id": "c1",
            "type": "function",
            "function": {"name": "get_weather", "arguments": ""},
        },
        {"index": 0, "function": {"arguments": '{"city":'}},
        {"index": 0, "function": {"arguments": '"Oslo"}'}},
    ]
    assert [e.choices[0].finish_reason for e in events][-1] == "tool_calls"


@pytest.mark.parametrize("whole_as_stream", [True, False])
async def test_whole_and_streamed_calls_are_the_same(*, whole_as_stream: bool) -> None:
    call: Json = {"function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}
    message: Json = {"role": "assistant", "content": "Wait.", "tool_calls": [call, call]}
    async with house(models=(ABLE,), whole_as_stream=whole_as_stream) as home:
        client = AsyncOpenAI(base_url=f"{home.url}/api/v1", api_key=SECRET, max_retries=0)
        home.fake.always(saying(chunk(message, "stop")))
        asked = {"model": "toy", "messages": [{"role": "user", "content": "?"}], "tools": TOOLS}
        async with client, client.chat.completions.stream(**asked) as stream:  # type: ignore[arg-type]  # as JSON
            told = (await stream.get_final_completion()).choices[0]
        if not whole_as_stream:
            home.fake.always(_whole(message))
        shown = (await home.chat(tools=TOOLS)).json()["choices"][0]
    assert told.message.content == shown["message"]["content"] == "Wait."
    assert told.finish_reason == shown["finish_reason"] == "tool_calls"
    functions = [call.function for call in told.message.tool_calls or ()]
    assert [(f.name, f.arguments) for f in functions] == [
        (call["function"]["name"], call["function"]["arguments"])
        for call in shown["message"]["tool_calls"]
    ]
    assert len(functions) == 2


def _whole(message: Json):  # type: ignore[no-untyped-def]  # a script
    async def script(wire, asked):  # type: ignore[no-untyped-def]  # as `Script`
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 9}
        await wire.whole(200, {"choices": [choice], "usage": usage})
        return True

    return script


async def test_a_call_that_its_engine_did_not_name_gets_a_short_name_of_ours(able: House) -> None:
    able.fake.next(saying(*calling("{}")), saying(*calling("{}")))
    ids = [
        (await able.chat(tools=TOOLS)).json()["choices"][0]["message"]["tool_calls"][0]["id"]
        for _ in range(2)
    ]
    assert ids[0] != ids[1]
    assert all(0 < len(one) <= 40 for one in ids)


async def test_engines_are_offered_functions_in_openais_form(able: House) -> None:
    able.fake.next(saying(*calling("{}")))
    named = {"type": "function", "function": {"name": "get_weather"}}
    await able.chat(tools=STRICT, tool_choice=named, parallel_tool_calls=False)
    body = able.fake.asked[-1].body
    assert body["tools"] == STRICT
    assert body["tool_choice"] == named
    assert body["parallel_tool_calls"] is False


async def test_functions_that_may_not_be_called_are_known_all_the_same(able: House) -> None:
    reply = await able.chat(tools=TOOLS, tool_choice="none")
    assert reply.status_code == 200
    assert able.fake.asked[-1].body["tools"] == TOOLS
    assert able.fake.asked[-1].body["tool_choice"] == "none"


async def test_results_and_the_calls_before_them_go_to_the_engine(able: House) -> None:
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'},
    }
    messages = [
        {"role": "user", "content": "The weather in Oslo?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
    ]
    reply = await able.chat(messages=messages)
    assert reply.status_code == 200
    assert able.fake.asked[-1].body["messages"] == messages


async def test_a_model_that_calls_no_functions_says_which_ones_do(able: House) -> None:
    reply = await able.chat(model="mute", tools=TOOLS)
    assert reply.status_code == 400
    assert reply.json()["code"] == "INVALID_MODEL"
    assert reply.json()["error"] == "The model 'mute' does not support tools. Models that do: toy."
    assert "tools" in reply.json()["details"]


async def test_a_model_that_calls_no_functions_may_be_offered_some_that_it_must_not_call(
    able: House,
) -> None:
    reply = await able.chat(model="mute", tools=TOOLS, tool_choice="none")
    assert reply.status_code == 200
    assert "tools" not in able.fake.asked[-1].body


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "x"}}}, "auto"),
        ({"tools": TOOLS * 2}, "get_weather"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools"),
        ({"tools": [{"type": "retrieval"}]}, "tools"),
    ],
)
async def test_what_cannot_be_offered_is_refused(able: House, fields: Json, fault: str) -> None:
    reply = await able.chat(**fields)
    assert reply.status_code == 400
    assert reply.json()["code"] == "INVALID_REQUEST"
    assert fault in reply.text


@pytest.mark.parametrize(
    "parameters",
    [{"type": "array"}, {"type": "object", "properties": 7}, {"$ref": "https://a.test/schema"}],
)
async def test_a_schema_that_arguments_cannot_have_is_refused_where_it_stands(
    able: House, parameters: Json
) -> None:
    function = {"name": "bad", "parameters": parameters, "strict": True}
    bad: Json = {"type": "function", "function": function}
    reply = await able.chat(tools=[*TOOLS, bad])
    assert reply.status_code == 400
    assert "parameters" in json.dumps(reply.json()["details"]["tools"]["1"]["function"])


@pytest.mark.parametrize("arguments", ['{"city":', "Oslo", "[1]", '{"city":NaN}x'])
async def test_arguments_that_are_no_json_object_are_the_engines_failure(
    able: House, arguments: str
) -> None:
    able.fake.next(saying(*calling(arguments)))
    able.second.next(saying(*calling(arguments)))
    reply = await able.chat(tools=TOOLS)
    assert reply.status_code == 500
    assert reply.json()["code"] == "INFERENCE_FAILED"
    assert "'get_weather'" in reply.json()["error"]


async def test_arguments_that_break_a_schema_are_a_failure_where_it_is_strict(able: House) -> None:
    able.fake.next(saying(*calling('{"town":"Oslo"}')), saying(*calling('{"town":"Oslo"}')))
    able.second.next(saying(*calling('{"town":"Oslo"}')))
    assert (await able.chat(tools=TOOLS)).status_code == 200
    reply = await able.chat(tools=STRICT)
    assert reply.status_code == 500
    assert "'required'" in reply.json()["error"]


async def test_an_answer_without_the_call_that_it_must_make_is_a_failure(able: House) -> None:
    reply = await able.chat(tools=TOOLS, tool_choice="required", max_tokens=100)
    assert reply.status_code == 500
    assert "tool_choice" in reply.json()["error"]


async def test_a_call_that_the_output_limit_cuts_off_is_shown_as_far_as_it_went(
    able: House,
) -> None:
    able.fake.next(saying(*calling('{"city":', reason="length")))
    shown = (await able.chat(tools=STRICT)).json()["choices"][0]
    assert shown["finish_reason"] == "length"
    assert shown["message"]["tool_calls"][0]["function"]["arguments"] == '{"city":'


async def test_pieces_of_a_call_are_charged_where_the_engine_counts_nothing(able: House) -> None:
    able.fake.next(saying(*calling('{"city":', '"Oslo"}')))
    reply = await able.chat(tools=TOOLS)
    assert reply.json()["usage"]["completion_tokens"] == 3
