"""Chat templates before children: what is rendered as models' own are, and what is refused."""

import json
from collections.abc import AsyncGenerator

import pytest

from fondaco.domain.errors import InvalidRequestError
from fondaco.sandbox.rendering import render
from fondaco.sandbox.templates import MOST_BYTES, SandboxedTemplates
from hand_clock import HandClock

VARIABLES: dict[str, object] = {
    "messages": [
        {"role": "system", "content": "Be <brief>."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]},
    ],
    "tools": None,
    "bos_token": "<s>",
    "add_generation_prompt": True,
}
RENDERED = {
    "{{ bos_token }}{{ messages[1]['content'] }}": "<s>Hi",
    "{% for m in messages[:2] %}{{ m.role }}:{{ m.content }};{% endfor %}": (
        "system:Be <brief>.;user:Hi;"
    ),
    "{{ messages[0] | tojson }}": '{"role": "system", "content": "Be <brief>."}',
    "{{ {'b': 1, 'a': 2} | tojson(indent=1, sort_keys=true) }}": '{\n "a": 2,\n "b": 1\n}',
    "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}": "3",
    "{% for m in messages %}{{ loop.previtem.role if not loop.first }}/{% endfor %}": (
        "/system/user/"
    ),
    "{% for m in messages %}{% if loop.index0 == 1 %}{% break %}{% endif %}{{ m.role }}{% endfor %}": (
        "system"
    ),
    "{{ ' a,b '.strip().split(',')[1] }}{{ 'abc'[::-1] }}{{ 'x'.startswith('x') }}": "bcbaTrue",
    "{% macro say(x) %}[{{ x }}]{% endmacro %}{{ say(messages | length) }}": "[3]",
    "{% if messages[2].content is none and tools is none %}none{% endif %}": "none",
    "{{ tools is iterable }}{{ messages is iterable }}{{ unknown is defined }}": "FalseTrueFalse",
    "{{ messages[2].tool_calls[0].function.name ~ '!' }}": "f!",
    "a\n    {%- if true %}\n  b\n    {%- endif %}\n": "a  b",
    "{% if true %}\nb\n{% endif %}\nc": "b\nc",
    "{% generation %}said{% endgeneration %}\n{%- generation -%} said {%- endgeneration -%}": (
        "saidsaid"
    ),
    "{{ strftime_now('%d %b %Y') }}": "15 Jan 2027",
    "{{ messages | map(attribute='role') | join(' ') | title }}": "System User Assistant",
}
REFUSED = {
    "{{ raise_exception('Only users may speak') }}": "refuses the messages: Only users may speak",
    "a\n{{ nobody.name }}": "in line 2: undefined value",
    "\n\n{% if %}": "in line 3: syntax error",
    "{{ 'x' | shout }}": "unknown filter",
    "{% include '/etc/passwd' %}": "template not found",
    "{% import 'os' as os %}": "template not found",
    "{% extends '/etc/passwd' %}": "does not exist",
    "{{ ''.__class__.__mro__ }}": "undefined value",
    "{{ messages.__class__.__mro__ }}": "undefined value",
    "{{ raise_exception.__globals__['os'] }}": "is undefined",
    "{{ '{0.__class__}'.format(messages) }}": "cannot be rendered",
    "{{ (messages | attr('__class__')).__mro__ }}": "undefined value",
    "{{ 'a' * 10**9 }}": "out of fuel",
    "{{ ['a' * 10**5] * 10**9 }}": "too large",
    "{% for i in range(10**12) %}x{% endfor %}": "too many elements",
    "{% for i in range(9**5) %}{% for j in range(9**5) %}x{% endfor %}{% endfor %}": "out of fuel",
    "{{ '%999999999d' | format(1) }}": "out of fuel",
    "{{ ('a' * 100000) | replace('a', 'b' * 100000) }}": "out of fuel",
    "{{ [1] | batch(10**10, 'x') | list }}": "out of fuel",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}": "recursion limit",
    "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}": "recursion limit",
    "{{ 9**9**9 }}": "unable to calculate",
    "{{ 'a' * 2000000 }}": "renders 2000000 characters",
    "{{ " + "(" * 9_000 + "1" + ")" * 9_000 + " }}": "recursion limits",
    "{{ messages | tojson(indent=10**12) }}": "cannot be rendered",
    "{{ strftime_now(1) }}": "cannot be rendered",
}
ENDING = {
    "a width of another kind": "{{ '{:>999999999}'.format(1) }}",
    "texts that double": "{% set ns = namespace(s='aaaa') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "lists that double": "{% set x = [] %}" + "{% set x = [x, x] %}" * 40 + "{{ x }}",
    "a list within itself": "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
}


@pytest.fixture(scope="module")
async def templates() -> AsyncGenerator[SandboxedTemplates]:
    clock = HandClock()
    templates = SandboxedTemplates(clock, wait_s=30)
    yield templates
    await templates.aclose()


@pytest.mark.parametrize(("template", "text"), RENDERED.items(), ids=range(len(RENDERED)))
def test_a_template_is_rendered_as_those_of_models_are(template: str, text: str) -> None:
    told = render(template, json.dumps(VARIABLES), "2027-01-15T08:00:00+00:00")
    assert told == {"text": text}


def test_a_template_error_is_reported_with_its_line() -> None:
    def reason(template: str) -> str:
        return render(template, json.dumps(VARIABLES), "2027-01-15")["reason"]

    assert reason("{{ raise_exception('no') }}") == "refuses the messages: no"
    assert reason("a\n{{ b.c.d }}") == (
        "cannot be rendered in line 2: undefined value: `b` is undefined"
    )
    assert reason("{{ strftime_now(1) }}") == "cannot be rendered: TypeError"
    assert reason("{{ 'a' * 2000000 }}").startswith("renders 2000000 characters")


async def test_a_child_renders_with_the_clocks_time(templates: SandboxedTemplates) -> None:
    assert await templates.render("{{ strftime_now('%d %b %Y %H') }}", {}) == "15 Jan 2027 08"


@pytest.mark.parametrize(("template", "why"), REFUSED.items(), ids=range(len(REFUSED)))
async def test_a_template_that_makes_no_prompt_is_refused_with_the_reason(
    templates: SandboxedTemplates, template: str, why: str
) -> None:
    with pytest.raises(InvalidRequestError, match=r"^The chat_template ") as refused:
        await templates.render(template, VARIABLES)
    (told,) = (refused.value.faults or {})["chat_template"]
    assert why in told


@pytest.mark.parametrize("template", ENDING.values(), ids=ENDING)
async def test_a_template_that_takes_the_machine_ends_its_child_alone(
    templates: SandboxedTemplates, template: str
) -> None:
    # Which limit is met first, the child's memory or the template's fuel, is the allocator's affair.
    with pytest.raises(InvalidRequestError, match=r"too much memory|out of fuel"):
        await templates.render(template, VARIABLES)
    assert await templates.render("{{ bos_token }}", VARIABLES) == "<s>"


async def test_what_one_template_does_to_its_variables_the_next_does_not_see(
    templates: SandboxedTemplates,
) -> None:
    await templates.render("{{ messages.append(1) }}{% set x = 1 %}", VARIABLES)
    assert (
        await templates.render("{{ messages | length }}{{ x is defined }}", VARIABLES) == "3False"
    )


async def test_a_template_larger_than_any_is_refused_unread(templates: SandboxedTemplates) -> None:
    with pytest.raises(InvalidRequestError, match=f"{MOST_BYTES + 1} bytes"):
        await templates.render("a" * (MOST_BYTES + 1), VARIABLES)


async def test_a_long_conversation_is_rendered(templates: SandboxedTemplates) -> None:
    said = [{"role": "user", "content": "é" * 200} for _ in range(3_000)]
    told = await templates.render(
        "{% for m in messages %}{{ m.role }}{{ m.content }}{% endfor %}", {"messages": said}
    )
    assert told == ("user" + "é" * 200) * 3_000
