"""Every setting, its default and its unit; the only reader of the environment.

A value comes from a flag, else from `FONDACO_SECTION__KEY`, else from the TOML file, else from here.
"""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fondaco.domain.model import ModelType, Privacy, Quantization

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=16, decimal_places=9)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")]


class Section(BaseModel):
    """A table of the configuration: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Server(Section):
    """`[server]`: the HTTP side."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    allow_remote: bool = Field(
        default=False,
        description="Permit a non-loopback address. Put TLS in front: keys travel in headers.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Host names that requests may carry besides loopback ones; `*` for any."
    )
    cors_origins: tuple[str, ...] = Field(
        (), description="Origins whose pages may call the API; `*` for any; empty: CORS is off."
    )
    body_limit_bytes: int = Field(4 * 2**20, ge=1024, description="Largest JSON body.")
    header_limit_bytes: int = Field(64 * 2**10, ge=1024, description="Largest request head.")
    header_timeout_s: Seconds = Field(15.0, description="Time for a request's head to arrive.")
    body_timeout_s: Seconds = Field(60.0, description="Time for a request's body to arrive.")
    idle_timeout_s: Seconds = Field(75.0, description="Time that a kept-alive connection may idle.")
    ping_interval_s: Seconds = Field(15.0, description="Silence after which a stream gets a ping.")
    drain_timeout_s: Seconds = Field(30.0, description="Time that running calls get at shutdown.")
    ready_cache_s: Seconds = Field(5.0, description="Time that /readyz trusts its last probe.")


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


class Embedded(Section):
    """`[embedded]`: the built-in llama.cpp engine."""

    enabled: bool = Field(default=True, description="Whether embedded models are offered.")
    threads: int = Field(
        0, ge=0, le=256, description="Threads per engine; 0: cores - 1, at least 1."
    )
    slots: int = Field(4, ge=1, le=64, description="Calls that one engine answers at a time.")
    context_tokens: int = Field(4096, ge=256, le=1_048_576, description="Context of each slot.")
    queue: int = Field(64, ge=0, description="Calls that may wait for a slot; more get 503.")
    start_timeout_s: Seconds = Field(120.0, description="Time for a model to load.")
    first_byte_timeout_s: Seconds = Field(120.0, description="Time to the first token.")
    total_timeout_s: Seconds = Field(1800.0, description="Time for a whole answer.")


class Engine(Section):
    """`[engines.NAME]`: an OpenAI-compatible upstream."""

    base_url: str = Field(description="Up to and including `/v1`.", pattern=r"^https?://")
    key: str = Field("", description="Its API key as `env:NAME` or `file:PATH`; empty: none.")
    models: dict[Name, str] = Field(
        default_factory=dict, description="Our model id -> the engine's name for it."
    )
    dialect: Literal["openai", "vllm", "llama-server", "ollama"] = Field(
        "openai", description="Whose habits it has: see docs/guide/engines.md."
    )
    whole_as_stream: bool = Field(
        default=True,
        description="Read whole replies as streams, so that a hang-up is charged exactly.",
    )
    connections: int = Field(256, ge=1, le=10_000, description="Most connections at a time.")
    connect_timeout_s: Seconds = Field(5.0, description="Time to connect.")
    first_byte_timeout_s: Seconds = Field(120.0, description="Time to the reply's first byte.")
    total_timeout_s: Seconds = Field(1800.0, description="Time for a whole reply.")


class TextPrice(Section):
    """`[models.ID.price]`: per million tokens, in USD; one DIEM counts as one USD."""

    input: Money
    output: Money
    cached_input: Money | None = None


class CatalogueModel(Section):
    """`[models.ID]`: an entry of the catalogue."""

    name: str
    type: ModelType = ModelType.TEXT
    price: TextPrice
    context_tokens: int = Field(ge=16)
    max_output_tokens: int | None = Field(None, ge=1)
    traits: tuple[str, ...] = ()
    engines: tuple[str, ...] = Field(
        (), description="Engines in the order in which they are tried."
    )
    file: str | None = Field(
        None, description="For the engine `embedded`: the model file's name in the models folder."
    )
    privacy: Privacy = Privacy.PRIVATE
    source: str = ""
    released: date = date(2025, 1, 1)
    beta: bool = False
    offline: bool = False
    optimized_for_code: bool = False
    function_calling: bool = False
    reasoning: bool = False
    response_schema: bool = False
    vision: bool = False
    web_search: bool = False
    log_probs: bool = False
    quantization: Quantization = "not-available"
    temperature: float = Field(0.7, ge=0, le=2, allow_inf_nan=False)
    top_p: float = Field(0.9, ge=0, le=1, allow_inf_nan=False)


class Settings(Section):
    """The whole configuration."""

    home: Path
    """Where all state lies."""
    models_folder: Path
    """Where model files lie, shared by all homes of a user."""
    server: Server = Server()
    ledger: Ledger = Ledger()
    embedded: Embedded = Embedded()
    engines: dict[Name, Engine] = Field(default_factory=dict)
    models: dict[Name, CatalogueModel] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict)
