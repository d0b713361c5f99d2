"""One turn through every dialect: the same text, tool calls, usage and charge."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

import orjson
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from fake_upstream import Asked, Script, Wire, saying
from fondaco.domain.models.model import Capabilities
from house import TOY, House, house
from spoken import DIALECTS, Json, Outcome, Turn, outcome

SCHEMA: Json = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION: Json = {"name": "f", "parameters": SCHEMA}
STREAMING = {"stream", "stream_options"}


@dataclass(frozen=True)
class Answer:
    """What an engine says in pieces."""

    pieces: tuple[str, ...]
    calls: tuple[tuple[str, int], ...]
    """The arguments of tool calls, and where they are cut in two."""
    cut_short: bool
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int

    def chunks(self, *, raw: bool) -> list[Json]:
        """Return what the engine streams, of a chat or of a raw prompt."""
        texts: list[Json] = [
            {"text": one} if raw else {"delta": {"content": one}} for one in self.pieces
        ]
        calls = [
            {"delta": {"tool_calls": [{"index": n, **piece}]}}
            for n, (arguments, cut) in enumerate(self.calls)
            for piece in (
                {"id": f"c{n}", "function": {"name": "f", "arguments": arguments[:cut]}},
                {"function": {"arguments": arguments[cut:]}},
            )
        ]
        reason = "tool_calls" if calls else "length" if self.cut_short else "stop"
        last: Json = {**({"text": ""} if raw else {"delta": {}}), "finish_reason": reason}
        details = {"prompt_tokens_details": {"cached_tokens": self.cached_tokens}}
        usage = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.output_tokens,
            **details,
        }
        choices = [*texts, *calls, last]
        return [
            *({"choices": [{"index": 0, **choice}]} for choice in choices),
            {"choices": [], "usage": usage},
        ]

    @property
    def script(self) -> Script:
        """Says it, of whichever kind of prompt."""

        async def script(wire: Wire, asked: Asked) -> bool:
            return await saying(*self.chunks(raw="prompt" in asked.body))(wire, asked)

        return script


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
arguments = st.dictionaries(st.text("abc", max_size=3), texts | st.integers(-9, 9), max_size=3).map(
    lambda given: orjson.dumps(given).decode()
)
raw_turns = st.builds(
    Turn,
    turns=st.tuples(st.text(st.characters(codec="utf-8"), min_size=50, max_size=60)),
    max_tokens=st.integers(90, 4_000),
    temperature=st.sampled_from((0.0, 0.5, 1.0)),
)
"""What is nothing but one text, as completions have it: a raw prompt has at most a token for each byte."""
chats = st.builds(
    Turn,
    system=st.none() | texts,
    turns=st.integers(0, 2).flatmap(lambda n: st.tuples(*[texts] * (2 * n + 1))),
    past=st.none() | st.tuples(arguments, texts),
    functions=st.just((FUNCTION,)),
    max_tokens=st.integers(90, 4_000),
    temperature=st.sampled_from((0.0, 0.5, 1.0)),
)


@st.composite
def said(draw: st.DrawFn, most_calls: int) -> Answer:
    calls = draw(st.lists(arguments, max_size=most_calls))
    return Answer(
        pieces=tuple(draw(st.lists(texts, min_size=0 if calls else 1, max_size=5))),
        calls=tuple((one, draw(st.integers(0, len(one)))) for one in calls),
        cut_short=draw(st.booleans()),
        prompt_tokens=draw(st.integers(10, 50)),
        cached_tokens=draw(st.integers(0, 10)),
        output_tokens=draw(st.integers(10, 90)),  # no fewer than the pieces: those are counted
    )


@pytest.fixture(scope="module")
async def able() -> AsyncGenerator[House]:
    models = (replace(TOY, capabilities=Capabilities(function_calling=True)),)
    async with house(models=models) as one:
        yield one


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=st.tuples(raw_turns, said(0)) | st.tuples(chats, said(2)))
async def test_a_turn_is_the_same_in_every_dialect(able: House, drawn: tuple[Turn, Answer]) -> None:
    turn, answer = drawn
    asked: list[Json] = []
    told: list[Outcome] = []
    charged: list[list[tuple[str, int, int]]] = []
    spoken = [one for one in DIALECTS.values() if one.can_say(turn)]
    assert len(spoken) == (3 if turn.functions else 4)
    for dialect in spoken:
        for stream in (False, True):
            before, chats_before = len(able.charges()), len(able.fake.asked)
            told.append(await outcome(able, dialect, turn, answer.script, stream=stream))
            rows = able.charges()[before:]
            charged.append([(str(row.sku), row.units, row.amount) for row in rows])
            asked += [
                {name: one.body[name] for name in one.body.keys() - STREAMING}
                for one in able.fake.asked[chats_before:]
            ]
    assert len(asked) == 6
    for several in (asked, told, charged):
        assert several == [several[0]] * len(several)
    assert charged[0]
    assert told[0].text == "".join(answer.pieces)
    assert [one for _, _, one in told[0].calls] == [json.loads(one) for one, _ in answer.calls]
    assert told[0].prompt_tokens == answer.prompt_tokens
    assert told[0].output_tokens == answer.output_tokens
    assert told[0].ended == ("calls" if answer.calls else "length" if answer.cut_short else "stop")
