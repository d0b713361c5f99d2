"""POST /v1/messages: what engines are sent, and the message that is made of their answers."""

import json
from base64 import b64encode
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from fake_upstream import saying
from fondaco.domain.chat.reasoning import ReasoningProfile
from fondaco.domain.models.model import Capabilities
from fondaco.http.apis.anthropic.reply.schemas import Message
from house import TOY, House, house
from pictures import png

Json = dict[str, Any]
URL = "/v1/messages"
IGNORED = "x-fondaco-ignored-params"
ABLE = Capabilities(function_calling=True, vision=True, many_images=True, response_schema=True)
SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
WEATHER: Json = {"name": "get_weather", "description": "The weather.", "input_schema": SCHEMA}
MARK: Json = {"type": "ephemeral"}
CALL: Json = {
    "id": "c1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'},
}
USE: Json = {"type": "tool_use", "id": "c1", "name": "get_weather", "input": {"city": "Oslo"}}


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    reasons = ReasoningProfile(tags=False, efforts=("low", "high"))
    models = (
        replace(TOY, capabilities=ABLE),
        replace(TOY, id="thinker", traits=(), capabilities=ABLE, reasoning=reasons),
    )
    async with house(models=models) as one:
        yield one


def body(*messages: Json, **fields: object) -> Json:
    said = list(messages) or [{"role": "user", "content": "Hi"}]
    return {"model": "toy", "max_tokens": 50, "messages": said, **fields}


def user(*blocks: Json) -> Json:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def text(said: str, **fields: object) -> Json:
    return {"type": "text", "text": said, **fields}


def chunk(reason: str | None = None, **delta: object) -> Json:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def calls(*arguments: str) -> Json:
    return {
        "tool_calls": [
            {"index": 0, **CALL, "function": {"name": "get_weather", "arguments": piece}}
            for piece in arguments
        ]
    }


async def told(one: House, *messages: Json, **fields: object) -> Json:
    """Return the body that the engine is sent."""
    reply = await one.client.post(URL, json=body(*messages, **fields))
    assert reply.status_code == 200, reply.text
    asked: Json = one.fake.asked[-1].body
    return asked


async def conversation(one: House, *messages: Json, **fields: object) -> list[Json]:
    said: list[Json] = (await told(one, *messages, **fields))["messages"]
    return said


async def message(one: House, *chunks: Json, **fields: object) -> Json:
    """Return the message that is made of an engine's chunks."""
    one.fake.next(saying(*chunks))
    reply = await one.client.post(URL, json=body(**fields))
    assert reply.status_code == 200, reply.text
    Message.model_validate(reply.json())
    found: Json = reply.json()
    return found


async def test_a_message_has_the_id_of_its_call_and_says_what_was_used(shared: House) -> None:
    reply = await shared.client.post(URL, json=body(max_tokens=3))
    made = Message.model_validate(reply.json())
    assert made.id == f"msg_{reply.headers['cf-ray']}"
    assert reply.headers["request-id"] == f"req_{reply.headers['cf-ray']}"
    assert (made.stop_reason, made.stop_sequence) == ("max_tokens", None)
    assert (made.usage.input_tokens, made.usage.output_tokens) == (7, 3)
    charged = [one for one in shared.charges() if one.call_id == reply.headers["cf-ray"]]
    assert sum(one.units for one in charged) == 10


async def test_cached_tokens_are_not_among_the_input_tokens(able: House) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 1}
    report = {"choices": [], "usage": {**usage, "prompt_tokens_details": {"cached_tokens": 6}}}
    made = await message(able, chunk("stop", content="Yes"), report)
    assert made["usage"]["input_tokens"] == 3
    assert made["usage"]["cache_read_input_tokens"] == 6


async def test_it_answers_below_api_as_well(shared: House) -> None:
    reply = await shared.client.post(f"/api{URL}", json=body())
    assert reply.json()["type"] == "message"


async def test_the_system_prompt_comes_first(shared: House) -> None:
    said = await conversation(shared, system="Be brief.")
    assert said[0] == {"role": "system", "content": "Be brief."}
    said = await conversation(shared, system=[text("Be"), text("brief.", cache_control=MARK)])
    assert said[0]["content"] == [text("Be"), text("brief.")]


async def test_claude_codes_billing_header_is_not_for_the_model(shared: House) -> None:
    header = text("x-anthropic-billing-header: cc_version=2.1.77; cch=00000;")
    reply = await shared.client.post(URL, json=body(system=[header, text("Be brief.")]))
    assert shared.fake.asked[-1].body["messages"][0]["content"] == "Be brief."
    assert reply.headers[IGNORED] == "system.x_anthropic_billing_header"


async def test_a_text_block_alone_is_a_text(shared: House) -> None:
    assert await conversation(shared, user(text("Hi"))) == [{"role": "user", "content": "Hi"}]


async def test_turns_of_one_role_in_a_row_are_one(shared: House) -> None:
    said = await conversation(
        shared,
        user(text("A")),
        {"role": "user", "content": "B"},
        assistant(text("C")),
        user(text("D")),
    )
    assert said[0] == {"role": "user", "content": [text("A"), text("B")]}
    assert [one["role"] for one in said] == ["user", "assistant", "user"]


async def test_instructions_may_come_in_the_course_of_a_conversation(shared: House) -> None:
    said = await conversation(
        shared, user(text("A")), {"role": "system", "content": "Now in French."}
    )
    assert said[1] == {"role": "system", "content": "Now in French."}


async def test_results_follow_their_calls_and_the_turn_goes_on_after_them(able: House) -> None:
    said = await conversation(
        able,
        {"role": "user", "content": "Weather?"},
        assistant(text("Let me see."), USE),
        user(
            text("Here it is."),
            {"type": "tool_result", "tool_use_id": "c1", "content": "Rain"},
            {"type": "tool_result", "tool_use_id": "c2", "content": [text("No"), text("such")]},
        ),
        tools=[WEATHER],
    )
    assert said[1:] == [
        {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "Rain"},
        {"role": "tool", "tool_call_id": "c2", "content": "No\nsuch"},
        {"role": "user", "content": "Here it is."},
    ]


@pytest.mark.parametrize(
    ("result", "content"),
    [
        ({"content": "Gone", "is_error": True}, "Error: Gone"),
        ({"is_error": True}, "Error"),
        ({}, ""),
        ({"content": []}, ""),
    ],
)
async def test_a_failure_of_a_tool_is_told(able: House, result: Json, content: str) -> None:
    given = {"type": "tool_result", "tool_use_id": "c1", **result}
    said = await conversation(able, assistant(USE), user(given), tools=[WEATHER])
    assert said[0]["content"] is None
    assert said[1]["content"] == content


async def test_images_are_shown_wherever_they_stand(able: House) -> None:
    data = b64encode(png()).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    image = {"type": "image", "source": source}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": [text("Seen"), image]}
    said = await conversation(able, user(image, text("And?")), assistant(USE), user(result))
    shown = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    assert said[0]["content"] == [shown, text("And?")]
    assert said[2] == {"role": "tool", "tool_call_id": "c1", "content": "Seen"}
    assert said[3]["content"] == [text("Images that c1 returned:"), shown]


async def test_documents_and_search_results_become_text_within_tags(shared: House) -> None:
    plain = {"type": "text", "media_type": "text/plain", "data": "It rains."}
    document = {"type": "document", "source": plain, "title": "Log", "context": "Of May"}
    blocks = {"type": "document", "source": {"type": "content", "content": [text("It pours.")]}}
    found = {"type": "search_result", "source": "a.test", "title": "A", "content": [text("Dry.")]}
    [said] = await conversation(shared, user(document, blocks, found))
    assert [part["text"] for part in said["content"]] == [
        "<document>\n<title>Log</title>\n<context>Of May</context>\nIt rains.\n</document>",
        "<document>\nIt pours.\n</document>",
        "<search_result>\n<source>a.test</source>\n<title>A</title>\nDry.\n</search_result>",
    ]


@pytest.mark.parametrize(
    ("choice", "shown"),
    [
        ({"type": "auto"}, {"tool_choice": "auto"}),
        ({"type": "any"}, {"tool_choice": "required"}),
        (
            {"type": "tool", "name": "get_weather"},
            {"tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
        ),
        (
            {"type": "auto", "disable_parallel_tool_use": True},
            {"parallel_tool_calls": False},
        ),
    ],
)
async def test_tools_and_the_choice_among_them_reach_the_engine(
    able: House, choice: Json, shown: Json
) -> None:
    able.fake.next(saying(chunk(**calls('{"city":"Oslo"}')), chunk("tool_calls")))
    asked = await told(able, tools=[WEATHER], tool_choice=choice)
    function = {"name": "get_weather", "description": "The weather.", "parameters": SCHEMA}
    assert asked["tools"] == [{"type": "function", "function": function}]
    assert shown.items() <= asked.items() or choice["type"] == "auto"


async def test_a_call_is_a_block_after_what_was_said(able: House) -> None:
    made = await message(
        able,
        chunk(content="Let me see."),
        chunk(**calls('{"city":', '"Oslo"}')),
        chunk("tool_calls"),
        tools=[WEATHER],
    )
    assert made["content"] == [text("Let me see."), USE]
    assert made["stop_reason"] == "tool_use"


async def test_a_call_without_an_id_of_its_engine_has_one_of_its_message(able: House) -> None:
    call = {"index": 0, "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'}}
    made = await message(able, chunk(tool_calls=[call]), chunk("tool_calls"), tools=[WEATHER])
    assert made["content"][0]["id"] == f"toolu_{made['id'][-24:]}_0"


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal")],
)
async def test_why_a_message_ended(able: House, reason: str, shown: str) -> None:
    assert (await message(able, chunk(reason, content="A")))["stop_reason"] == shown


async def test_a_refusal_is_text_and_a_reason(able: House) -> None:
    made = await message(able, chunk(refusal="No."), chunk("stop"))
    assert (made["content"], made["stop_reason"]) == ([text("No.")], "refusal")


@pytest.mark.parametrize("field", ["stop_reason", "matched_stop"])
async def test_a_stop_sequence_is_named_where_the_engine_tells(able: House, field: str) -> None:
    last = chunk("stop", content="A")
    last["choices"][0][field] = "END"
    made = await message(able, last, stop_sequences=["END", "FIN"])
    assert (made["stop_reason"], made["stop_sequence"]) == ("stop_sequence", "END")
    assert able.fake.asked[-1].body["stop"] == ["END", "FIN"]
    last["choices"][0][field] = 151645
    made = await message(able, last, stop_sequences=["END"])
    assert (made["stop_reason"], made["stop_sequence"]) == ("end_turn", None)


async def test_reasoning_comes_first_and_goes_back_as_it_was_told(able: House) -> None:
    made = await message(
        able,
        chunk(reasoning_content="Hm"),
        chunk(reasoning_content="."),
        chunk("stop", content="Yes."),
        model="thinker",
    )
    thought = {"type": "thinking", "thinking": "Hm.", "signature": ""}
    assert made["content"] == [thought, text("Yes.")]
    said = await conversation(
        able, {"role": "user", "content": "A"}, assistant(*made["content"]), user(text("B"))
    )
    assert said[1]["content"] == "Yes."


async def test_signed_thinking_keeps_its_signature(able: House) -> None:
    block = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    redacted = {"type": "redacted_thinking", "data": "eA=="}
    made = await message(
        able,
        chunk(reasoning_content="Hm.", thinking_blocks=[{**block, "signature": ""}]),
        chunk(thinking_blocks=[{"type": "thinking", "thinking": "", "signature": "c2ln"}]),
        chunk(thinking_blocks=[redacted]),
        chunk("stop", content="Yes."),
    )
    assert made["content"] == [block, redacted, text("Yes.")]


async def test_signed_thinking_of_turns_in_a_row_is_kept_whole(able: House) -> None:
    async with house(
        models=(replace(TOY, capabilities=ABLE),), dialects=("openrouter",) * 2
    ) as one:
        thoughts = [
            {"type": "thinking", "thinking": said, "signature": "c2ln"} for said in ("One", "Two")
        ]
        said = await conversation(one, *map(assistant, thoughts), user(text("Go on")))
    assert said[0]["thinking_blocks"] == thoughts


async def test_what_other_engines_want_back_comes_back(able: House) -> None:
    detail = {"type": "reasoning.encrypted", "data": "ZW5j", "index": 0}
    call = {"index": 0, **CALL, "extra_content": {"google": {"thought_signature": "c2ln"}}}
    made = await message(
        able,
        chunk(reasoning_details=[detail]),
        chunk(tool_calls=[call]),
        chunk("tool_calls"),
        tools=[WEATHER],
    )
    use, sealed = made["content"]
    assert (use, sealed["type"]) == (USE, "redacted_thinking")
    async with house(
        models=(replace(TOY, capabilities=ABLE),), dialects=("openrouter",) * 2
    ) as one:
        result = {"type": "tool_result", "tool_use_id": "c1", "content": "Rain"}
        said = await conversation(one, assistant(use, sealed), user(result), tools=[WEATHER])
    assert said[0]["reasoning_details"] == [detail]
    assert said[0]["tool_calls"][0]["extra_content"] == call["extra_content"]


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"temperature": 0.5}, "temperature", 0.5),
        ({"top_p": 0.5}, "top_p", 0.5),
        ({"max_tokens": 7}, "max_completion_tokens", 7),
        ({"max_tokens": 32_000}, "max_completion_tokens", 4_089),
        ({"output_config": {"effort": "low"}, "model": "thinker"}, "reasoning_effort", "low"),
        ({"output_config": {"effort": "max"}, "model": "thinker"}, "reasoning_effort", "high"),
    ],
)
async def test_parameters_reach_the_engine(
    able: House, fields: Json, name: str, value: object
) -> None:
    async with house(models=(TOY,), dialects=("vllm", "vllm")) as counting:
        one = counting if name == "max_completion_tokens" else able
        assert (await told(one, **fields))[name] == value


async def test_an_output_format_is_asked_for_in_either_spelling(able: House) -> None:
    wanted = {"type": "json_schema", "schema": SCHEMA}
    for fields in ({"output_config": {"format": wanted}}, {"output_format": wanted}):
        able.fake.next(saying(chunk("stop", content='{"city":"Oslo"}')))
        asked = await told(able, **fields)
        assert asked["response_format"]["json_schema"]["schema"] == SCHEMA


async def test_fields_without_effect_are_named(able: House) -> None:
    said = user(text("Hi", citations=[{"a": 1}], cache_control=MARK))
    fields = {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
        "context_management": {"edits": []},
        "tools": [{**WEATHER, "eager_input_streaming": True, "cache_control": MARK}],
        "metadata": {"user_id": "u"},
        "service_tier": "auto",
    }
    reply = await able.client.post(URL, json=body(said, **fields))
    assert reply.headers[IGNORED].split(", ") == [
        "context_management",
        "messages.content.cache_control",
        "messages.content.citations",
        "output_config.effort",
        "thinking",
        "tools.cache_control",
        "tools.eager_input_streaming",
    ]
    assert "user" not in able.fake.asked[-1].body


async def test_the_model_may_have_a_feature_suffix(able: House) -> None:
    made = await message(
        able,
        chunk(reasoning_content="Hm."),
        chunk("stop", content="Yes."),
        model="thinker:strip_thinking_response=true",
    )
    assert made["content"] == [text("Yes.")]


async def test_reasoning_can_be_left_out_or_turned_off(able: House) -> None:
    for thinking in ({"type": "adaptive", "display": "omitted"}, {"type": "disabled"}):
        made = await message(
            able,
            chunk(reasoning_content="Hm."),
            chunk("stop", content="Yes."),
            model="thinker",
            thinking=thinking,
        )
        assert made["content"] == [text("Yes.")]


async def test_a_prefill_is_continued_where_the_engine_can() -> None:
    said = [{"role": "user", "content": "Count!"}, {"role": "assistant", "content": "one two"}]
    async with house(dialects=("vllm", "vllm")) as one:
        asked = await told(one, *said)
        assert asked["continue_final_message"] is True
    async with house(dialects=("ollama", "ollama")) as one:
        reply = await one.client.post(URL, json=body(*said))
        assert reply.headers[IGNORED] == "messages.prefix"


async def test_a_call_that_was_cut_off_has_no_input(able: House) -> None:
    made = await message(able, chunk(**calls('{"city":"Os')), chunk("length"), tools=[WEATHER])
    assert made["stop_reason"] == "max_tokens"
    assert made["content"][0]["input"] == {}


async def test_the_body_is_the_accumulation_of_the_stream(able: House) -> None:
    chunks = (
        chunk(reasoning_content="Hm."),
        chunk(content="Let me"),
        chunk(content=" see."),
        chunk(**calls('{"city":', '"Oslo"}')),
        chunk("tool_calls"),
    )
    made = await message(able, *chunks, tools=[WEATHER])
    able.fake.next(saying(*chunks))
    reply = await able.client.post(URL, json=body(tools=[WEATHER], stream=True))
    events = [json.loads(line[6:]) for line in reply.text.split("\n") if line.startswith("data:")]
    blocks: list[Json] = []
    for event in events:
        match event:
            case {"type": "content_block_start", "content_block": block}:
                blocks.append(block | ({"input": ""} if "input" in block else {}))
            case {"type": "content_block_delta", "index": index, "delta": delta}:
                name = {"input_json_delta": "partial_json"}.get(delta["type"], delta["type"][:-6])
                grown = "input" if name == "partial_json" else name
                blocks[index][grown] += delta[name]
            case {"type": "message_delta"}:
                assert event["delta"]["stop_reason"] == made["stop_reason"]
                assert event["usage"] == made["usage"]
    blocks = [b | ({"input": json.loads(b["input"])} if "input" in b else {}) for b in blocks]
    assert blocks == made["content"]
