"""Which addresses a client takes, and how it gets there."""

import sys
import traceback

import pytest

from upstream.raw_server import RawServer
from venice_ai import APIConnectionError, SyncVeniceClient, VeniceClient
from venice_ai._http.proxies import proxy_for

VARIABLES = [
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    for name in (upper, upper.lower())
]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


NO_SCHEME = "does not begin with http://"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("127.0.0.1:8000/api/v1", NO_SCHEME),
        ("localhost:8000/api/v1", NO_SCHEME),
        ("api.venice.ai/api/v1", NO_SCHEME),
        ("//127.0.0.1/api/v1", NO_SCHEME),
        ("/api/v1", NO_SCHEME),
        ("ftp://127.0.0.1", NO_SCHEME),
        ("htp://127.0.0.1", NO_SCHEME),
        ("http:127.0.0.1", "names no host"),
        ("http:///api/v1", "names no host"),
        ("http://:8000/api/v1", "names no host"),
        ("http://127.0.0.1:port/api/v1", "not a valid address"),
        ("http://127.0.0.1:99999/api/v1", "not a valid address"),
        ("http://[::1/api/v1", "not a valid address"),
        ("http://127.0.0.1/api/v1?key=1", "a query"),
        ("http://127.0.0.1/api/v1#top", "a fragment"),
        ("http://127.0.0.1/api/v1\n", "a line break"),
        (" http://127.0.0.1/api/v1", "a blank"),
        ("http://127.0.0.1 /api/v1", "a blank"),
        ("http://bücher.example/api/v1", "not ASCII"),
    ],
)
@pytest.mark.parametrize("kind", [VeniceClient, SyncVeniceClient])
def test_an_address_that_is_none_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[VeniceClient | SyncVeniceClient],
    url: str,
    why: str,
) -> None:
    with pytest.raises(ValueError, match=f"^base_url='.*{why}.*Give one such as 'http://"):
        kind(base_url=url)
    monkeypatch.setenv("VENICE_BASE_URL", url)
    with pytest.raises(ValueError, match=f"^VENICE_BASE_URL='.*{why}"):
        kind()


def test_an_address_is_a_text() -> None:
    with pytest.raises(TypeError, match=r"base_url is of type int\. Pass it as a str\."):
        VeniceClient(base_url=8000)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url", ["HTTP://127.0.0.1:8000/api/v1/", "https://[::1]:8000", "http://xn--bcher-kva.example//"]
)
def test_an_address_is_taken_without_slashes_at_its_end(url: str) -> None:
    assert VeniceClient(base_url=url).base_url == url.rstrip("/")


async def test_this_machine_is_never_reached_by_way_of_a_proxy(
    raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES[:6]:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for host in ("127.0.0.1", "localhost"):
        raw.answer(reply())
        async with VeniceClient(base_url=f"http://{host}:{raw.port}", max_retries=0) as client:
            assert (await client.models.list()).data == []


async def test_a_proxy_that_cannot_be_used_does_not_matter_to_this_machine(
    raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("socks5://127.0.0.1:9", "socks4://127.0.0.1:9", "nonsense://"):
        monkeypatch.setenv("ALL_PROXY", url)
        raw.answer(reply())
        async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}", max_retries=0) as client:
            assert (await client.models.list()).data == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""])
async def test_others_are_reached_by_way_of_a_proxy(
    raw: RawServer, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
) -> None:
    monkeypatch.setenv(name, f"{scheme}127.0.0.1:{raw.port}")
    raw.answer(reply())
    async with VeniceClient(base_url="http://api.example/api/v1", max_retries=0) as client:
        await client.models.list()
    assert raw.heads[0].startswith("GET http://api.example/api/v1/models")


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("http://api.example", "api.example", True),
        ("http://api.example", "API.example", True),
        ("http://api.example", "x, .example", True),
        ("http://api.example:8000", "api.example:8000", True),
        ("http://api.example:8000", "api.example:9000", False),
        ("http://api.example", "*", True),
        ("http://api.example", "pi.example", False),
        ("http://api.example", "", False),
        ("http://10.1.2.3:8000", "10.1.2.3", True),
        ("http://10.1.2.3:8000", "10.0.0.0/8", True),
        ("http://10.1.2.3:8000", "nonsense/8,11.0.0.0/8", False),
        ("http://[fd00::1]:8000", "fd00::1", True),
        ("http://[fd00::1]:8000", "[fd00::1]", True),
        ("http://[fd00::1]:8000", "fd00::/8", True),
        ("http://127.1.2.3", "", True),
        ("http://[::1]:8000", "", True),
        ("http://[::ffff:127.0.0.1]:8000", "", True),
        ("http://fondaco.localhost:8000", "", True),
        ("http://LOCALHOST.:8000", "", True),
        ("http://localhost.example", "", False),
        ("http://0.0.0.0:8000", "", False),
    ],
)
def test_what_needs_no_proxy(
    monkeypatch: pytest.MonkeyPatch, url: str, no_proxy: str, *, direct: bool
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (proxy_for(url) is None) is direct


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ("socks5://user:geheim@127.0.0.1:9", "pip install socksio"),
        ("socks5h://user:geheim@127.0.0.1:9", "pip install socksio"),
        ("socks4://user:geheim@127.0.0.1:9", "no proxy that can be used"),
        ("socks://user:geheim@127.0.0.1:9", "no proxy that can be used"),
        ("http://user:geheim", "no proxy that can be used"),
        ("geheim:geheim", "no proxy that can be used"),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_told_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, proxy: str, why: str
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # as if it were not installed
    monkeypatch.setenv("ALL_PROXY", proxy)
    client = VeniceClient(base_url="http://api.example/api/v1")
    with pytest.raises(APIConnectionError, match=f"^ALL_PROXY .*{why}.*NO_PROXY") as told:
        await client.models.list()
    assert "geheim" not in "".join(traceback.format_exception(told.value))


async def test_a_proxy_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with VeniceClient(base_url="http://api.example", max_retries=0) as client:
        with pytest.raises(APIConnectionError, match=r"Is the proxy of HTTP_PROXY\?"):
            await client.models.list()


def reply() -> bytes:
    body = b'{"object":"list","type":"text","data":[]}'
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
