"""Models that think: what callers see of it, what they can ask of it, and what it counts."""

import json
from dataclasses import replace

import pytest

from fake_upstream import saying
from fondaco.domain.chat.reasoning import ReasoningField, ReasoningProfile, ReasoningSwitch
from fondaco.domain.models.model import Capabilities, Model
from fondaco.http.apis.openai.chat.response_schemas import (
    ChatCompletion,
    ChatCompletionChunk,
    ReplyMessage,
)
from house import TOY, House, house

PIECES = ("<think>", "\nAdd", " them", ".\n", "</think>", "\n\n", "Four", ".")
THOUGHT, ANSWER = "Add them.", "Four."
STRIPPED = {"venice_parameters": {"strip_thinking_response": True}}
DISABLED = {"venice_parameters": {"disable_thinking": True}}


def _thinker(**profile: object) -> tuple[Model]:
    return (replace(TOY, reasoning=ReasoningProfile(**profile)),)  # type: ignore[arg-type]


def _delta(choice: int = 0, **delta: object) -> dict[str, object]:
    return {"choices": [{"index": choice, "delta": delta, "finish_reason": None}]}


def _answer(*deltas: dict[str, object], details: dict[str, int] | None = None) -> list[object]:
    """Return the chunks of an answer, a token each, and the engine's report."""
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    usage = {"prompt_tokens": 9, "completion_tokens": len(deltas)}
    if details is not None:
        usage["completion_tokens_details"] = details  # type: ignore[assignment]
    return [*deltas, finish, {"choices": [], "usage": usage}]


TAGGED = _answer(*(_delta(content=piece) for piece in PIECES))
TOLD = _answer(
    *(_delta(reasoning_content=piece) for piece in ("Add", " them", ".")),
    *(_delta(content=piece) for piece in ("Four", ".")),
)


async def _whole(one: House, chunks: list[object], **fields: object) -> ChatCompletion:
    one.fake.next(saying(*chunks))
    reply = await one.chat(**fields)
    assert reply.status_code == 200, reply.text
    return ChatCompletion.model_validate_json(reply.content)


async def _chunks(one: House, chunks: list[object], **fields: object) -> list[ChatCompletionChunk]:
    one.fake.next(saying(*chunks))
    async with one.streaming(stream_options={"include_usage": True}, **fields) as reply:
        text: str = (await reply.aread()).decode()
    events = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    return [ChatCompletionChunk.model_validate_json(e) for e in events if e != "[DONE]"]


async def _message(one: House, chunks: list[object], **fields: object) -> ReplyMessage:
    return (await _whole(one, chunks, **fields)).choices[0].message


async def _asked(one: House, **fields: object) -> dict[str, object]:
    """Return what the engine was asked for."""
    assert (await one.chat(**fields)).status_code == 200
    return one.fake.asked[-1].body


async def test_thoughts_within_tags_move_to_their_own_field() -> None:
    async with house(models=_thinker()) as one:
        message = await _message(one, TAGGED)
    assert (message.reasoning_content, message.content) == (THOUGHT, ANSWER)


async def test_thoughts_that_the_engine_tells_apart_stay_apart() -> None:
    async with house(models=_thinker(opens_think_tag=True)) as one:
        message = await _message(one, TOLD)
    assert (message.reasoning_content, message.content) == (THOUGHT, ANSWER)


@pytest.mark.parametrize("chunks", [TAGGED, TOLD], ids=["tagged", "told"])
async def test_thoughts_may_be_shown_in_the_content(chunks: list[object]) -> None:
    async with house(models=_thinker(shown=ReasoningField.CONTENT)) as one:
        message = await _message(one, chunks)
    assert message.content == f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}"
    assert message.reasoning_content is None


async def test_thoughts_in_the_content_leave_an_answer_in_a_form_alone() -> None:
    output_format = {"response_format": {"type": "json_object"}}
    chunks = _answer(*(_delta(content=piece) for piece in ("<think>Hm</think>", '{"a":', "4}")))
    (thinker,) = _thinker(shown=ReasoningField.CONTENT)
    able = replace(thinker, capabilities=Capabilities(response_schema=True))
    async with house(models=(able,)) as one:
        message = await _message(one, chunks, **output_format)
    assert (message.reasoning_content, message.content) == ("Hm", '{"a":4}')


@pytest.mark.parametrize("chunks", [TAGGED, TOLD], ids=["tagged", "told"])
@pytest.mark.parametrize("wish", [{}, STRIPPED], ids=["shown", "stripped"])
@pytest.mark.parametrize("shown", list(ReasoningField))
async def test_a_stream_says_what_the_whole_reply_says(
    chunks: list[object], wish: dict[str, object], shown: ReasoningField
) -> None:
    async with house(models=_thinker(shown=shown)) as one:
        whole = await _whole(one, chunks, **wish)
        streamed = await _chunks(one, chunks, **wish)
    deltas = [choice.delta for chunk in streamed for choice in chunk.choices]
    said = whole.choices[0].message
    assert "".join(delta.content or "" for delta in deltas) == said.content
    assert "".join(delta.reasoning_content or "" for delta in deltas) == (
        said.reasoning_content or ""
    )
    assert streamed[-1].usage == whole.usage


async def test_no_delta_is_empty_but_the_last() -> None:
    async with house(models=_thinker()) as one:
        streamed = await _chunks(one, TAGGED)
    *deltas, last = [choice.delta for chunk in streamed for choice in chunk.choices]
    assert all(delta.content or delta.reasoning_content for delta in deltas)
    assert not last.content


async def test_an_answer_may_begin_within_a_thought() -> None:
    async with house(models=_thinker(opens_think_tag=True)) as one:
        message = await _message(one, _answer(*(_delta(content=p) for p in PIECES[1:])))
    assert (message.reasoning_content, message.content) == (THOUGHT, ANSWER)


async def test_each_choice_thinks_for_itself() -> None:
    chunks = [
        _delta(0, content="<think>"),
        _delta(1, content="<th"),
        _delta(0, content="Hm</think>Yes"),
        _delta(1, content="ank you"),
        {"choices": [{"index": i, "delta": {}, "finish_reason": "stop"} for i in (0, 1)]},
    ]
    async with house(models=_thinker()) as one:
        whole = await _whole(one, chunks, n=2)
    said = [(c.message.reasoning_content, c.message.content) for c in whole.choices]
    assert said == [("Hm", "Yes"), (None, "<thank you")]


@pytest.mark.parametrize(
    "wish",
    [STRIPPED, DISABLED, {"reasoning_effort": "none"}, {"reasoning": {"effort": "none"}}],
    ids=["stripped", "disabled", "effort", "nested"],
)
@pytest.mark.parametrize("chunks", [TAGGED, TOLD], ids=["tagged", "told"])
async def test_hidden_thoughts_are_charged_and_not_shown(
    wish: dict[str, object], chunks: list[object]
) -> None:
    async with house(models=_thinker()) as one:
        whole = await _whole(one, chunks, **wish)
    assert whole.choices[0].message.content == ANSWER
    assert whole.choices[0].message.reasoning_content is None
    assert whole.usage.completion_tokens == len(chunks) - 2
    assert whole.usage.completion_tokens_details.reasoning_tokens > 0


async def test_a_suffix_of_the_models_name_hides_thoughts() -> None:
    async with house(models=_thinker()) as one:
        message = await _message(one, TAGGED, model="toy:strip_thinking_response=true")
    assert (message.reasoning_content, message.content) == (None, ANSWER)


async def test_thoughts_of_a_model_that_is_not_known_to_think_are_shown_and_can_be_hidden() -> None:
    async with house() as one:
        assert (await _message(one, TOLD)).reasoning_content == THOUGHT
        assert (await _message(one, TOLD, **STRIPPED)).reasoning_content is None


async def test_tags_of_a_model_that_is_not_known_to_think_are_text() -> None:
    async with house() as one:
        assert (await _message(one, TAGGED)).content == "".join(PIECES)


@pytest.mark.parametrize("stream", [False, True])
async def test_thoughts_are_counted_where_the_engine_does_not(*, stream: bool) -> None:
    async with house(models=_thinker(), whole_as_stream=False) as one:
        if stream:
            usage = (await _chunks(one, TAGGED))[-1].usage
        else:
            usage = (await _whole(one, TAGGED)).usage
    assert usage is not None
    assert usage.completion_tokens_details.reasoning_tokens == 6  # tags and line breaks as well
    assert usage.completion_tokens == 8


async def test_an_engines_own_count_of_thoughts_stands() -> None:
    chunks = _answer(*(_delta(content=p) for p in PIECES), details={"reasoning_tokens": 6})
    async with house(models=_thinker()) as one:
        usage = (await _whole(one, chunks)).usage
    assert usage.completion_tokens_details.reasoning_tokens == 6


async def test_a_templates_switch_is_turned_off() -> None:
    models = _thinker(switch=ReasoningSwitch.TEMPLATE, switch_name="thinking")
    async with house(models=models, dialects=("vllm", "vllm")) as one:
        assert "chat_template_kwargs" not in await _asked(one)
        body = await _asked(one, **DISABLED)
    assert body["chat_template_kwargs"] == {"thinking": False}
    assert "reasoning_effort" not in body


async def test_an_engine_without_switches_is_passed_over_for_one_that_has_them() -> None:
    async with house(
        models=_thinker(switch=ReasoningSwitch.TEMPLATE), dialects=("openai", "vllm")
    ) as one:
        reply = await one.chat(**DISABLED)
        assert reply.headers["x-venice-model-router"] == "second"
        assert one.second.asked[-1].body["chat_template_kwargs"] == {"enable_thinking": False}


async def test_a_template_with_thinking_disabled_begins_with_the_answer() -> None:
    models = _thinker(switch=ReasoningSwitch.TEMPLATE, opens_think_tag=True)
    async with house(models=models, dialects=("vllm", "vllm")) as one:
        message = await _message(one, _answer(_delta(content="Four.")), **DISABLED)
    assert message.content == "Four."


@pytest.mark.parametrize(
    ("content", "ended"),
    [
        ("Count!", "Count! /no_think"),
        (
            [{"type": "text", "text": "Count!"}],
            [{"type": "text", "text": "Count!"}, {"type": "text", "text": "/no_think"}],
        ),
    ],
    ids=["text", "parts"],
)
async def test_a_word_tells_a_model_not_to_think(content: object, ended: object) -> None:
    said = [
        {"role": "user", "content": content},
        {"role": "assistant", "content": "Why?"},
        {"role": "user", "content": content},
        {"role": "assistant", "content": "One,"},
    ]
    models = _thinker(switch=ReasoningSwitch.PROMPT, switch_name="/no_think")
    async with house(models=models) as one:
        body = await _asked(one, messages=said, **DISABLED)
    assert [message["content"] for message in body["messages"]] == [  # type: ignore[attr-defined]
        content,
        "Why?",
        ended,
        "One,",
    ]


async def test_an_effort_of_none_tells_a_model_not_to_think() -> None:
    async with house(models=_thinker(switch=ReasoningSwitch.EFFORT)) as one:
        assert (await _asked(one, **DISABLED))["reasoning_effort"] == "none"


@pytest.mark.parametrize(
    ("asked", "sent"),
    [("low", "low"), ("minimal", "low"), ("medium", "low"), ("xhigh", "high"), ("max", "high")],
)
async def test_the_nearest_effort_that_a_model_knows_is_asked_for(asked: str, sent: str) -> None:
    async with house(models=_thinker(efforts=("high", "low"))) as one:
        assert (await _asked(one, reasoning_effort=asked))["reasoning_effort"] == sent


async def test_both_spellings_of_the_effort_are_taken_and_the_flat_one_counts() -> None:
    async with house(models=_thinker(efforts=("low", "high"))) as one:
        nested = await _asked(one, reasoning={"effort": "high"})
        both = await _asked(one, reasoning={"effort": "high"}, reasoning_effort="low")
    assert (nested["reasoning_effort"], both["reasoning_effort"]) == ("high", "low")


@pytest.mark.parametrize(
    ("dialect", "sent"),
    [
        ("openai", {"reasoning_effort": "high"}),
        ("vllm", {"reasoning_effort": "high"}),
        ("llama-server", {"chat_template_kwargs": {"reasoning_effort": "high"}}),
        ("ollama", {"reasoning_effort": "high"}),
        ("openrouter", {"reasoning": {"effort": "high", "summary": "auto"}}),
    ],
)
async def test_efforts_travel_as_the_engine_takes_them(
    dialect: str, sent: dict[str, object]
) -> None:
    wish = {"reasoning": {"effort": "high", "summary": "auto"}}
    async with house(models=_thinker(efforts=("high",)), dialects=(dialect, dialect)) as one:
        reply = await one.chat(**wish)
        body = one.fake.asked[-1].body
    fields = {"reasoning", "reasoning_effort", "chat_template_kwargs"}
    assert {name: value for name, value in body.items() if name in fields} == sent
    lost = "" if dialect == "openrouter" else "reasoning.summary"
    assert reply.headers.get("x-fondaco-ignored-params", "") == lost


@pytest.mark.parametrize("habits", [None, ReasoningProfile()], ids=["no thinker", "no efforts"])
@pytest.mark.parametrize(
    ("wish", "ignored"),
    [
        ({"reasoning_effort": "high"}, "reasoning_effort"),
        ({"reasoning": {"effort": "high"}}, "reasoning"),
        ({"reasoning_effort": "none"}, None),
        (DISABLED, None),
    ],
)
async def test_an_effort_that_means_nothing_to_a_model_is_named(
    habits: ReasoningProfile | None, wish: dict[str, object], ignored: str | None
) -> None:
    async with house(models=(replace(TOY, reasoning=habits),)) as one:
        reply = await one.chat(**wish)
        assert reply.status_code == 200
        assert "reasoning_effort" not in one.fake.asked[-1].body
    assert reply.headers.get("x-fondaco-ignored-params") == ignored


async def test_an_effort_beside_disabled_thinking_is_named() -> None:
    async with house(models=_thinker(efforts=("high",))) as one:
        reply = await one.chat(reasoning_effort="high", **DISABLED)
    assert reply.headers["x-fondaco-ignored-params"] == "reasoning_effort"


async def test_an_unknown_effort_is_refused(shared: House) -> None:
    reply = await shared.chat(reasoning_effort="enormous")
    assert reply.status_code == 400
    assert "reasoning_effort" in json.loads(reply.content)["details"]


async def test_earlier_reasoning_reaches_an_engine_that_has_a_place_for_it() -> None:
    said = [
        {"role": "user", "content": "2 + 2"},
        {"role": "assistant", "content": ANSWER, "reasoning_content": THOUGHT},
        {"role": "user", "content": "And 3?"},
    ]
    async with house(models=_thinker(), dialects=("llama-server", "openai")) as one:
        body = await _asked(one, messages=said)
    assert body["messages"][1]["reasoning_content"] == THOUGHT  # type: ignore[index]
