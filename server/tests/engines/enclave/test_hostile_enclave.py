"""An enclave elsewhere that is hostile: nothing of what it says harms its gateway."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import anyio.lowlevel
import pytest

from fondaco.clients.connect import connect
from fondaco.domain.confidential.sealed import EnclaveIdentity, Sealed, SealedCall, SealedFormat
from fondaco.domain.errors import EngineError
from fondaco.engines.enclave.engine import RemoteEnclave
from fondaco.ports import Prompt
from sealed_caller import X25519, SealedCaller
from sealed_house import MODEL, TOKEN, listening

DIGEST = f"sha256:{'a' * 64}"


@dataclass
class HostileService:
    """Says whatever a test has it say."""

    called: EnclaveIdentity = field(default_factory=lambda: EnclaveIdentity(DIGEST, DIGEST))
    pieces: Iterable[Sealed] = ()

    async def measure(self, model_id: str, call: SealedCall) -> Prompt:
        del model_id, call
        return Prompt(1)

    async def answer(self, completion_id: str, max_output_tokens: int) -> AsyncGenerator[Sealed]:
        del completion_id, max_output_tokens
        for piece in self.pieces:
            await anyio.lowlevel.checkpoint()
            yield piece

    async def forget(self, completion_id: str) -> None:
        """Do nothing."""

    async def probe(self) -> None:
        """Do nothing."""

    async def identity(self) -> EnclaveIdentity:
        return self.called

    async def attestation(
        self, form: SealedFormat, *, nonce: str | None, model: str | None
    ) -> Mapping[str, Any]:
        return {"format": form, "nonce": nonce, "model": model}

    async def receipt(
        self, form: SealedFormat, receipt_id: str, *, owner: str, model: str | None
    ) -> Mapping[str, Any]:
        return {"format": form, "id": receipt_id, "owner": owner, "model": model}

    async def rotate(self) -> EnclaveIdentity:
        return self.called


@asynccontextmanager
async def enclave_of(service: HostileService) -> AsyncGenerator[RemoteEnclave]:
    async with listening(service, 2**16) as address:
        client = connect(address, key=TOKEN, total_timeout_s=60)
        try:
            yield RemoteEnclave("enclave", client)
        finally:
            await client.aclose()


@pytest.mark.parametrize(
    "name",
    [
        f"{DIGEST}\r\nset-cookie: a=b",
        f"{DIGEST}\n",
        f"sha256:{'A' * 64}",
        "sha256:" + "\u0661" * 64,
        "sha256:",
        "",
    ],
)
async def test_a_name_that_is_no_digest_becomes_no_header(name: str) -> None:
    for called in (EnclaveIdentity(name, DIGEST), EnclaveIdentity(DIGEST, name)):
        async with enclave_of(HostileService(called)) as enclave:
            for asked in (enclave.identity, enclave.rotate):
                with pytest.raises(EngineError, match="unknown format"):
                    await asked()


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        ((), "ended early"),
        ((Sealed(b"half", 1),), "ended early"),
        ((Sealed(b"all", 1, last=True), Sealed(b"more", 1)), "unknown format"),
        ((Sealed(b"all", 1, last=True), Sealed(b"", last=True)), "unknown format"),
    ],
)
async def test_an_answer_has_one_last_piece_at_its_end(
    pieces: tuple[Sealed, ...], says: str
) -> None:
    call = SealedCaller(X25519, "00" * 32).ask("chatcmpl-1")
    async with enclave_of(HostileService(pieces=pieces)) as enclave:
        with pytest.raises(EngineError, match=says):
            _ = [piece async for piece in enclave.answer(MODEL, call, 10)]


async def test_an_answer_without_an_end_is_given_up() -> None:
    call = SealedCaller(X25519, "00" * 32).ask("chatcmpl-1")
    heard = 0
    async with enclave_of(HostileService(pieces=repeat(Sealed(bytes(2**20))))) as enclave:
        pieces = enclave.answer(MODEL, call, 10)
        for _ in range(64):
            heard += len((await anext(pieces)).wire)
        with pytest.raises(EngineError, match="unknown format"):
            await anext(pieces)
    assert heard == 64 * 2**20
