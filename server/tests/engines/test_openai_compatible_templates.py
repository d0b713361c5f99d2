"""Chat templates before upstream engines: tried, counted, handed on, or refused."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from contracts.chat_engine import accumulator
from fake_upstream import FakeUpstream
from fondaco.clients.connect import connect
from fondaco.domain.chat.message import Audio, Image, Message, Role, ToolUse, Video
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.chat.tools import Tool, ToolOptions
from fondaco.domain.errors import FieldNotTakenError, InvalidRequestError
from fondaco.engines.common.template import variables
from fondaco.engines.openai.engine import OpenAICompatible
from fondaco.sandbox.templates import SandboxedTemplates
from hand_clock import HandClock


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream(dialect="vllm") as fake:
        yield fake


@pytest.fixture
async def engine(fake: FakeUpstream) -> AsyncGenerator[OpenAICompatible]:
    async with aclosing(SandboxedTemplates(HandClock())) as templates:
        upstream = connect(fake.base_url)
        yield OpenAICompatible(
            "faker", upstream, {"counter": "toy"}, dialect="vllm", templates=templates
        )
        await upstream.aclose()


def by(template: str) -> ChatRequest:
    options = ChatOptions(template=template, template_variables={"mood": "calm"})
    return ChatRequest("counter", (Message(Role.USER, "Hi"),), max_output_tokens=3, options=options)


async def test_a_template_is_counted_and_answered_by_the_engine(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    request = by("{{ messages[0].content }}, {{ mood }}")
    prompt = await engine.measure(request)
    await accumulator(engine, request, prompt)
    assert prompt.exact
    assert [one.body["chat_template"] for one in fake.asked] == [request.options.template]
    assert fake.asked[0].body["chat_template_kwargs"] == {"mood": "calm"}


async def test_an_engine_never_hears_of_a_template_that_does_not_render(
    engine: OpenAICompatible, fake: FakeUpstream
) -> None:
    with pytest.raises(InvalidRequestError, match="in line 1"):
        await engine.measure(by("{{ nobody.name }}"))
    assert not fake.asked


async def test_an_engine_gets_no_template_that_cannot_be_rendered_here(fake: FakeUpstream) -> None:
    upstream = connect(fake.base_url)
    engine = OpenAICompatible("faker", upstream, {"counter": "toy"}, dialect="vllm")
    with pytest.raises(FieldNotTakenError, match="'faker'"):
        await engine.measure(by("Hi"))
    await upstream.aclose()


def test_templates_see_a_conversation_as_those_of_models_do() -> None:
    said = (
        Message(
            Role.USER, ("Look", Image("data:x"), Audio("", "wav"), Video("data:y")), name="ann"
        ),
        Message(
            Role.ASSISTANT,
            None,
            tool_calls=(ToolUse("c1", "f", '{"a":1}'), ToolUse("c2", "f", "{a")),
            reasoning="Hm.",
        ),
        Message(Role.TOOL, "2", tool_call_id="c1"),
    )
    tool_options = ToolOptions((Tool("f", parameters='{"type":"object"}'),))
    switches = {"bos_token": "<s>", "messages": []}
    options = ChatOptions(template="", tool_options=tool_options, template_variables=switches)
    known = variables(ChatRequest("m", said, 1, options=options), eos_token="</s>")
    assert known == {
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
        ],
        "documents": None,
        "add_generation_prompt": True,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look"},
                    {"type": "image"},
                    {"type": "audio"},
                    {"type": "video"},
                ],
                "name": "ann",
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "f", "arguments": {"a": 1}},
                    },
                    {"id": "c2", "type": "function", "function": {"name": "f", "arguments": "{a"}},
                ],
                "reasoning_content": "Hm.",
            },
            {"role": "tool", "content": "2", "tool_call_id": "c1"},
        ],
    }
