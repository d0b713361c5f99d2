"""What a model's template is told of thinking, in the real child.

No model that thinks is at hand, so the one that is gets a template of such a one.
"""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.reasoning import ReasoningOptions
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.engines.llamacpp.engine import LlamaCpp
from fondaco.engines.llamacpp.supervisor import Launch

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"
    "{{ reasoning_effort }}"
)
_KEY = b"tokenizer.chat_template"
_STRING_HEAD = 12
"""Bytes of a string's type and length in the file's format."""


@pytest.fixture(scope="module")
async def thinker(
    engine: LlamaCpp,  # task groups nest: the one that lasts longer has to be the outer one
    launch: Launch,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[LlamaCpp]:
    file = tmp_path_factory.mktemp("models") / "thinker.gguf"
    await anyio.to_thread.run_sync(_retold, launch.model_file, file)
    thinker = LlamaCpp("embedded", replace(launch, model_file=file, slots=1, context_tokens=256))
    async with anyio.create_task_group() as group:
        await group.start(thinker.run)
        yield thinker
        group.cancel_scope.cancel()
    file.unlink()


def _retold(known: Path, file: Path) -> None:
    """Write a model file again with `TEMPLATE` in the room of its own template."""
    content = bytearray(known.read_bytes())
    start = content.index(_KEY) + len(_KEY) + _STRING_HEAD
    room = int.from_bytes(content[start - 8 : start], "little")
    content[start : start + room] = TEMPLATE.ljust(room).encode()
    file.write_bytes(content)


async def _prompt(engine: LlamaCpp, *said: Message, options: ChatOptions | None = None) -> int:
    """Return how many tokens the prompt is."""
    messages = (Message(Role.USER, "Hi"), *said)
    request = ChatRequest(
        "thinker", messages, max_output_tokens=1, options=options or ChatOptions()
    )
    return (await engine.measure(request)).input_tokens


async def test_a_switch_reaches_the_template(thinker: LlamaCpp) -> None:
    off = ChatOptions(template_variables={"enable_thinking": False})
    on = ChatOptions(template_variables={"enable_thinking": True})
    plain = await _prompt(thinker)
    assert await _prompt(thinker, options=off) > plain
    assert await _prompt(thinker, options=on) == plain


async def test_an_effort_reaches_the_template(thinker: LlamaCpp) -> None:
    high = ChatOptions(reasoning=ReasoningOptions(effort="high"))
    assert await _prompt(thinker, options=high) > await _prompt(thinker)


async def test_earlier_reasoning_reaches_a_template_that_has_a_place_for_it(
    thinker: LlamaCpp,
) -> None:
    said = Message(Role.ASSISTANT, "Yes")
    thought = replace(said, reasoning="It is a long story")
    assert await _prompt(thinker, thought) > await _prompt(thinker, said)


async def test_earlier_reasoning_is_left_out_where_the_template_has_no_place(
    engine: LlamaCpp,
) -> None:
    said = Message(Role.ASSISTANT, "Yes")
    thought = replace(said, reasoning="It is a long story")
    assert await _prompt(engine, thought) == await _prompt(engine, said)


async def test_a_summary_of_thoughts_is_named_as_ignored(engine: LlamaCpp) -> None:
    asked = ChatOptions(reasoning=ReasoningOptions(effort="high", summary="auto"))
    request = ChatRequest("smollm2-135m", (Message(Role.USER, "Hi"),), 1, options=asked)
    assert engine.ignores(request) == ("reasoning.summary",)
