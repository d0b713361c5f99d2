"""What a model is told of thinking before it answers in a form."""

import pytest

from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.reasoning import ReasoningOptions, ReasoningProfile, ReasoningSwitch
from fondaco.domain.chat.request import NO_OPTIONS, ChatOptions, ChatRequest
from fondaco.domain.chat.tools import Tool, ToolOptions
from fondaco.domain.models.model import Model
from fondaco.domain.money.price import TokenPrice
from fondaco.domain.output_format.output_format import JsonObject
from fondaco.serving.chat.output.reasoning import think

FORM = ChatOptions(output_format=JsonObject())
TOOLS = ChatOptions(tool_options=ToolOptions((Tool("add"),)))
OFF = ReasoningOptions(off=True)


def _told(habits: ReasoningProfile | None, options: ChatOptions) -> ChatRequest:
    """Return the turn as a model with such habits gets it."""
    model = Model(
        id="thinker",
        name="Thinker",
        price=TokenPrice(input=1, output=1),
        context_tokens=1024,
        reasoning=habits,
    )
    request, _, _ = think(
        model, ChatRequest("thinker", (Message(Role.USER, "Hi"),), 1, options=options)
    )
    return request


@pytest.mark.parametrize("options", [FORM, TOOLS], ids=["form", "tools"])
def test_a_form_holds_after_the_thoughts(options: ChatOptions) -> None:
    assert _told(ReasoningProfile(), options).options.format_after == "</think>"


@pytest.mark.parametrize("switch", list(ReasoningSwitch))
def test_a_form_holds_from_the_beginning_where_nothing_is_to_be_thought(
    switch: ReasoningSwitch,
) -> None:
    options = ChatOptions(output_format=JsonObject(), reasoning=OFF)
    assert _told(ReasoningProfile(switch=switch), options).options.format_after == ""


@pytest.mark.parametrize(
    ("switch", "after"),
    [
        (ReasoningSwitch.NOT, "</think>"),
        (ReasoningSwitch.PROMPT, "</think>"),
        (ReasoningSwitch.TEMPLATE, ""),
        (ReasoningSwitch.EFFORT, ""),
    ],
)
def test_a_thought_that_the_template_opens_is_ended_first(
    switch: ReasoningSwitch, after: str
) -> None:
    options = ChatOptions(output_format=JsonObject(), reasoning=OFF)
    assert (
        _told(ReasoningProfile(opens_think_tag=True, switch=switch), options).options.format_after
        == after
    )


@pytest.mark.parametrize(
    ("habits", "options"),
    [
        (ReasoningProfile(), NO_OPTIONS),
        (ReasoningProfile(tags=False), FORM),
        (None, FORM),
        (ReasoningProfile(), ChatOptions(tool_options=ToolOptions((Tool("add"),), choice="none"))),
    ],
    ids=["no form", "thoughts apart", "no thoughts", "no tools"],
)
def test_nothing_comes_before_a_form_otherwise(
    habits: ReasoningProfile | None, options: ChatOptions
) -> None:
    assert _told(habits, options).options.format_after == ""


@pytest.mark.parametrize("habits", [None, ReasoningProfile()])
def test_options_without_effect_leave_a_plain_request(habits: ReasoningProfile | None) -> None:
    assert _told(habits, ChatOptions(reasoning=OFF)).options is NO_OPTIONS
