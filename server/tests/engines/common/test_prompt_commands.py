"""Commands within prompts: refused or made plain words, and what only looks like one."""

from time import process_time

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.image_styles import style
from fondaco.engines.common.prompt_commands import (
    Command,
    PromptRules,
    expect_no_command,
    prompts_of,
)

ALL = frozenset(Command)
STRIPPING = PromptRules(ALL, strip=True)
COMMANDS = {
    'x <sd_cpp_extra_args>{"width":2048}</sd_cpp_extra_args>': Command.TAG,
    "< SD_CPP_EXTRA_ARGS": Command.TAG,
    "a cat <lora:secret:1>": Command.TAG,
    "a cat <lora:secret": Command.TAG,
    "<hypernet:x:1>": Command.TAG,
    "<segment:face>": Command.TAG,
    "< anything\n: at all >": Command.TAG,
    "<lo<lora:x:1>ra:x:1>": Command.TAG,
    "a __colour__ cat": Command.WILDCARD,
    "__path/to/*__": Command.WILDCARD,
    "___odd___": Command.WILDCARD,
    "a {red|blue} cat": Command.VARIANT,
    "{2$$red|blue}": Command.VARIANT,
    "{a {b|c}}": Command.VARIANT,
    "${colour=red}": Command.VARIANT,
    "%{x}": Command.VARIANT,
    "embedding:easynegative": Command.EMBEDDING,
    "(Embedding:x:1.2)": Command.EMBEDDING,
}
PLAIN = (
    "1 < 2",
    "I <3 Lora",
    "a <b>bold</b> cat",
    "lora the explorer",
    "x < y: so small",
    "<b>%s</b> {0}",
    "Name: ____",
    "snake__case",
    "__ __",
    "a || b",
    "(a cat:1.2), [dog]",
    "costs $$",
    "embeddings: what they are",
)


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="are instructions to the engine") as refused:
        PromptRules(ALL).apply({"prompt": "a heron", "negative_prompt": text})
    assert list(refused.value.faults) == ["negative_prompt"]


@pytest.mark.parametrize("text", COMMANDS)
def test_only_the_commands_that_an_engine_knows_are_refused(text: str) -> None:
    expect_no_command({"prompt": text}, ALL - {COMMANDS[text]})


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_command_stays_as_it_is(text: str) -> None:
    assert PromptRules(ALL).apply({"prompt": text}) == {"prompt": text}
    assert STRIPPING.apply({"prompt": text}) == {"prompt": text}


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_that_is_stripped_leaves_plain_words(text: str) -> None:
    plain = STRIPPING.apply({"prompt": text})["prompt"]
    expect_no_command({"prompt": plain}, ALL)
    assert plain.strip()


@given(st.text(st.sampled_from("<>{}_|$%:a \nlorembding"), max_size=60))
def test_nothing_that_is_left_after_stripping_is_a_command(text: str) -> None:
    expect_no_command({"prompt": STRIPPING.apply({"prompt": text})["prompt"]}, ALL)


@pytest.mark.parametrize("piece", ["<a:", "< ", "__a", "{", "_", "embedding", "<a"])
def test_a_long_prompt_costs_no_more_for_its_pattern(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = process_time()
    expect_no_command({"prompt": text}, ALL - {Command.WILDCARD})
    STRIPPING.apply({"prompt": text})
    assert process_time() - started < 1


def test_the_words_of_a_style_are_ours_and_added_afterwards() -> None:
    task = ImageTask(
        model="m", prompt="a <lora:x:1> \ud800", width=8, height=8, steps=1, seed=1,
        style=style("Origami"),
    )  # fmt: skip
    prompt, negative = prompts_of(task, STRIPPING)
    assert prompt == style("Origami").styled("a  lora:x:1  ?")
    assert negative == style("Origami").avoiding("")
