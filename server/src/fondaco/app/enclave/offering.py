"""Decides whether a gateway offers encrypted chat, and reports the reason where it cannot."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from fondaco.app.enclave.opening import opened_enclave
from fondaco.app.engines import shown_address
from fondaco.app.platform import Adapters
from fondaco.configuration import ENCLAVE, is_offered, missing_libraries
from fondaco.domain.extras import how_to_install
from fondaco.engines.enclave.engine import LocalEnclave, RemoteEnclave
from fondaco.ports.engines.enclave import Enclave
from fondaco.serving.routing.overview import EngineSite
from fondaco.settings import Settings

log = logging.getLogger("fondaco")


@asynccontextmanager
async def opened_enclaves(settings: Settings) -> AsyncGenerator[Mapping[str, Enclave]]:
    """Open the enclave of a configuration, by its name; a process starts with its first call."""
    if not is_offered(settings):
        _say_why(settings)
        yield {}
        return
    async with opened_enclave(settings) as enclave:
        yield {ENCLAVE: enclave}


def with_enclaves(
    adapters: Adapters, enclaves: Mapping[str, Enclave], settings: Settings
) -> Adapters:
    """Return adapters whose health checks and lists of engines include the enclaves.

    An enclave of this machine has no health check, which would start it.
    """
    here = {name: one for name, one in enclaves.items() if isinstance(one, LocalEnclave)}
    elsewhere = {name: one for name, one in enclaves.items() if isinstance(one, RemoteEnclave)}
    address = settings.enclave.base_url
    looks = {name: partial(_look, one) for name, one in elsewhere.items()}
    sites = {
        name: EngineSite(name, shown_address(address), one.load) for name, one in elsewhere.items()
    }
    return replace(
        adapters,
        looks={**adapters.looks, **looks},
        sites={**adapters.sites, **sites},
        local={**adapters.local, **{name: [one] for name, one in here.items()}},
    )


async def _look(enclave: Enclave) -> frozenset[str]:
    await enclave.identity()
    return frozenset()


def _say_why(settings: Settings) -> None:
    """Log what is missing; only where the operator asked for encrypted chat it is a warning."""
    if not settings.enclave.enabled:
        return
    wanted = [model_id for model_id, entry in settings.models.items() if entry.e2ee]
    log.log(
        logging.WARNING if wanted else logging.INFO,
        "confidential chat is off, as %s cannot be imported. %s",
        " and ".join(missing_libraries()),
        how_to_install("confidential"),
    )
