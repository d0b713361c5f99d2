"""Accounts, engines, downloads and settings of a Fondaco server, as its operator sees them.

Source: GET and POST /operator/accounts, PATCH /operator/accounts/{name},
POST /operator/accounts/{name}/grants, /operator/accounts/{name}/keys and
/operator/accounts/{name}/login-links, GET /operator/tiers, /operator/engines, /operator/configuration and
/operator/status, GET and POST /operator/downloads.
"""

from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from pydantic import Field

from venice_ai.types._camel import Camel
from venice_ai.types._exact import ExactReply
from venice_ai.types._timestamps import Moment
from venice_ai.types._wire import Reply
from venice_ai.types.api.api_keys import ApiTier
from venice_ai.types.api.paging import Pagination

__all__ = [
    "Account",
    "AccountList",
    "Charges",
    "Download",
    "DownloadList",
    "Engine",
    "EngineList",
    "EngineProcess",
    "LoginLink",
    "ServerCharges",
    "ServerStatus",
    "Setting",
    "SettingList",
    "SettingValue",
    "TierList",
]

SettingValue: TypeAlias = str | int | Decimal | bool | list[str | int | Decimal] | None


class Account(ExactReply, Camel):
    """An account."""

    name: str
    usd: Decimal
    """Balance."""
    diem: Decimal
    """Balance of the current day."""
    diem_allocation: Decimal
    """DIEM at the start of each day (UTC)."""
    tier: str
    disabled: bool
    created_at: datetime
    wallet: str | None = None
    """The address of the wallet that it belongs to."""
    keys: int
    """Number of API keys that can be used."""
    last_used_at: Moment = None
    """None: never."""


class AccountList(ExactReply, Camel):
    """A page of accounts, by name."""

    data: list[Account]
    pagination: Pagination


class LoginLink(Reply, Camel):
    """A link that logs a browser in to an account."""

    account: str
    url: str = Field(repr=False)
    """The dashboard's address with a token, which is good once."""
    expires_at: datetime


class TierList(Reply):
    """The tiers that accounts may have."""

    data: list[ApiTier]


class EngineProcess(Camel):
    """A process of an engine that runs on the server's machine; each runs one model, but an enclave's runs all."""

    model: str
    """The model that it runs; of an enclave, the enclave's name."""
    state: str
    reason: str | None = None
    """Why it does not run."""
    pid: int | None = None
    slots: int | None = None
    """Calls that it answers at a time; None: they share batches."""
    running: int
    waiting: int
    memory_bytes: int | None = None


class Engine(Camel):
    """An engine and its state, as far as the server knows it without asking."""

    id: str
    kind: str
    address: str | None = None
    """None for an engine that runs on the server's machine."""
    is_local: bool
    models: list[str]
    state: str
    """`ready`, `unreachable` or `unknown` elsewhere; `loaded`, `loading` or `stopped` here; `missing`."""
    reason: str | None = None
    """Why it cannot be used; None if it can."""
    since: Moment = None
    """Since when it does not answer."""
    running: int
    """Calls that it answers for this server."""
    waiting: int
    """Calls that wait for it."""
    slots: int | None = None
    memory_bytes: int | None = None
    last_fault_at: Moment = None
    """Of its last fault since the server started."""
    last_fault: str | None = None
    """The code of that fault."""
    processes: list[EngineProcess]


class EngineList(Reply):
    """All engines, those on the server's machine first."""

    data: list[Engine]


class Download(Reply, Camel):
    """A model that can be downloaded, and how far that is."""

    model: str
    state: str
    """`available`, `queued`, `running`, `completed` or `failed`."""
    bytes: int
    total_bytes: int
    error: str | None = None
    """Why it failed."""


class DownloadList(Reply):
    """The models that can be downloaded."""

    data: list[Download]


class Setting(Camel):
    """A value of the configuration; secrets are hidden."""

    setting: str
    value: SettingValue
    origin: str
    """The file, variable or flag that it comes from."""


class SettingList(ExactReply):
    """The configuration in force."""

    data: list[Setting]


class Charges(Camel):
    """Charges of all accounts in a day (UTC)."""

    usd: Decimal
    diem: Decimal
    calls: int


class ServerCharges(Camel):
    """Charges of all accounts."""

    today: Charges


class ServerStatus(ExactReply, Camel):
    """The server at a glance."""

    version: str
    started_at: datetime
    url: str | None = None
    pid: int
    calls_running: int
    calls_per_minute: float
    tokens_per_second: float
    memory_bytes: int | None = None
    ready: bool
    reason: str | None = None
    """Why it is not ready."""
    charges: ServerCharges
