"""Headers: one value where one is meant, none that contradicts another, all readable by a page."""

from collections.abc import Mapping
from typing import NoReturn

import httpx2
import pytest

from fake_upstream import refusing
from fondaco.domain.errors import RateLimitExceededError
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.http.apis.endpoints import ENDPOINTS
from fondaco.http.edge.origins.cors import METHODS
from house import MANY, SECRET, House, chat_body, house

ORIGIN = "https://app.example"
CHAT = "/api/v1/chat/completions"
SAFELISTED = {
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
}
"""A page may read these always. Source: Fetch, "CORS-safelisted response-header name"."""
FRAMING = {"connection", "transfer-encoding"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Authorization", [f"Bearer {SECRET}", "Bearer other"]),
        ("Authorization", [f"Bearer {SECRET}"] * 2),
        ("Content-Type", ["application/json", "text/plain"]),
        ("Idempotency-Key", ["a", "b"]),
        ("X-Api-Key", ["a", "b"]),
        ("X-Selected-Account-Id", ["1", "2"]),
        ("Origin", ["https://a.example", "https://b.example"]),
    ],
)
@pytest.mark.parametrize("path", [CHAT, "/v4/beta/chat/completions"])
async def test_a_header_of_one_value_that_comes_twice_is_refused(
    shared: House, name: str, values: list[str], path: str
) -> None:
    sent = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
    pairs = [*((n, v) for n, v in sent.items() if n != name), *((name, v) for v in values)]
    async with httpx2.AsyncClient(base_url=shared.url) as client:
        reply = await client.post(path, headers=pairs, content=b"{}")
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")
    assert f"The header {name.lower()} was sent 2 times" in reply.json()["error"]


async def test_a_list_may_come_on_several_lines(shared: House) -> None:
    pairs = [("Accept", "application/json;q=0.1"), ("Accept", "text/csv")]
    reply = await shared.client.get("/api/v1/billing/usage", headers=pairs)
    assert reply.headers["content-type"].startswith("text/csv")


def contradiction(headers: Mapping[str, str]) -> str | None:
    """Return what is said of requests that are left although the caller has to wait."""
    if "retry-after" not in headers or "x-ratelimit-remaining-requests" not in headers:
        return None
    left = headers["x-ratelimit-remaining-requests"], headers.get("x-ratelimit-remaining-tokens")
    return None if "0" in left else f"{left} are left"


async def test_the_wait_of_who_failed_too_often_contradicts_no_header() -> None:
    async with house(failures=2) as one:
        for _ in range(3):
            await one.chat(temperature=9)
        reply = await one.chat()
        assert reply.status_code == 429
        shown = reply.headers
        assert (shown["x-ratelimit-limit-requests"], contradiction(shown)) == ("2", None)
        wait_s = int(shown["x-ratelimit-reset-requests"]) - one.platform.clock.now()
        assert abs(wait_s - int(shown["retry-after"])) <= 2
        assert "x-ratelimit-limit-tokens" not in shown


@pytest.mark.parametrize(
    "limits", [RateLimits(1, MANY, MANY), RateLimits(MANY, 1, MANY), RateLimits(MANY, MANY, 30)]
)
async def test_nor_does_the_wait_of_who_asks_too_fast(limits: RateLimits) -> None:
    async with house(tiers={"paid": Tier("paid", {"small": limits})}) as one:
        replies = [await one.chat(max_tokens=20) for _ in range(4)]
        refused = [reply for reply in replies if reply.status_code == 429]
        assert refused
        for reply in refused:
            shown = reply.headers
            assert int(shown["retry-after"]) >= 1
            assert (
                shown["x-ratelimit-remaining-requests"] == "0"
                or int(shown["x-ratelimit-remaining-tokens"]) < 20
            )


async def test_nor_does_that_of_who_makes_keys_too_fast() -> None:
    async with house(keys_a_minute=1) as one:
        body = {"apiKeyType": "INFERENCE", "description": "one of many"}
        replies = [await one.client.post("/api/v1/api_keys", json=body) for _ in range(2)]
        assert [reply.status_code for reply in replies] == [200, 429]
        assert contradiction(replies[1].headers) is None


class Crowded:
    """Wallets of whose proofs too many wait: a limit that has no numbers to show."""

    async def challenge(self) -> NoReturn:
        raise RateLimitExceededError(retry_after_s=7)


async def test_a_limit_without_numbers_does_not_show_those_of_another(shared: House) -> None:
    wallets, shared.platform.wallets = shared.platform.wallets, Crowded()  # type: ignore[assignment]
    try:
        reply = await shared.client.get("/api/v1/api_keys/generate_web3_key")
    finally:
        shared.platform.wallets = wallets
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "7")
    assert "x-venice-balance-usd" in reply.headers
    shown = [name for name in reply.headers if name.startswith("x-ratelimit-")]
    assert shown == ["x-ratelimit-type"]


async def replies_of_every_kind(one: House) -> list[httpx2.Response]:
    get, chat = one.client.get, one.chat
    replies = [
        await chat(max_tokens=2),
        await chat(max_tokens=2, stream=True),
        await chat(max_tokens=2, nobody_knows_this=1),
        await chat(temperature=9),
        await chat(model="nothing"),
        await one.client.patch(CHAT),
        await one.client.post(CHAT, json=chat_body(), headers={"Authorization": ""}),
        await get("/api/v1/billing/usage", headers={"Accept": "text/csv"}),
        *[await get(path) for path in ("/healthz", "/metrics", "/doc", "/api/v1/models")],
    ]
    twice = {"Idempotency-Key": "once"}
    replies += [await one.client.post(CHAT, json=chat_body(), headers=twice) for _ in range(2)]
    one.fake.always(refusing(500))
    one.second.always(refusing(500))
    return [*replies, await chat(max_tokens=2)]


async def test_a_page_may_read_every_header_of_every_reply() -> None:
    async with house(cors_origins=(ORIGIN,)) as one:
        one.client.headers["Origin"] = ORIGIN
        replies = await replies_of_every_kind(one)
    assert {reply.status_code for reply in replies} == {200, 400, 401, 404, 405, 409, 503}
    for reply in replies:
        exposed = set(reply.headers["access-control-expose-headers"].split(", "))
        carried = {name for name in reply.headers if not name.startswith("access-control-")}
        assert carried - SAFELISTED - FRAMING <= exposed <= carried


def test_a_page_may_use_every_method_that_there_is() -> None:
    taken = {endpoint.method for endpoint in ENDPOINTS} | {"HEAD"}
    assert set(METHODS.decode().split(", ")) == taken


async def test_browsers_believe_the_type_of_every_reply_that_is_not_json(shared: House) -> None:
    replies = [
        await shared.client.get("/api/v1/billing/usage", headers={"Accept": "text/csv"}),
        await shared.chat(max_tokens=2, stream=True),
        *[await shared.client.get(path) for path in ("/doc", "/metrics", "/doc/api/swagger.yaml")],
    ]
    for reply in replies:
        assert "json" not in reply.headers["content-type"]
        assert reply.headers.get_list("x-content-type-options") == ["nosniff"]
