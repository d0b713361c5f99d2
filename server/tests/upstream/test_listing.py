"""What an engine's list of models shows: that it is there, and which names it knows."""

import json

import pytest

from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineError, EngineRefusedError, EngineUnavailableError
from fondaco.engines.openai.listing import names_listed
from upstream.raw_server import listening


def reply(status: int, body: object) -> bytes:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"HTTP/1.1 %d Status\r\nContent-Length: %d\r\n\r\n%b" % (status, len(text), text)


async def seen(answer: bytes) -> frozenset[str]:
    error: EngineError | None = None
    names: frozenset[str] = frozenset()
    async with listening() as server:
        server.answer(answer)
        upstream = connect(f"http://127.0.0.1:{server.port}/v1")
        try:
            names = await names_listed(upstream)
        except EngineError as caught:  # raised again outside of the server's task group
            error = caught
        await upstream.aclose()
    assert server.heads[0].startswith("GET /v1/models HTTP/1.1")
    if error is not None:
        raise error
    return names


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (reply(200, {"object": "list", "data": [{"id": "a"}, {"id": "b:1"}]}), {"a", "b:1"}),
        (reply(200, {"data": [{"id": 7}, "c", {}, None, {"id": "d"}]}), {"d"}),
        (reply(200, {"data": "none"}), set()),
        (reply(200, [1]), set()),
        (reply(200, b"<html>"), set()),
        (reply(200, b""), set()),
        (reply(404, {"error": "no such thing"}), set()),
        (reply(405, b""), set()),
        (reply(429, b""), set()),
    ],
)
async def test_an_engine_that_answers_is_there_whatever_it_lists(
    answer: bytes, names: set[str]
) -> None:
    assert await seen(answer) == names


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(401, b""), EngineRefusedError),
        (reply(403, b""), EngineRefusedError),
        (reply(500, b""), EngineUnavailableError),
        (reply(503, {"error": "Loading model"}), EngineUnavailableError),
    ],
)
async def test_one_that_is_not_ready_or_refuses_the_key_is_not(
    answer: bytes, error: type[EngineError]
) -> None:
    with pytest.raises(error):
        await seen(answer)


async def test_one_that_is_down_is_not() -> None:
    upstream = connect("http://127.0.0.1:9/v1")
    with pytest.raises(EngineError):
        await names_listed(upstream)
    await upstream.aclose()
