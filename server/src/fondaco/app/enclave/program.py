"""The enclave's program: its service composed of the settings, and served over HTTP."""

import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio

from fondaco.app.background import supervised
from fondaco.app.enclave.chat_dialect import ChatDialect
from fondaco.app.enclave.models import opened_models
from fondaco.app.engines import catalogue_here
from fondaco.app.logs import sum_up_floods
from fondaco.app.platform import opened_output_formats
from fondaco.app.runtime import settle_runtime
from fondaco.enclave.enclave_chat import EnclaveChat
from fondaco.enclave.evidence.provider import EvidenceProvider
from fondaco.enclave.evidence.registry import provider_of
from fondaco.enclave.identity_key import IdentityKey
from fondaco.enclave.keyring import EnclaveKeys
from fondaco.enclave.receipts import ReceiptStore
from fondaco.enclave.waiting import WaitingLimits
from fondaco.http.edge.loop_errors import reporting_loop_faults
from fondaco.http.enclave.front import EnclaveFront, refusal
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.http.exchange.headers import DefaultHeaders
from fondaco.http.wire.connection_limits import ConnectionLimits
from fondaco.http.wire.connection_registry import ConnectionRegistry
from fondaco.http.wire.listener import Listener
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.settings import Settings
from fondaco.system import SystemClock, TimedIds

IDENTITY_FILE = "enclave.key"
"""In the home folder: names the installation."""
_CONNECTIONS = 4_096


@asynccontextmanager
async def opened_service(settings: Settings) -> AsyncGenerator[EnclaveChat]:
    """Open the service of an enclave, with keys that are in memory alone.

    Raises:
        IdentityKeyError: the file of the identity key cannot be used.
        EvidenceUnavailableError: the configuration asks for hardware that is not here.
    """
    catalogue, chosen, clock = catalogue_here(settings), settings.enclave, SystemClock()
    evidence = await provider_of(chosen.evidence)
    keys = EnclaveKeys(_identity(settings, evidence), clock, int(chosen.keys_lifetime_s), evidence)
    async with (
        opened_output_formats() as forms,
        opened_models(settings, catalogue) as models,
        anyio.create_task_group() as tasks,
    ):
        service = EnclaveChat(
            keys=keys,
            receipts=ReceiptStore(
                clock.now, lifetime_s=chosen.receipt_lifetime_s, most=chosen.receipts
            ),
            models=models,
            negotiation=CapabilityNegotiation(catalogue, forms),
            dialect=ChatDialect(catalogue),
            clock=clock,
            limits=WaitingLimits(chosen.waiting, settings.server.body_memory_bytes),
        )
        tasks.start_soon(supervised, service.run)
        tasks.start_soon(supervised, sum_up_floods)
        try:
            yield service
        finally:
            tasks.cancel_scope.cancel()


async def serve_enclave(
    settings: Settings,
    bound: socket.socket,
    token: str,
    started: Callable[[], None],
    *,
    signals: bool,
) -> None:
    """Serve an enclave until a signal ends it.

    Args:
        settings: those of the gateway, or of the operator's configuration.
        bound: listens.
        token: that gateways have to show.
        started: called once connections are accepted.
        signals: whether signals end it; otherwise only the end of its process does.

    Raises:
        IdentityKeyError: the file of the identity key cannot be used.
        EvidenceUnavailableError: the configuration asks for hardware that is not here.
    """
    server, clock = settings.server, SystemClock()
    async with opened_service(settings) as service:
        front = EnclaveFront(
            service,
            token,
            body_memory=BodyMemory(
                server.body_limit_bytes,
                max(server.body_limit_bytes, server.media_body_limit_bytes),
                server.body_memory_bytes,
                server.body_memory_bytes,
            ),
            write_timeout_s=server.write_timeout_s,
        )
        limits = ConnectionLimits(
            DefaultHeaders(clock),
            TimedIds(),
            header_limit_bytes=server.header_limit_bytes,
            header_timeout_s=server.header_timeout_s,
            body_timeout_s=server.body_timeout_s,
            idle_timeout_s=server.idle_timeout_s,
            refusal=refusal,
        )
        listener = Listener(
            front.answer,
            limits,
            ConnectionRegistry(_CONNECTIONS, _CONNECTIONS),
            drain_delay_s=0.0,
            drain_timeout_s=server.drain_timeout_s,
            started=started,
            signals=signals,
        )
        settle_runtime()
        with reporting_loop_faults():
            await listener.serve(bound)


def _identity(settings: Settings, evidence: EvidenceProvider) -> IdentityKey:
    if evidence.identity_in_memory:
        return IdentityKey.generated()
    return IdentityKey.kept_in(settings.home / IDENTITY_FILE)
