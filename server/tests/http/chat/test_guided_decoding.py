"""Guides and templates through the door: what engines are told, what is refused, what is checked."""

import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import anyio
import httpx2
import pytest

from fake_upstream import Script, saying
from house import TOY, House, chat_body, house

CHAT = "/v4/beta/chat/completions"
SCHEMA = {"type": "array", "items": {"type": "integer"}}
LARK = 'start: "yes" | "no"'
GBNF = 'root ::= "yes" | "no"'
AMBIGUOUS = "start: s\ns: s s s | s s | /[a-z ]/"
ENDLESS = "{% set x = [] %}" + "{% set x = [x, x] %}" * 40 + "{{ x }}"


@pytest.fixture(scope="module")
async def guided() -> AsyncGenerator[House]:
    """A house with a vLLM and a llama-server."""
    able = replace(TOY.capabilities, response_schema=True, function_calling=True)
    model = replace(TOY, capabilities=able)
    async with house(models=(model,), dialects=("vllm", "llama-server")) as one:
        yield one


@pytest.fixture(scope="module")
async def unguided() -> AsyncGenerator[House]:
    """A house whose engines know OpenAI's fields alone."""
    able = replace(TOY.capabilities, response_schema=True)
    model = replace(TOY, capabilities=able)
    async with house(models=(model,), dialects=("openai", "ollama")) as one:
        yield one


def answer(text: str) -> Script:
    return saying(
        {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}},
    )


async def ask(one: House, **fields: object) -> httpx2.Response:
    return await one.client.post(CHAT, json=chat_body(**fields))


async def told(one: House, text: str, engine: str = "first", **fields: object) -> dict[str, Any]:
    """Return what an engine is told that answers with a text."""
    fake = one.fake if engine == "first" else one.second
    fake.next(answer(text))
    reply = await ask(one, model=f"{engine}/toy", **fields)
    assert reply.status_code == 200, reply.text
    assert reply.json()["choices"][0]["message"]["content"] == text
    body: dict[str, Any] = fake.asked[-1].body
    return body


def fault(reply: httpx2.Response, field: str) -> str:
    assert reply.status_code == 400, reply.text
    (why,) = reply.json()["details"][field]["_errors"]
    return str(why)


# What engines are told.


@pytest.mark.parametrize(
    ("fields", "text", "outputs"),
    [
        ({"guided_regex": "[a-c]{2}"}, "ab", {"regex": "[a-c]{2}"}),
        ({"guided_choice": ["yes", "no"]}, "yes", {"choice": ["yes", "no"]}),
        ({"guided_grammar": LARK}, "no", {"grammar": LARK}),
        ({"guided_grammar": GBNF}, "no", {"grammar": GBNF}),
        (
            {"guided_json": SCHEMA, "guided_whitespace_pattern": " ?"},
            "[1, 2]",
            {"json": SCHEMA, "whitespace_pattern": " ?"},
        ),
    ],
)
async def test_vllm_gets_structured_outputs(
    guided: House, fields: dict[str, Any], text: str, outputs: dict[str, object]
) -> None:
    body = await told(guided, text, **fields)
    assert body["structured_outputs"] == outputs
    assert "response_format" not in body


async def test_guided_json_is_passed_like_a_json_schema(guided: House) -> None:
    body = await told(guided, "[1]", guided_json=SCHEMA)
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("fields", "text", "grammar"),
    [
        ({"guided_choice": ['"a"\n', "é"]}, "é", r'root ::= "\x22a\x22\x0a" | "é"'),
        ({"guided_grammar": GBNF}, "yes", GBNF),
    ],
)
async def test_llama_server_gets_gbnf(
    guided: House, fields: dict[str, Any], text: str, grammar: str
) -> None:
    assert (await told(guided, text, "second", **fields))["grammar"] == grammar


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("guided_regex", {"guided_regex": "a"}),
        ("guided_grammar", {"guided_grammar": LARK}),
        (
            "guided_whitespace_pattern",
            {"guided_json": SCHEMA, "guided_whitespace_pattern": " ?"},
        ),
        ("chat_template", {"chat_template": "Hi"}),
    ],
)
async def test_llama_server_names_itself_where_it_cannot(
    guided: House, field: str, fields: dict[str, object]
) -> None:
    reply = await ask(guided, model="second/toy", **fields)
    assert "'second'" in fault(reply, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("guided_regex", "a"),
        ("guided_choice", ["a"]),
        ("guided_grammar", GBNF),
        ("chat_template", "Hi"),
        ("chat_template_kwargs", {"mood": "calm"}),
    ],
)
@pytest.mark.parametrize("engine", ["first", "second"])
async def test_an_engine_of_openais_fields_alone_names_itself(
    unguided: House, engine: str, field: str, value: object
) -> None:
    reply = await ask(unguided, model=f"{engine}/toy", **{field: value})
    assert f"'{engine}'" in fault(reply, field)


async def test_a_template_goes_to_the_engine_with_its_variables_once_it_was_tried(
    guided: House,
) -> None:
    template = "{{ messages[0].content }}{{ mood }}"
    body = await told(guided, "a", chat_template=template, chat_template_kwargs={"mood": "calm"})
    assert body["chat_template"] == template
    assert body["chat_template_kwargs"] == {"mood": "calm"}


# What is refused before any engine hears of it.

UNUSABLE: dict[str, tuple[str, object, str]] = {
    "a regex too large": ("guided_regex", "a{100000}", "up to 100000 characters"),
    "no regex": ("guided_regex", "a(", "is not a valid regular expression"),
    "no grammar": ("guided_grammar", "start", "cannot be converted to a grammar"),
    "a grammar read in many ways": ("guided_grammar", AMBIGUOUS, "too complex"),
    "a template with a fault": ("chat_template", "a\n{{ b.c.d }}", "in line 2"),
    "a template that doubles": ("chat_template", ENDLESS, "takes too long"),
    "a template that refuses": ("chat_template", "{{ raise_exception('no') }}", "messages: no"),
}


@pytest.mark.parametrize(("field", "value", "why"), UNUSABLE.values(), ids=UNUSABLE)
async def test_what_cannot_be_followed_is_refused_before_any_engine_hears_of_it(
    guided: House, field: str, value: object, why: str
) -> None:
    heard = len(guided.fake.asked)
    assert why in fault(await ask(guided, **{field: value}), field)
    assert len(guided.fake.asked) == heard


async def test_white_space_that_is_no_regex_is_refused_where_it_stands(guided: House) -> None:
    reply = await ask(guided, guided_json=SCHEMA, guided_whitespace_pattern="(")
    assert "is not a valid regular expression" in fault(reply, "guided_whitespace_pattern")


async def test_a_guide_leaves_no_room_for_calls_of_functions(guided: House) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    reply = await ask(guided, guided_regex="a", tools=tools)
    assert fault(reply, "guided_regex") == "Not together with tools"
    assert (await told(guided, "a", guided_regex="a", tools=tools, tool_choice="none"))["tools"]


@pytest.mark.parametrize(
    ("field", "hostile"), [("guided_grammar", AMBIGUOUS), ("chat_template", ENDLESS)]
)
async def test_others_are_served_while_a_hostile_one_is_worked_at(
    guided: House, field: str, hostile: str
) -> None:
    await ask(
        guided, **{field: "start: x" if field == "guided_grammar" else "Hi"}
    )  # a child starts
    done: list[str] = []

    async def attack() -> None:
        await ask(guided, **{field: hostile})
        done.append("attack")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(attack)
        for _ in range(20):
            assert (await guided.client.get("/api/v1/models")).status_code == 200
            done.append("models")
    assert done[:5] == ["models"] * 5


# What is checked in the end.


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("guided_regex", "[0-9]+"),
        ("guided_choice", ["yes", "no"]),
        ("guided_grammar", LARK),
        ("guided_grammar", GBNF),
        ("guided_json", SCHEMA),
    ],
)
async def test_an_answer_that_does_not_follow_its_guide_is_an_error_and_tells_none_of_it(
    guided: House, field: str, value: object
) -> None:
    guided.fake.next(answer("a secret"))
    reply = await ask(guided, **{field: value})
    assert reply.status_code == 500
    assert reply.json()["code"] == "INFERENCE_FAILED"
    assert re.search(rf"did not follow {field}\b", reply.json()["error"])
    assert "secret" not in reply.text


async def test_a_guided_answer_that_its_own_stop_text_may_have_cut_is_not_judged(
    guided: House,
) -> None:
    assert await told(guided, "12", guided_regex="[0-9]{3}\n", stop=["\n"])
