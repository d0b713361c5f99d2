"""Listening: the address, and the server on it."""

import errno
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

from fondaco.app.descriptors import connections_within, raised_limit
from fondaco.app.platform import reply_memory
from fondaco.environment import secret
from fondaco.hostnames import host_name, is_loopback
from fondaco.http.apis.dashboard.tree import tree
from fondaco.http.apis.endpoints import ENDPOINTS, FAST_PATHS, WITHOUT_DASHBOARD
from fondaco.http.asgi.front import AsgiFront
from fondaco.http.edge.access_log import AccessLog
from fondaco.http.edge.authenticator import MetricsAccess
from fondaco.http.edge.client_address import ClientAddresses
from fondaco.http.edge.edge import Edge
from fondaco.http.edge.origins.cors import Cors
from fondaco.http.edge.origins.hosts import Hosts
from fondaco.http.edge.routes import Routes
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.http.endpoint.endpoint import AppState
from fondaco.http.exchange.headers import DefaultHeaders
from fondaco.http.exchange.heartbeat import Heartbeat
from fondaco.http.openapi.document import Contract
from fondaco.http.wire.connection_limits import ConnectionLimits
from fondaco.http.wire.connection_registry import ConnectionRegistry
from fondaco.http.wire.listener import BACKLOG, Listener
from fondaco.serving.admission.memory_budget import MemoryBudget
from fondaco.serving.platform import Platform
from fondaco.settings import Settings


class ListenAddressError(Exception):
    """The address cannot be listened on; the message is one line for the operator."""


def contract() -> Contract:
    """Return the API's description, which needs no server."""
    return Contract(ENDPOINTS)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one configuration by which requests are accepted."""

    hosts: Hosts
    client_addresses: ClientAddresses
    cors: Cors | None
    metrics: MetricsAccess

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        """Return the rules of a configuration.

        Raises:
            ConfigurationError: a secret is missing.
        """
        server = settings.server
        return cls(
            Hosts([host_name(server.host), *server.allowed_hosts]),
            ClientAddresses(server.trusted_proxies),
            Cors(server.cors_origins) if server.cors_origins else None,
            MetricsAccess(
                loopback=server.metrics == "loopback",
                open=server.metrics == "public",
                token=secret(server.metrics_token),
            ),
        )


def edge_of(
    settings: Settings,
    platform: Platform,
    heartbeat: Heartbeat,
    body_memory: BodyMemory | None = None,
    replies: MemoryBudget | None = None,
) -> Edge:
    """Return the edge, which answers every request; budgets replace the settings' own."""
    server, rules = settings.server, Rules.of(settings)
    if settings.dashboard.enabled:
        tree()  # read before the first request: it blocks
    state = AppState(
        platform,
        contract(),
        heartbeat,
        body_memory=body_memory
        or BodyMemory(
            server.body_limit_bytes,
            max(server.body_limit_bytes, server.media_body_limit_bytes),
            server.body_memory_bytes,
            server.account_body_memory_bytes,
        ),
        reply_memory=replies or reply_memory(server.reply_memory_bytes),
        ping_interval_s=server.ping_interval_s,
        write_timeout_s=server.write_timeout_s,
    )
    return Edge(
        state,
        Routes(ENDPOINTS if settings.dashboard.enabled else WITHOUT_DASHBOARD),
        rules.hosts,
        rules.client_addresses,
        default_headers=DefaultHeaders(platform.clock),
        cors=rules.cors,
        metrics=rules.metrics,
        error_format=server.error_format,
        cookies=settings.dashboard.enabled,
        fast_paths=FAST_PATHS,
    )


def listener_of(
    settings: Settings, platform: Platform, edge: Edge, announce: Callable[[], None]
) -> Listener:
    """Return the HTTP/1.1 server for the edge."""
    server = settings.server
    limits = ConnectionLimits(
        DefaultHeaders(platform.clock),
        platform.ids,
        header_limit_bytes=server.header_limit_bytes,
        header_timeout_s=server.header_timeout_s,
        body_timeout_s=server.body_timeout_s,
        idle_timeout_s=server.idle_timeout_s,
        refusal=edge.refusal,
        probes=Routes(ENDPOINTS).probes,
    )
    most = connections_within(raised_limit(), server.connection_limit)
    front = _front(settings, platform, edge)
    return Listener(
        front.answer,
        limits,
        ConnectionRegistry(
            most, min(server.client_connection_limit, max(1, most // 2)), edge.limited
        ),
        fast_path=front.answer_fast,
        drain_delay_s=_drain_delay_s(server.drain_delay_s),
        drain_timeout_s=server.drain_timeout_s,
        started=announce,
        leaving=platform.leave,
        draining=platform.drain,
        stopping=platform.stop,
    )


def front_of(settings: Settings, platform: Platform, edge: Edge) -> AsgiFront:
    """Return the front that feeds the edge with the requests of an ASGI server."""
    server = settings.server
    return AsgiFront(
        _front(settings, platform, edge).answer,
        refusal=edge.refusal,
        default_headers=DefaultHeaders(platform.clock),
        ids=platform.ids,
        header_limit_bytes=server.header_limit_bytes,
        body_timeout_s=server.body_timeout_s,
    )


def _front(settings: Settings, platform: Platform, edge: Edge) -> Edge | AccessLog:
    """Return the edge, behind the access log where the settings ask for it."""
    if not settings.server.access_log:
        return edge
    return AccessLog(edge.answer, edge.answer_fast, platform.clock)


def _drain_delay_s(setting: float | None) -> float:
    """Return the time from the first signal to draining; none on a terminal, where somebody waits."""
    if setting is not None:
        return setting
    return 0.0 if sys.stdin is not None and sys.stdin.isatty() else _DRAIN_DELAY_S


_DRAIN_DELAY_S = 5.0
"""Longer than load balancers usually need to notice."""


def bound_to(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        ListenAddressError: the address is taken or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        advice = _ADVICE.get(error.errno or 0, "Name an address of this machine with --host.")
        raise ListenAddressError(
            f"Cannot listen on {host}:{port}: {error.strerror}. {advice}"
        ) from error
    return bound


_ADVICE = {
    errno.EADDRINUSE: "Choose another port with --port.",
    errno.EACCES: "Choose a port above 1023 with --port.",
}
"""Remedies for errors that the address itself does not cause."""


def expect_permitted(settings: Settings) -> None:
    """Refuse an address that other machines reach, unless the settings permit it.

    Raises:
        ListenAddressError: they do not.
    """
    server = settings.server
    if not is_loopback(server.host) and not server.allow_remote:
        raise ListenAddressError(
            f"{server.host!r} can be reached by other machines, and API keys would travel in the "
            "clear. Put a proxy with TLS in front of it, then say --allow-remote."
        )
