"""Tool calls are read from responses, whatever quirks their engine has."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from fondaco.domain.chat.events import EventBatch, Finish, Text, ToolPart
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.chat.tools import Tool, ToolOptions
from fondaco.domain.errors import EngineError
from fondaco.engines.common.dialects import DIALECTS
from fondaco.engines.openai.reply.reader import ReplyReader

Piece = dict[str, object]
TOOLS = (Tool("get"), Tool("get_weather"), Tool("add"))


def piece(
    name: str | None = None, arguments: object = None, call_id: str | None = None, **others: object
) -> Piece:
    """Return a piece of a call; what is None is not there."""
    function = {"name": name, "arguments": arguments}
    told = {key: value for key, value in function.items() if value is not None}
    named = {} if call_id is None else {"id": call_id, "type": "function"}
    return {**named, **others, "function": told}


def chunk(*pieces: Piece, reason: str | None = None, **others: object) -> bytes:
    delta = {"tool_calls": list(pieces)} if pieces else {}
    choice = {"index": 0, "delta": delta, "finish_reason": reason, **others}
    return json.dumps({"choices": [choice]}).encode()


def reader(*, stream: bool = True, parallel: bool = True) -> ReplyReader:
    tool_options = ToolOptions(TOOLS, parallel=parallel)
    request = ChatRequest("m", (), 9, stream=stream, options=ChatOptions(tool_options=tool_options))
    return ReplyReader(request, DIALECTS["openai"])


def heard(payloads: Iterable[bytes], *, parallel: bool = True) -> list[EventBatch]:
    one = reader(parallel=parallel)
    *payloads, last = payloads
    batches = [one.read([payload]) for payload in payloads] + [one.read_last([last], done=True)]
    one.check()
    return batches


def calls(batches: Iterable[EventBatch]) -> list[tuple[str, str, str]]:
    """Return the id, the name and the arguments of each call in order, as a caller folds them."""
    folded: dict[int, list[str]] = {}
    for part in (event for batch in batches for event in batch):
        if isinstance(part, ToolPart):
            assert part.name or part.index in folded, "the first piece names the call"
            assert part.name or part.arguments, "no piece is empty"
            assert not (part.name and part.index in folded), "the first piece alone names the call"
            call = folded.setdefault(part.index, [part.id, part.name, ""])
            call[2] += part.arguments
    assert list(folded) == list(range(len(folded)))
    return [(one, name, arguments) for one, name, arguments in folded.values()]


END = chunk(reason="tool_calls")
OSLO = '{"city": "Oslo"}'
QUIRKS: dict[str, tuple[list[bytes], list[tuple[str, str, str]]]] = {
    "as OpenAI does": (
        [
            chunk(piece("get_weather", "", "c1", index=0)),
            chunk(piece(arguments='{"city": ', index=0)),
            chunk(piece(arguments='"Oslo"}', index=0)),
            chunk(piece("add", "", "c2", index=1)),
            chunk(piece(arguments="{}", index=1)),
        ],
        [("c1", "get_weather", OSLO), ("c2", "add", "{}")],
    ),
    "whole calls, all with index 0": (
        [chunk(piece("add", "{}", "c1", index=0), piece("get_weather", OSLO, "c2", index=0))],
        [("c1", "add", "{}"), ("c2", "get_weather", OSLO)],
    ),
    "whole calls in chunks of their own, all with index 0": (
        [
            chunk(piece("add", "{}", "c1", index=0)),
            chunk(piece("get_weather", OSLO, "c2", index=0)),
        ],
        [("c1", "add", "{}"), ("c2", "get_weather", OSLO)],
    ),
    "whole calls without indexes or ids": (
        [chunk(piece("add", "{}"), piece("add", "{}")), chunk(piece("get_weather", OSLO))],
        [("", "add", "{}"), ("", "add", "{}"), ("", "get_weather", OSLO)],
    ),
    "arguments as an object": (
        [chunk(piece("get_weather", {"city": "Oslo"}, "c1", index=0))],
        [("c1", "get_weather", '{"city":"Oslo"}')],
    ),
    "id and name in every piece": (
        [
            chunk(piece("get_weather", '{"city"', "c1", index=0)),
            chunk(piece("get_weather", ': "Oslo"}', "c1", index=0)),
        ],
        [("c1", "get_weather", OSLO)],
    ),
    "a new id in every piece": (
        [
            chunk(piece("get_weather", '{"city"', "c1", index=0)),
            chunk(piece(None, ': "Oslo"}', "c2", index=0)),
        ],
        [("c1", "get_weather", OSLO)],
    ),
    "names in pieces": (
        [
            chunk(piece("get", "", "c1", index=0)),
            chunk(piece("_weather", "", index=0)),
            chunk(piece(None, OSLO, index=0)),
        ],
        [("c1", "get_weather", OSLO)],
    ),
    "the id after the name": (
        [chunk(piece("get", "", index=0)), chunk(piece(None, "{}", "c1", index=0))],
        [("c1", "get", "{}")],
    ),
    "nothing in place of no arguments": (
        [chunk(piece("add", None, "c1", index=0)), chunk(piece("get", "", "c2", index=1))],
        [("c1", "add", "{}"), ("c2", "get", "{}")],
    ),
    "no arguments, ids or indexes": (
        [chunk(piece("add")), chunk(piece("get_weather", ""))],
        [("", "add", "{}"), ("", "get_weather", "{}")],
    ),
    "a function that was not offered": (
        [chunk(piece("sing", "", "c1", index=0)), chunk(piece(None, "{}", index=0))],
        [("c1", "sing", "{}")],
    ),
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_calls_are_read_despite_the_quirks_of_engines(quirk: str) -> None:
    payloads, expected = QUIRKS[quirk]
    assert sorted(calls(heard([*payloads, END]))) == sorted(expected)


@settings(deadline=None)
@given(st.sampled_from(sorted(QUIRKS)), st.data())
def test_however_chunks_arrive_together_they_make_the_same_calls(
    quirk: str, data: st.DataObject
) -> None:
    payloads, expected = QUIRKS[quirk]
    payloads = [*payloads, END]
    edges = sorted(data.draw(st.sets(st.integers(1, len(payloads)))) | {0, len(payloads)})
    for stream in (True, False):
        one = reader(stream=stream)
        batches = [one.read(payloads[a:b]) for a, b in pairwise(edges)]
        batches.append(one.read_last([], done=True))
        one.check()
        assert sorted(calls(batches)) == sorted(expected)


ARGUMENTS = st.dictionaries(st.text(max_size=3), st.text(max_size=5), max_size=3).map(json.dumps)


@settings(deadline=None)
@given(
    said=st.lists(st.tuples(st.sampled_from(["get", "get_weather", "add"]), ARGUMENTS), min_size=1),
    data=st.data(),
)
def test_however_arguments_are_cut_they_make_the_same_calls(
    said: Sequence[tuple[str, str]], data: st.DataObject
) -> None:
    payloads: list[bytes] = []
    for index, (name, arguments) in enumerate(said):
        payloads.append(chunk(piece(name, "", f"c{index}", index=index)))
        at = 0
        while at < len(arguments):
            length = data.draw(st.integers(1, len(arguments) - at))
            payloads.append(chunk(piece(None, arguments[at : at + length], index=index)))
            at += length
    told = calls(heard([*payloads, END]))
    assert told == [(f"c{n}", name, arguments) for n, (name, arguments) in enumerate(said)]


def test_a_whole_message_makes_the_calls_of_its_list() -> None:
    message = {"content": None, "tool_calls": [piece("add", "{}", "c1"), piece("add", "{}", "c2")]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    (batch,) = heard([json.dumps({"choices": [choice]}).encode()])
    assert calls([batch]) == [("c1", "add", "{}"), ("c2", "add", "{}")]
    assert batch[-1] == Finish(0, "tool_calls")


def test_the_old_form_of_a_call_is_one() -> None:
    delta = {"function_call": {"name": "add", "arguments": "{}"}}
    choice = {"index": 0, "delta": delta, "finish_reason": "function_call"}
    (batch,) = heard([json.dumps({"choices": [choice]}).encode()])
    assert calls([batch]) == [("", "add", "{}")]
    assert batch[-1] == Finish(0, "tool_calls")


@pytest.mark.parametrize(
    ("told", "reason"),
    [("stop", "tool_calls"), ("tool_calls", "tool_calls"), ("length", "length")],
)
def test_an_answer_with_calls_ends_for_them_unless_it_was_cut(told: str, reason: str) -> None:
    *_, last = heard([chunk(piece("add", '{"a": 1', "c1", index=0)), chunk(reason=told)])
    assert last == (Finish(0, reason),)  # type: ignore[arg-type]  # one of the reasons


def test_an_answer_without_calls_does_not_end_for_them() -> None:
    text = json.dumps({"choices": [{"index": 0, "delta": {"content": "A"}}]}).encode()
    assert heard([text, END]) == [(Text(0, "A"),), (Finish(0, "stop"),)]


def test_a_call_that_was_cut_before_its_arguments_gets_none() -> None:
    payloads = [chunk(piece("get", "", "c1", index=0)), chunk(reason="length")]
    assert calls(heard(payloads)) == [("c1", "get", "")]


def test_of_several_calls_where_one_is_wanted_the_first_is_made() -> None:
    payloads, expected = QUIRKS["as OpenAI does"]
    assert calls(heard([*payloads, END], parallel=False)) == expected[:1]


def test_a_known_name_is_emitted_before_its_arguments_begin() -> None:
    begun = reader().read([chunk(piece("add", "", "c1", index=0))])
    assert begun == (ToolPart(0, 0, name="add", id="c1"),)


def test_words_before_a_call_stay_words() -> None:
    delta = {"content": "Wait.", "tool_calls": [piece("add", "{}", "c1", index=0)]}
    choice = {"index": 0, "delta": delta, "finish_reason": "stop"}
    (batch,) = heard([json.dumps({"choices": [choice]}).encode()])
    assert batch[0] == Text(0, "Wait.")
    assert calls([batch]) == [("c1", "add", "{}")]


def test_log_probabilities_that_come_with_a_call_stay() -> None:
    logprobs = {"content": [{"token": "{}", "logprob": -0.5}]}
    text, part = reader().read([chunk(piece("add", "{}", "c1", index=0), logprobs=logprobs)])
    assert isinstance(text, Text)
    assert [token.token for token in text.logprobs or ()] == ["{}"]
    assert (text.tokens, part) == (1, ToolPart(0, 0, "{}", 0, "add", "c1"))


@pytest.mark.parametrize(
    "bad",
    [
        piece(None, "{}", index=0),
        piece("add", 7, index=0),
        piece("add", "{}", index=0) | {"type": "custom"},
        {"index": 0, "function": {"name": 7}},
        {"index": 0, "function": "add"},
    ],
)
def test_what_is_no_call_is_the_engines_failure(bad: Piece) -> None:
    one = reader()
    one.read([chunk(bad)])
    with pytest.raises(EngineError, match="not a chat completion"):
        one.check()


@pytest.mark.parametrize("none", ["null", "[]", "", " ", None, [], {}, " null "], ids=repr)
@pytest.mark.parametrize("index", [0, None])
def test_whatever_stands_for_no_arguments_is_an_empty_object(
    none: object, index: int | None
) -> None:
    payloads = [
        chunk(piece("add", none, "c1", index=index)),
        chunk(piece("get", none, "c2", index=None if index is None else 1)),
        END,
    ]
    assert calls(heard(payloads)) == [("c1", "add", "{}"), ("c2", "get", "{}")]


@settings(deadline=None)
@given(st.sampled_from(["null", "[]", ' {"a": null}', "[1]", "nulls"]), st.data())
def test_arguments_that_only_begin_like_none_are_kept(word: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(word)))) | {0, len(word)})
    pieces = [word[a:b] for a, b in pairwise(cuts)]
    payloads = [chunk(piece("add", "", "c1", index=0))]
    payloads += [chunk(piece(None, part, index=0)) for part in pieces]
    kept = "{}" if word in ("null", "[]") else word
    assert calls(heard([*payloads, END])) == [("c1", "add", kept)]


@pytest.mark.parametrize("index", [0, None, "0", 0.0, -1, "first"], ids=repr)
def test_calls_that_share_an_id_are_calls_of_their_own(index: object) -> None:
    together = chunk(
        piece("add", "{}", "c1", index=index), piece("get_weather", OSLO, "c1", index=index)
    )
    again = chunk(piece("add", '{"a": 2}', "c1", index=index))
    told = calls(heard([together, again, END]))
    assert told == [("c1", "add", "{}"), ("", "get_weather", OSLO), ("", "add", '{"a": 2}')]


def test_calls_at_places_of_their_own_may_share_an_id() -> None:
    payloads = [
        chunk(piece("add", "", "c1", index=0), piece("add", "", "c1", index=1)),
        chunk(piece(None, "{}", index=0)),
        chunk(piece(None, '{"a": 1}', index=1)),
        END,
    ]
    assert calls(heard(payloads)) == [("c1", "add", "{}"), ("", "add", '{"a": 1}')]


def test_an_id_and_name_repeated_at_the_end_make_no_call() -> None:
    payloads = [
        chunk(piece("add", '{"a": 1}', "c1", index=0)),
        chunk(piece("add", "", "c1", index=0), reason="tool_calls"),
    ]
    assert calls(heard(payloads)) == [("c1", "add", '{"a": 1}')]


@pytest.mark.parametrize(("given", "told"), [(7, "7"), (7.0, "7"), ("7", "7"), ([7], "")])
def test_an_id_that_is_a_number_is_spelled(given: object, told: str) -> None:
    one = {"index": 0, "id": given, "function": {"name": "add", "arguments": "{}"}}
    assert calls(heard([chunk(one), END])) == [(told, "add", "{}")]


def test_a_name_that_is_null_in_later_pieces_is_the_first_ones() -> None:
    later: Piece = {
        "index": 0,
        "id": None,
        "type": None,
        "function": {"name": None, "arguments": "1}"},
    }
    payloads = [chunk(piece("add", '{"a": ', "c1", index=0)), chunk(later), END]
    assert calls(heard(payloads)) == [("c1", "add", '{"a": 1}')]


def test_a_single_call_that_is_in_no_list_is_one() -> None:
    delta = {"tool_calls": piece("add", "{}", "c1", index=0)}
    payload = json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode()
    assert calls(heard([payload, END])) == [("c1", "add", "{}")]


def test_calls_have_an_end() -> None:
    one = reader()
    one.read([chunk(piece("add", "{}", index=index)) for index in range(512)])
    one.check()
    one.read([chunk(piece("add", "{}", index=512))])
    with pytest.raises(EngineError, match="not a chat completion"):
        one.check()


@pytest.mark.parametrize("blanks", [" ", "\n", " \t" * 40])
def test_endless_white_space_is_emitted_so_that_it_counts(blanks: str) -> None:
    one = reader()
    batches = [one.read([chunk(piece("add", "", "c1", index=0))])]
    batches += [one.read([chunk(piece(None, blanks, index=0))]) for _ in range(500)]
    one.check()
    assert sum(e.tokens for batch in batches for e in batch if isinstance(e, ToolPart)) == 501


def test_a_name_without_end_is_the_engines_failure() -> None:
    one = reader()
    for _ in range(8):
        one.read([chunk(piece("x" * 20 + "y" * 12, index=0)), chunk(piece("z", index=0))])
    with pytest.raises(EngineError, match="not a chat completion"):
        one.check()


def test_a_call_after_a_finish_is_made() -> None:
    late = chunk(piece("add", "{}", "c2", index=1))
    told = calls(heard([chunk(piece("add", "{}", "c1", index=0)), END, late, END]))
    assert told == [("c1", "add", "{}"), ("c2", "add", "{}")]
