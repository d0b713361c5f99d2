"""Probes of load balancers, orchestrators and monitors: they know an address, and little HTTP."""

import pytest

from house import House, house
from raw_http import exchanged

PROBES = ("/healthz", "/readyz", "/metrics")


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1\r\nHost: 10.1.2.3:8000\r\nUser-Agent: kube-probe/1.29",
        "HTTP/1.1\r\nHost: [fd00::1]:8000\r\nUser-Agent: ELB-HealthChecker/2.0",
        "HTTP/1.1\r\nHost: some.pod.svc\r\nUser-Agent: Prometheus/2.5",
        "HTTP/1.0",
        "HTTP/1.0\r\nHost: 10.1.2.3",
    ],
)
async def test_a_probe_is_answered_under_whatever_host_name(
    shared: House, path: str, head: str
) -> None:
    replies = await exchanged(shared.address, f"GET {path} {head}\r\n\r\n".encode())
    # Counts are shown to programs of this machine, which ask for one of its own names, and by key.
    by_key = path == "/metrics" and "Host" in head
    assert [one.status for one in replies] == [401 if by_key else 200]


@pytest.mark.parametrize("host", ["localhost:1@evil.example", "a b", "[::1", "a/b", "localhost:x"])
async def test_a_host_that_breaks_the_grammar_is_refused_also_of_a_probe(
    shared: House, host: str
) -> None:
    probe = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"
    replies = await exchanged(shared.address, probe.encode())
    assert [one.status for one in replies] == [400]


async def test_other_paths_need_a_name_that_is_allowed(shared: House) -> None:
    asked = b"GET /api/v1/models HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n"
    replies = await exchanged(shared.address, asked)
    assert [one.status for one in replies] == [400]
    assert b"server.allowed_hosts" in (replies[0].body or b"")


async def test_the_authority_of_the_target_counts_before_the_host_header(shared: House) -> None:
    named = b"GET http://%b/api/v1/models HTTP/1.1\r\nHost: %b\r\n\r\n"
    foreign = await exchanged(shared.address, named % (b"evil.example", b"localhost"))
    ours = await exchanged(shared.address, named % (b"localhost:8000", b"evil.example"))
    assert ([one.status for one in foreign], [one.status for one in ours]) == ([400], [200])


async def test_probes_go_on_where_an_address_has_to_wait_for_failing_too_often() -> None:
    wrong = b"GET /api/v1/api_keys HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n"
    probe = b"GET /healthz HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n"
    async with house(failures=2) as one:
        replies = await exchanged(one.address, wrong * 4 + probe * 8)
    assert [reply.status for reply in replies] == [401, 401, 401, 429] + [200] * 8
