"""The enclave as its gateway opens it: a child of its own, or a program on another host."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

import anyio

from fondaco.clients.connect import connect
from fondaco.configuration import ENCLAVE
from fondaco.domain.models.model import ModelType
from fondaco.engines.enclave.engine import LocalEnclave, RemoteEnclave, Timeouts
from fondaco.engines.enclave.supervisor import CONNECTIONS
from fondaco.environment import environment, secret
from fondaco.ports.engines.enclave import Enclave
from fondaco.settings import Settings
from fondaco.workers.supervisor import ServerProgram

_TOLD = {"home", "models_folder", "server", "embedded", "enclave", "models", "catalogue", "aliases"}
"""Settings that matter to an enclave; where others change, it goes on as it is."""


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
            connections=CONNECTIONS,
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
    timeouts = Timeouts(chosen.first_byte_timeout_s, chosen.chunk_timeout_s, chosen.total_timeout_s)
    enclave = LocalEnclave(ENCLAVE, program_of(settings), timeouts)
    async with anyio.create_task_group() as tasks:
        await tasks.start(enclave.run)
        try:
            yield enclave
        finally:
            tasks.cancel_scope.cancel()


async def follow(enclaves: Iterable[Enclave], settings: Settings) -> Callable[[], None]:
    """Have enclaves run the models of other settings from now on; one elsewhere has its own configuration.

    Returns:
        Ends processes that are replaced; to be called once the calls that they answer have ended.
    """
    program = program_of(settings)
    ends = [await one.follow(program) for one in enclaves if isinstance(one, LocalEnclave)]

    def end() -> None:
        for one in ends:
            one()

    return end


def program_of(settings: Settings) -> ServerProgram:
    """Return how an enclave's child starts; of secrets it gets those of its own engines alone."""
    told = settings.model_dump(mode="json", include=_TOLD)
    told["models"] = {
        model_id: told["models"][model_id]
        for model_id, entry in settings.models.items()
        if entry.type is ModelType.TEXT
    }
    return ServerProgram(
        "fondaco.app.enclave.child",
        {"settings": told},
        settings.enclave.start_timeout_s,
        logs=True,
        environment=_secrets_of(settings),
    )


def _secrets_of(settings: Settings) -> Mapping[str, str]:
    """Return the variables that hold the keys of the enclave's engines."""
    ours = environment()
    places = (row.key.partition(":") for row in settings.enclave.engines.values())
    return {name: ours[name] for scheme, _, name in places if scheme == "env" and name in ours}
