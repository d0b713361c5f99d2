"""The egress client: fetches the URLs that callers, pages or search results name.

Addresses are checked when the connection is opened, so no notation, redirect or DNS rebinding evades
the check. Reasons: docs/decisions/0012-guarded-egress.md.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import aiohttp
import anyio
from aiohttp.abc import AbstractResolver, ResolveResult
from anyio import to_thread
from yarl import URL

from fondaco.domain.web import (
    AddressRefusedError,
    EncodedError,
    MediaTypeError,
    RedirectedError,
    StatusError,
    TooLargeError,
    TooSlowError,
    UnreachableError,
)
from fondaco.web.addresses import PUBLIC, Policy

MOST_BYTES = 10 * 2**20
TOTAL_TIMEOUT_S = 20.0
MOST_REDIRECTS = 3
_LONGEST_URL = 2_048
_MOST_LOOKUPS = 16
_HEADERS = {
    "Accept-Encoding": "identity",
    "User-Agent": "Mozilla/5.0 (compatible; Fondaco)",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host name and port -> its addresses."""
AddressEntry = tuple[int, int, int, str, "tuple[str, int] | tuple[str, int, int, int]"]
"""As `socket.getaddrinfo` returns it."""
Opening = Callable[[AddressEntry], socket.socket]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The response of a URL."""

    url: str
    """The final URL, after redirects."""
    media_type: str
    """In lower case, without parameters."""
    charset: str | None
    body: bytes


class EgressClient:
    """Fetches URLs of the public internet; keeps no connection, cookie or DNS record."""

    def __init__(
        self,
        policy: Policy = PUBLIC,
        *,
        most_bytes: int = MOST_BYTES,
        total_timeout_s: float = TOTAL_TIMEOUT_S,
        lookup: Lookup | None = None,
        opening: Opening | None = None,
    ) -> None:
        """Prepare for a policy; tests replace the system's resolver and sockets by `lookup` and `opening`."""
        self._policy = policy
        self._most_bytes = most_bytes
        self._total_timeout_s = total_timeout_s
        self._lookup = lookup or partial(_system_lookup, anyio.CapacityLimiter(_MOST_LOOKUPS))
        self._opening = opening or _open_socket
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str, media_types: Collection[str]) -> Fetched:
        """GET an `http` or `https` URL, if its media type is one of these.

        Raises:
            PageError: it cannot or must not be fetched; the message is safe to show to callers.
        """
        try:
            async with asyncio.timeout(self._total_timeout_s):
                return await self._followed(url, media_types)
        except TimeoutError as error:
            raise TooSlowError(f"It took longer than {self._total_timeout_s:g} seconds.") from error

    async def expect_public(self, url: str) -> None:
        """Check that a URL resolves to addresses that the policy permits, without connecting.

        Another client would resolve the name again: only `fetch` is safe against DNS rebinding.

        Raises:
            PageError: it resolves to another address, or to none.
        """
        at = self._checked(url)
        try:
            async with asyncio.timeout(self._total_timeout_s):
                addresses = await self._lookup(at.raw_host or "", at.port or 0)
        except TimeoutError as error:
            raise TooSlowError(f"It took longer than {self._total_timeout_s:g} seconds.") from error
        except (OSError, ValueError) as error:  # a name can be too long to resolve
            raise UnreachableError("Its host name cannot be resolved.") from error
        if not addresses or not all(
            self._policy.permits(address, at.port or 0) for address in addresses
        ):
            raise _refused()

    async def aclose(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def _followed(self, url: str, media_types: Collection[str]) -> Fetched:
        at = self._checked(url)
        for _ in range(1 + MOST_REDIRECTS):
            answer = await self._get(at, media_types)
            if isinstance(answer, Fetched):
                return answer
            at = self._checked(answer)
        raise RedirectedError(f"It redirects more than {MOST_REDIRECTS} times.")

    def _checked(self, url: str | URL) -> URL:
        """Return a URL that is safe to request; its address is checked when it is connected to."""
        try:
            at = URL(url) if isinstance(url, str) else url
            port, host, text = at.port, at.raw_host, str(at)
        except ValueError as error:
            raise AddressRefusedError("It is not a valid URL.") from error
        if at.scheme not in {"http", "https"} or not host or len(text) > _LONGEST_URL:
            raise AddressRefusedError(
                f"Only http:// and https:// addresses of at most {_LONGEST_URL} characters are fetched."
            )
        if at.raw_user is not None or at.raw_password is not None:
            raise AddressRefusedError("Its URL contains credentials.")
        if port not in self._policy.ports:
            raise AddressRefusedError(f"Its port {port} is not allowed.")
        return at.with_fragment(None)

    async def _get(self, at: URL, media_types: Collection[str]) -> Fetched | URL:
        """Return the response, or the target of its redirect."""
        try:
            async with self._open().get(at, allow_redirects=False) as reply:
                if reply.status in _REDIRECTS:
                    return _target(at, reply)
                media_type = _expected(reply, media_types)
                return Fetched(str(at), media_type, reply.charset, await self._body(reply))
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _RefusedError):
                raise _refused() from error
            raise UnreachableError("It cannot be reached.") from error
        except aiohttp.InvalidURL as error:
            raise AddressRefusedError("It is not a valid URL.") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise UnreachableError("Its response ended early, or is not HTTP.") from error

    async def _body(self, reply: aiohttp.ClientResponse) -> bytes:
        most = f"{self._most_bytes:,} bytes"
        if (size := reply.content_length or 0) > self._most_bytes:
            raise TooLargeError(f"It has {size:,} bytes, and is larger than {most}.")
        body = bytearray()
        while piece := await reply.content.readany():
            body += piece
            if len(body) > self._most_bytes:
                raise TooLargeError(f"It is larger than {most}.")
        return bytes(body)

    def _open(self) -> aiohttp.ClientSession:
        """Return the session, which aiohttp requires to be created inside the event loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_Resolver(self._policy, self._lookup),
                    use_dns_cache=False,
                    force_close=True,
                    socket_factory=self._socket,
                ),
                headers=_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session

    def _socket(self, entry: AddressEntry) -> socket.socket:
        """Open a socket for an address that is about to be connected to, after the decisive check."""
        host, port = entry[4][:2]
        if not self._policy.permits(host, port):
            raise _RefusedError
        return self._opening(entry)


class _RefusedError(OSError):
    """An address that the policy does not permit; aiohttp passes an `OSError` on."""


class _Resolver(AbstractResolver):
    """Resolves a name for each connection; refuses it if any of its addresses is not permitted."""

    def __init__(self, policy: Policy, lookup: Lookup) -> None:
        self._policy = policy
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._lookup(host, port)
        if not all(self._policy.permits(address, port) for address in addresses):
            raise _RefusedError
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _target(at: URL, reply: aiohttp.ClientResponse) -> URL:
    location = reply.headers.get("Location", "")
    try:
        target = at.join(URL(location))
    except ValueError as error:
        raise RedirectedError("It redirects to an invalid URL.") from error
    if not location:
        raise RedirectedError("It redirects without a Location header.")
    return target


def _expected(reply: aiohttp.ClientResponse, media_types: Collection[str]) -> str:
    """Return the response's media type, if its status, encoding and type are acceptable."""
    if reply.status != 200:  # noqa: PLR2004 - OK
        raise StatusError(f"Its server returned the status {reply.status}.")
    if reply.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise EncodedError("Its response is compressed, although no encoding was requested.")
    if "Content-Type" not in reply.headers or reply.content_type not in media_types:
        raise MediaTypeError(
            f"Its type is not supported; supported types: {', '.join(sorted(media_types))}."
        )
    return reply.content_type


def _refused() -> AddressRefusedError:
    return AddressRefusedError("Its address is not on the public internet.")


async def _system_lookup(limiter: anyio.CapacityLimiter, host: str, port: int) -> Sequence[str]:
    # A separate limiter: slow untrusted names must not delay lookups of engines.
    getaddrinfo = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    entries = await to_thread.run_sync(getaddrinfo, abandon_on_cancel=True, limiter=limiter)
    return [str(entry[4][0]) for entry in entries]


def _open_socket(entry: AddressEntry) -> socket.socket:
    return socket.socket(entry[0], entry[1], entry[2])
