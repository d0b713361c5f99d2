"""What becomes of the chunks of a stream, however many of them arrive together."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.chat.events import EventBatch, Finish, Reasoning, Text, UsageReported
from fondaco.domain.chat.opaque import MOST_CHARACTERS
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import EngineError
from fondaco.domain.money.usage import Report
from fondaco.engines.common.dialects import DIALECTS
from fondaco.engines.openai.reply.chunk_template import ChunkTemplate
from fondaco.engines.openai.reply.reader import ReplyReader


def _chunk(delta: dict[str, object], *, index: int = 0, **others: object) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
    return json.dumps({"id": "x", "choices": [choice], **others}, ensure_ascii=False).encode()


def _usage(output_tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 3, "completion_tokens": output_tokens}


def _reader(choices: int = 1, *, stream: bool = False) -> ReplyReader:
    return ReplyReader(ChatRequest("m", (), 9, choices=choices, stream=stream), DIALECTS["vllm"])


def _folded(batches: Sequence[EventBatch]) -> dict[tuple[str, int], tuple[str, int]]:
    """Return the text and the tokens of each choice, by kind."""
    told: dict[tuple[str, int], tuple[str, int]] = {}
    for event in (event for batch in batches for event in batch):
        if isinstance(event, Text | Reasoning):
            place = type(event).__name__, event.choice
            text, tokens = told.get(place, ("", 0))
            told[place] = text + event.text, tokens + event.tokens
    return told


def test_texts_that_arrive_together_become_one_and_keep_their_tokens() -> None:
    chunks = [_chunk({"content": text}) for text in ("A", " lamp", ' "at"', " sea")]
    assert _reader().read(chunks) == (Text(0, 'A lamp "at" sea', 4),)


def test_a_caller_who_reads_along_gets_the_texts_as_the_engine_cut_them() -> None:
    chunks = [_chunk({"content": text}) for text in ("A", " lamp", ' "at"', " sea")]
    said = _reader(stream=True).read(chunks)
    assert said == (Text(0, "A"), Text(0, " lamp"), Text(0, ' "at"'), Text(0, " sea"))


def test_thoughts_and_texts_are_kept_apart() -> None:
    chunks = [
        _chunk({"reasoning_content": "So"}),
        _chunk({"reasoning_content": " what"}),
        _chunk({"content": "A"}),
        _chunk({"content": "B"}),
    ]
    assert _reader().read(chunks) == (Reasoning(0, "So what", 2), Text(0, "AB", 2))


def test_choices_are_kept_apart() -> None:
    chunks = [_chunk({"content": "A"}, index=index) for index in (0, 0, 1, 1, 0)]
    assert _reader(2).read(chunks) == (Text(0, "AA", 2), Text(1, "AA", 2), Text(0, "A", 1))


def test_texts_with_log_probabilities_stay_as_they_came() -> None:
    choice = {
        "index": 0,
        "delta": {"content": "A"},
        "logprobs": {"content": [{"token": "A", "logprob": -0.5}]},
        "finish_reason": None,
    }
    said = _reader().read([json.dumps({"choices": [choice]}).encode()] * 2)
    assert [isinstance(event, Text) and len(event.logprobs or ()) for event in said] == [1, 1]


def test_of_the_usage_reported_so_far_the_last_is_passed_on() -> None:
    reader = _reader()
    first = reader.read([_chunk({"content": "A"}, usage=_usage(1))])
    assert first == (Text(0, "A"), UsageReported(Report(3, None, 1)))
    chunks = [_chunk({"content": text}, usage=_usage(n)) for text, n in (("B", 2), ("C", 3))]
    assert reader.read(chunks) == (Text(0, "BC", 2), UsageReported(Report(3, None, 3)))


def test_a_choice_ends_with_the_last_reason_before_the_end() -> None:
    reader = _reader()
    chunk = _chunk({"content": "A"})
    ends = [
        json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}).encode()
        for reason in ("stop", "length")
    ]
    assert reader.read([chunk, ends[0], chunk, ends[1]]) == (Text(0, "AA", 2),)
    assert not reader.complete, "an engine whose finishes mean nothing has to end its stream well"
    assert reader.read_last([]) == (Finish(0, "length"),)
    reader.check()


def test_a_choice_ends_once_however_often_its_usage_is_reported() -> None:
    reader = _reader()
    end = json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}).encode()
    usage = json.dumps({"choices": [], "usage": _usage(1)}).encode()
    said = reader.read([_chunk({"content": "A"}), end, usage, usage])
    assert said == (Text(0, "A"), Finish(0, "stop"), UsageReported(Report(3, None, 1)))
    assert reader.read_last([usage], done=True) == (UsageReported(Report(3, None, 1)),)


def test_text_after_a_finish_needs_another_finish() -> None:
    reader = _reader()
    end = json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}).encode()
    assert reader.read([end, _chunk({"content": "A"})]) == (Text(0, "A"),)
    assert reader.read_last([]) == ()
    with pytest.raises(EngineError, match="ended its response without"):
        reader.check()


_TEXTS = st.text(st.sampled_from('aé😀"\\\n\t \u2028{}:,'), max_size=4)
_DELTAS = st.one_of(
    st.builds(lambda text: {"content": text}, _TEXTS),
    st.builds(lambda text: {"role": "assistant", "content": text}, _TEXTS),
    st.builds(lambda text: {"content": text, "reasoning_content": None}, _TEXTS),
    st.builds(lambda text: {"reasoning_content": text, "content": None}, _TEXTS),
    st.builds(lambda text, thought: {"content": text, "reasoning": thought}, _TEXTS, _TEXTS),
    st.just({}),
)


@given(
    said=st.lists(st.tuples(_DELTAS, st.integers(0, 1), st.sampled_from(["", "a", "é"]))),
    escaped=st.booleans(),
    stream=st.booleans(),
)
def test_chunks_read_together_say_what_each_says_alone(
    said: list[tuple[dict[str, object], int, str]],
    escaped: bool,  # noqa: FBT001 - drawn
    stream: bool,  # noqa: FBT001 - drawn
) -> None:
    chunks = [_chunk(delta, index=index, model=model) for delta, index, model in said]
    if escaped:
        chunks = [json.dumps(json.loads(chunk)).encode() for chunk in chunks]
    together = _reader(2, stream=stream).read(chunks)
    assert _folded([together]) == _folded([_reader(2).read([chunk]) for chunk in chunks])


def test_a_chunk_that_only_begins_and_ends_like_the_known_one_is_read() -> None:
    chunk_template = ChunkTemplate()
    chunk_template.learn(b'{"delta":{"content":"A"}}', Text, 0, "A")
    assert chunk_template.text(b'{"delta":{"content":"A","role":"b"}}') == ""
    assert chunk_template.text(b'{"delta":{"content":"}}') == ""
    assert chunk_template.text(b'{"delta":{"content":"a\\u0041"}}') == ""
    assert chunk_template.text(b'{"delta":{"content":"a\tb"}}') == ""
    assert chunk_template.text(b'{"delta":{"content":"ab"}}') == "ab"


def test_a_text_that_stands_elsewhere_too_teaches_nothing() -> None:
    chunk_template = ChunkTemplate()
    chunk_template.learn(b'{"delta":{"content":"A"},"model":"A"}', Text, 0, "A")
    assert chunk_template.text(b'{"delta":{"content":"B"},"model":"A"}') == ""


@pytest.mark.parametrize("odd", [b"\\u0041", b"\xc3", b"a\tb", b'"', b""], ids=repr)
def test_a_run_of_known_chunks_ends_before_one_that_has_to_be_read(odd: bytes) -> None:
    chunk = b'{"delta":{"content":"%b"}}'
    chunk_template = ChunkTemplate()
    chunk_template.learn(chunk % b"A", Text, 0, "A")
    run = chunk_template.run([chunk % text for text in (b"B", b"C", odd, b"D")])
    assert run == ["B", "C"]


def test_many_chunks_at_once_say_what_they_say_one_by_one() -> None:
    texts = ["One", " two", ' "three"', " f\u00f6ur", "\n", " six", " seven"]
    chunks = [_chunk({"content": text}) for text in texts]
    together, apart = _reader(stream=True), _reader(stream=True)
    one_by_one = [event for chunk in chunks for event in apart.read([chunk])]
    assert list(together.read(chunks)) == one_by_one == [Text(0, text) for text in texts]


def test_what_only_an_engine_reads_passes_up_to_its_limit_and_no_further() -> None:
    reader = _reader(stream=True)
    signature = {"google": {"thought_signature": "x" * 2**20}}
    chunk = _chunk({"extra_content": signature})
    passed = MOST_CHARACTERS // len(json.dumps(signature))
    for _ in range(passed):
        assert reader.read([chunk])
        reader.check()
    call = {"index": 0, "id": "a", "function": {"name": "f"}, "extra_content": signature}
    reader.read([_chunk({"tool_calls": [call]})])
    with pytest.raises(EngineError, match="too many reasoning details"):
        reader.check()
