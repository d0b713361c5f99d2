"""What passes between gateway and enclave: it comes over as it was sent, or is a ValueError."""

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from fondaco.domain.confidential.sealed import Sealed, SealedCall, SealedFormat
from fondaco.domain.errors import (
    ContextTooLongError,
    EngineBusyError,
    EngineError,
    EngineTimeoutError,
    FondacoError,
    InvalidRequestError,
    ModelNotInstalledError,
    NotFoundError,
    SealedRequestError,
    UnauthorizedError,
    UnknownError,
)
from fondaco.enclave_wire import (
    PieceReader,
    call_bytes,
    call_of,
    error_bytes,
    error_of,
    failure_bytes,
    piece_bytes,
)
from fondaco.serving.routing.failover import BrokenOffError

CALL = SealedCall(
    format=SealedFormat.ACI,
    body=b'{"a":\n\xff}',
    headers={"x-e2ee-version": "2"},
    completion_id="chatcmpl-1",
    created=1_800_000_000,
    endpoint="/v1/chat/completions",
    owner="ab" * 32,
)
SIZES = st.integers(0, 2**31 - 1)
PIECES = st.lists(
    st.builds(Sealed, st.binary(max_size=50), SIZES, SIZES, st.none() | SIZES, st.booleans())
)


def test_a_call_comes_over_as_it_was_sent() -> None:
    assert call_of(call_bytes("e2ee-toy", CALL)) == ("e2ee-toy", CALL)


@pytest.mark.parametrize(
    "change",
    [
        {"model": None},
        {"model": "x" * 3_000},
        {"format": "aci/2"},
        {"headers": [["a", "b"]]},
        {"headers": {"a": 1}},
        {"headers": {str(n): "" for n in range(40)}},
        {"completion_id": "../etc"},
        {"completion_id": ""},
        {"completion_id": "a\n"},
        {"created": "soon"},
        {"created": -1},
        {"owner": 5},
        {"endpoint": None},
    ],
)
def test_a_call_of_another_shape_is_none(change: dict[str, Any]) -> None:
    line, _, body = call_bytes("e2ee-toy", CALL).partition(b"\n")
    head = orjson.loads(line) | change
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        call_of(orjson.dumps(head) + b"\n" + body)


@given(PIECES, st.data())
def test_pieces_come_over_however_their_bytes_are_cut(pieces: list[Sealed], data: Any) -> None:
    octets, reader = b"".join(map(piece_bytes, pieces)), PieceReader()
    cuts = data.draw(st.lists(st.integers(0, len(octets))))
    edges = [0, *sorted(cuts), len(octets)]
    parts = (octets[start:end] for start, end in pairwise(edges))
    assert [piece for part in parts for piece in reader.feed(part)] == pieces


@pytest.mark.parametrize(
    "octets",
    [
        b"\n",
        b"[]\n",
        b"x" * 70_000,
        b'{"tokens":1,"reasoning_tokens":0,"last":false}\n',
        b'{"bytes":-1,"tokens":1,"reasoning_tokens":0,"last":false}\n',
        b'{"bytes":1000000000000,"tokens":1,"reasoning_tokens":0,"last":false}\n',
        b'{"bytes":0,"tokens":-1,"reasoning_tokens":0,"last":false}\n',
        b'{"bytes":0,"tokens":1,"reasoning_tokens":0,"last":1}\n',
        b'{"error":5}\n',
    ],
)
def test_what_is_no_piece_is_an_error(octets: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        list(PieceReader().feed(octets))


@pytest.mark.parametrize(
    "error",
    [
        SealedRequestError("No.", reason="e2ee_replay_detected", faults={"a": ("b",)}),
        InvalidRequestError(faults={"messages.0.content": ("Not this", "nor that")}),
        ContextTooLongError(9, 5, 10),
        ContextTooLongError(None, 5, None),
        ModelNotInstalledError("toy", "toy.gguf"),
        EngineBusyError("Full.", retry_after_s=3),
        EngineTimeoutError(),
        NotFoundError("None."),
        UnauthorizedError("Another key."),
    ],
)
def test_an_error_comes_over_as_it_was_raised(error: FondacoError) -> None:
    told = error_of(error_bytes(error))
    assert type(told) is type(error)
    assert str(told) == str(error)
    assert told.retry_after_s == error.retry_after_s
    assert vars(told) == vars(error)


@pytest.mark.parametrize("error", [UnknownError("Ours."), BrokenOffError()])
def test_other_errors_come_over_as_the_engines(error: FondacoError) -> None:
    told = error_of(error_bytes(error))
    assert (type(told), str(told)) == (EngineError, str(error))


def test_an_error_ends_the_pieces() -> None:
    reader = PieceReader()
    octets = piece_bytes(Sealed(b"abc", 1)) + failure_bytes(EngineTimeoutError("Late."))
    read = reader.feed(octets)
    assert next(read) == Sealed(b"abc", 1)
    with pytest.raises(EngineTimeoutError, match="Late"):
        next(read)


@pytest.mark.parametrize(
    "told", [b"{}", b"[]", b"x", b'{"error":{"class":"ContextTooLongError","tokens":[1]}}']
)
def test_what_is_no_error_is_a_value_error(told: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        error_of(told)
