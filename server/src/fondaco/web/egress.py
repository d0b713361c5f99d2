"""The egress client: the only way out to addresses that callers, pages or search results name.

An address is judged where the connection is opened, so neither its spelling nor a redirect nor a
name that resolves anew leads past it. Why so: docs/decisions/0012-guarded-egress.md.
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
    """What an address answered."""

    url: str
    """Of the answer, after redirects."""
    media_type: str
    """In lower case, without parameters."""
    charset: str | None
    body: bytes


class EgressClient:
    """Fetches addresses of the public internet, one connection for each, and remembers nothing."""

    def __init__(
        self,
        policy: Policy = PUBLIC,
        *,
        most_bytes: int = MOST_BYTES,
        total_timeout_s: float = TOTAL_TIMEOUT_S,
        lookup: Lookup | None = None,
        opening: Opening | None = None,
    ) -> None:
        """Prepare for what `policy` permits; `lookup` and `opening` stand in for the system's."""
        self._policy = policy
        self._most_bytes = most_bytes
        self._total_timeout_s = total_timeout_s
        self._lookup = lookup or partial(_system_lookup, anyio.CapacityLimiter(_MOST_LOOKUPS))
        self._opening = opening or _open_socket
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str, media_types: Collection[str]) -> Fetched:
        """Return what an `http` or `https` address answers to GET, if it is of one of these types.

        Raises:
            PageError: it could not be had, or may not be; the message fits into a reply.
        """
        try:
            async with asyncio.timeout(self._total_timeout_s):
                return await self._followed(url, media_types)
        except TimeoutError as error:
            raise TooSlowError(f"It took longer than {self._total_timeout_s:g} seconds.") from error

    async def expect_public(self, url: str) -> None:
        """Return if an address leads to where the egress client would go; nobody is connected to.

        Whoever goes there later resolves the name anew: only `fetch` is safe from names that move.

        Raises:
            PageError: it leads elsewhere, or nowhere.
        """
        at = self._checked(url)
        try:
            async with asyncio.timeout(self._total_timeout_s):
                found = await self._lookup(at.raw_host or "", at.port or 0)
        except TimeoutError as error:
            raise TooSlowError(f"It took longer than {self._total_timeout_s:g} seconds.") from error
        except (OSError, ValueError) as error:  # a name can be too long to be asked for
            raise UnreachableError("Its name leads nowhere.") from error
        if not found or not all(self._policy.permits(one, at.port or 0) for one in found):
            raise _refused()

    async def aclose(self) -> None:
        """Close what is open."""
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
        """Return a URL that can be asked for; where it leads is judged when it is dialled."""
        try:
            at = URL(url) if isinstance(url, str) else url
            port, host, text = at.port, at.raw_host, str(at)
        except ValueError as error:
            raise AddressRefusedError("It is no address.") from error
        if at.scheme not in {"http", "https"} or not host or len(text) > _LONGEST_URL:
            raise AddressRefusedError(
                f"Only http:// and https:// addresses of at most {_LONGEST_URL} characters are fetched."
            )
        if at.raw_user is not None or at.raw_password is not None:
            raise AddressRefusedError("It carries credentials.")
        if port not in self._policy.ports:
            raise AddressRefusedError(f"Its port {port} is not fetched from.")
        return at.with_fragment(None)

    async def _get(self, at: URL, media_types: Collection[str]) -> Fetched | URL:
        """Return the answer, or where it redirects to."""
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
            raise AddressRefusedError("It is no address.") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise UnreachableError("Its answer broke off, or is not HTTP.") from error

    async def _body(self, reply: aiohttp.ClientResponse) -> bytes:
        too_large = TooLargeError(f"It is larger than {self._most_bytes:,} bytes.")
        if (reply.content_length or 0) > self._most_bytes:
            raise too_large
        body = bytearray()
        while piece := await reply.content.readany():
            body += piece
            if len(body) > self._most_bytes:
                raise too_large
        return bytes(body)

    def _open(self) -> aiohttp.ClientSession:
        """Return the session, which aiohttp wants made inside the event loop."""
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
        """Open a socket for an address that is about to be dialled: the check that counts."""
        host, port = entry[4][:2]
        if not self._policy.permits(host, port):
            raise _RefusedError
        return self._opening(entry)


class _RefusedError(OSError):
    """An address that the policy does not permit; an OSError, which aiohttp hands through."""


class _Resolver(AbstractResolver):
    """Resolves a name once a connection; one address that is not permitted spoils them all."""

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
        """Keep nothing, so close nothing."""


def _target(at: URL, reply: aiohttp.ClientResponse) -> URL:
    location = reply.headers.get("Location", "")
    try:
        target = at.join(URL(location))
    except ValueError as error:
        raise RedirectedError("It redirects to what is no address.") from error
    if not location:
        raise RedirectedError("It redirects without saying where to.")
    return target


def _expected(reply: aiohttp.ClientResponse, media_types: Collection[str]) -> str:
    """Return the reply's media type, if it is a page that may be read."""
    if reply.status != 200:  # noqa: PLR2004 - OK
        raise StatusError(f"Its server answered with status {reply.status}.")
    if reply.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise EncodedError("It came compressed, though that was not asked for.")
    if "Content-Type" not in reply.headers or reply.content_type not in media_types:
        raise MediaTypeError(
            f"It is of a type that is not read here; these are: {', '.join(sorted(media_types))}."
        )
    return reply.content_type


def _refused() -> AddressRefusedError:
    return AddressRefusedError("It does not lie in the public internet.")


async def _system_lookup(limiter: anyio.CapacityLimiter, host: str, port: int) -> Sequence[str]:
    # In threads of its own: names of strangers may take long, and engines have names as well.
    asked = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await to_thread.run_sync(asked, abandon_on_cancel=True, limiter=limiter)
    return [str(entry[4][0]) for entry in found]


def _open_socket(entry: AddressEntry) -> socket.socket:
    return socket.socket(entry[0], entry[1], entry[2])
