"""What a model is told of thinking before it answers in a form."""

import pytest

from fondaco.domain.chat import PLAIN, Message, Role, Turn, Wishes
from fondaco.domain.form import JsonObject
from fondaco.domain.model import Model
from fondaco.domain.price import TokenPrice
from fondaco.domain.thinking import Habits, Switch, ThinkingWish
from fondaco.domain.tooling import Tool, Tooling
from fondaco.serving.thinking import think

FORM = Wishes(form=JsonObject())
TOOLS = Wishes(tooling=Tooling((Tool("add"),)))
OFF = ThinkingWish(off=True)


def _told(habits: Habits | None, wishes: Wishes) -> Turn:
    """Return the turn as a model with such habits gets it."""
    model = Model(
        id="thinker",
        name="Thinker",
        price=TokenPrice(input=1, output=1),
        context_tokens=1024,
        thinking=habits,
    )
    turn, _, _ = think(model, Turn("thinker", (Message(Role.USER, "Hi"),), 1, wishes=wishes))
    return turn


@pytest.mark.parametrize("wishes", [FORM, TOOLS], ids=["form", "tools"])
def test_a_form_holds_after_the_thoughts(wishes: Wishes) -> None:
    assert _told(Habits(), wishes).wishes.form_after == "</think>"


@pytest.mark.parametrize("switch", list(Switch))
def test_a_form_holds_from_the_beginning_where_nothing_is_to_be_thought(switch: Switch) -> None:
    wishes = Wishes(form=JsonObject(), thinking=OFF)
    assert _told(Habits(switch=switch), wishes).wishes.form_after == ""


@pytest.mark.parametrize(
    ("switch", "after"),
    [
        (Switch.NOT, "</think>"),
        (Switch.PROMPT, "</think>"),
        (Switch.TEMPLATE, ""),
        (Switch.EFFORT, ""),
    ],
)
def test_a_thought_that_the_template_opens_is_ended_first(switch: Switch, after: str) -> None:
    wishes = Wishes(form=JsonObject(), thinking=OFF)
    assert _told(Habits(begun=True, switch=switch), wishes).wishes.form_after == after


@pytest.mark.parametrize(
    ("habits", "wishes"),
    [
        (Habits(), PLAIN),
        (Habits(tags=False), FORM),
        (None, FORM),
        (Habits(), Wishes(tooling=Tooling((Tool("add"),), choice="none"))),
    ],
    ids=["no form", "thoughts apart", "no thoughts", "no tools"],
)
def test_nothing_comes_before_a_form_otherwise(habits: Habits | None, wishes: Wishes) -> None:
    assert _told(habits, wishes).wishes.form_after == ""


@pytest.mark.parametrize("habits", [None, Habits()])
def test_a_wish_that_means_nothing_leaves_a_plain_turn(habits: Habits | None) -> None:
    assert _told(habits, Wishes(thinking=OFF)).wishes is PLAIN
