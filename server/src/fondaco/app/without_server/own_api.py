"""The whole API without a server: in this process, for its operator, by the engines of the configuration, free of charge."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from fondaco.app.composition import opened_application, prepared
from fondaco.app.engines import catalogue_here
from fondaco.app.listening import front_of
from fondaco.app.without_server.in_process_client import InProcessClient
from fondaco.clients.client import HttpClient
from fondaco.configuration import Configuration
from fondaco.domain.models.model import AnyModel, ModelType
from fondaco.processes import harden
from fondaco.settings import Settings
from fondaco.stores.home import Home

BASE_PATH = "/api/v1"
_MORE_THAN_ANY_CALL = Decimal(1_000_000)
"""US dollars of the account that calls are held against; nobody sees it."""


def model_here(settings: Settings, name: str, kind: ModelType) -> AnyModel:
    """Return the model that serves a name here, its file present or not.

    Raises:
        ModelNotFoundError: none does.
    """
    return catalogue_here(settings).route(name, kind).model


@asynccontextmanager
async def opened_own_api(
    settings: Settings, *, warm_up: bool = False
) -> AsyncGenerator[HttpClient]:
    """Open the API over the engines of the configuration; paths are those below `/api/v1`.

    Accounts and charges are in a folder of their own that is removed at the end: the home's ledger belongs to
    its server, and may be locked by one.

    Args:
        settings: those in force; characters and the library are those of their home.
        warm_up: whether the default model starts to load at once.

    Raises:
        ConfigurationError: an engine's address cannot be used.
    """
    harden()  # what is said stays out of core dumps, as with a server
    logging.getLogger("fondaco").addHandler(logging.NullHandler())
    alone = _for_one_caller(settings)
    with TemporaryDirectory(prefix="fondaco-") as folder:
        home, configuration = Home(Path(folder)), Configuration(alone, {}, None)
        key = prepared(home, alone)
        headers = {"Authorization": f"Bearer {key}", "Host": "127.0.0.1"}
        async with (
            opened_application(
                alone,
                home,
                read=lambda _: configuration,
                origin=configuration.origin,
                warm_up=warm_up,
            ) as opened,
            anyio.create_task_group() as tasks,
        ):
            front = front_of(alone, opened.platform, opened.edge)
            try:
                yield InProcessClient(front.respond, tasks, prefix=BASE_PATH, headers=headers)
            finally:
                with anyio.CancelScope(shield=True):
                    opened.platform.drain()
                    await front.end(0, opened.platform.stop)
                tasks.cancel_scope.cancel()


def _for_one_caller(settings: Settings) -> Settings:
    """Return the settings without what protects a server from its callers."""
    return settings.model_copy(
        update={
            "ledger": settings.ledger.model_copy(
                update={"first_account_usd": _MORE_THAN_ANY_CALL, "durability": "process"}
            ),
            "limits": settings.limits.model_copy(update={"failures": 0, "concurrent_calls": 0}),
            "server": settings.server.model_copy(update={"engine_check_s": 0.0}),
        }
    )
