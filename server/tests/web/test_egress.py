"""The door lets nobody reach what is not public, and nothing in that is too much."""

import gzip
import ipaddress

import anyio
import pytest

from fondaco.domain.web import (
    AddressRefusedError,
    EncodedError,
    MediaTypeError,
    PageError,
    RedirectedError,
    StatusError,
    TooLargeError,
    TooSlowError,
    UnreachableError,
)
from fondaco.web.addresses import Policy
from fondaco.web.egress import EgressClient
from web.site import Names, Sockets, http, site

HTML = {"text/html"}

HOSTILE_NAMES = {
    "localhost": [["127.0.0.1", "::1"]],
    "inside.test": [["10.0.0.5"]],
    "six.test": [["fd12:3456::1"]],
    "half.test": [["93.184.215.14", "10.0.0.5"]],
    "metadata.google.internal": [["169.254.169.254"]],
    "azure.test": [["168.63.129.16"]],
    "mapped.test": [["::ffff:10.0.0.5"]],
    "nat64.test": [["64:ff9b::a00:5"]],
    "sixtofour.test": [["2002:a00:5::1"]],
    "teredo.test": [["2001:0:a00:5::1"]],
    "multicast.test": [["224.0.0.1"]],
    "everywhere.test": [["0.0.0.0"]],  # noqa: S104 - an address to refuse
    "carrier.test": [["100.64.0.1"]],
    "127.0.0.1.nip.test": [["127.0.0.1"]],
    "xn--inside-test.test": [["192.168.1.1"]],
}

HOSTILE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.0.0.5/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://192.88.99.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://168.63.129.16/machine",
    "http://100.100.100.200/latest/meta-data/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:93.184.215.14]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::1]/",
    "http://[2001:0:7f00:1::1]/",
    "http://[2001:db8::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]/",
    "http://[fec0::1]/",
    "http://[fd12:3456::1]/",
    "http://[ff02::1]/",
    "http://１２７.0.0.1/",  # noqa: RUF001 - digits of full width are the trick
    "http://127。0。0。1/",
    "http://93.184.215.14@127.0.0.1/",
    "http://user:secret@93.184.215.14/",
    "http://93.184.215.14:8080/",
    "http://93.184.215.14:22/",
    "http://93.184.215.14:99999/",
    "file:///etc/passwd",
    "ftp://93.184.215.14/",
    "gopher://127.0.0.1/",
    "unix:///run/docker.sock",
    "data:text/html,hello",
    "//127.0.0.1/",
    "http:///etc/passwd",
    "http://",
    "",
    "http://93.184.215.14/" + "a" * 3_000,
    *[f"http://{name}/" for name in HOSTILE_NAMES],
]


@pytest.mark.parametrize("url", HOSTILE, ids=lambda url: url[:60] or "nothing")
async def test_a_hostile_address_is_refused_before_anything_is_dialled(url: str) -> None:
    sockets = Sockets()
    egress = EgressClient(lookup=Names(HOSTILE_NAMES), opening=sockets)
    with pytest.raises(AddressRefusedError), anyio.fail_after(5):
        await egress.fetch(url, HTML)
    assert sockets.opened == []
    await egress.aclose()


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1"])
async def test_the_systems_own_resolver_leads_nowhere_private_either(host: str) -> None:
    sockets = Sockets()
    egress = EgressClient(opening=sockets)
    with pytest.raises(AddressRefusedError), anyio.fail_after(5):
        await egress.fetch(f"http://{host}/", HTML)
    assert sockets.opened == []
    await egress.aclose()


@pytest.mark.parametrize("host", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "168.63.129.16"])
def test_no_policy_permits_the_addresses_that_give_credentials_away(host: str) -> None:
    every = tuple(ipaddress.ip_network(net) for net in ("0.0.0.0/0", "::/0"))
    assert not Policy(networks=every).permits(host, 80)


@pytest.mark.parametrize("host", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_public_internet_is_permitted(host: str) -> None:
    assert Policy().permits(host, 443)


async def test_a_page_is_fetched_without_cookies_or_credentials() -> None:
    async with site() as one:
        one.server.answer(
            http(b"<p>Hi</p>", media_type="text/html; charset=utf-8", set_cookie="a=1")
        )
        fetched = await one.egress.fetch(one.url("/a?b=c#d"), HTML)
        assert (fetched.body, fetched.media_type, fetched.charset) == (
            b"<p>Hi</p>",
            "text/html",
            "utf-8",
        )
        one.server.answer(http(b"again"))
        await one.egress.fetch(one.url(), HTML)
    first, second = one.server.heads
    assert first.startswith("GET /a?b=c HTTP/1.1")
    assert "Accept-Encoding: identity" in first
    assert "Cookie" not in second
    assert "Authorization" not in first


async def test_the_environments_proxies_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with site() as one:
        one.server.answer(http(b"direct"))
        assert (await one.egress.fetch(one.url(), HTML)).body == b"direct"


async def test_a_name_is_resolved_once_and_that_address_dialled() -> None:
    async with site({"rebinding.test": [["127.0.0.1"], ["10.0.0.5"]]}) as one:
        one.server.answer(http(b"first"))
        fetched = await one.egress.fetch(one.url(host="rebinding.test"), HTML)
        assert fetched.body == b"first"
        assert one.names.asked == ["rebinding.test"]
        assert one.sockets.opened == ["127.0.0.1"]


async def test_a_name_that_resolves_anew_is_judged_anew() -> None:
    async with site({"rebinding.test": [["127.0.0.1"], ["10.0.0.5"]]}) as one:
        url = one.url(host="rebinding.test")
        one.server.answer(http(status="302 Found", location="/again"))
        with pytest.raises(AddressRefusedError):
            await one.egress.fetch(url, HTML)
        assert one.sockets.opened == ["127.0.0.1"]


async def test_redirects_are_followed_to_what_is_permitted() -> None:
    async with site() as one:
        one.server.answer(http(status="302 Found", location="/b"), close=True)
        one.server.answer(http(b"there", media_type="text/html"))
        fetched = await one.egress.fetch(one.url("/a"), HTML)
        assert (fetched.url, fetched.body) == (one.url("/b"), b"there")


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.5/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "//192.168.1.1/",
        "file:///etc/passwd",
        "http://user:secret@127.0.0.1/",
        "http://inside.test/",
    ],
)
async def test_a_redirect_to_what_is_not_permitted_is_refused(target: str) -> None:
    async with site(HOSTILE_NAMES) as one:
        one.server.answer(http(status="307 Temporary Redirect", location=target))
        with pytest.raises(AddressRefusedError):
            await one.egress.fetch(one.url(), HTML)
        assert one.sockets.opened == ["127.0.0.1"]


async def test_endless_redirects_end() -> None:
    async with site() as one:
        for _ in range(9):
            one.server.answer(http(status="301 Moved", location="/"), close=True)
        with pytest.raises(RedirectedError, match="more than 3 times"):
            await one.egress.fetch(one.url(), HTML)
        assert len(one.server.heads) == 4


async def test_a_redirect_without_a_target_is_an_error() -> None:
    async with site() as one:
        one.server.answer(http(status="302 Found"))
        with pytest.raises(RedirectedError, match="without a Location header"):
            await one.egress.fetch(one.url(), HTML)


async def test_a_page_that_says_it_is_too_large_is_not_read() -> None:
    async with site(most_bytes=1_000) as one:
        one.server.answer(http(b"a" * 1_001))
        with pytest.raises(TooLargeError, match="1,000 bytes"):
            await one.egress.fetch(one.url(), HTML)


async def test_a_page_that_does_not_say_how_large_it_is_is_read_up_to_the_limit() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with site(most_bytes=1_000) as one:
        one.server.answer(head, *[b"190\r\n" + b"a" * 400 + b"\r\n"] * 3)
        with pytest.raises(TooLargeError):
            await one.egress.fetch(one.url(), HTML)


async def test_a_compressed_page_is_refused_unread() -> None:
    async with site() as one:
        one.server.answer(http(gzip.compress(b"0" * 10_000_000), content_encoding="gzip"))
        with pytest.raises(EncodedError):
            await one.egress.fetch(one.url(), HTML)


@pytest.mark.parametrize("pieces", [(b"HTTP/1.1 200 OK\r\n",), (http(b"abc")[:-1],)])
async def test_a_slow_page_is_given_up(pieces: tuple[bytes, ...]) -> None:
    async with site(total_timeout_s=0.3) as one:
        one.server.answer(*pieces, pause_s=30)
        with pytest.raises(TooSlowError), anyio.fail_after(10):
            await one.egress.fetch(one.url(), HTML)


async def test_a_page_that_drips_gets_no_more_time() -> None:
    async with site(total_timeout_s=0.3) as one:
        body = http(b"a" * 50_000)
        one.server.answer(*[body[i : i + 100] for i in range(0, 50_000, 100)], pause_s=0.01)
        with pytest.raises(TooSlowError), anyio.fail_after(10):
            await one.egress.fetch(one.url(), HTML)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (http(status="404 Not Found"), StatusError),
        (http(status="503 Service Unavailable"), StatusError),
        (http(status="206 Partial Content"), StatusError),
        (http(b"MZ", media_type="application/x-msdownload"), MediaTypeError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", MediaTypeError),
        (b"SSH-2.0-OpenSSH_9.7\r\n\r\n", UnreachableError),
        (http(b"cut off")[:-2], UnreachableError),
        (b"HTTP/1.1 200 OK\r\nA: " + b"a" * 100_000 + b"\r\n\r\n", UnreachableError),
    ],
)
async def test_what_is_no_page_is_said_so(reply: bytes, fault: type[PageError]) -> None:
    async with site() as one:
        one.server.answer(reply, close=True)
        with pytest.raises(fault):
            await one.egress.fetch(one.url(), HTML)


async def test_a_refused_connection_is_reported() -> None:
    async with site() as one:
        url = one.url()
    egress = EgressClient(
        Policy((ipaddress.ip_network("127.0.0.1/32"),), frozenset({one.server.port}))
    )
    with pytest.raises(UnreachableError):
        await egress.fetch(url, HTML)
    await egress.aclose()


async def test_an_unknown_host_name_is_reported() -> None:
    egress = EgressClient(lookup=_unknown)
    with pytest.raises(UnreachableError):
        await egress.fetch("http://nowhere.test/", HTML)
    await egress.aclose()


async def _unknown(host: str, port: int) -> list[str]:
    raise OSError(-2, "Name or service not known")
