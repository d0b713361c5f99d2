"""The enclave's front: requests of its gateway, which shows a token, answered by the service.

Nothing but errors of the domain leaves it, and of a defect only that there was one.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import asdict
from hmac import compare_digest
from typing import Any, Final, Protocol

import anyio.lowlevel
import orjson

from fondaco import enclave_wire as wire
from fondaco.domain.confidential.sealed import EnclaveIdentity, Sealed, SealedCall, SealedFormat
from fondaco.domain.errors import (
    FondacoError,
    InvalidApiKeyError,
    InvalidRequestError,
    NotFoundError,
    UnknownError,
)
from fondaco.domain.untrusted_numbers import whole
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.http.exchange.exchange import UNCOUNTED_BYTES, Exchange
from fondaco.http.exchange.headers import lines_of
from fondaco.ports import Prompt
from fondaco.ports.incidents import Incident, report_error

_JSON: Final = b"application/json"
_PIECES: Final = lines_of(
    ((b"content-type", b"application/octet-stream"), (b"cache-control", b"no-store"))
)
_OK: Final = 200


class SealedCalls(Protocol):
    """Calls that an enclave serves: see `ports.engines.enclave`; their completion's id tells them apart."""

    async def measure(self, model_id: str, call: SealedCall) -> Prompt:
        """Decrypt a call and count its prompt."""
        ...

    def answer(self, completion_id: str, max_output_tokens: int) -> AsyncGenerator[Sealed]:
        """Answer a measured call, once."""
        ...

    async def forget(self, completion_id: str) -> None:
        """Drop the decrypted content of a call that will not be answered."""
        ...

    async def probe(self) -> None:
        """Show that an engine can answer."""
        ...

    async def identity(self) -> EnclaveIdentity:
        """Return the enclave's identity."""
        ...

    async def attestation(
        self, form: SealedFormat, *, nonce: str | None, model: str | None
    ) -> Mapping[str, Any]:
        """Return a fresh attestation report."""
        ...

    async def receipt(
        self, form: SealedFormat, receipt_id: str, *, owner: str, model: str | None
    ) -> Mapping[str, Any]:
        """Return a signed receipt."""
        ...

    async def rotate(self) -> EnclaveIdentity:
        """Replace the keys."""
        ...


class EnclaveFront:
    """Responds to every request."""

    def __init__(
        self, service: SealedCalls, token: str, *, body_memory: BodyMemory, write_timeout_s: float
    ) -> None:
        """Prepare.

        Args:
            service: handles the requests.
            token: that requests have to show; not empty.
            body_memory: bounds what calls may take.
            write_timeout_s: how long a gateway may leave a response unread.

        Raises:
            ValueError: the token is empty.
        """
        if not token:
            raise ValueError("An enclave without a token would serve any client.")
        self._service = service
        self._authorization = f"Bearer {token}".encode()
        self._body_memory = body_memory
        self._write_timeout_s = write_timeout_s
        self._endpoints = {
            wire.MEASURE: self._measure,
            wire.ANSWER: self._answer,
            wire.FORGET: self._forget,
            wire.IDENTITY: self._identity,
            wire.ATTESTATION: self._attestation,
            wire.RECEIPT: self._receipt,
            wire.ROTATE: self._rotate,
            wire.PROBE: self._probe,
        }

    async def answer(self, exchange: Exchange) -> None:
        """Respond to one request; whatever ends it, no gateway is left waiting."""
        try:
            await self._serve(exchange)
        except FondacoError as error:
            _refuse(exchange, error)
        except asyncio.CancelledError:
            if not exchange.abandoned:
                raise
        except Exception as error:  # noqa: BLE001 - the edge: a defect of ours is no more than that outside
            report_error(Incident.DEFECT, error)
            _refuse(exchange, UnknownError())
        finally:
            exchange.leave()

    async def _serve(self, exchange: Exchange) -> None:
        if exchange.path == wire.ALIVE:
            _respond(exchange, {"status": "ok"})
            return
        shown = exchange.headers.get(b"authorization", b"")
        if not compare_digest(shown, self._authorization):
            raise InvalidApiKeyError("The enclave's token is missing or wrong.")
        endpoint = self._endpoints.get(exchange.path)
        if endpoint is None or exchange.method != "POST":
            raise NotFoundError
        await endpoint(exchange)

    async def _measure(self, exchange: Exchange) -> None:
        octets = await self._body_memory.read(exchange, media=True)
        try:
            model_id, call = wire.call_of(octets)
        except ValueError:
            raise InvalidRequestError("This is not a request from a gateway.") from None
        prompt = await self._service.measure(model_id, call)
        _respond(exchange, {"input_tokens": prompt.input_tokens, "exact": prompt.exact})

    async def _answer(self, exchange: Exchange) -> None:
        asked = await _asked(exchange)
        most = whole(asked.get("max_output_tokens"))
        if not most:
            raise InvalidRequestError("A response needs a limit of output tokens.")
        pieces = self._service.answer(_text(asked, "completion_id"), most)
        # Send the head first: a complete answer may take minutes.
        exchange.start(_OK, _PIECES, b"")
        async with aclosing(pieces):
            async for piece in pieces:
                exchange.write(wire.piece_bytes(piece))
                if exchange.congested:
                    await self._drained(exchange)
        exchange.finish(b"")

    async def _forget(self, exchange: Exchange) -> None:
        asked = await _asked(exchange)
        await self._service.forget(_text(asked, "completion_id"))
        _respond(exchange, {})

    async def _identity(self, exchange: Exchange) -> None:
        _respond(exchange, asdict(await self._service.identity()))

    async def _rotate(self, exchange: Exchange) -> None:
        _respond(exchange, asdict(await self._service.rotate()))

    async def _probe(self, exchange: Exchange) -> None:
        await self._service.probe()
        _respond(exchange, {})

    async def _attestation(self, exchange: Exchange) -> None:
        asked = await _asked(exchange)
        found = await self._service.attestation(
            _form(asked), nonce=_optional(asked, "nonce"), model=_optional(asked, "model")
        )
        _respond(exchange, found)

    async def _receipt(self, exchange: Exchange) -> None:
        asked = await _asked(exchange)
        found = await self._service.receipt(
            _form(asked),
            _text(asked, "receipt_id"),
            owner=_text(asked, "owner"),
            model=_optional(asked, "model"),
        )
        _respond(exchange, found)

    async def _drained(self, exchange: Exchange) -> None:
        """Wait for a gateway that reads more slowly than is written; in the end without it."""
        with anyio.move_on_after(self._write_timeout_s) as patience:
            await exchange.drained()
        if patience.cancelled_caught:
            exchange.abandon()
            await anyio.lowlevel.checkpoint()


def refusal(error: FondacoError) -> tuple[int, bytes, bytes]:
    """Return status, header lines and body of the response that reports an error."""
    body = wire.error_bytes(error)
    return error.status, _framing(body), body


def _refuse(exchange: Exchange, error: FondacoError) -> None:
    """Respond with an error; within a response as its last bytes."""
    if exchange.started:
        exchange.finish(wire.failure_bytes(error))
    else:
        exchange.respond(*refusal(error))


def _respond(exchange: Exchange, value: Mapping[str, Any]) -> None:
    body = orjson.dumps(value)
    exchange.respond(_OK, _framing(body), body)


def _framing(body: bytes) -> bytes:
    return b"content-type: %b\r\ncontent-length: %d\r\n" % (_JSON, len(body))


async def _asked(exchange: Exchange) -> dict[str, Any]:
    try:
        value = orjson.loads(await exchange.body(UNCOUNTED_BYTES))
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise InvalidRequestError("The body is not a JSON object.")
    return value


def _form(asked: Mapping[str, Any]) -> SealedFormat:
    try:
        return SealedFormat(_text(asked, "format"))
    except ValueError:
        raise InvalidRequestError("`format` is not a protocol.") from None


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise InvalidRequestError(f"`{name}` is not a string.")
    return value


def _optional(asked: Mapping[str, Any], name: str) -> str | None:
    return None if asked.get(name) is None else _text(asked, name)
