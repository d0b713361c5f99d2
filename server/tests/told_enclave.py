"""An enclave in memory that does what a test tells it to: it encrypts nothing, and may lie in all it reports."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from fondaco.domain.confidential.sealed import EnclaveIdentity, Sealed, SealedCall, SealedFormat
from fondaco.domain.errors import FondacoError, NotFoundError, UnauthorizedError
from fondaco.domain.models.model import Capabilities, Model
from fondaco.domain.money.price import TokenPrice
from fondaco.ports import Prompt

TWIN = Model(
    id="e2ee-toy",
    name="Toy (encrypted)",
    price=TokenPrice(input=200_000_000, output=900_000_000),
    context_tokens=4_096,
    capabilities=Capabilities(e2ee=True),
    engines=("enclave",),
)
PROMPT_TOKENS = 7
IDENTITY = EnclaveIdentity(f"sha256:{'1' * 64}", f"sha256:{'2' * 64}")
SAID = (
    Sealed(b'data: {"n": 1}\n\n', 2),
    Sealed(b'data: {"n": 2}\n\n', 3, 1),
    Sealed(b"data: [DONE]\n\n", 0, input_tokens=PROMPT_TOKENS, last=True),
)
ORIGINAL = {
    "X-Venice-TEE-Client-Pub-Key": "04" + "a" * 128,
    "X-Venice-TEE-Model-Pub-Key": "04" + "b" * 128,
    "X-Venice-TEE-Signing-Algo": "ecdsa",
}
ACI = {
    "X-E2EE-Version": "2",
    "X-Client-Pub-Key": "a" * 64,
    "X-Model-Pub-Key": "b" * 64,
    "X-E2EE-Nonce": "c" * 32,
    "X-E2EE-Timestamp": "1790000000",
}
CIPHERTEXT = "0a" * 100


def sealed_body(**fields: object) -> dict[str, object]:
    """Return a body whose only message looks encrypted."""
    messages = [{"role": "user", "content": CIPHERTEXT}]
    return {"model": "e2ee-toy", "messages": messages, "stream": True, **fields}


@dataclass
class ToldEnclave:
    """Says what it is told to, and keeps what it was asked."""

    name: str = "enclave"
    says: tuple[Sealed, ...] = SAID
    prompt: Prompt = field(default_factory=lambda: Prompt(PROMPT_TOKENS))
    refuses: FondacoError | None = None
    """What ends a measurement."""
    fails: FondacoError | None = None
    """What ends an answer, after what it says."""
    unknown: FondacoError | None = None
    """What ends a question of who it is."""
    stalls: bool = False
    """Whether it waits for ever after what it says."""
    receipts: dict[str, str] = field(default_factory=dict)
    """Completion -> its owner."""
    measured: list[SealedCall] = field(default_factory=list)
    answered: list[tuple[str, SealedCall, int]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once an answer was closed, however it ended."""

    async def measure(self, model: str, call: SealedCall) -> Prompt:
        assert model == TWIN.id
        if self.refuses is not None:
            raise self.refuses
        self.measured.append(call)
        return self.prompt

    async def answer(
        self, model: str, call: SealedCall, max_output_tokens: int
    ) -> AsyncGenerator[Sealed]:
        self.answered.append((model, call, max_output_tokens))
        try:
            for piece in self.says:
                yield piece
            if self.fails is not None:
                raise self.fails
            if self.stalls:
                await anyio.sleep_forever()
            self.receipts[call.completion_id] = call.owner
        finally:
            self.stopped.set()
            if self.says and self.says[-1].last:
                self.receipts[call.completion_id] = call.owner

    async def forget(self, call: SealedCall) -> None:
        self.forgotten.append(call.completion_id)

    async def probe(self) -> None:
        """Do nothing."""

    async def identity(self) -> EnclaveIdentity:
        if self.unknown is not None:
            raise self.unknown
        return IDENTITY

    async def attestation(
        self, form: SealedFormat, *, nonce: str | None, model: str | None = None
    ) -> Mapping[str, Any]:
        return {"form": form, "nonce": nonce, "model": model}

    async def receipt(
        self, form: SealedFormat, receipt_id: str, *, owner: str, model: str | None = None
    ) -> Mapping[str, Any]:
        expected = self.receipts.get(receipt_id.removeprefix("rcpt-"))
        if expected is None:
            raise NotFoundError("No receipt has this id.")
        if expected != owner:
            raise UnauthorizedError("Another key made the call.")
        return {"form": form, "receipt_id": receipt_id, "model": model}

    async def rotate(self) -> EnclaveIdentity:
        return IDENTITY
