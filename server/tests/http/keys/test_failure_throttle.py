"""The failure guard at the edge: who fails over and over waits, and nobody else does."""

from collections.abc import AsyncGenerator

import httpx2
import pytest

from fake_upstream import refusing
from fondaco.domain.errors import TooManyFailuresError
from fondaco.domain.money.money import NANO
from house import House, house

MOST = 3
OPEN = ("/healthz", "/readyz", "/metrics")


@pytest.fixture
async def guarded() -> AsyncGenerator[House]:
    async with house(failures=MOST) as one:
        yield one


@pytest.fixture
async def stranger(guarded: House) -> AsyncGenerator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=guarded.url) as one:
        yield one


async def statuses(client: httpx2.AsyncClient, path: str, times: int, **headers: str) -> list[int]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return [(await client.get(path, headers=sent)).status_code for _ in range(times)]


async def test_an_account_that_fails_once_too_often_waits(guarded: House) -> None:
    for _ in range(MOST + 1):
        assert (await guarded.chat(temperature=9)).status_code == 400
    reply = await guarded.chat(max_tokens=2)
    assert (reply.status_code, reply.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert reply.json()["error"] == TooManyFailuresError.default.replace("20", str(MOST))
    assert 1 <= int(reply.headers["retry-after"]) <= 30
    assert reply.headers["x-ratelimit-type"] == "user"
    assert "x-ratelimit-limit-requests" in reply.headers
    assert "x-venice-balance-usd" in reply.headers
    assert (await guarded.client.get("/api/v1/models")).status_code == 429


async def test_every_kind_of_failure_counts() -> None:
    async with house(failures=MOST, usd=NANO // 1000) as poor:
        assert (await poor.client.put("/api/v1/models")).status_code == 405
        assert (await poor.chat(n=8, max_tokens=4000)).status_code == 402
        poor.fake.next(refusing(500))
        poor.second.next(refusing(500))
        assert (await poor.chat(max_tokens=2)).status_code == 503
        assert (await poor.chat(temperature=9)).status_code == 400
        assert (await poor.chat(max_tokens=2)).status_code == 429


async def test_what_a_good_key_does_not_find_does_not_count(guarded: House) -> None:
    for path in ("nothing", "files", "models/nothing", "characters/nobody"):
        for _ in range(MOST + 1):
            assert (await guarded.client.get(f"/api/v1/{path}")).status_code == 404
    for _ in range(MOST + 1):
        assert (await guarded.chat(model="nothing")).status_code == 404
    assert (await guarded.chat(max_tokens=2)).status_code == 200


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/files", "/v1/models/nothing"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no"}])
async def test_without_a_good_key_it_does(
    guarded: House, stranger: httpx2.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    assert await statuses(stranger, path, MOST + 2, **headers) == [404] * (MOST + 1) + [429]


async def test_an_engine_that_takes_no_more_calls_is_not_the_caller_s_failure(
    guarded: House,
) -> None:
    guarded.fake.always(refusing(429))
    guarded.second.always(refusing(429))
    for _ in range(2 * MOST):
        assert (await guarded.chat(max_tokens=2)).status_code == 503


async def test_its_own_refusals_do_not_prolong_the_wait(guarded: House) -> None:
    for _ in range(MOST + 1):
        await guarded.chat(temperature=9)
    waits = [int((await guarded.chat()).headers["retry-after"]) for _ in range(2 * MOST)]
    assert waits == sorted(waits, reverse=True)


async def test_requests_without_a_good_key_count_by_address(
    guarded: House, stranger: httpx2.AsyncClient
) -> None:
    assert await statuses(stranger, "/api/v1/api_keys", 2) == [401, 401]
    assert await statuses(stranger, "/api/v1/api_keys", 1, Authorization="Bearer no") == [401]
    assert await statuses(stranger, "/api/v1/nothing", 1) == [404]
    reply = await stranger.get("/api/v1/api_keys")
    assert reply.status_code == 429
    assert reply.headers["x-ratelimit-type"] == "global"
    assert "x-venice-balance-usd" not in reply.headers
    for path in ("/api/v1/models", "/api/v1/nothing", "/openapi.json"):
        assert await statuses(stranger, path, 1) == [429]


async def test_a_good_key_from_such_an_address_is_served(
    guarded: House, stranger: httpx2.AsyncClient
) -> None:
    await statuses(stranger, "/api/v1/api_keys", MOST + 2)
    assert (await guarded.chat(max_tokens=2)).status_code == 200
    assert (await guarded.client.get("/api/v1/models")).status_code == 200
    assert (await guarded.client.get("/api/v1/nothing")).status_code == 404


async def test_a_failing_account_leaves_its_address_alone(
    guarded: House, stranger: httpx2.AsyncClient
) -> None:
    for _ in range(MOST + 1):
        await guarded.chat(temperature=9)
    assert await statuses(stranger, "/api/v1/models", 1) == [200]


async def test_health_readiness_and_metrics_always_answer(
    guarded: House, stranger: httpx2.AsyncClient
) -> None:
    await statuses(stranger, "/api/v1/api_keys", MOST + 2)
    for path in OPEN:
        assert await statuses(stranger, path, 1) == [200]


async def test_a_server_that_is_not_ready_counts_no_failure(
    guarded: House, stranger: httpx2.AsyncClient
) -> None:
    guarded.fake.always(refusing(500))
    guarded.second.always(refusing(500))
    assert set(await statuses(stranger, "/readyz", MOST + 2)) == {503}
    assert await statuses(stranger, "/api/v1/models", 1) == [200]


async def test_behind_a_trusted_proxy_callers_are_distinguished() -> None:
    async with (
        house(failures=MOST, trusted_proxies=("127.0.0.0/8", "10.0.0.0/8")) as proxied,
        httpx2.AsyncClient(base_url=proxied.url) as proxy,
    ):
        bad, good = "192.0.2.1", "192.0.2.2"
        await statuses(proxy, "/api/v1/api_keys", MOST + 1, X_Forwarded_For=bad)
        for hops, status in (
            (bad, 429),
            (f"{bad}, 10.1.2.3", 429),
            (f"{good}, {bad}", 429),
            (good, 200),
            (f"{bad}, {good}", 200),
            (f"{bad}, {good}, 10.1.2.3", 200),
        ):
            assert await statuses(proxy, "/api/v1/models", 1, X_Forwarded_For=hops) == [status]


async def test_without_a_trusted_proxy_the_header_is_not_believed(
    guarded: House, stranger: httpx2.AsyncClient
) -> None:
    for number in range(MOST + 1):
        await statuses(stranger, "/api/v1/api_keys", 1, X_Forwarded_For=f"192.0.2.{number}")
    assert await statuses(stranger, "/api/v1/models", 1) == [429]


async def test_switched_off_it_suffers_everything(shared: House) -> None:
    async with httpx2.AsyncClient(base_url=shared.url) as stranger:
        assert set(await statuses(stranger, "/api/v1/api_keys", 30)) == {401}
