"""Metering: what money and limits cost a call, as the CPU of the pipeline with them minus without.

Both sides are the real pipeline of a chat call over an engine that answers at once. With them: the
ledger over a real SQLite file, the writer's thread included, and the limits of the built-in tier
(raised, so that none is reached). Without them: a ledger that holds nothing and limits that count nothing.
"""

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from statistics import median

import anyio
import anyio.lowlevel
from table import Budget, Figure

from fondaco.app.runtime import settle_runtime
from fondaco.domain.chat.events import EventBatch, Finish, Text, UsageReported
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.jobs import JobEnd
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import AnyModel, Model
from fondaco.domain.money.account import KeyType
from fondaco.domain.money.call import Call
from fondaco.domain.money.limits import Exceedance, LimitUse, Quota, RateLimits, Tier
from fondaco.domain.money.money import NANO, Funds
from fondaco.domain.money.price import Charge, TokenPrice
from fondaco.domain.money.usage import Report, Usage
from fondaco.ports import Prompt, RateLimiter
from fondaco.sandbox.output_formats import SandboxedOutputFormats
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.admission.rate_limits import SlidingWindowLimiter
from fondaco.serving.billing.hold import Hold
from fondaco.serving.billing.ledger import Ledger
from fondaco.serving.billing.meter import UsageSource
from fondaco.serving.billing.paid_call import PaidCalls
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.serving.chat.pipeline import Chat
from fondaco.serving.metrics import Metrics
from fondaco.stores.memory.journal import MemoryJournal
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.stores.sqlite.tables.migrate import upgrade
from fondaco.system import SystemClock, TimedIds

AT_ONCE = 64
CALLS = 8_000
ROUNDS = 5

_PEPPER = b"p" * 32
_MANY = 10**9
_PROMPT = Prompt(24)
_ANSWER: EventBatch = (
    Text(0, "one two three", 16),
    Finish(0, "length"),
    UsageReported(Report(input_tokens=24, output_tokens=16)),
)
_TURN = ChatRequest("toy", (Message(Role.USER, "Count to sixteen, please."),), 0)
_TOY = Model(
    id="toy",
    name="Toy",
    price=TokenPrice(input=50_000_000, output=150_000_000),
    context_tokens=4096,
    engines=("toy",),
)
_TIERS = {"paid": Tier("paid", {"small": RateLimits(_MANY, _MANY, _MANY)})}


class AtOnce:
    """An engine that answers at once."""

    name = "toy"

    async def measure(self, request: ChatRequest) -> Prompt:
        """Count nothing."""
        return _PROMPT

    async def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        """Answer in one burst, after a round of the loop, as an engine over a socket would."""
        await anyio.lowlevel.checkpoint()
        yield _ANSWER

    def read_on_s(self, request: ChatRequest) -> float:
        """Return 0."""
        del request
        return 0.0

    def ignores(self, request: ChatRequest) -> tuple[str, ...]:
        """Ignore nothing."""
        return ()

    async def probe(self) -> None:
        """Be there."""


class NoPlace:
    """A place in no window: also the limits that give it."""

    charged = True
    quota = Quota(_MANY, _MANY, 0, _MANY, _MANY, 0)

    def settle(self, tokens: int) -> None:
        """Count nothing."""

    def withdraw(self) -> None:
        """Count nothing."""


class NoLimits:
    """Limits that count nothing."""

    def __init__(self) -> None:
        self._place = NoPlace()

    async def admit(self, call: Call, model: AnyModel, tokens: int) -> NoPlace:
        """Admit every call."""
        return self._place

    def room(
        self, account_id: int, tier: str, model: AnyModel, tokens: int
    ) -> Callable[[], NoPlace]:
        """Admit every call."""
        return lambda: self._place

    def quota(self, account_id: int, tier: str, model: AnyModel) -> Quota:
        """Return numbers that nobody reaches."""
        return NoPlace.quota

    def usage(self, account_id: int, tier: str, model: AnyModel) -> Sequence[LimitUse]:
        """Return nothing."""
        return ()

    def charges(self, tier: str) -> bool:
        """Return True."""
        return True

    def exceeded(self, account_id: int) -> Sequence[Exceedance]:
        """Return nothing."""
        return ()


class NoHold(Hold):
    """A hold of nothing."""

    def __init__(self) -> None:
        """Hold nothing."""

    async def settle(
        self,
        charge: Charge,
        usage: Usage,
        execution_ms: int,
        notes: str = "",
        ends: JobEnd | None = None,
    ) -> Funds:
        """Charge nothing."""
        return Funds()

    def release(self) -> None:
        """Free nothing."""


class NoLedger(Ledger):
    """A ledger that holds nothing."""

    async def hold(self, call: Call, model: str, amount: int, meter: UsageSource) -> Hold:
        """Hold nothing."""
        return _NO_HOLD


_NO_HOLD = NoHold()


def figures(folder: Path) -> Iterator[Figure]:
    """Measure with and without in turns."""
    on, off = anyio.run(_measured, folder, backend_options={"use_uvloop": True})
    note = f"{on:.1f} on, {off:.1f} off, {AT_ONCE} calls at a time"
    yield Figure(
        "metering + limits, on minus off", "us", on - off, budget=Budget(30, 15), note=note
    )


async def _measured(folder: Path) -> tuple[float, float]:
    database = folder / "metering.sqlite3"
    upgrade(database)
    clock = SystemClock()
    admin_store = AdminStore(database, _PEPPER, clock)
    account = admin_store.open_account("bench", usd=1_000_000 * NANO).account
    key = admin_store.make_key("bench", KeyType.INFERENCE).key
    async with SqliteJournal.opened(database) as journal:
        on = _chat(Ledger(journal, clock), SlidingWindowLimiter(_TIERS, clock), journal)
        off = _chat(NoLedger(MemoryJournal(), clock), NoLimits(), journal)
        costs: dict[Chat, list[float]] = {on: [], off: []}
        for chat in (on, off):
            await _cpu_us(chat, account.id, key.id)  # warm
        settle_runtime()
        for _ in range(ROUNDS):
            for chat, found in costs.items():
                found.append(await _cpu_us(chat, account.id, key.id))
    return median(costs[on]), median(costs[off])


def _chat(ledger: Ledger, limits: RateLimiter, journal: SqliteJournal) -> Chat:
    clock = SystemClock()
    catalogue = Catalogue([_TOY], {})
    return Chat(
        catalogue,
        {"toy": AtOnce()},
        PaidCalls(
            ledger,
            limits,
            IdempotencyStore(journal, _PEPPER, clock),
            clock=clock,
            metrics=Metrics(),
        ),
        negotiation=CapabilityNegotiation(catalogue, SandboxedOutputFormats()),
    )


async def _cpu_us(chat: Chat, account_id: int, key_id: str) -> float:
    """Return the CPU of one call in microseconds, all threads of the process counted."""
    ids, clock, left = TimedIds(), SystemClock(), CALLS

    async def caller() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            call = Call(ids.call(), account_id, key_id, clock.now())
            async with aclosing(chat.answer(call, _TURN, 16)) as steps:
                async for _ in steps:
                    pass

    began = time.process_time()
    async with anyio.create_task_group() as callers:
        for _ in range(AT_ONCE):
            callers.start_soon(caller)
    return (time.process_time() - began) / CALLS * 1e6
