"""The enclave as its gateway opens it: a child of its own, or a program on another host."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import anyio

from fondaco.clients.connect import connect
from fondaco.configuration import ENCLAVE
from fondaco.engines.enclave.engine import LocalEnclave, RemoteEnclave
from fondaco.environment import environment, secret
from fondaco.ports.engines.enclave import Enclave
from fondaco.settings import Settings
from fondaco.workers.supervisor import ServerProgram


@asynccontextmanager
async def opened_enclave(settings: Settings) -> AsyncGenerator[Enclave]:
    """Open the enclave that the settings name; a child starts with the first call.

    Raises:
        ConfigurationError: the token of an enclave elsewhere is missing.
    """
    chosen = settings.enclave
    if chosen.base_url:
        client = connect(
            chosen.base_url,
            key=secret(chosen.token),
            first_byte_timeout_s=chosen.first_byte_timeout_s,
            chunk_timeout_s=chosen.chunk_timeout_s,
            total_timeout_s=chosen.total_timeout_s,
        )
        try:
            yield RemoteEnclave(ENCLAVE, client)
        finally:
            with anyio.CancelScope(shield=True):
                await client.aclose()
        return
    enclave = LocalEnclave(
        ENCLAVE,
        program_of(settings),
        first_byte_timeout_s=chosen.first_byte_timeout_s,
        chunk_timeout_s=chosen.chunk_timeout_s,
        total_timeout_s=chosen.total_timeout_s,
    )
    async with anyio.create_task_group() as tasks:
        await tasks.start(enclave.run)
        try:
            yield enclave
        finally:
            tasks.cancel_scope.cancel()


def program_of(settings: Settings) -> ServerProgram:
    """Return how an enclave's child starts; of secrets it gets those of its own engines alone."""
    return ServerProgram(
        "fondaco.app.enclave.child",
        {"settings": settings.model_dump(mode="json")},
        settings.enclave.start_timeout_s,
        logs=True,
        environment=_secrets_of(settings),
    )


def _secrets_of(settings: Settings) -> Mapping[str, str]:
    """Return the variables that hold the keys of the enclave's engines."""
    ours = environment()
    places = (row.key.partition(":") for row in settings.enclave.engines.values())
    return {name: ours[name] for scheme, _, name in places if scheme == "env" and name in ours}
