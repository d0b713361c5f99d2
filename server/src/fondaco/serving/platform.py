"""The platform: everything that an endpoint may ask for, wired once at start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.money.limits import Tier
from fondaco.ports import Charges, Clock, Downloads, Ids, RateLimiter
from fondaco.serving.access.accounts import AccountManagement
from fondaco.serving.access.api_keys import ApiKeys
from fondaco.serving.access.failure_throttle import FailureThrottle
from fondaco.serving.access.key_ring import KeyRing
from fondaco.serving.access.sessions import Sessions
from fondaco.serving.access.wallets import Wallets
from fondaco.serving.activity import Activity
from fondaco.serving.admission.concurrency import ConcurrentCalls
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.billing.ledger import Ledger
from fondaco.serving.chat.characters import Characters
from fondaco.serving.chat.pipeline import Chat
from fondaco.serving.embeddings import Embedder
from fondaco.serving.images.edit import ImageEdits
from fondaco.serving.images.generate import ImageGenerator
from fondaco.serving.images.upscale import ImageUpscales
from fondaco.serving.metrics import Metrics
from fondaco.serving.routing.overview import EngineOverview
from fondaco.serving.routing.reachability import Reachability
from fondaco.serving.routing.readiness import Readiness
from fondaco.serving.sealed import ConfidentialChat
from fondaco.serving.speech import Speech
from fondaco.serving.transcription import Transcriber
from fondaco.serving.video.runner import JobRunner
from fondaco.serving.video.videos import Videos


class ConfigurationRow(Protocol):
    """A setting, as it may be shown to the operator."""

    @property
    def name(self) -> str:
        """Its dotted name."""
        ...

    @property
    def value(self) -> object:
        """The value in force, masked where it is secret."""
        ...

    @property
    def origin(self) -> str:
        """The place that the value comes from."""
        ...


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases of one configuration, replaced together on reload."""

    catalogue: Catalogue
    chat: Chat
    confidential_chat: ConfidentialChat
    characters: Characters
    embedder: Embedder
    images: ImageGenerator
    image_edits: ImageEdits
    image_upscales: ImageUpscales
    speech: Speech
    transcriber: Transcriber
    videos: Videos
    readiness: Readiness
    tiers: Mapping[str, Tier]
    engine_overview: EngineOverview


@dataclass(slots=True)
class Platform:
    """The use cases and their shared state."""

    catalogue: Catalogue
    chat: Chat
    confidential_chat: ConfidentialChat
    characters: Characters
    embedder: Embedder
    images: ImageGenerator
    image_edits: ImageEdits
    image_upscales: ImageUpscales
    speech: Speech
    transcriber: Transcriber
    videos: Videos
    job_runner: JobRunner
    ledger: Ledger
    charges: Charges
    key_ring: KeyRing
    api_keys: ApiKeys
    account_management: AccountManagement
    sessions: Sessions
    limits: RateLimiter
    tiers: Mapping[str, Tier]
    """By their names, as accounts have them."""
    engine_overview: EngineOverview
    downloads: Downloads
    activity: Activity
    started_at: float
    """Unix seconds."""
    failure_throttle: FailureThrottle
    concurrent_calls: ConcurrentCalls
    readiness: Readiness
    metrics: Metrics
    clock: Clock
    ids: Ids
    idempotency: IdempotencyStore
    wallets: Wallets
    operators: frozenset[str]
    """Names of the accounts whose ADMIN keys manage the server."""
    reachability: Reachability
    """Reachability of engines, as they were last probed."""
    configuration: Sequence[ConfigurationRow] = ()
    """The settings in force, secrets masked."""
    url: str | None = None
    """Address that it listens at, without a path; None where another program does."""
    leaving: bool = False
    """The server will stop soon: it reports not ready, but still serves."""
    draining: bool = False
    """Running calls complete, new calls are refused."""

    def adopt(self, use_cases: UseCases) -> None:
        """Serve new requests by another configuration."""
        self.catalogue = use_cases.catalogue
        self.chat = use_cases.chat
        self.confidential_chat = use_cases.confidential_chat
        self.characters = use_cases.characters
        self.embedder = use_cases.embedder
        self.images = use_cases.images
        self.image_edits = use_cases.image_edits
        self.image_upscales = use_cases.image_upscales
        self.speech = use_cases.speech
        self.transcriber = use_cases.transcriber
        self.videos = use_cases.videos
        self.job_runner.work = use_cases.videos.work
        self.readiness = use_cases.readiness
        self.tiers = use_cases.tiers
        self.engine_overview = use_cases.engine_overview

    def leave(self) -> None:
        """Report not ready from now on, so that load balancers send no new requests."""
        self.leaving = True

    def drain(self) -> None:
        """Refuse new calls from now on."""
        self.draining = True

    def stop(self) -> None:
        """Expect that calls still running are cancelled."""
        self.draining = self.ledger.stopping = True
