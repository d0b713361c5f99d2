"""The ports: protocols that adapters implement for the use cases."""

from fondaco.ports.characters import CharacterUses
from fondaco.ports.clock import Clock, Ids
from fondaco.ports.engines.chat import (
    BegunAnswer,
    ChatEngine,
    ImmediateChatEngine,
    Prompt,
    RelayingChatEngine,
    TextRelay,
)
from fondaco.ports.engines.downloads import Download, Downloads, DownloadState
from fondaco.ports.engines.embeddings import EmbeddingEngine
from fondaco.ports.engines.enclave import Enclave
from fondaco.ports.engines.images import (
    GeneratedImage,
    ImageCodec,
    ImageEditor,
    ImageEngine,
    ImageUpscaler,
)
from fondaco.ports.engines.overview import (
    EngineLoad,
    EngineProcess,
    EngineState,
    LocalEngine,
)
from fondaco.ports.engines.speech import SoundCodec, SoundEncoder, SpeechEngine
from fondaco.ports.engines.transcription import SoundReader, TranscriptionEngine
from fondaco.ports.engines.video import (
    GeneratedVideo,
    Progress,
    RemoteJob,
    UnkeptJob,
    VideoEngine,
)
from fondaco.ports.idempotency import Idempotency
from fondaco.ports.jobs import (
    ClaimedJob,
    JobReport,
    JobStore,
    QueueId,
    QueueResult,
    Sealer,
    UnsealableError,
)
from fondaco.ports.keys import (
    REPORTED_EPOCHS,
    AccountChange,
    AccountPage,
    AccountReport,
    Accounts,
    KeyReport,
    Keys,
    KeyUses,
    ManagedAccounts,
)
from fondaco.ports.ledger import (
    ChargePage,
    ChargeQuery,
    Charges,
    Journal,
    UsageField,
    UsageSum,
    UsageSumQuery,
)
from fondaco.ports.limits import RateLimiter, Reservation
from fondaco.ports.output_formats import Enforcement, OutputFormats
from fondaco.ports.sessions import SessionStore
from fondaco.ports.templates import Templates
from fondaco.ports.throttle import Throttle
from fondaco.ports.wallets import Challenges, Signatures, Stakes
from fondaco.ports.web import Files, Pages, Search

__all__ = [
    "REPORTED_EPOCHS",
    "AccountChange",
    "AccountPage",
    "AccountReport",
    "Accounts",
    "BegunAnswer",
    "Challenges",
    "CharacterUses",
    "ChargePage",
    "ChargeQuery",
    "Charges",
    "ChatEngine",
    "ClaimedJob",
    "Clock",
    "Download",
    "DownloadState",
    "Downloads",
    "EmbeddingEngine",
    "Enclave",
    "Enforcement",
    "EngineLoad",
    "EngineProcess",
    "EngineState",
    "Files",
    "GeneratedImage",
    "GeneratedVideo",
    "Idempotency",
    "Ids",
    "ImageCodec",
    "ImageEditor",
    "ImageEngine",
    "ImageUpscaler",
    "ImmediateChatEngine",
    "JobReport",
    "JobStore",
    "Journal",
    "KeyReport",
    "KeyUses",
    "Keys",
    "LocalEngine",
    "ManagedAccounts",
    "OutputFormats",
    "Pages",
    "Progress",
    "Prompt",
    "QueueId",
    "QueueResult",
    "RateLimiter",
    "RelayingChatEngine",
    "RemoteJob",
    "Reservation",
    "Sealer",
    "Search",
    "SessionStore",
    "Signatures",
    "SoundCodec",
    "SoundEncoder",
    "SoundReader",
    "SpeechEngine",
    "Stakes",
    "Templates",
    "TextRelay",
    "Throttle",
    "TranscriptionEngine",
    "UnkeptJob",
    "UnsealableError",
    "UsageField",
    "UsageSum",
    "UsageSumQuery",
    "VideoEngine",
]
