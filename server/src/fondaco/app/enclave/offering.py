"""Decides whether a gateway offers encrypted chat, and reports the reason where it cannot."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from fondaco.app.enclave.opening import opened_enclave
from fondaco.configuration import ENCLAVE, is_offered, missing_libraries
from fondaco.domain.extras import how_to_install
from fondaco.engines.enclave.engine import RemoteEnclave
from fondaco.ports.engines.enclave import Enclave
from fondaco.serving.routing.reachability import Look
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


def looks_of(enclaves: Mapping[str, Enclave]) -> Mapping[str, Look]:
    """Return the health checks of enclaves elsewhere; one of this machine is not started for them."""
    return {
        name: partial(_look, one)
        for name, one in enclaves.items()
        if isinstance(one, RemoteEnclave)
    }


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
