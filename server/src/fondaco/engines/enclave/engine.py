"""The gateway's side of an enclave: calls and answers over HTTP."""

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import anyio
import anyio.abc
import orjson

from fondaco import enclave_wire as wire
from fondaco.clients.client import ClientResponse, HttpClient, IncompleteResponseError
from fondaco.clients.pool import HttpPool
from fondaco.domain.confidential.sealed import EnclaveIdentity, Sealed, SealedCall, SealedFormat
from fondaco.domain.errors import EngineError, EngineRefusedError, FondacoError
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.enclave.supervisor import ChildSupervisor
from fondaco.ports import EngineLoad, EngineProcess, Prompt
from fondaco.workers.supervisor import ServerProgram

_REPLY_LIMIT: Final = 4 * 2**20
_ANSWER_LIMIT: Final = 64 * 2**20
"""Bytes of a response: some 100,000 encrypted pieces of text."""
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class EnclaveOverHttp(ABC):
    """An enclave over HTTP; see `ports.engines.enclave`."""

    def __init__(self, name: str) -> None:
        """Prepare; `name` is the engine's in the configuration."""
        self._name = name

    @property
    def name(self) -> str:
        """The enclave's name in the configuration."""
        return self._name

    @abstractmethod
    async def _client(self) -> HttpClient:
        """Return the client for the enclave, which is started where it does not run.

        Raises:
            EngineError: it cannot be.
        """

    async def measure(self, model: str, call: SealedCall) -> Prompt:
        """Have a call decrypted, and its prompt counted."""
        told = await self._ask(wire.MEASURE, wire.call_bytes(model, call))
        tokens, exact = whole(told.get("input_tokens")), told.get("exact")
        if tokens is None or not isinstance(exact, bool):
            raise _strange()
        return Prompt(tokens, exact=exact)

    async def answer(
        self, model: str, call: SealedCall, max_output_tokens: int
    ) -> AsyncGenerator[Sealed]:
        """Yield the answer to a measured call; closing the generator stops the engine."""
        del model  # the measured call already names the model
        body = orjson.dumps(
            {"completion_id": call.completion_id, "max_output_tokens": max_output_tokens}
        )
        client = await self._client()
        with _malformed_as_strange():
            async with client.send("POST", wire.ANSWER, body) as response:
                if response.status != HTTPStatus.OK:
                    raise await _refusal(response)
                async with aclosing(_pieces(response)) as pieces:
                    async for piece in pieces:
                        yield piece

    async def forget(self, call: SealedCall) -> None:
        """Drop the decrypted content of a call that will not be answered."""
        await self._ask(wire.FORGET, orjson.dumps({"completion_id": call.completion_id}))

    async def probe(self) -> None:
        """Show that the enclave can answer."""
        await self._ask(wire.PROBE)

    async def identity(self) -> EnclaveIdentity:
        """Return its identity."""
        return _identity(await self._ask(wire.IDENTITY))

    async def attestation(
        self, form: SealedFormat, *, nonce: str | None, model: str | None = None
    ) -> Mapping[str, Any]:
        """Return a fresh attestation report."""
        asked = {"format": form.value, "nonce": nonce, "model": model}
        return await self._ask(wire.ATTESTATION, orjson.dumps(asked))

    async def receipt(
        self, form: SealedFormat, receipt_id: str, *, owner: str, model: str | None = None
    ) -> Mapping[str, Any]:
        """Return the signed receipt of a response that has ended."""
        asked = {"format": form.value, "receipt_id": receipt_id, "owner": owner, "model": model}
        return await self._ask(wire.RECEIPT, orjson.dumps(asked))

    async def rotate(self) -> EnclaveIdentity:
        """Replace its keys."""
        return _identity(await self._ask(wire.ROTATE))

    async def _ask(self, path: str, body: bytes = b"{}") -> dict[str, Any]:
        """Return the whole reply to a request.

        Raises:
            FondacoError: the enclave refused it, or cannot be reached.
        """
        client = await self._client()
        with _malformed_as_strange():
            async with client.send("POST", path, body) as response:
                if response.status != HTTPStatus.OK:
                    raise await _refusal(response)
                value = orjson.loads(await response.read(_REPLY_LIMIT))
        if not isinstance(value, dict):
            raise _strange()
        return value


class RemoteEnclave(EnclaveOverHttp):
    """An enclave that an operator runs, on this host or another one."""

    def __init__(self, name: str, client: HttpClient) -> None:
        """Prepare; `client` has the enclave's address and token, and is closed by who opened it."""
        super().__init__(name)
        self._connected = client

    @property
    def load(self) -> EngineLoad | None:
        """The calls that it has from here."""
        return self._connected if isinstance(self._connected, HttpPool) else None

    async def _client(self) -> HttpClient:
        return self._connected


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time-outs of an enclave's responses."""

    first_byte_s: float = 120.0
    chunk_s: float = 300.0
    """Between two pieces of it."""
    total_s: float = 1800.0


class LocalEnclave(EnclaveOverHttp):
    """An enclave in a child process, which starts at the first call, and again after its end with new keys."""

    def __init__(self, name: str, program: ServerProgram, timeouts: Timeouts | None = None) -> None:
        """Prepare; nothing is started before the first call.

        Args:
            name: in the configuration.
            program: how its process starts.
            timeouts: of its responses.
        """
        super().__init__(name)
        self._program = program
        self._timeouts = timeouts or Timeouts()
        self._supervisor = self._supervised(program)
        self._running: anyio.abc.TaskGroup | None = None
        self._scopes: dict[ChildSupervisor, anyio.CancelScope] = {}

    @property
    def processes(self) -> Sequence[EngineProcess]:
        """The child, which runs all models."""
        return [self._supervisor.process]

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._supervisor.pid

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep the enclave available until cancelled; then its process is gone."""
        async with anyio.create_task_group() as self._running:
            await self._running.start(self._keep, self._supervisor)
            task_status.started()
            await anyio.sleep_forever()

    async def follow(self, program: ServerProgram) -> Callable[[], None]:
        """Run another program from now on, with other keys; nothing changes where it is the same.

        Returns:
            A function that ends the process before, to be called once its calls have ended.
        """
        if self._running is None:
            raise RuntimeError("The enclave is not running.")
        if program == self._program:
            return _nothing
        before, after = self._supervisor, self._supervised(program)
        await self._running.start(self._keep, after)
        self._program, self._supervisor = program, after
        return partial(self._end, before)

    async def _client(self) -> HttpClient:
        return (await self._supervisor.running()).client

    def _supervised(self, program: ServerProgram) -> ChildSupervisor:
        timeouts = self._timeouts
        return ChildSupervisor(
            program,
            self._name,
            first_byte_timeout_s=timeouts.first_byte_s,
            chunk_timeout_s=timeouts.chunk_s,
            total_timeout_s=timeouts.total_s,
        )

    async def _keep(
        self,
        supervisor: ChildSupervisor,
        *,
        task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        with anyio.CancelScope() as self._scopes[supervisor]:
            await supervisor.run(task_status=task_status)

    def _end(self, supervisor: ChildSupervisor) -> None:
        self._scopes.pop(supervisor).cancel()


def _nothing() -> None:
    """End nothing, as the program is the same."""


async def _pieces(response: ClientResponse) -> AsyncGenerator[Sealed]:
    """Yield the pieces of a response, of which exactly one is the last.

    Raises:
        IncompleteResponseError: the enclave ended before it.
        ValueError: it sends something else.
    """
    reader, ended, size = wire.PieceReader(), False, 0
    while octets := await response.piece():
        for piece in reader.feed(octets):
            size += len(piece.wire)
            if ended or size > _ANSWER_LIMIT:
                raise ValueError("A piece follows the last one, or there are too many.")
            ended = piece.last
            yield piece
    if not ended:
        raise IncompleteResponseError("The enclave's response ended early.")


async def _refusal(response: ClientResponse) -> FondacoError:
    """Return the error of a response other than 200.

    Raises:
        ValueError: it contains no error.
    """
    if response.status == HTTPStatus.UNAUTHORIZED:
        return EngineRefusedError(
            "The enclave refuses the gateway's token. The operator must configure the same token for both."
        )
    return wire.error_of(await response.read(_REPLY_LIMIT))


def _identity(told: Mapping[str, Any]) -> EnclaveIdentity:
    """Return an enclave's identity; both parts become headers, so only digests are accepted."""
    names = told.get("workload_id"), told.get("keyset_digest")
    for name in names:
        if not isinstance(name, str) or not _DIGEST.fullmatch(name):
            raise _strange()
    return EnclaveIdentity(*map(str, names))


@contextmanager
def _malformed_as_strange() -> Generator[None]:
    try:
        yield
    except ValueError:
        raise _strange() from None


def _strange() -> EngineError:
    return EngineError("The enclave's reply has an unknown format.")
