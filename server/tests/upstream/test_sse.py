"""Server-sent events, in any portions."""

import itertools
import json

import pytest
from hypothesis import given, strategies as st

from fondaco.clients.sse import DOCUMENT_LIMIT_BYTES, EVENT_LIMIT_BYTES, EventParser
from fondaco.domain.errors import EngineError


def _payloads(*pieces: bytes) -> list[bytes]:
    events = EventParser()
    return [payload for piece in pieces for payload in events.feed(piece)]


@pytest.mark.parametrize(
    ("stream", "payloads"),
    [
        (b'data: {"a":1}\n\n', [b'{"a":1}']),
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"data: a\r\rdata: b\r\rx", [b"a", b"b"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data\n\n", []),
        (b"data:\n\ndata: \n\ndata: null\n\ndata: a\n\n", [b"a"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"\xef\xbb\xbf: ping\n\ndata: a\n\n", [b"a"]),
        (b"data: a\n\ndata: [DONE] \n\ndata: b\n\n", [b"a"]),
        (b"data: a\n\ndata:[DONE]\n\ndata: b\n\n", [b"a"]),
        (b'event: x\ndata: {"a":\ndata: 1}\n\n', [b'{"a":\n1}']),
        (b"event: x\nid: 1\nretry: 5\ndata: a\n\n", [b"a"]),
        (b": ping\n\ndata: a\n\n", [b"a"]),
        (b": ping\ndata: a\n\n", [b"a"]),
        (b"\n\n\ndata: a\n\n\n\n", [b"a"]),
        (b"datax: a\n\n", []),
        (b"data: a\n", []),
    ],
)
def test_payloads_are_taken_out_of_events(stream: bytes, payloads: list[bytes]) -> None:
    assert _payloads(stream) == payloads


def test_done_ends_the_stream_and_is_no_payload() -> None:
    events = EventParser()
    assert events.feed(b"data: a\n\ndata: [DONE]\n\ndata: b\n\n") == [b"a"]
    assert events.finished
    assert events.feed(b"data: c\n\n") == []
    assert events.end() == []


def test_the_end_completes_a_last_event() -> None:
    events = EventParser()
    assert events.feed(b"data: a\n\ndata: b\n") == [b"a"]
    assert events.end() == [b"b"]


_LINES = st.sampled_from(
    [
        b"data: a",
        b"data:b",
        b"data: ",
        b"data",
        b": ping",
        b"event: x",
        b"",
        b"",
        b"data: [DONE]",
        b"\r",
    ]
)
_ENDS = st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r"])


@given(lines=st.lists(st.tuples(_LINES, _ENDS), max_size=12), cuts=st.sets(st.integers(0, 160)))
def test_any_split_gives_the_same_payloads(
    lines: list[tuple[bytes, bytes]], cuts: set[int]
) -> None:
    stream = b"".join(line + end for line, end in lines)
    edges = sorted({0, len(stream)} | {cut for cut in cuts if cut < len(stream)})
    whole, split = EventParser(), EventParser()
    expected = whole.feed(stream) + whole.end()
    pieces = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert [p for piece in pieces for p in split.feed(piece)] + split.end() == expected
    assert split.finished == whole.finished


@pytest.mark.parametrize("portion", [2**22, 2**18])
@pytest.mark.parametrize("size", [EVENT_LIMIT_BYTES, EVENT_LIMIT_BYTES + 1])
def test_an_event_has_a_largest_size_however_it_is_split(portion: int, size: int) -> None:
    stream = b"data: " + b"x" * (size - 6) + b"\n\n"
    pieces = [stream[start : start + portion] for start in range(0, len(stream), portion)]
    if size <= EVENT_LIMIT_BYTES:
        assert len(_payloads(*pieces)) == 1
    else:
        with pytest.raises(EngineError, match="mebibytes"):
            _payloads(*pieces)


def test_an_event_without_end_is_not_collected_for_ever() -> None:
    with pytest.raises(EngineError, match="mebibytes"):
        _payloads(*(b"x" * 2**16 + b"\n" for _ in range(300)))


@pytest.mark.parametrize("portion", [1, 7, 4096])
@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf", b"\r\n \n"])
def test_a_document_in_place_of_events_is_the_payload_of_the_end(
    portion: int, begin: bytes
) -> None:
    document = b'{"error":\n\n{"message": "data: a\\r"}}\r\n'
    stream = begin + document
    events = EventParser()
    for start in range(0, len(stream), portion):
        assert events.feed(stream[start : start + portion]) == []
    (payload,) = events.end()
    assert json.loads(payload) == json.loads(document)
    assert events.finished
    assert events.feed(b"data: a\n\n") == []


def test_a_document_has_a_largest_size() -> None:
    events = EventParser()
    for _ in range(DOCUMENT_LIMIT_BYTES // 2**20):
        events.feed(b"{" * 2**20)
    with pytest.raises(EngineError, match="mebibytes"):
        events.feed(b"{")
