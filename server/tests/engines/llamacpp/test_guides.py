"""Answers of the embedded engine under guides, judged by validators of the tests' own."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import lark
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from contracts.chat_engine import answer
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatOptions, ChatRequest, Sampling
from fondaco.domain.output_format.output_format import (
    Choices,
    Grammar,
    JsonSchema,
    OutputFormat,
    Regex,
)
from fondaco.engines.llamacpp.engine import LlamaCpp

pytestmark = pytest.mark.anyio

few = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def asking(output_format: OutputFormat, model: str, **more: object) -> ChatRequest:
    return ChatRequest(
        model,
        (Message(Role.USER, "Tell me about a person."),),
        max_output_tokens=150,
        sampling=Sampling(temperature=1.0, seed=1),
        options=ChatOptions(output_format=output_format, **more),  # type: ignore[arg-type]  # of wishes
        cache_scope="guides",
    )


async def told_by(engine: LlamaCpp, request: ChatRequest) -> str:
    told = await answer(engine, request)
    assert told.finishes == [(0, "stop")], told.text
    return told.text


# Regular expressions that end, in a part of the language that all engines read alike.

atoms = st.sampled_from(
    [
        "a",
        "Z",
        " ",
        "é",
        r"\.",
        r"\/",
        "/",
        '"',
        r"\d",
        r"\w",
        r"[a-f]",
        r"[^\s,]",
        r"[0-9A-F]",
        ".",
    ]
)


def longer(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = inner.map("(?:{})".format)
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda ways: f"({'|'.join(ways)})"),
        st.builds("{}{}".format, grouped, st.sampled_from(["?", "{2}", "{0,3}", "{1,4}?"])),
    )


@few
@given(pattern=st.recursive(atoms, longer, max_leaves=6))
async def test_a_regex_matches_the_whole_answer(engine: LlamaCpp, model: str, pattern: str) -> None:
    assert re.fullmatch(pattern, await told_by(engine, asking(Regex(pattern), model)))


@few
@given(
    options=st.lists(
        st.text('aé"\\/ \n{}|:;', min_size=1, max_size=8), min_size=1, max_size=6, unique=True
    )
)
async def test_an_answer_is_one_of_the_choices(
    engine: LlamaCpp, model: str, options: list[str]
) -> None:
    assert await told_by(engine, asking(Choices(tuple(options)), model)) in options


# Grammars of a few rules, each of which leads to later ones only, so that all of them end. The ways of
# a rule end differently: the validator takes no two that are alike.


@dataclass(frozen=True)
class Way:
    """One way to fulfil a rule: symbols, of which the first may be left out."""

    number: int
    optional: bool
    symbols: tuple[str, ...]

    def spelled(self, maybe: str, spell: Callable[[str], str]) -> str:
        first, *others = map(spell, self.symbols)
        first = maybe.format(first) if self.optional else first
        return " ".join([first, *others, f'"{self.number}."'])


Rules: TypeAlias = tuple[tuple[Way, ...], ...]
words = st.sampled_from(['"red"', '"a b"', '"é\\n"', "[0-9]{1,3}", "[a-c]{2}"])


@st.composite
def grammars(draw: st.DrawFn) -> Rules:
    count = draw(st.integers(1, 4))
    rules = []
    for number in range(count):
        later = [f"r{n}" for n in range(number + 1, count)]
        symbols = st.sampled_from(later) | words if later else words
        sequence = st.lists(symbols, min_size=1, max_size=3).map(tuple)
        ways = draw(st.lists(st.tuples(st.booleans(), sequence), min_size=1, max_size=3))
        rules.append(tuple(Way(n, *way) for n, way in enumerate(ways)))
    return tuple(rules)


def in_lark(rules: Rules) -> str:
    def spell(symbol: str) -> str:
        return f"/{symbol}/" if symbol.startswith("[") else symbol

    return _spelled(rules, "{}: {}", "start", "[{}]", spell)


def in_gbnf(rules: Rules) -> str:
    return _spelled(rules, "{} ::= {}", "root", "({})?", str)


def _spelled(rules: Rules, rule: str, first: str, maybe: str, spell: Callable[[str], str]) -> str:
    return "\n".join(
        rule.format(
            f"r{number}" if number else first, " | ".join(way.spelled(maybe, spell) for way in ways)
        )
        for number, ways in enumerate(rules)
    )


@few
@given(rules=grammars(), spelled=st.sampled_from([in_lark, in_gbnf]))
async def test_a_grammar_reads_the_answer(
    engine: LlamaCpp, model: str, rules: Rules, spelled: Callable[[Rules], str]
) -> None:
    text = await told_by(engine, asking(Grammar(spelled(rules)), model))
    lark.Lark(in_lark(rules), parser="earley", lexer="dynamic_complete").parse(text)


async def test_white_space_of_json_is_as_asked_for(engine: LlamaCpp, model: str) -> None:
    schema = '{"type":"array","items":{"const":1},"minItems":2,"maxItems":2}'
    output_format = JsonSchema(schema, whitespace=r"[\n]")
    text = await told_by(engine, asking(output_format, model))
    assert re.fullmatch(r"\[\n*1\n*,\n*1\n*\]", text)
    assert "\n" in text


@pytest.mark.parametrize(
    "constraint",
    [Regex("[ab]{3}"), Choices(("aba", "bab")), Grammar("start: x x x\nx: /[ab]/")],
    ids=["regex", "choices", "grammar"],
)
async def test_a_guide_may_begin_after_a_thought(
    engine: LlamaCpp, model: str, constraint: OutputFormat
) -> None:
    thought, _, said = (
        await told_by(engine, asking(constraint, model, format_after=","))
    ).partition(",")
    assert thought
    assert re.fullmatch(r"\s{0,2}[ab]{3}", said)


async def test_each_choice_follows_its_guide(engine: LlamaCpp, model: str) -> None:
    request = asking(Regex("[0-9]{4}"), model)
    told = await answer(
        engine, ChatRequest(request.model, request.messages, 10, choices=2, options=request.options)
    )
    assert all(re.fullmatch("[0-9]{4}", text) for text in told.texts.values())
    assert len(told.texts) == 2
