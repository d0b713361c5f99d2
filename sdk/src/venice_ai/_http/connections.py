"""Connection pools of a client: one for each event loop, with its proxy."""

import asyncio
import os
import ssl
import weakref

import httpx2

from venice_ai._http.event_loops import Guard, PerLoop
from venice_ai._http.proxies import ProxySetting, proxy_for
from venice_ai.exceptions import APIConnectionError

MOST = 1000
_LIMITS = httpx2.Limits(max_connections=MOST, max_keepalive_connections=100)


class Connections:
    """Connections to one address: of our own, or of an HTTP client that the caller closes."""

    def __init__(self, base_url: str, http_client: httpx2.AsyncClient | None) -> None:
        self._base_url = base_url
        self._theirs = http_client
        self._process: int | None = None
        self._loop: weakref.ref[asyncio.AbstractEventLoop] | None = None
        """The event loop that first used the caller's client; a weak reference, like `_process`."""
        self._pools = PerLoop(self._pool)
        self._ssl: ssl.SSLContext | None = None
        self._closed = False
        self.proxy: str | None = None
        """The environment variable that names the proxy in use."""

    def http(self) -> httpx2.AsyncClient:
        """Return the HTTP client for the running loop.

        Raises:
            RuntimeError: The client is closed, or its connections belong to another process.
            APIConnectionError: There is no way to use the proxy that the environment names.
        """
        if self._closed:
            raise RuntimeError("The client is closed. Make another one.")
        if self._theirs is None:
            return self._pools.get().http
        if self._process is None:
            self._process, self._loop = os.getpid(), weakref.ref(asyncio.get_running_loop())
        if self._process != os.getpid():
            raise RuntimeError(
                "The `http_client` was used before the process forked, so its connections belong "
                "to both processes. Make one in each process."
            )
        return self._theirs

    @property
    def strayed(self) -> bool:
        """Whether a client of the caller's own is used in another loop than at first."""
        return self._loop is not None and self._loop() is not asyncio.get_running_loop()

    async def aclose(self) -> None:
        """Close the running loop's connections; those of other loops end there."""
        if self._theirs is None:
            self._closed = True
            mine = self._pools.clear()
            if mine is not None:
                await mine.guard.aclose()

    def _pool(self) -> "_Pool":
        setting = proxy_for(self._base_url)
        if self._ssl is None:
            plain = setting is None and self._base_url.lower().startswith("http://")
            self._ssl = (
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # fast, as it loads no certificates
                if plain
                else httpx2.create_ssl_context()
            )
        if setting is None:
            return _Pool(httpx2.AsyncHTTPTransport(verify=self._ssl, limits=_LIMITS))
        self.proxy = setting.variable
        return _Pool(_by_way_of(setting, self._ssl))


class _Pool:
    """One loop's connections, which end with it, or with the last reference to them."""

    def __init__(self, transport: httpx2.AsyncHTTPTransport) -> None:
        self.http = httpx2.AsyncClient(transport=transport)
        self.guard = Guard(self, self.http.aclose)


def _by_way_of(setting: ProxySetting, context: ssl.SSLContext) -> httpx2.AsyncHTTPTransport:
    """Return a transport through a proxy.

    Raises:
        APIConnectionError: The proxy cannot be used. The error doesn't show it: it may hold a password.
    """
    try:
        return httpx2.AsyncHTTPTransport(verify=context, limits=_LIMITS, proxy=setting.url)
    except ImportError:
        fault = "names a SOCKS proxy, for which a package is missing: pip install socksio"
    except (httpx2.InvalidURL, ValueError):
        fault = "names no proxy that can be used: say http://host:port or socks5://host:port"
    raise APIConnectionError(
        f"{setting.variable} {fault}. Or list the API's host in NO_PROXY, to reach it directly."
    )
