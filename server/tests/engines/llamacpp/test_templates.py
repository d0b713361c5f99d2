"""Prompts of the embedded engine by chat templates of callers."""

import orjson
import pytest

from contracts.chat_engine import answer
from fondaco.domain.chat.message import Message, Role, ToolUse
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.chat.tools import Tool, ToolOptions
from fondaco.domain.errors import FieldNotTakenError, InvalidRequestError
from fondaco.engines.llamacpp.engine import LlamaCpp
from fondaco.engines.llamacpp.supervisor import Launch, Running

pytestmark = pytest.mark.anyio

CONVERSATION = (
    Message(Role.SYSTEM, "Be brief."),
    Message(Role.USER, "Which colour has the sky?"),
    Message(Role.ASSISTANT, "Blue."),
    Message(Role.USER, ("And", "the sea?")),
)


def by(template: str, model: str, *said: Message, **options: object) -> ChatRequest:
    asked = ChatOptions(template=template, **options)  # type: ignore[arg-type]  # of wishes
    return ChatRequest(
        model, said or (Message(Role.USER, "Hi"),), max_output_tokens=4, options=asked
    )


async def prompt(engine: LlamaCpp, request: ChatRequest) -> str:
    """Return what the engine reads for the turn, special tokens and all."""
    return await _asked(
        engine,
        "POST",
        "/detokenize",
        "content",
        {"tokens": (await engine.measure(request)).token_ids},
    )


async def own_template(engine: LlamaCpp) -> str:
    return await _asked(engine, "GET", "/props", "chat_template")


async def _asked(engine: LlamaCpp, method: str, path: str, field: str, body: object = None) -> str:
    running = await engine._supervisor.running()
    assert isinstance(running, Running)
    spelled = b"" if body is None else orjson.dumps(body)
    async with running.upstream.send(method, path, spelled) as reply:
        told: str = orjson.loads(await reply.read(2**20))[field]
    return told


async def test_the_models_own_template_makes_the_prompt_that_it_makes_anyway(
    engine: LlamaCpp, model: str
) -> None:
    said = (*CONVERSATION[:-1], Message(Role.USER, "And the sea?"))
    own = await own_template(engine)
    plain = await engine.measure(ChatRequest(model, said, max_output_tokens=4))
    assert (await engine.measure(by(own, model, *said))).token_ids == plain.token_ids


async def test_special_tokens_of_a_template_are_the_models_and_nothing_is_added(
    engine: LlamaCpp, model: str
) -> None:
    template = "{{ bos_token }}user\n{{ messages[0].content }}{{ eos_token }}"
    asked = by(template, model)
    measured = await engine.measure(asked)
    assert await prompt(engine, asked) == "<|im_start|>user\nHi<|im_end|>"
    assert measured.token_ids is not None
    assert measured.token_ids[0] == 1
    assert measured.input_tokens == len(measured.token_ids)


async def test_a_template_gets_the_callers_variables_parts_functions_and_calls(
    engine: LlamaCpp, model: str
) -> None:
    template = (
        "{{ mood }};{{ tools[0].function.name }};{{ messages[0].content[1].text }};"
        "{{ messages[1].tool_calls[0].function.arguments.city }};"
        "{{ messages[2].tool_call_id }};{{ add_generation_prompt }}"
    )
    said = (
        CONVERSATION[-1],
        Message(Role.ASSISTANT, None, tool_calls=(ToolUse("c1", "weather", '{"city":"Rome"}'),)),
        Message(Role.TOOL, "Sun", tool_call_id="c1"),
    )
    tool_options = ToolOptions((Tool("weather", parameters='{"type":"object"}'),), choice="none")
    switches = {"mood": "calm", "add_generation_prompt": False, "messages": []}
    asked = by(template, model, *said, tool_options=tool_options, template_variables=switches)
    assert await prompt(engine, asked) == "calm;weather;the sea?;Rome;c1;False"


async def test_the_prompt_of_a_template_is_answered(engine: LlamaCpp, model: str) -> None:
    template = "<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\n"
    told = await answer(engine, by(template, model))
    assert told.text
    assert told.usage is not None
    assert told.usage.input_tokens == (await engine.measure(by(template, model))).input_tokens


async def test_what_a_template_refuses_reaches_the_caller(engine: LlamaCpp, model: str) -> None:
    with pytest.raises(InvalidRequestError, match="refuses the messages: speak first"):
        await engine.measure(by("{{ raise_exception('speak first') }}", model))


async def test_an_engine_that_renders_none_names_itself(launch: Launch, model: str) -> None:
    with pytest.raises(FieldNotTakenError, match="'bare' does not support chat_template"):
        await LlamaCpp("bare", launch).measure(by("Hi", model))
