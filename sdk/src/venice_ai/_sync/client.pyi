"""Types of the synchronous client. Made by sdk/stubs.py; do not edit."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar, Unpack, overload

import httpx2
from pydantic import BaseModel

from venice_ai.costs import ChatCostEstimate, SpeechQuote
from venice_ai.metadata import ResponseMetadata
from venice_ai.resources.api_keys import Unchanged
from venice_ai.resources.chat._options import ChatOptions
from venice_ai.tee.types import Attestation, TeeOptions
from venice_ai.types._wire import Wire
from venice_ai.types.api.api_keys import (
    AllowanceReply,
    ApiKeyList,
    ApiKeyReply,
    ApiKeyType,
    ChallengeReply,
    ConsumptionLimit,
    Deleted,
    ExceededList,
    NewApiKeyReply,
    RateLimitUsage,
)
from venice_ai.types.api.audio import (
    RecordingSource,
    SpeechFile,
    SpeechFormat,
    SubtitleFormat,
    Subtitles,
    Transcript,
    TranscriptEvent,
)
from venice_ai.types.api.billing import UsageFilters, UsageGroup, UsagePage, UsageSummary
from venice_ai.types.api.characters import CharacterFilters, CharacterList, CharacterReply
from venice_ai.types.api.chat import (
    ChatCompletionResponse,
    ParsedChatCompletion,
    Tool,
    ToolCall,
    ToolLoopResult,
)
from venice_ai.types.api.embeddings import EmbeddingInput, EmbeddingResponse
from venice_ai.types.api.images import (
    GeneratedImages,
    ImageFile,
    ImageFormat,
    ImageList,
    ImageSize,
    ImageStyles,
    PictureSource,
)
from venice_ai.types.api.messages import Messages
from venice_ai.types.api.models import Model, ModelFilter, ModelList, ModelReply, NameMap
from venice_ai.types.api.operator import (
    Account,
    AccountList,
    Download,
    DownloadList,
    EngineList,
    LoginLink,
    ServerStatus,
    SettingList,
    TierList,
)
from venice_ai.types.api.streaming import ChatCompletionChunk, ChunkModelFactory
from venice_ai.types.api.video import (
    QueuedVideo,
    VideoCompletion,
    VideoFile,
    VideoInput,
    VideoJobList,
    VideoQuote,
    VideoResolution,
    VideoStatus,
)

Chunk = TypeVar("Chunk", bound=Wire)
Parsed = TypeVar("Parsed", bound=BaseModel)

class SyncSpeechStream:
    meta: ResponseMetadata

    @property
    def voice(self) -> str | None: ...
    def save(self, path: str | os.PathLike[str]) -> Path: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def __next__(self) -> bytes: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

class SyncStream(Generic[Chunk]):
    meta: ResponseMetadata

    def __iter__(self) -> Iterator[Chunk]: ...
    def __next__(self) -> Chunk: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

class SyncVeniceClient:
    def __init__(
        self,
        *,
        api_key: str | None = ...,
        base_url: str | None = ...,
        timeout: float = ...,
        max_retries: int = ...,
        default_headers: Mapping[str, str] | None = ...,
        http_client: httpx2.AsyncClient | None = ...,
    ) -> None: ...
    @property
    def base_url(self) -> str: ...
    @property
    def chat(self) -> SyncChat: ...
    @property
    def embeddings(self) -> SyncEmbeddings: ...
    @property
    def image(self) -> SyncImage: ...
    @property
    def images(self) -> SyncImages: ...
    @property
    def audio(self) -> SyncAudio: ...
    @property
    def video(self) -> SyncVideo: ...
    @property
    def models(self) -> SyncModels: ...
    @property
    def tee(self) -> SyncTee: ...
    @property
    def characters(self) -> SyncCharacters: ...
    @property
    def api_keys(self) -> SyncApiKeys: ...
    @property
    def billing(self) -> SyncBilling: ...
    @property
    def operator(self) -> SyncOperator: ...
    def with_options(
        self,
        *,
        timeout: float | None = ...,
        max_retries: int | None = ...,
        default_headers: Mapping[str, str] | None = ...,
    ) -> SyncVeniceClient: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

class SyncApiKeys:
    def list(self) -> ApiKeyList: ...
    def get(self, id: str) -> ApiKeyReply: ...
    def create(
        self,
        *,
        description: str,
        api_key_type: ApiKeyType = ...,
        expires_at: date | str | None = ...,
        consumption_limit: ConsumptionLimit | None = ...,
    ) -> NewApiKeyReply: ...
    def update(
        self,
        id: str,
        *,
        description: str | Unchanged = ...,
        expires_at: date | str | Unchanged | None = ...,
        consumption_limit: ConsumptionLimit | Unchanged | None = ...,
    ) -> ApiKeyReply: ...
    def delete(self, id: str) -> Deleted: ...
    def rate_limits(self) -> AllowanceReply: ...
    def rate_limit_log(self) -> ExceededList: ...
    def rate_limit_usage(self) -> RateLimitUsage: ...
    def web3_challenge(self) -> ChallengeReply: ...
    def create_web3_key(
        self,
        *,
        address: str,
        token: str,
        signature: str,
        api_key_type: ApiKeyType = ...,
        description: str | None = ...,
        expires_at: date | str | None = ...,
        consumption_limit: ConsumptionLimit | None = ...,
    ) -> NewApiKeyReply: ...

class SyncAudio:
    @property
    def speech(self) -> SyncSpeech: ...
    @property
    def transcriptions(self) -> SyncTranscriptions: ...
    @property
    def translations(self) -> SyncTranslations: ...
    def quote(self, *, input: str, model: str = ...) -> SpeechQuote: ...

class SyncBilling:
    def usage(self, **filters: Unpack[UsageFilters]) -> UsagePage: ...
    def usage_pages(self, **filters: Unpack[UsageFilters]) -> Iterator[UsagePage]: ...
    def usage_csv(self, **filters: Unpack[UsageFilters]) -> str: ...
    def summary(
        self,
        *,
        group_by: UsageGroup | Sequence[UsageGroup] = ...,
        start_date: date | str | None = ...,
        end_date: date | str | None = ...,
    ) -> UsageSummary: ...

class SyncCharacters:
    def list(self, **filters: Unpack[CharacterFilters]) -> CharacterList: ...
    def pages(self, **filters: Unpack[CharacterFilters]) -> Iterator[CharacterList]: ...
    def get(self, slug: str) -> CharacterReply: ...

class SyncChat:
    @property
    def completions(self) -> SyncChatCompletions: ...

class SyncChatCompletions:
    @overload
    def create(
        self,
        *,
        model: str,
        messages: Messages,
        stream: Literal[False] = ...,
        **kwargs: Unpack[ChatOptions],
    ) -> ChatCompletionResponse: ...
    @overload
    def create(
        self,
        *,
        model: str,
        messages: Messages,
        stream: Literal[True],
        stream_cls: type[ChunkModelFactory[ChatCompletionChunk]] | None = ...,
        **kwargs: Unpack[ChatOptions],
    ) -> Iterator[ChatCompletionChunk]: ...
    @overload
    def create(
        self, *, model: str, messages: Messages, stream: Literal[False] = ..., **kwargs: Any
    ) -> ChatCompletionResponse: ...
    @overload
    def create(
        self,
        *,
        model: str,
        messages: Messages,
        stream: Literal[True],
        stream_cls: type[ChunkModelFactory[ChatCompletionChunk]] | None = ...,
        **kwargs: Any,
    ) -> Iterator[ChatCompletionChunk]: ...
    @overload
    def create(
        self,
        *,
        model: str,
        messages: Messages,
        stream: bool,
        stream_cls: type[ChunkModelFactory[ChatCompletionChunk]] | None = ...,
        **kwargs: Any,
    ) -> ChatCompletionResponse | Iterator[ChatCompletionChunk]: ...
    def stream(
        self, *, model: str, messages: Messages, e2ee: bool | TeeOptions | None = ..., **kwargs: Any
    ) -> SyncChatStream: ...
    def parse(
        self,
        *,
        model: str,
        messages: Messages,
        response_format: type[Parsed],
        schema_name: str | None = ...,
        strict: bool = ...,
        **kwargs: Any,
    ) -> ParsedChatCompletion[Parsed]: ...
    def estimate_cost(
        self,
        *,
        model: str,
        messages: Messages,
        expected_completion_tokens: int = ...,
        tokens_per_word: float = ...,
    ) -> ChatCostEstimate: ...
    def batch(
        self,
        requests: Sequence[Mapping[str, Any]],
        *,
        max_concurrency: int = ...,
        return_exceptions: bool = ...,
    ) -> list[ChatCompletionResponse | BaseException]: ...
    def run_with_tools(
        self,
        *,
        model: str,
        messages: Messages,
        tools: Sequence[Callable[..., Any] | Tool],
        on_tool_call: Callable[[ToolCall, Any], Any] | None = ...,
        on_tool_error: Callable[[ToolCall, Exception], str] | None = ...,
        parallel: bool = ...,
        max_iterations: int = ...,
        **create_kwargs: Any,
    ) -> ToolLoopResult: ...

class SyncChatStream(SyncStream[ChatCompletionChunk]):
    def text_deltas(self) -> Iterator[str]: ...
    def collect(self) -> ChatCompletionResponse: ...

class SyncEmbeddings:
    def create(
        self,
        *,
        input: EmbeddingInput,
        model: str,
        encoding_format: Literal["float", "base64"] = ...,
        dimensions: int | None = ...,
        user: str | None = ...,
    ) -> EmbeddingResponse: ...

class SyncImage:
    def generate(
        self,
        *,
        model: str,
        prompt: str,
        negative_prompt: str | None = ...,
        width: int | None = ...,
        height: int | None = ...,
        aspect_ratio: str | None = ...,
        resolution: Literal["1K", "2K", "4K"] | None = ...,
        steps: int | None = ...,
        cfg_scale: float | None = ...,
        seed: int | None = ...,
        style_preset: str | None = ...,
        lora_strength: int | None = ...,
        variants: int | None = ...,
        format: ImageFormat | None = ...,
        embed_exif_metadata: bool | None = ...,
        hide_watermark: bool | None = ...,
        safe_mode: bool | None = ...,
    ) -> GeneratedImages: ...
    def upscale(
        self,
        *,
        image: PictureSource,
        scale: float | None = ...,
        enhance: bool | None = ...,
        enhance_creativity: float | None = ...,
        enhance_prompt: str | None = ...,
        replication: float | None = ...,
    ) -> ImageFile: ...
    def edit(self, *, image: PictureSource, prompt: str) -> ImageFile: ...
    def styles(self) -> ImageStyles: ...

class SyncImages:
    def generate(
        self,
        *,
        prompt: str,
        model: str | None = ...,
        size: ImageSize | None = ...,
        output_format: ImageFormat | None = ...,
        output_compression: int | None = ...,
        response_format: Literal["b64_json", "url"] | None = ...,
        background: Literal["transparent", "opaque", "auto"] | None = ...,
        moderation: Literal["low", "auto"] | None = ...,
        user: str | None = ...,
    ) -> ImageList: ...
    def edit(
        self,
        *,
        image: PictureSource,
        prompt: str,
        mask: PictureSource | None = ...,
        model: str | None = ...,
        n: int | None = ...,
        size: str | None = ...,
        output_format: ImageFormat | None = ...,
        output_compression: int | None = ...,
        response_format: Literal["b64_json", "url"] | None = ...,
        background: Literal["transparent", "opaque", "auto"] | None = ...,
        user: str | None = ...,
    ) -> ImageList: ...

class SyncModels:
    def list(self, *, type: ModelFilter = ...) -> ModelList: ...
    def get(self, name: str) -> ModelReply: ...
    def traits(self, *, type: ModelFilter = ...) -> NameMap: ...
    def compatibility_mapping(self, *, type: ModelFilter = ...) -> NameMap: ...
    def find(self, name: str, *, type: ModelFilter = ...) -> Model | None: ...
    def resolve_trait(self, *traits: str, type: ModelFilter = ...) -> str: ...
    def resolve_chat(
        self,
        *,
        trait: str | None = ...,
        vision: bool = ...,
        reasoning: bool = ...,
        code: bool = ...,
        tools: bool = ...,
        structured: bool = ...,
        web_search: bool = ...,
        log_probs: bool = ...,
        private: bool = ...,
        context_tokens: int = ...,
    ) -> str: ...

class SyncOperator:
    def accounts(self, *, limit: int = ..., page: int = ...) -> AccountList: ...
    def account_pages(self, *, limit: int = ...) -> Iterator[AccountList]: ...
    def create_account(
        self,
        name: str,
        *,
        usd: Decimal | float = ...,
        diem_allocation: Decimal | float = ...,
        tier: str = ...,
    ) -> Account: ...
    def change_account(
        self,
        name: str,
        *,
        tier: str | None = ...,
        disabled: bool | None = ...,
        diem_allocation: Decimal | float | None = ...,
    ) -> Account: ...
    def grant(
        self,
        name: str,
        usd: Decimal | float,
        *,
        notes: str = ...,
        idempotency_key: str | None = ...,
    ) -> Account: ...
    def create_key(
        self,
        name: str,
        *,
        description: str,
        api_key_type: ApiKeyType = ...,
        expires_at: date | str | None = ...,
        consumption_limit: ConsumptionLimit | None = ...,
    ) -> NewApiKeyReply: ...
    def create_login_link(self, name: str) -> LoginLink: ...
    def tiers(self) -> TierList: ...
    def engines(self) -> EngineList: ...
    def downloads(self) -> DownloadList: ...
    def download(self, model: str) -> Download: ...
    def configuration(self) -> SettingList: ...
    def status(self) -> ServerStatus: ...

class SyncSpeech:
    def create(
        self,
        *,
        input: str,
        model: str | None = ...,
        voice: str | None = ...,
        response_format: SpeechFormat | None = ...,
        speed: float | None = ...,
        instructions: str | None = ...,
    ) -> SpeechFile: ...
    def stream(
        self,
        *,
        input: str,
        model: str | None = ...,
        voice: str | None = ...,
        response_format: SpeechFormat | None = ...,
        speed: float | None = ...,
        instructions: str | None = ...,
    ) -> SyncSpeechStream: ...

class SyncTee:
    def attest(self, *, model: str, options: TeeOptions | None = ...) -> Attestation: ...

class SyncTranscriptStream(SyncStream[TranscriptEvent]):
    def text_deltas(self) -> Iterator[str]: ...

class SyncTranscriptions:
    def create(
        self,
        *,
        file: RecordingSource,
        model: str = ...,
        language: str | None = ...,
        prompt: str | None = ...,
        temperature: float | None = ...,
        timestamp_granularities: Sequence[Literal["segment", "word"]] | None = ...,
    ) -> Transcript: ...
    def subtitles(
        self,
        *,
        file: RecordingSource,
        format: SubtitleFormat = ...,
        model: str = ...,
        language: str | None = ...,
        prompt: str | None = ...,
    ) -> Subtitles: ...
    def stream(
        self,
        *,
        file: RecordingSource,
        model: str = ...,
        language: str | None = ...,
        prompt: str | None = ...,
        temperature: float | None = ...,
    ) -> SyncTranscriptStream: ...

class SyncTranslations:
    def create(
        self,
        *,
        file: RecordingSource,
        model: str = ...,
        prompt: str | None = ...,
        temperature: float | None = ...,
    ) -> Transcript: ...

class SyncVideo:
    def quote(
        self,
        *,
        model: str,
        prompt: str,
        duration: str,
        negative_prompt: str | None = ...,
        aspect_ratio: str | None = ...,
        resolution: VideoResolution | None = ...,
        audio: bool | None = ...,
        image_url: VideoInput | None = ...,
        audio_url: VideoInput | None = ...,
        video_url: VideoInput | None = ...,
    ) -> VideoQuote: ...
    def queue(
        self,
        *,
        model: str,
        prompt: str,
        duration: str,
        negative_prompt: str | None = ...,
        aspect_ratio: str | None = ...,
        resolution: VideoResolution | None = ...,
        audio: bool | None = ...,
        image_url: VideoInput | None = ...,
        audio_url: VideoInput | None = ...,
        video_url: VideoInput | None = ...,
    ) -> QueuedVideo: ...
    def retrieve(
        self, *, model: str, queue_id: str, delete_media_on_completion: bool = ...
    ) -> VideoStatus | VideoFile: ...
    def jobs(self, *, limit: int = ...) -> VideoJobList: ...
    def complete(self, *, model: str, queue_id: str) -> VideoCompletion: ...
    def run(
        self,
        *,
        model: str,
        prompt: str,
        duration: str,
        negative_prompt: str | None = ...,
        aspect_ratio: str | None = ...,
        resolution: VideoResolution | None = ...,
        audio: bool | None = ...,
        image_url: VideoInput | None = ...,
        audio_url: VideoInput | None = ...,
        video_url: VideoInput | None = ...,
        save_to: str | os.PathLike[str] | None = ...,
        on_progress: Callable[[VideoStatus], object] | None = ...,
        timeout_s: float = ...,
        delete: bool = ...,
    ) -> VideoFile: ...
