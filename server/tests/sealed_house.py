"""An enclave on a real socket in the test's own loop, over a model that says what a test tells it to."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import anyio

from fondaco.app.enclave.chat_dialect import ChatDialect
from fondaco.app.listening import bound_to
from fondaco.app.platform import opened_output_formats
from fondaco.clients.connect import connect
from fondaco.domain.chat.events import EventBatch, Finish, Text
from fondaco.domain.chat.reasoning import ReasoningField, ReasoningProfile
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.confidential.sealed import Sealed, SealedCall
from fondaco.domain.errors import FondacoError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import Capabilities, Model
from fondaco.domain.money.price import TokenPrice
from fondaco.enclave.enclave_chat import EnclaveChat, SealedModel
from fondaco.enclave.evidence.software import SoftwareEvidence
from fondaco.enclave.identity_key import IdentityKey
from fondaco.enclave.keyring import EnclaveKeys
from fondaco.enclave.receipts import ReceiptStore
from fondaco.enclave.waiting import WaitingLimits
from fondaco.engines.enclave.engine import RemoteEnclave
from fondaco.http.enclave.front import EnclaveFront, SealedCalls, refusal
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.http.exchange.headers import DefaultHeaders
from fondaco.http.wire.connection_limits import ConnectionLimits
from fondaco.http.wire.connection_registry import ConnectionRegistry
from fondaco.http.wire.listener import Listener
from fondaco.ports import Clock, Prompt
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.system import SystemClock, TimedIds
from sealed_caller import X25519, SealedCaller, key_of

MODEL, THINKER = "e2ee-toy", "e2ee-thinker"
TOKEN = "a token"
PROMPT_TOKENS = 7
SAID: tuple[EventBatch, ...] = (
    (Text(0, "The capital "),),
    (Text(0, "is "), Text(0, "Rome.")),
    (Finish(0, "stop"),),
)


def _model(model_id: str, *, thinks: bool = False) -> Model:
    profile = ReasoningProfile(tags=True, shown=ReasoningField.FIELD) if thinks else None
    return Model(
        id=model_id,
        name=model_id,
        price=TokenPrice(0, 0),
        context_tokens=4_096,
        engines=("told",),
        capabilities=Capabilities(reasoning=thinks),
        reasoning=profile,
    )


@dataclass
class ToldEngine:
    """Says what it is told to, and keeps what it was asked."""

    name: str = "told"
    says: tuple[EventBatch, ...] = SAID
    prompt: Prompt = field(default_factory=lambda: Prompt(PROMPT_TOKENS, token_ids=(1, 2, 3)))
    fails: FondacoError | None = None
    """What ends an answer, after what it says."""
    refuses: FondacoError | None = None
    """What ends a measurement."""
    stalls: bool = False
    """Whether it waits for ever after what it says."""
    before: Callable[[int], None] = lambda _: None
    """Called before each batch, with its number."""
    asked: list[ChatRequest] = field(default_factory=list)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when an answer was closed, however it ended."""

    async def measure(self, request: ChatRequest) -> Prompt:
        self.asked.append(request)
        if self.refuses is not None:
            raise self.refuses
        return self.prompt

    async def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        assert prompt is self.prompt
        self.asked.append(request)
        try:
            for number, batch in enumerate(self.says):
                self.before(number)
                yield batch
            if self.fails is not None:
                raise self.fails
            if self.stalls:
                await anyio.sleep_forever()
        finally:
            self.stopped.set()

    def read_on_s(self, request: ChatRequest) -> float:
        return 0.0

    def ignores(self, request: ChatRequest) -> tuple[str, ...]:
        del request
        return ()

    async def probe(self) -> None:
        """Do nothing."""


@dataclass
class SealedHouse:
    """An enclave, the gateway's side of it, and its engine."""

    enclave: RemoteEnclave
    engine: ToldEngine
    keys: EnclaveKeys
    service: EnclaveChat
    address: str
    completions: int = 0

    def caller(self, algo: str = X25519, model: str = MODEL) -> SealedCaller:
        return SealedCaller(algo, key_of(self.keys.keyset, algo), model)

    def id(self) -> str:
        self.completions += 1
        return f"chatcmpl-{self.completions}"

    async def answer(
        self, call: SealedCall, *, model: str = MODEL, most: int = 100
    ) -> list[Sealed]:
        """Measure and answer a call, and return its pieces."""
        await self.enclave.measure(model, call)
        async with aclosing(self.enclave.answer(model, call, most)) as pieces:
            return [piece async for piece in pieces]

    async def said(self, call: SealedCall, **options: Any) -> bytes:
        """Return the body of the response to a call."""
        return b"".join(piece.wire for piece in await self.answer(call, **options))


@asynccontextmanager
async def sealed_house(
    *, clock: Clock | None = None, limits: WaitingLimits | None = None, body_bytes: int = 2**20
) -> AsyncGenerator[SealedHouse]:
    """Open an enclave."""
    engine, clock = ToldEngine(), clock or SystemClock()
    models = {
        MODEL: SealedModel(_model("toy"), (engine,), {}),
        THINKER: SealedModel(_model("thinker", thinks=True), (engine,), {}),
    }
    plain = [one.model for one in models.values()]
    twins = [replace(model, id=f"e2ee-{model.id}") for model in plain]
    catalogue = Catalogue([*plain, *twins], {})
    evidence = SoftwareEvidence()
    keys = EnclaveKeys(IdentityKey.generated(), clock, 3_600, evidence)
    async with opened_output_formats() as forms:
        service = EnclaveChat(
            keys=keys,
            receipts=ReceiptStore(clock.now),
            models=models,
            negotiation=CapabilityNegotiation(catalogue, forms),
            dialect=ChatDialect(catalogue),
            clock=clock,
            limits=limits,
        )
        async with listening(service, body_bytes) as address:
            client = connect(address, key=TOKEN, total_timeout_s=30)
            enclave = RemoteEnclave("enclave", client)
            try:
                yield SealedHouse(enclave, engine, keys, service, address)
            finally:
                await client.aclose()


@asynccontextmanager
async def listening(service: SealedCalls, body_bytes: int) -> AsyncGenerator[str]:
    """Serve a service on loopback; yield its address."""
    clock = SystemClock()
    memory = BodyMemory(body_bytes, body_bytes, 4 * body_bytes, 4 * body_bytes)
    front = EnclaveFront(service, TOKEN, body_memory=memory, write_timeout_s=10)
    limits = ConnectionLimits(
        DefaultHeaders(clock),
        TimedIds(),
        header_limit_bytes=2**14,
        header_timeout_s=10,
        body_timeout_s=10,
        idle_timeout_s=30,
        refusal=refusal,
    )
    ready = anyio.Event()
    listener = Listener(
        front.answer,
        limits,
        ConnectionRegistry(64, 64),
        drain_delay_s=0,
        drain_timeout_s=0.1,
        started=ready.set,
        signals=False,
    )
    bound = bound_to("127.0.0.1", 0)
    port = bound.getsockname()[1]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(listener.serve, bound))
        await ready.wait()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            listener.request_shutdown()
