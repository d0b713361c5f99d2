"""The web's side: settings become what is brought for calls."""

import ipaddress
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio

from fondaco.sections import Web
from fondaco.serving.augment import Augment
from fondaco.settings import Settings
from fondaco.web.addresses import Policy
from fondaco.web.pages import WebPages

if TYPE_CHECKING:
    from fondaco.web.door import Door


@asynccontextmanager
async def opened_web(settings: Settings) -> AsyncGenerator[Augment]:
    """Open what brings pages, and close it at the end."""
    pages = WebPages(partial(_door, settings.web))
    try:
        yield Augment(pages if settings.web.scraping else None)
    finally:
        with anyio.CancelScope(shield=True):
            await pages.aclose()


def _door(chosen: Web) -> "Door":
    from fondaco.web.door import Door  # noqa: PLC0415 - aiohttp costs 0.2 s to load

    networks = tuple(ipaddress.ip_network(network) for network in chosen.networks)
    return Door(
        Policy(networks, frozenset(chosen.ports)),
        most_bytes=chosen.page_limit_bytes,
        total_timeout_s=chosen.timeout_s,
    )
