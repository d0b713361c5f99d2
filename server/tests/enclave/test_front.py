"""The enclave's HTTP API: for its gateway alone, and nothing that a gateway sends is trusted."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fondaco import enclave_wire as wire
from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineError, EngineRefusedError, InvalidFileSizeError
from fondaco.engines.enclave.engine import RemoteEnclave
from fondaco.http.enclave.front import EnclaveFront
from fondaco.http.endpoint.body_memory import BodyMemory
from sealed_house import MODEL, TOKEN, SealedHouse, sealed_house

PATHS = (
    *(wire.MEASURE, wire.ANSWER, wire.IDENTITY, wire.ATTESTATION),
    *(wire.RECEIPT, wire.ROTATE, wire.PROBE),
)


async def status(client: HttpClient, method: str, path: str, body: bytes = b"") -> int:
    async with client.send(method, path, body) as response:
        await response.read(2**20)
        return response.status


@asynccontextmanager
async def client_of(house: SealedHouse, token: str = TOKEN) -> AsyncGenerator[HttpClient]:
    client = connect(house.address, key=token)
    try:
        yield client
    finally:
        await client.aclose()


@pytest.mark.parametrize("token", ["", "another", TOKEN.upper()])
async def test_nobody_without_the_token_is_answered(house: SealedHouse, token: str) -> None:
    before = await house.enclave.identity()
    async with client_of(house, token) as client:
        for path in PATHS:
            assert await status(client, "POST", path, b"{}") == 401
        assert await status(client, "GET", wire.ALIVE) == 200
    assert await house.enclave.identity() == before


async def test_a_gateway_with_another_token_says_what_to_do(house: SealedHouse) -> None:
    async with client_of(house, "another") as client:
        with pytest.raises(EngineRefusedError, match="configure the same token"):
            await RemoteEnclave("enclave", client).identity()


def test_there_is_no_enclave_without_a_token() -> None:
    memory = BodyMemory(1, 1, 1, 1)
    with pytest.raises(ValueError, match="any client"):
        EnclaveFront(_NoService(), "", body_memory=memory, write_timeout_s=1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        *((path, body) for path in PATHS[:2] for body in (b"", b"\n", b"{}", b"[]\n", b"null")),
        (wire.MEASURE, b"{}\n{}"),
        (wire.MEASURE, b"[" * 40_000),
        (wire.MEASURE, b'{"model":"x"}' + b" " * 70_000 + b"\n{}"),
        (wire.ANSWER, b'{"completion_id":"x","max_output_tokens":0}'),
        (wire.ANSWER, b'{"completion_id":"x","max_output_tokens":-1}'),
        (wire.ANSWER, b'{"completion_id":"x","max_output_tokens":1e99}'),
        (wire.ANSWER, b'{"completion_id":5,"max_output_tokens":5}'),
        (wire.ANSWER, b'{"completion_id":"unknown","max_output_tokens":5}'),
        (wire.ATTESTATION, b"{}"),
        (wire.ATTESTATION, b'{"format":"aci/2"}'),
        (wire.ATTESTATION, b'{"format":"aci/1","nonce":5}'),
        (wire.RECEIPT, b'{"format":"aci/1","receipt_id":5,"owner":"x"}'),
        (wire.RECEIPT, b'{"format":"aci/1","receipt_id":"x"}'),
    ],
)
async def test_what_is_no_request_is_refused(house: SealedHouse, path: str, body: bytes) -> None:
    async with client_of(house) as client:
        assert await status(client, "POST", path, body) == 400


async def test_there_is_nothing_else(house: SealedHouse) -> None:
    async with client_of(house) as client:
        assert await status(client, "POST", "/else") == 404
        assert await status(client, "GET", wire.IDENTITY) == 404


async def test_a_call_that_is_too_large_is_not_read() -> None:
    async with sealed_house(body_bytes=2**17) as house:
        call = house.caller().ask(house.id(), "x" * 2**17)
        with pytest.raises(InvalidFileSizeError):
            await house.enclave.measure(MODEL, call)
        await house.answer(house.caller().ask(house.id(), "Hello"))


async def test_a_defect_is_told_as_no_more_than_that(
    house: SealedHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr(house.engine, "before", broken)
    call = house.caller().ask(house.id(), "a secret")
    await house.enclave.measure(MODEL, call)
    with pytest.raises(EngineError) as failed:
        await anext(house.enclave.answer(MODEL, call, 5))
    assert "secret" not in str(failed.value)
    assert any("defect reason=KeyError" in one.getMessage() for one in caplog.records)
    assert "secret" not in caplog.text


class _NoService:
    """Serves nothing."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)
