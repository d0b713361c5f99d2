"""Which calls an embedded model makes, however its text is cut into pieces."""

import json
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings, strategies as st

from fondaco.domain.chat.events import ChatEvent, Finish, FinishReason, Text, TokenLogprob, ToolPart
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.chat.tools import Tool, ToolOptions
from fondaco.domain.output_format.output_format import JsonObject
from fondaco.engines.llamacpp.tool_answers import ToolCallParser

TOOLS = (Tool("get"), Tool("get_weather"), Tool("add"))
NO_OPTIONS = ChatOptions(tool_options=ToolOptions(TOOLS))
OSLO = '{"city": "Oslo"}'


def envelope(name: str, arguments: str) -> str:
    return f'{{"name": "{name}", "arguments": {arguments}}}'


def tagged(*calls: tuple[str, str]) -> str:
    return "\n".join(f"<tool_call>\n{envelope(*call)}\n</tool_call>" for call in calls)


def fenced(*calls: tuple[str, str]) -> str:
    return "\n".join(f"```json\n{envelope(*call)}\n```" for call in calls)


def bare(*calls: tuple[str, str]) -> str:
    return "\n".join(envelope(*call) for call in calls)


def events(
    pieces: Iterable[str], *, options: ChatOptions = NO_OPTIONS, reason: FinishReason = "stop"
) -> list[ChatEvent]:
    """Return what is told of a text that comes in pieces."""
    answers = ToolCallParser(ChatRequest("m", (), 99, options=options))
    said = [event for piece in pieces for event in answers.read((Text(0, piece),))]
    return [*said, *answers.read((Finish(0, reason),))]


def told(said: Iterable[ChatEvent]) -> tuple[str, list[tuple[str, str]], FinishReason | None]:
    """Return the words, the calls and the end of an answer."""
    words, reason, calls = "", None, dict[int, list[str]]()
    for event in said:
        match event:
            case Text():
                assert not calls, "what follows a call is no words"
                words += event.text
            case ToolPart():
                calls.setdefault(event.index, [event.name, ""])[1] += event.arguments
            case Finish():
                reason = event.reason
            case _:
                raise AssertionError(event)
    assert list(calls) == list(range(len(calls)))
    return words, [(name, arguments) for name, arguments in calls.values()], reason


@pytest.mark.parametrize("written", [tagged, fenced, bare])
def test_a_call_is_emitted_without_the_text_around_it(written: object) -> None:
    assert callable(written)
    text = written(("get_weather", OSLO), ("add", "{}"))
    assert told(events([text])) == ("", [("get_weather", OSLO), ("add", "{}")], "tool_calls")


def test_arguments_are_emitted_as_they_arrive() -> None:
    said = events(["<tool_call>", '\n{"name": "add", "arguments": ', '{"a"', ": 1", "}}"])
    assert [event for event in said if isinstance(event, ToolPart)] == [
        ToolPart(0, 0, name="add", tokens=2),
        ToolPart(0, 0, '{"a"'),
        ToolPart(0, 0, ": 1"),
        ToolPart(0, 0, "}"),
    ]


def test_words_pass_as_they_come() -> None:
    logprobs = (TokenLogprob("A", -0.5, (65,)),)
    answers = ToolCallParser(ChatRequest("m", (), 99, options=NO_OPTIONS))
    for text in (Text(0, "A", 1, logprobs), Text(0, " <b", 2), Text(0, " {", 1, logprobs)):
        assert answers.read((text,)) == (text,)


def test_words_before_a_tagged_call_stay_words() -> None:
    text = f"I look. {tagged(('add', '{}'))}"
    assert told(events([text])) == ("I look. ", [("add", "{}")], "tool_calls")


@pytest.mark.parametrize(
    "text",
    [
        "a < b",
        "Use <tool_call> for calls",
        "<tool_call>",
        "{",
        '{"name": "sing", "arguments": {}}',
        "```python\nprint()\n```",
        "```json",
        "<tool",
        "<<tool_call>",
    ],
)
def test_what_only_looks_like_a_call_is_words(text: str) -> None:
    assert told(events(text)) == (text, [], "stop")


def test_a_call_cut_off_by_the_output_limit_is_emitted_in_part() -> None:
    said = events(['<tool_call>\n{"name": "add", "arguments": {"a": '], reason="length")
    assert told(said) == ("", [("add", '{"a": ')], "length")


@pytest.mark.parametrize("text", ["<tool_call>", '{"name": "ad', "```json\n{"])
def test_of_a_call_that_is_cut_before_its_arguments_nothing_shows(text: str) -> None:
    assert told(events(text, reason="length")) == ("", [], "length")


def test_a_stop_string_within_a_call_makes_no_whole_one() -> None:
    said = events(['<tool_call>\n{"name": "add", "arguments": {"a": '])
    assert told(said) == ("", [("add", '{"a": ')], "stop")


def test_where_a_form_is_wanted_json_without_a_tag_is_words() -> None:
    options = ChatOptions(tool_options=ToolOptions(TOOLS), output_format=JsonObject())
    assert told(events([bare(("add", "{}"))], options=options))[1] == []
    assert told(events([tagged(("add", "{}"))], options=options))[1] == [("add", "{}")]


def test_a_call_may_follow_what_has_to_come_before_an_answer() -> None:
    options = ChatOptions(
        tool_options=ToolOptions(TOOLS), output_format=JsonObject(), format_after="</think>"
    )
    text = f"<think>{bare(('get', '{}'))}</think>\n\n{tagged(('add', '{}'))}"
    words, calls, _ = told(events(text, options=options))
    assert (words.rstrip(), calls) == (f"<think>{bare(('get', '{}'))}</think>", [("add", "{}")])


def test_choices_are_distinguished() -> None:
    answers = ToolCallParser(ChatRequest("m", (), 99, choices=2, options=NO_OPTIONS))
    said = list(answers.read((Text(0, '{"name": "add", '), Text(1, "Hello"))))
    said += answers.read((Text(0, '"arguments": {}}'), Finish(0, "stop"), Finish(1, "stop")))
    assert told(event for event in said if event.choice == 0)[1:] == (  # type: ignore[union-attr]  # no counts here
        [("add", "{}")],
        "tool_calls",
    )
    assert said[0] == Text(1, "Hello")


JSON = st.recursive(
    st.none() | st.text(st.sampled_from('a{}[]"\\<>é\n'), max_size=4) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)
CALLS = st.tuples(
    st.sampled_from([tool.name for tool in TOOLS]),
    st.dictionaries(st.text(max_size=3), JSON, max_size=2).map(json.dumps),
)


@st.composite
def cut(draw: st.DrawFn, text: str) -> list[str]:
    edges = sorted(draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *edges], [*edges, None], strict=True)]
    return [piece for piece in pieces if piece]


@settings(deadline=None)
@given(
    calls=st.lists(CALLS, min_size=1, max_size=3),
    written=st.sampled_from([tagged, fenced, bare]),
    words=st.sampled_from(["", "", "I look.", "1 < 2 ", "a <tool_call> b"]),
    data=st.data(),
)
def test_any_cut_of_a_text_makes_the_same_calls(
    calls: Sequence[tuple[str, str]], written: object, words: str, data: st.DataObject
) -> None:
    assert callable(written)
    text = f"{words}{tagged(*calls)}" if words else written(*calls)
    assert told(events(data.draw(cut(text)))) == (words, list(calls), "tool_calls")


WORDS = st.lists(
    st.sampled_from(["<tool_call>", "\n", "{", '{"name": "', "add", "<", "```json", "a"])
)


@settings(deadline=None)
@given(WORDS.map("".join), st.data())
def test_any_cut_of_any_words_says_the_same(text: str, data: st.DataObject) -> None:
    assert told(events(data.draw(cut(text)))) == told(events([text]))
