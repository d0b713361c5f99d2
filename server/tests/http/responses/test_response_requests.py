"""Requests for responses: what engines are sent of them."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from fake_upstream import saying
from fondaco.domain.chat.reasoning import ReasoningProfile
from fondaco.domain.models.model import Capabilities
from house import TOY, House, house
from pictures import as_url, png
from response_reader import PATH, Json, asked, called, chunk, whole

ABLE = replace(
    TOY,
    capabilities=Capabilities(
        function_calling=True, log_probs=True, response_schema=True, vision=True
    ),
)
AGE: Json = {
    "type": "function",
    "name": "age",
    "description": "The age.",
    "parameters": {"type": "object", "properties": {"of": {"type": "string"}}},
}
SHELL: Json = {"type": "custom", "name": "shell", "description": "Runs a command."}
PIXELS = "data:image/png;base64,"


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    async with house(models=(ABLE,), dialects=("openrouter", "openrouter")) as one:
        yield one


async def sent(home: House, **fields: object) -> Json:
    """Return what the engine was asked."""
    await whole(home, **fields)
    return home.fake.asked[-1].body


async def conversation(home: House, *items: Json, **fields: object) -> list[Json]:
    """Return the messages of which the engine was sent."""
    found: list[Json] = (await sent(home, input=list(items), **fields))["messages"]
    return found


async def test_a_text_is_a_message_of_the_user(able: House) -> None:
    assert (await sent(able, input="Hi"))["messages"] == [{"role": "user", "content": "Hi"}]


async def test_instructions_are_one_system_message_with_the_first(able: House) -> None:
    hi = {"role": "user", "content": "Hi"}
    said = await conversation(able, hi, instructions="Be brief.")
    assert said[0] == {"role": "system", "content": "Be brief."}
    rules = {"role": "developer", "content": "Rhyme."}
    said = await conversation(able, rules, hi, instructions="Be brief.")
    assert said[0] == {"role": "system", "content": "Be brief.\n\nRhyme."}


async def test_parts_of_text_keep_their_order(able: House) -> None:
    parts = [{"type": "input_text", "text": "One"}, {"type": "input_text", "text": "two"}]
    (said,) = await conversation(able, {"role": "user", "content": parts})
    assert said["content"] == [{"type": "text", "text": "One"}, {"type": "text", "text": "two"}]


async def test_one_response_of_the_model_becomes_one_message(able: House) -> None:
    said = await conversation(
        able,
        {"role": "user", "content": "How old?"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [thought("Hm.")]},
        {"type": "message", "id": "msg_1", "role": "assistant", "content": [told("I look.")]},
        {"type": "function_call", "call_id": "c1", "name": "age", "arguments": '{"of":"A"}'},
        {"type": "function_call", "call_id": "c2", "name": "age", "arguments": '{"of":"B"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "7"},
        {"type": "function_call_output", "call_id": "c2", "output": [{**told("8")}]},
        tools=[AGE],
    )
    assert [one["role"] for one in said] == ["user", "assistant", "tool", "tool"]
    assert said[1]["content"] == "I look."
    assert said[1]["reasoning"] == "Hm."
    calls = [(call["id"], call["function"]["arguments"]) for call in said[1]["tool_calls"]]
    assert calls == [("c1", '{"of":"A"}'), ("c2", '{"of":"B"}')]
    assert [one["tool_call_id"] for one in said[2:]] == ["c1", "c2"]
    assert [texts(one["content"]) for one in said[2:]] == ["7", "8"]


def thought(text: str) -> Json:
    return {"type": "reasoning_text", "text": text}


def told(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def texts(content: str | list[Json]) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


async def test_messages_of_the_model_that_call_nothing_stay_apart(able: House) -> None:
    said = await conversation(
        able,
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "One."},
        {"role": "assistant", "content": "Two."},
    )
    assert [one["content"] for one in said] == ["Hi", "One.", "Two."]


async def test_a_summary_stands_for_reasoning_that_is_not_there(able: House) -> None:
    said = await conversation(
        able,
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Looked."}]},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "Sure?"},
    )
    assert (said[0]["reasoning"], said[0]["content"]) == ("Looked.", "Yes.")


async def test_functions_and_their_choice_reach_the_engine(able: House) -> None:
    for choice, wanted in (
        ("auto", None),
        ("required", "required"),
        ({"type": "function", "name": "age"}, {"type": "function", "function": {"name": "age"}}),
    ):
        able.fake.next(
            saying(chunk(tool_calls=[called(0, "age", '{"of":"A"}', "c1")]), chunk("tool_calls"))
        )
        body = await sent(able, tools=[AGE], tool_choice=choice)
        (tool,) = body["tools"]
        assert tool["function"] == {name: AGE[name] for name in AGE if name != "type"}
        assert body.get("tool_choice") in (wanted, choice)


async def test_allowed_tools_leave_the_others_out(able: House) -> None:
    other = {**AGE, "name": "name"}
    allowed = {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": "age"}],
    }
    body = await sent(able, tools=[AGE, other], tool_choice=allowed)
    assert [tool["function"]["name"] for tool in body["tools"]] == ["age"]


async def test_a_custom_tool_is_offered_as_a_function_of_one_text(able: House) -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /a+/"}
    reply = await able.client.post(PATH, json=asked(tools=[{**SHELL, "format": grammar}]))
    assert reply.status_code == 200
    function = able.fake.asked[-1].body["tools"][0]["function"]
    assert function["parameters"]["required"] == ["input"]
    assert function["description"].startswith("Runs a command.")
    assert "start: /a+/" in function["description"]
    assert reply.headers["x-fondaco-ignored-params"] == "tools.format"


async def test_a_call_of_a_custom_tool_comes_back_as_it_was_called(able: House) -> None:
    said = await conversation(
        able,
        {"role": "user", "content": "List."},
        {"type": "custom_tool_call", "call_id": "c1", "name": "shell", "input": 'ls "a"'},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "a b"},
        tools=[SHELL],
    )
    arguments = said[1]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"input": 'ls "a"'}
    assert (said[2]["role"], said[2]["content"]) == ("tool", "a b")


async def test_a_custom_tool_that_is_called_otherwise_gets_what_the_model_wrote(
    able: House,
) -> None:
    chunks = (chunk(tool_calls=[called(0, "shell", '{"cmd":"ls"}', "c1")]), chunk("tool_calls"))
    body = await whole(able, *chunks, tools=[SHELL])
    assert body["output"][0]["input"] == '{"cmd":"ls"}'


async def test_sampling_and_limits_reach_the_engine(able: House) -> None:
    body = await sent(able, temperature=0.25, top_p=0.5, max_output_tokens=7, top_logprobs=3)
    assert (body["temperature"], body["top_p"]) == (0.25, 0.5)
    assert 7 in (body.get("max_tokens"), body.get("max_completion_tokens"))
    assert (body["logprobs"], body["top_logprobs"]) == (True, 3)


async def test_a_schema_holds_the_text(able: House) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    wanted = {"type": "json_schema", "name": "count", "schema": schema, "strict": True}
    chunks = (chunk("stop", content='{"n":7}'),)
    body = await whole(able, *chunks, text={"format": wanted})
    assert body["output"][0]["content"][0]["text"] == '{"n":7}'
    assert body["text"]["format"]["name"] == "count"
    format_ = able.fake.asked[-1].body["response_format"]
    assert format_["json_schema"]["name"] == "count"
    assert format_["json_schema"]["schema"] == schema


async def test_effort_and_verbosity_reach_engines_that_have_them() -> None:
    thinker = replace(ABLE, reasoning=ReasoningProfile(efforts=("low", "high")))
    async with house(models=(thinker,)) as one:
        body = await sent(one, reasoning={"effort": "low"}, text={"verbosity": "low"})
    assert body["reasoning_effort"] == "low"
    assert body["verbosity"] == "low"


async def test_an_image_reaches_a_model_that_sees(able: House) -> None:
    picture = as_url(png())
    parts = [
        {"type": "input_text", "text": "What is it?"},
        {"type": "input_image", "image_url": picture, "detail": "low"},
    ]
    (said,) = await conversation(able, {"role": "user", "content": parts})
    assert said["content"][1]["image_url"]["url"] == picture


async def test_a_fault_in_an_image_names_its_place(able: House) -> None:
    parts = [{"type": "input_image", "image_url": f"{PIXELS}AAAA"}]
    reply = await able.client.post(PATH, json=asked(input=[{"role": "user", "content": parts}]))
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "input.0.content.0.image_url"


async def test_what_an_engine_wants_back_comes_back_to_it(able: House) -> None:
    details = [{"type": "reasoning.encrypted", "data": "ZW5j", "index": 0}]
    call = {**called(0, "age", "{}", "c1"), "extra_content": {"google": {"thought_signature": "s"}}}
    body = await whole(
        able,
        chunk(reasoning="Hm.", reasoning_details=details),
        chunk(tool_calls=[call]),
        chunk("tool_calls"),
        tools=[AGE],
    )
    output = {"type": "function_call_output", "call_id": "c1", "output": "7"}
    said = await conversation(
        able, {"role": "user", "content": "Hi"}, *body["output"], output, tools=[AGE]
    )
    assert said[1]["reasoning_details"] == details
    assert said[1]["tool_calls"][0]["extra_content"] == call["extra_content"]
    assert [one["role"] for one in said] == ["user", "assistant", "tool"]


@pytest.mark.parametrize("text", ["gAAAA", "fondaco.", "fondaco.e30=", "fondaco.?", "fondaco.W10="])
async def test_reasoning_that_others_encrypted_is_named_as_ignored(able: House, text: str) -> None:
    items = [
        {"type": "reasoning", "summary": [], "encrypted_content": text},
        {"role": "user", "content": "Hi"},
    ]
    reply = await able.client.post(PATH, json=asked(input=items))
    assert reply.status_code == 200
    assert reply.headers["x-fondaco-ignored-params"] == "input.encrypted_content"


async def test_what_was_asked_for_is_told_with_the_values_in_effect(able: House) -> None:
    body = await whole(
        able, instructions="Be brief.", metadata={"a": "b"}, user="me", safety_identifier="x"
    )
    assert (body["instructions"], body["metadata"]) == ("Be brief.", {"a": "b"})
    assert (body["user"], body["safety_identifier"]) == ("me", "x")
    assert (body["temperature"], body["store"], body["service_tier"]) == (0.7, False, "default")
    assert body["id"].startswith("resp_")


async def test_usage_has_the_names_of_this_api(able: House) -> None:
    reply = await able.client.post(PATH, json=asked(max_output_tokens=3))
    assert reply.json()["usage"]["output_tokens"] == 3
    assert reply.json()["usage"]["output_tokens_details"] == {"reasoning_tokens": 0}


async def test_a_suffix_of_the_model_is_taken(able: House) -> None:
    body = await sent(able, model="toy:include_venice_system_prompt=false")
    assert body["model"] == "toy"


async def test_tools_of_a_namespace_are_functions_of_joined_names(able: House) -> None:
    group = {"type": "namespace", "name": "crm", "description": "Sales.", "tools": [AGE, SHELL]}
    chunks = (
        chunk(
            tool_calls=[
                called(0, "crm__age", '{"of":"A"}', "c1"),
                called(1, "crm__shell", '{"input":"ls"}', "c2"),
            ]
        ),
        chunk("tool_calls"),
    )
    body = await whole(able, *chunks, tools=[{**AGE, "name": "top"}, group])
    offered = [tool["function"]["name"] for tool in able.fake.asked[-1].body["tools"]]
    assert offered == ["top", "crm__age", "crm__shell"]
    first, second = body["output"]
    assert (first["type"], first["namespace"], first["name"]) == ("function_call", "crm", "age")
    assert (second["type"], second["namespace"], second["input"]) == (
        "custom_tool_call",
        "crm",
        "ls",
    )
    said = await conversation(able, {"role": "user", "content": "Hi"}, *body["output"])
    names = [call["function"]["name"] for call in said[1]["tool_calls"]]
    assert names == ["crm__age", "crm__shell"]


async def test_a_joined_name_is_no_longer_than_engines_take(able: House) -> None:
    long = {**AGE, "name": "a" * 64}
    group = {"type": "namespace", "name": "b" * 64, "tools": [long, {**long, "name": "c" * 64}]}
    await whole(able, tools=[group])
    names = [tool["function"]["name"] for tool in able.fake.asked[-1].body["tools"]]
    assert len(set(names)) == 2
    assert {len(name) for name in names} == {64}
