"""A whole server in the test's own event loop, on a real socket, over the toy upstream.

Everything is the product's own but the store (in memory) and the model (a toy): for behaviour at
the HTTP edge and for faults. Tests of the real model, store and program are in `compat`.
"""

import socket
import ssl
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import anyio
import httpx2
from anyio.abc import TaskGroup

from fake_upstream import FakeUpstream
from fondaco import sections, settings as settings_of
from fondaco.app.adding.downloads import ModelDownloads
from fondaco.app.chain import chain_of
from fondaco.app.listening import edge_of, listener_of
from fondaco.app.platform import (
    Adapters,
    Shared,
    opened_output_formats,
    opened_sound_codec,
    picture_memory,
    platform_of,
    runner_options,
    sound_memory,
    video_memory,
)
from fondaco.app.stores import Stores
from fondaco.clients.connect import connect
from fondaco.clients.pool import HttpPool
from fondaco.configuration import built_in_characters, read_character
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import AnyModel, Capabilities, Model
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO, Currency, Funds
from fondaco.domain.money.price import TokenPrice
from fondaco.engines.llamacpp.tools import grammar_of
from fondaco.engines.openai.engine import OpenAICompatible
from fondaco.http.edge.edge import Edge
from fondaco.http.edge.loop_errors import reporting_loop_faults
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.http.exchange.heartbeat import Heartbeat
from fondaco.http.wire.listener import Listener
from fondaco.imaging.codec import PillowCodec
from fondaco.modelfiles import ModelFolder
from fondaco.ports import (
    ChatEngine,
    Clock,
    EmbeddingEngine,
    Enclave,
    Files,
    ImageCodec,
    ImageEditor,
    ImageEngine,
    ImageUpscaler,
    SoundCodec,
    SoundReader,
    SpeechEngine,
    Stakes,
    TranscriptionEngine,
    VideoEngine,
)
from fondaco.sandbox.templates import SandboxedTemplates
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.admission.memory_budget import MemoryBudget
from fondaco.serving.admission.rate_limits import SlidingWindowLimiter
from fondaco.serving.billing.ledger import Ledger
from fondaco.serving.metrics import Metrics
from fondaco.serving.platform import Platform
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from fondaco.serving.routing.overview import EngineSite
from fondaco.serving.routing.reachability import Reachability
from fondaco.serving.video.runner import JobRunner
from fondaco.settings import Settings
from fondaco.sound.reader import PyAVReader
from fondaco.stores.characters import CharacterFolder
from fondaco.stores.memory.accounts import MemoryAccounts
from fondaco.stores.memory.charges import MemoryCharges
from fondaco.stores.memory.jobs import MemoryJobs
from fondaco.stores.memory.journal import MemoryJournal, MemoryKeys
from fondaco.stores.memory.managed import MemoryManagedAccounts
from fondaco.stores.memory.sessions import MemorySessions
from fondaco.stores.sealing import HomeSealer
from fondaco.system import SystemClock

PEPPER = b"pepper"
SECRET = "fondaco_secret_of_tests"
ACCOUNT = 10
CONTEXT_TOKENS = 4096
MANY = 1_000_000_000
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Shared by all clients, none of which speaks TLS: reading the authorities anew takes 20 ms."""
TIERS = {
    "paid": Tier(
        "paid",
        dict.fromkeys(("small", "embedding", "image", "audio"), RateLimits(MANY, MANY, MANY)),
    )
}

TOY = Model(
    id="toy",
    name="Toy",
    price=TokenPrice(input=200_000_000, output=900_000_000),
    context_tokens=CONTEXT_TOKENS,
    capabilities=Capabilities(log_probs=True),
    traits=("default",),
    engines=("first", "second"),
)


@dataclass
class House:
    """A running server and what is behind it."""

    url: str
    client: httpx2.AsyncClient
    """With an ADMIN key of the account."""
    fake: FakeUpstream
    """What the first engine talks to."""
    second: FakeUpstream
    """What the second engine talks to."""
    platform: Platform
    journal: MemoryJournal
    keys: MemoryKeys
    listener: Listener
    edge: Edge
    sessions: MemorySessions

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    async def balance(self) -> Funds:
        return await self.platform.ledger.balance(ACCOUNT)

    def charges(self) -> list[Entry]:
        return [entry for entry in self.journal.entries if entry.kind is EntryKind.CHARGE]

    async def chat(self, **fields: object) -> httpx2.Response:
        return await self.client.post("/api/v1/chat/completions", json=chat_body(**fields))

    def streaming(self, **fields: object):  # type: ignore[no-untyped-def]  # httpx2's own context
        body = chat_body(stream=True, **fields)
        return self.client.stream("POST", "/api/v1/chat/completions", json=body)


def chat_body(**fields: object) -> dict[str, object]:
    return {"model": "toy", "messages": [{"role": "user", "content": "Count!"}], **fields}


@asynccontextmanager
async def house(
    *,
    usd: int = 10 * NANO,
    token_s: float = 0.0,
    models: tuple[AnyModel, ...] = (TOY,),
    embedding_engines: Mapping[str, EmbeddingEngine] | None = None,
    image_engines: Mapping[str, ImageEngine] | None = None,
    image_editors: Mapping[str, ImageEditor] | None = None,
    image_upscalers: Mapping[str, ImageUpscaler] | None = None,
    image_codec: ImageCodec | None = None,
    speech_engines: Mapping[str, SpeechEngine] | None = None,
    video_engines: Mapping[str, VideoEngine] | None = None,
    enclaves: Mapping[str, Enclave] | None = None,
    video: sections.Video | None = None,
    video_memory_bytes: int = 512 * 2**20,
    sound_codec: SoundCodec | None = None,
    picture_memory_bytes: int = 512 * 2**20,
    transcription_engines: Mapping[str, TranscriptionEngine] | None = None,
    sound_reader: SoundReader | None = None,
    sound_memory_bytes: int = 512 * 2**20,
    aliases: Mapping[str, str] | None = None,
    body_limit_bytes: int = 4 * 2**20,
    ping_interval_s: float = 15.0,
    header_timeout_s: float = 15.0,
    body_timeout_s: float = 60.0,
    idle_timeout_s: float = 75.0,
    first_byte_timeout_s: float = 30.0,
    total_timeout_s: float = 60.0,
    chunk_timeout_s: float = 60.0,
    whole_as_stream: bool = False,
    read_on_s: float = 30.0,
    write_timeout_s: float = 60.0,
    dialects: tuple[str, str] = ("openai", "openai"),
    extra_params: tuple[str, ...] = (),
    extra_headers: tuple[str, ...] = (),
    hosts: tuple[str, ...] = (),
    cors_origins: tuple[str, ...] = (),
    tiers: Mapping[str, Tier] = TIERS,
    failures: int = 0,
    trusted_proxies: tuple[str, ...] = (),
    stakes: Stakes | None = None,
    keys_a_minute: int = 20,
    characters: Path = Path("nowhere"),
    clock: Clock | None = None,
    system_prompt: str = "",
    hear_with: str = "",
    web_retrieval: WebRetrieval | None = None,
    files: Files | None = None,
    body_memory: BodyMemory | None = None,
    replies: MemoryBudget | None = None,
    connection_limit: int = 1_000,
    drain_delay_s: float = 0.0,
    compiling: bool = False,
    metrics: Literal["loopback", "key", "public"] = "loopback",
    metrics_token: str = "",
    access_log: bool = False,
    concurrent_calls: int = 0,
    error_format: Literal["auto", "string", "object"] = "auto",
    downloads: ModelDownloads | None = None,
    operators: tuple[str, ...] = ("tests",),
    dashboard: settings_of.Dashboard | None = None,
) -> AsyncGenerator[House]:
    async with (
        opened_output_formats() as forms,
        aclosing(PillowCodec()) as pillow,
        opened_sound_codec() as encoder,
        aclosing(PyAVReader()) as reader,
        aclosing(SandboxedTemplates(clock or SystemClock())) as templates,
        FakeUpstream(token_s=token_s, dialect=dialects[0]) as fake,
        FakeUpstream(dialect=dialects[1]) as second,
    ):
        upstreams = {
            name: connect(
                upstream.base_url,
                first_byte_timeout_s=first_byte_timeout_s,
                chunk_timeout_s=chunk_timeout_s,
                total_timeout_s=total_timeout_s,
            )
            for name, upstream in (("first", fake), ("second", second))
        }
        engines: dict[str, ChatEngine] = {
            name: OpenAICompatible(
                name,
                upstream,
                {m.id: "toy" for m in models},
                dialect=dialect,
                whole_as_stream=whole_as_stream,
                read_on_s=read_on_s,
                whole_timeout_s=first_byte_timeout_s,
                extra_params=extra_params,
                extra_headers=extra_headers,
                templates=templates,
            )
            for (name, upstream), dialect in zip(upstreams.items(), dialects, strict=True)
        }
        journal, keys = _stores(usd)
        sessions = MemorySessions(keys)
        clock = clock or SystemClock()
        settings = Settings(
            home=characters,
            models_folder=characters,
            video=video or sections.Video(),
            chat=sections.Chat(system_prompt=system_prompt, hear_with=hear_with),
            limits=settings_of.Limits(failures=failures, concurrent_calls=concurrent_calls),
            server=settings_of.Server(
                allowed_hosts=hosts,
                cors_origins=cors_origins,
                trusted_proxies=trusted_proxies,
                body_limit_bytes=body_limit_bytes,
                media_body_limit_bytes=body_limit_bytes,
                ping_interval_s=ping_interval_s,
                header_timeout_s=header_timeout_s,
                body_timeout_s=body_timeout_s,
                idle_timeout_s=idle_timeout_s,
                write_timeout_s=write_timeout_s,
                drain_delay_s=drain_delay_s,
                drain_timeout_s=5,
                ready_cache_s=0.2,
                engine_check_s=0,
                connection_limit=connection_limit,
                access_log=access_log,
                metrics=metrics,
                metrics_token=metrics_token,
                error_format=error_format,
                operators=operators,
            ),
            dashboard=dashboard or settings_of.Dashboard(),
        )
        ledger, counts, jobs = Ledger(journal, clock), Metrics(), MemoryJobs(journal)
        shared = Shared(
            ledger=ledger,
            limits=SlidingWindowLimiter(tiers, clock),
            idempotency=IdempotencyStore(journal, PEPPER, ledger.clock),
            metrics=counts,
            clock=clock,
            forms=forms,
            uses=journal,
            registry=CharacterFolder(
                characters, built_in_characters(), read_character, clock
            ).registry,
            reachability=Reachability(0, clock),
            image_codec=image_codec or pillow,
            sound_codec=sound_codec or encoder,
            picture_memory=picture_memory(picture_memory_bytes),
            sound_reader=sound_reader or reader,
            sound_memory=sound_memory(sound_memory_bytes),
            grammars={"first": grammar_of} if compiling else {},
            jobs=jobs,
            sealer=HomeSealer(PEPPER),
            job_runner=JobRunner(
                jobs,
                HomeSealer(PEPPER),
                ledger,
                clock=clock,
                metrics=counts,
                options=replace(runner_options(settings), renew_s=0.05),
            ),
            video_memory=video_memory(video_memory_bytes),
            enclaves=enclaves or {},
        )
        adapters = Adapters(
            Catalogue(models, aliases or {"gpt-4o": "default"}, clock.now),
            engines,
            embedding_engines or {},
            image_engines or {},
            image_editors or {},
            image_upscalers or {},
            speech_engines or {},
            transcription_engines or {},
            video_engines or {},
            looks={},
            web_retrieval=web_retrieval,
            files=files,
            sites={
                name: EngineSite("openai", one.base_url, client)
                for (name, client), one in zip(upstreams.items(), (fake, second), strict=True)
                if isinstance(client, HttpPool)
            },
        )
        platform = platform_of(
            settings,
            PEPPER,
            shared,
            adapters,
            stores=stores_in_memory(journal, keys, jobs, sessions),
            chain=chain_of(stakes, MemoryAccounts(journal, keys)),
            downloads=downloads or ModelDownloads(ModelFolder(characters), ()),
            keys_a_minute=keys_a_minute,
        )
        platform.tiers = tiers
        heartbeat, started, ended = Heartbeat(), anyio.Event(), anyio.Event()
        edge = edge_of(settings, platform, heartbeat, body_memory, replies)
        listener = listener_of(settings, platform, edge, started.set)
        bound = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with (
            bound,
            platform.metrics.counting_incidents(),
            no_hold_left(platform.ledger),
            reporting_loop_faults(),
        ):
            async with anyio.create_task_group() as tasks:
                run_in_background(tasks, platform, heartbeat, jobs=video_engines is not None)
                tasks.start_soon(serve_until_told, listener, bound, ended)
                await started.wait()
                headers = {"Authorization": f"Bearer {SECRET}"}
                async with httpx2.AsyncClient(
                    base_url=url, headers=headers, timeout=30, verify=NO_TLS
                ) as client:
                    yield House(
                        url,
                        client,
                        fake,
                        second,
                        platform,
                        journal,
                        keys,
                        listener,
                        edge,
                        sessions,
                    )
                listener.request_shutdown()
                listener.request_shutdown()
                await ended.wait()
                tasks.cancel_scope.cancel()
        for upstream in upstreams.values():
            await upstream.aclose()


def run_in_background(
    tasks: TaskGroup, platform: Platform, heartbeat: Heartbeat, *, jobs: bool
) -> None:
    tasks.start_soon(heartbeat.run)
    tasks.start_soon(platform.ledger.run)
    if jobs:
        tasks.start_soon(platform.job_runner.run)


async def serve_until_told(listener: Listener, bound: socket.socket, ended: anyio.Event) -> None:
    """Serve, and say when every call has ended."""
    await listener.serve(bound)
    ended.set()


@contextmanager
def no_hold_left(ledger: Ledger) -> Generator[None]:
    """Fail where a hold outlives its call."""
    yield
    left = [hold for hold in ledger.open_holds if not hold.durable]
    assert not left, "a hold outlived its call"


def stores_in_memory(
    journal: MemoryJournal,
    keys: MemoryKeys,
    jobs: MemoryJobs | None = None,
    sessions: MemorySessions | None = None,
) -> Stores:
    return Stores(
        journal=journal,
        idempotency=journal,
        keys=keys,
        key_uses=journal,
        charges=MemoryCharges(journal, keys),
        managed_accounts=MemoryManagedAccounts(journal, keys),
        character_uses=journal,
        jobs=jobs or MemoryJobs(journal),
        sessions=sessions or MemorySessions(keys),
    )


def _stores(usd: int) -> tuple[MemoryJournal, MemoryKeys]:
    journal = MemoryJournal()
    keys = MemoryKeys(journal)
    journal.add_account(ACCOUNT)
    if usd:
        journal.enter_elsewhere(Entry(ACCOUNT, EntryKind.GRANT, Currency.USD, usd, at=0.0))
    keys.put(Account(ACCOUNT, "tests"), digest(PEPPER, SECRET), _key())
    return journal, keys


def _key() -> Key:
    return Key("ab" * 16, ACCOUNT, KeyType.ADMIN, "tests", SECRET[-6:], created_at=0.0)
