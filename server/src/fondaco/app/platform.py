"""The platform: the use cases, each with the adapters that it needs."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from fondaco.app.stores import Stores
from fondaco.configuration import EMBEDDED, built_in_characters, read_character, tiers_of
from fondaco.domain.chat.character import CharacterRegistry
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.jobs import QueueLimits
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.money.price import FREE, Charge
from fondaco.domain.money.usage import Usage
from fondaco.engines.llamacpp.tools import grammar_of
from fondaco.ports import (
    CharacterUses,
    ChatEngine,
    Clock,
    Downloads,
    EmbeddingEngine,
    Enclave,
    Files,
    ImageCodec,
    ImageEditor,
    ImageEngine,
    ImageUpscaler,
    JobStore,
    LocalEngine,
    OutputFormats,
    Sealer,
    SoundCodec,
    SoundReader,
    SpeechEngine,
    TranscriptionEngine,
    VideoEngine,
)
from fondaco.processes import descendants, resident_bytes
from fondaco.sandbox.output_formats import SandboxedOutputFormats
from fondaco.serving.access.accounts import AccountManagement
from fondaco.serving.access.api_keys import KEYS_A_MINUTE, ApiKeys
from fondaco.serving.access.failure_throttle import FailureThrottle
from fondaco.serving.access.key_ring import KeyRing
from fondaco.serving.access.sessions import Sessions
from fondaco.serving.access.wallets import WalletPorts, Wallets
from fondaco.serving.activity import Activity
from fondaco.serving.admission.concurrency import ConcurrentCalls
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.admission.memory_budget import MemoryBudget
from fondaco.serving.admission.rate_limits import SlidingWindowLimiter
from fondaco.serving.billing.ledger import Ledger
from fondaco.serving.billing.paid_call import PaidCalls
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.serving.chat.characters import Characters
from fondaco.serving.chat.hearing import ChatHearing
from fondaco.serving.chat.pipeline import Chat
from fondaco.serving.embeddings import Embedder
from fondaco.serving.images.edit import ImageEdits
from fondaco.serving.images.generate import ImageGenerator
from fondaco.serving.images.upscale import ImageUpscales
from fondaco.serving.inputs.media import Media
from fondaco.serving.inputs.pictures import PictureReader
from fondaco.serving.inputs.sounds import Sounds
from fondaco.serving.metrics import Metrics
from fondaco.serving.platform import Platform, UseCases
from fondaco.serving.retrieval.web_retrieval import WebRetrieval
from fondaco.serving.routing.failover import ModelEngines
from fondaco.serving.routing.overview import EngineOverview, EngineSite
from fondaco.serving.routing.reachability import Look, Reachability
from fondaco.serving.routing.readiness import Readiness
from fondaco.serving.sealed import ConfidentialChat
from fondaco.serving.speech import Speech
from fondaco.serving.transcription import Transcriber
from fondaco.serving.video.runner import JobRunner, RunnerOptions, VideoWork
from fondaco.serving.video.videos import Videos
from fondaco.settings import Settings
from fondaco.sound.codec import PyAVCodec
from fondaco.stores.characters import CharacterFolder, characters_in
from fondaco.stores.sealing import HomeSealer
from fondaco.system import SystemClock, TimedIds

log = logging.getLogger("fondaco")


@asynccontextmanager
async def opened_output_formats() -> AsyncGenerator[OutputFormats]:
    """Open the schema validator; its child processes start with the first schema."""
    forms = SandboxedOutputFormats()
    try:
        yield forms
    finally:
        with anyio.CancelScope(shield=True):
            await forms.aclose()


@asynccontextmanager
async def opened_sound_codec() -> AsyncGenerator[SoundCodec]:
    """Open the sound encoder; its child process starts with the first file, and ends when it is idle."""
    codec = PyAVCodec()
    async with anyio.create_task_group() as tasks:
        await tasks.start(codec.run)
        try:
            yield codec
        finally:
            tasks.cancel_scope.cancel()


@dataclass(frozen=True, slots=True)
class Adapters:
    """The adapters of one configuration, which the next one replaces."""

    catalogue: Catalogue
    engines: Mapping[str, ChatEngine]
    embedding_engines: Mapping[str, EmbeddingEngine]
    image_engines: Mapping[str, ImageEngine]
    image_editors: Mapping[str, ImageEditor]
    image_upscalers: Mapping[str, ImageUpscaler]
    speech_engines: Mapping[str, SpeechEngine]
    transcription_engines: Mapping[str, TranscriptionEngine]
    video_engines: Mapping[str, VideoEngine]
    looks: Mapping[str, Look]
    """The health check of each upstream engine."""
    web_retrieval: WebRetrieval | None
    files: Files | None
    sites: Mapping[str, EngineSite] = field(default_factory=dict)
    """The engines elsewhere, by name."""
    local: Mapping[str, Sequence[LocalEngine]] = field(default_factory=dict)
    """The engines that run here, by name."""


_VIDEO_BYTES = 512 * 2**20
"""Budget of all videos that are being sent at a time."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The parts that all configurations of a process share: money, limits and metrics."""

    ledger: Ledger
    limits: SlidingWindowLimiter
    idempotency: IdempotencyStore
    metrics: Metrics
    clock: Clock
    forms: OutputFormats
    uses: CharacterUses
    registry: Callable[[], Awaitable[CharacterRegistry]]
    reachability: Reachability
    image_codec: ImageCodec
    sound_codec: SoundCodec
    picture_memory: MemoryBudget
    """For the pictures that callers send, and what is made of them, as pixels."""
    sound_reader: SoundReader
    sound_memory: MemoryBudget
    """For the recordings that callers send, as samples."""
    grammars: Mapping[str, Callable[[ChatRequest], str | None]]
    """Name of each engine that compiles a request's grammar on this machine -> what makes it."""
    jobs: JobStore
    sealer: Sealer
    job_runner: JobRunner
    video_memory: MemoryBudget
    """For the videos that are being sent."""
    enclaves: Mapping[str, Enclave] = field(default_factory=dict)
    """Enclaves by name; they alone read encrypted content."""

    def use_cases(self, settings: Settings, adapters: Adapters) -> UseCases:
        """Return the use cases of a configuration."""
        catalogue = adapters.catalogue
        paid_calls = PaidCalls(
            self.ledger, self.limits, self.idempotency, clock=self.clock, metrics=self.metrics
        )
        sounds = Sounds(self.sound_reader, self.sound_memory)
        hear_with = settings.chat.hear_with
        chat = Chat(
            catalogue,
            adapters.engines,
            paid_calls,
            system_prompt=settings.chat.system_prompt,
            web_retrieval=adapters.web_retrieval,
            media=Media(catalogue, adapters.files, hears=bool(hear_with)),
            hearing=ChatHearing(catalogue, adapters.transcription_engines, sounds, hear_with)
            if hear_with
            else None,
            negotiation=CapabilityNegotiation(catalogue, self.forms, self.grammars),
        )
        codec = self.image_codec
        reader = PictureReader(codec, adapters.files, self.picture_memory)
        cache_s = settings.server.ready_cache_s
        return UseCases(
            catalogue=catalogue,
            chat=chat,
            confidential_chat=ConfidentialChat(catalogue, self.enclaves, paid_calls),
            characters=Characters(self.registry, self.uses, catalogue, chat),
            embedder=Embedder(catalogue, adapters.embedding_engines, paid_calls),
            images=ImageGenerator(catalogue, adapters.image_engines, codec, paid_calls),
            image_edits=ImageEdits(catalogue, adapters.image_editors, reader, codec, paid_calls),
            image_upscales=ImageUpscales(
                catalogue, adapters.image_upscalers, reader, codec, paid_calls
            ),
            speech=Speech(catalogue, adapters.speech_engines, self.sound_codec, paid_calls),
            transcriber=Transcriber(
                catalogue,
                adapters.transcription_engines,
                sounds,
                paid_calls,
            ),
            videos=Videos(
                VideoWork(
                    catalogue, ModelEngines(catalogue, adapters.video_engines), reader, codec
                ),
                self.jobs,
                self.sealer,
                self.job_runner,
                files=adapters.files,
                sounds=sounds,
                paid_calls=paid_calls,
                limits=QueueLimits(settings.video.queue, settings.video.account_queue),
                memory=self.video_memory,
            ),
            readiness=Readiness(catalogue, adapters.engines, self.clock, cache_s, self.ledger),
            tiers=tiers_of(settings),
            engine_overview=EngineOverview(
                catalogue,
                adapters.sites,
                adapters.local,
                reachability=self.reachability,
                metrics=self.metrics,
                memory_of=resident_bytes,
                descendants_of=descendants,
            ),
        )


def picture_memory(total_bytes: int) -> MemoryBudget:
    """Return the budget of pictures as pixels; an account has half of it."""
    busy = (
        "The server holds as many pictures as it can. Try again in a moment, or send a smaller one."
    )
    return MemoryBudget(total_bytes, total_bytes // 2, "pictures", busy)


def sound_memory(total_bytes: int) -> MemoryBudget:
    """Return the budget of recordings as samples; an account has half of it."""
    busy = "The server holds as many recordings as it can. Try again in a moment, or send a shorter one."
    return MemoryBudget(total_bytes, total_bytes // 2, "recordings", busy)


def video_memory(total_bytes: int = _VIDEO_BYTES) -> MemoryBudget:
    """Return the budget of videos that are being sent; an account has half of it."""
    busy = "The server sends as many videos as it can. Try again in a moment."
    return MemoryBudget(total_bytes, total_bytes // 2, "videos", busy)


def reply_memory(total_bytes: int) -> MemoryBudget:
    """Return the budget of whole responses until they are sent; an account has half of it."""
    busy = "The server holds as many large replies as it can. Try again in a moment."
    return MemoryBudget(total_bytes, total_bytes // 2, "replies", busy)


def shared_of(
    settings: Settings,
    pepper: bytes,
    *,
    stores: Stores,
    forms: OutputFormats,
    image_codec: ImageCodec,
    sound_codec: SoundCodec,
    sound_reader: SoundReader,
    enclaves: Mapping[str, Enclave],
) -> Shared:
    """Return the parts that stay across reloads."""
    clock = SystemClock()
    ledger, metrics, sealer = Ledger(stores.journal, clock), Metrics(), HomeSealer(pepper)
    return Shared(
        ledger=ledger,
        limits=SlidingWindowLimiter(tiers_of(settings), clock),
        idempotency=IdempotencyStore(stores.idempotency, pepper, ledger.clock),
        metrics=metrics,
        clock=clock,
        forms=forms,
        uses=stores.character_uses,
        registry=_characters(settings, clock).registry,
        reachability=Reachability(settings.server.engine_check_s, clock),
        image_codec=image_codec,
        sound_codec=sound_codec,
        picture_memory=picture_memory(settings.server.picture_memory_bytes),
        sound_reader=sound_reader,
        sound_memory=sound_memory(settings.server.sound_memory_bytes),
        grammars={EMBEDDED: grammar_of},
        jobs=stores.jobs,
        sealer=sealer,
        job_runner=JobRunner(
            stores.jobs,
            sealer,
            ledger,
            clock=clock,
            metrics=metrics,
            options=runner_options(settings),
        ),
        video_memory=video_memory(),
        enclaves=enclaves,
    )


def runner_options(settings: Settings) -> RunnerOptions:
    """Return how jobs are run."""
    video = settings.video
    return RunnerOptions(
        at_once=video.at_once,
        lease_s=video.lease_s,
        renew_s=video.lease_s / 6,
        timeout_s=video.timeout_s,
        keep_s=video.keep_s,
    )


def platform_of(
    settings: Settings,
    pepper: bytes,
    shared: Shared,
    adapters: Adapters,
    *,
    stores: Stores,
    chain: WalletPorts,
    downloads: Downloads,
    keys_a_minute: int = KEYS_A_MINUTE,
) -> Platform:
    """Return the use cases over the adapters given."""
    clock, ids = shared.clock, TimedIds()
    guarded = settings.limits
    key_ring = KeyRing(stores.keys, stores.key_uses, pepper, clock)
    stores.journal.on_change(lambda _: key_ring.invalidate())
    api_keys = ApiKeys(stores.keys, key_ring, pepper, clock=clock, ids=ids, a_minute=keys_a_minute)
    lifetime_s = settings.chain.challenge_lifetime_s
    use_cases = shared.use_cases(settings, adapters)
    shared.job_runner.work = use_cases.videos.work
    shared.reachability.follow(adapters.looks)
    return Platform(
        catalogue=use_cases.catalogue,
        chat=use_cases.chat,
        confidential_chat=use_cases.confidential_chat,
        characters=use_cases.characters,
        embedder=use_cases.embedder,
        images=use_cases.images,
        image_edits=use_cases.image_edits,
        image_upscales=use_cases.image_upscales,
        speech=use_cases.speech,
        transcriber=use_cases.transcriber,
        videos=use_cases.videos,
        job_runner=shared.job_runner,
        ledger=shared.ledger,
        charges=stores.charges,
        key_ring=key_ring,
        api_keys=api_keys,
        account_management=AccountManagement(stores.managed_accounts, clock),
        sessions=Sessions(
            stores.sessions,
            stores.keys,
            api_keys,
            key_ring,
            pepper,
            clock=clock,
            ids=ids,
            idle_timeout_s=settings.dashboard.idle_timeout_s,
            link_lifetime_s=settings.dashboard.link_lifetime_s,
        ),
        limits=shared.limits,
        tiers=use_cases.tiers,
        engine_overview=use_cases.engine_overview,
        downloads=downloads,
        activity=Activity(shared.metrics, clock),
        started_at=clock.now(),
        failure_throttle=FailureThrottle.in_process(
            clock, max_failures=guarded.failures, window_s=guarded.failure_window_s
        ),
        concurrent_calls=ConcurrentCalls(guarded.concurrent_calls, clock),
        readiness=use_cases.readiness,
        reachability=shared.reachability,
        metrics=shared.metrics,
        clock=clock,
        ids=ids,
        idempotency=shared.idempotency,
        wallets=Wallets(chain, api_keys, clock, ids, challenge_lifetime_s=lifetime_s),
        operators=frozenset(settings.server.operators),
    )


def _characters(settings: Settings, clock: Clock) -> CharacterFolder:
    folder = characters_in(settings.home)
    return CharacterFolder(folder, built_in_characters(), read_character, clock)


def charge_of(catalogue: Catalogue, model_id: str, usage: Usage) -> Charge:
    """Return the charge of a call that a crash cut off; free where its model left the catalogue."""
    model = catalogue.entry(model_id)
    if model is not None:
        return model.price.charge(model_id, usage)
    log.warning("model %s left the catalogue with a call open: not charged", model_id)
    return FREE
