"""Limits as callers meet them: headers on every reply, refusals, and the two endpoints."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from itertools import count

import httpx2
import pytest

from fake_upstream import hanging
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO
from fondaco.http.endpoint.timestamps import unix_seconds
from fondaco.serving.admission.rate_limits import SlidingWindowLimiter
from house import PEPPER, TOY, House, chat_body, house

TIERS = {
    "paid": Tier("paid", {"small": RateLimits(3, 1000, 10_000), "large": RateLimits(9, 90)}),
    "guests": Tier(
        "guests", {"small": RateLimits(2, 20), "large": RateLimits(1, 10)}, charged=False
    ),
}
LARGE = replace(TOY, id="large", rate_class="large", traits=())
REQUESTS = ("limit-requests", "remaining-requests", "reset-requests")
TOKENS = ("limit-tokens", "remaining-tokens", "reset-tokens")
BALANCES = ("usd", "diem", "vcu")
_id_cache = count(5000)


@pytest.fixture
async def limited() -> AsyncGenerator[House]:
    async with house(tiers=TIERS, models=(TOY, LARGE)) as one:
        yield one


def expect_all(reply: httpx2.Response) -> None:
    for name in (*REQUESTS, *TOKENS):
        assert reply.headers[f"x-ratelimit-{name}"].isdecimal()
    for name in BALANCES:
        assert f"x-venice-balance-{name}" in reply.headers
    assert reply.headers.get_list("x-venice-balance-usd") == [reply.headers["x-venice-balance-usd"]]


def shown(reply: httpx2.Response, *names: str) -> list[int]:
    return [int(reply.headers[f"x-ratelimit-{name}"]) for name in names]


def key_of(
    one: House,
    secret: str,
    *,
    type_: KeyType = KeyType.ADMIN,
    tier: str = "paid",
    expires_at: float | None = None,
) -> None:
    """Give the house an account of its own, without money, and a key to it."""
    account_id = next(_id_cache)
    one.journal.add_account(account_id)
    key = Key(f"{account_id:032x}", account_id, type_, "", secret[-6:], 0.0, expires_at=expires_at)
    one.keys.put(Account(account_id, secret, tier=tier), digest(PEPPER, secret), key)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def test_an_answer_carries_limits_and_the_balance_before(shared: House) -> None:
    reply = await shared.chat(max_tokens=2)
    assert reply.status_code == 200
    expect_all(reply)


async def test_a_stream_carries_them_in_its_head(limited: House) -> None:
    async with limited.streaming(max_tokens=2) as reply:
        await reply.aread()
    expect_all(reply)
    assert shown(reply, "limit-requests", "remaining-requests") == [3, 2]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"temperature": 9}, 400),
        ({"max_tokens": 4000, "n": 8}, 402),
        ({"model": "nothing"}, 404),
    ],
)
async def test_a_refusal_carries_them(fields: dict[str, object], status: int) -> None:
    async with house(usd=100) as poor:
        reply = await poor.chat(**fields)
    assert reply.status_code == status
    expect_all(reply)
    assert reply.headers["x-venice-balance-usd"] == "0.0000001"


async def test_a_wrong_address_or_method_carries_them_with_a_good_key(shared: House) -> None:
    for method, path, status in (
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/chat/completions", 405),
        ("GET", "/api/v1/models?type=nothing", 400),
    ):
        reply = await shared.client.request(method, path)
        assert reply.status_code == status
        expect_all(reply)


async def test_an_endpoint_that_is_no_call_carries_them_and_counts_nothing(limited: House) -> None:
    for _ in range(5):
        reply = await limited.client.get("/api/v1/models")
        expect_all(reply)
        assert shown(reply, "limit-requests", "remaining-requests") == [3, 3]


async def test_a_request_without_a_key_learns_nothing(shared: House) -> None:
    async with httpx2.AsyncClient(base_url=shared.url) as stranger:
        replies = [await stranger.get(path) for path in ("/api/v1/models", "/api/v1/nothing")]
        replies.append(await stranger.get("/api/v1/models", headers=bearer("wrong")))
    for reply in replies:
        names = set(reply.headers)
        assert not {n for n in names if n.startswith(("x-ratelimit-", "x-venice-balance-"))}


async def test_an_inference_key_on_an_admin_endpoint_gets_403_with_them(shared: House) -> None:
    key_of(shared, "inference", type_=KeyType.INFERENCE)
    for path in ("/api/v1/api_keys/rate_limits", "/api/v1/api_keys/rate_limits/log"):
        reply = await shared.client.get(path, headers=bearer("inference"))
        assert (reply.status_code, reply.json()["code"]) == (403, "UNAUTHORIZED")
        expect_all(reply)


async def test_the_balance_shown_is_the_one_before_the_call(shared: House) -> None:
    before = await shared.balance()
    reply = await shared.chat(max_tokens=2)
    shown_before = reply.headers["x-venice-balance-usd"]
    assert before.usd != (await shared.balance()).usd
    assert float(shown_before) == before.usd / NANO


async def test_beyond_the_limit_a_call_is_429_and_says_when_to_come_back(limited: House) -> None:
    for left in (2, 1, 0):
        reply = await limited.chat(max_tokens=2)
        assert shown(reply, "limit-requests", "remaining-requests") == [3, left]
    reply = await limited.chat(max_tokens=2)
    assert (reply.status_code, reply.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert "3 requests per minute (RPM) for the model 'toy'" in reply.json()["error"]
    assert 1 <= int(reply.headers["retry-after"]) <= 61
    assert reply.headers["x-ratelimit-type"] == "user"
    expect_all(reply)
    assert shown(reply, "limit-requests", "remaining-requests") == [3, 0]
    assert len(limited.charges()) == 2 * 3


async def test_a_stream_beyond_the_limit_is_429_too(limited: House) -> None:
    for _ in range(3):
        await limited.chat(max_tokens=2)
    async with limited.streaming() as reply:
        assert reply.status_code == 429


async def test_another_model_has_limits_of_its_own_which_its_replies_show(limited: House) -> None:
    for _ in range(3):
        await limited.chat(max_tokens=2)
    reply = await limited.chat(model="large", max_tokens=2)
    assert reply.status_code == 200
    assert shown(reply, "limit-requests", "remaining-requests") == [9, 8]
    assert "x-ratelimit-limit-tokens" not in reply.headers


async def test_tokens_are_reserved_by_estimate_and_settled_by_usage(limited: House) -> None:
    reply = await limited.chat(max_tokens=400)
    assert reply.status_code == 200
    reserved = shown(reply, "remaining-tokens")[0]
    assert reserved <= 10_000 - 400
    usage = reply.json()["usage"]["total_tokens"]
    after = await limited.client.get("/api/v1/models")
    assert shown(after, "remaining-tokens") == [10_000 - usage]


async def test_a_call_that_was_refused_counts_nothing(limited: House) -> None:
    for _ in range(4):
        assert (await limited.chat(temperature=9)).status_code == 400
    after = await limited.client.get("/api/v1/models")
    assert shown(after, "remaining-requests", "remaining-tokens") == [3, 10_000]


async def test_a_pinged_stream_shows_limits_before_its_first_event() -> None:
    async with house(tiers=TIERS, ping_interval_s=0.1) as slow:
        slow.fake.next(hanging())
        async with slow.streaming() as reply:
            assert shown(reply, "limit-requests") == [3]


async def test_the_limits_of_a_key_s_account_are_listed_by_model(limited: House) -> None:
    reply = await limited.client.get("/api/v1/api_keys/rate_limits")
    assert reply.status_code == 200
    allowance = reply.json()["data"]
    assert allowance.pop("nextEpochBegins").endswith("T00:00:00.000Z")
    assert allowance == {
        "accessPermitted": True,
        "apiTier": {"id": "paid", "isCharged": True},
        "balances": {"USD": 10, "DIEM": 0},
        "keyExpiration": None,
        "rateLimits": [
            {
                "apiModelId": "toy",
                "rateLimits": [
                    {"amount": 3, "type": "RPM"},
                    {"amount": 1000, "type": "RPD"},
                    {"amount": 10_000, "type": "TPM"},
                ],
            },
            {
                "apiModelId": "large",
                "rateLimits": [{"amount": 9, "type": "RPM"}, {"amount": 90, "type": "RPD"}],
            },
        ],
    }


@pytest.mark.parametrize(("tier", "permitted"), [("paid", False), ("guests", True)])
async def test_without_money_access_is_permitted_where_calls_cost_none(
    limited: House, tier: str, *, permitted: bool
) -> None:
    key_of(limited, "poor", tier=tier)
    reply = await limited.client.get("/api/v1/api_keys/rate_limits", headers=bearer("poor"))
    allowance = reply.json()["data"]
    assert allowance["accessPermitted"] is permitted
    assert allowance["apiTier"] == {"id": tier, "isCharged": not permitted}


async def test_calls_of_a_tier_that_is_not_charged_need_no_money(limited: House) -> None:
    key_of(limited, "poor", tier="guests")
    path = "/api/v1/chat/completions"
    sent = {"json": chat_body(max_tokens=2), "headers": bearer("poor")}
    replies = [await limited.client.post(path, **sent) for _ in range(3)]  # type: ignore[arg-type]  # httpx2's many
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert "on the tier 'guests'" in replies[-1].json()["error"]
    assert {charge.amount for charge in limited.charges()} == {0}


async def test_a_key_that_ends_says_when(shared: House) -> None:
    key_of(shared, "ends", expires_at=4_102_444_800.0)
    reply = await shared.client.get("/api/v1/api_keys/rate_limits", headers=bearer("ends"))
    assert reply.json()["data"]["keyExpiration"] == "2100-01-01T00:00:00.000Z"


async def test_an_account_of_an_unknown_tier_is_refused_with_the_reason(shared: House) -> None:
    key_of(shared, "lost", tier="gold")
    reply = await shared.client.get("/api/v1/api_keys/rate_limits", headers=bearer("lost"))
    assert (reply.status_code, reply.json()["code"]) == (403, "UNAUTHORIZED")
    assert "'gold' is not defined on this server" in reply.json()["error"]


async def test_the_log_lists_what_came_too_fast(limited: House) -> None:
    empty = await limited.client.get("/api/v1/api_keys/rate_limits/log")
    assert empty.json() == {"object": "list", "data": []}
    for _ in range(5):
        await limited.chat(max_tokens=2)
    log = (await limited.client.get("/api/v1/api_keys/rate_limits/log")).json()["data"]
    assert len(log) == 2
    assert log[0].pop("timestamp").endswith("Z")
    assert log[0] == {
        "apiKeyId": "ab" * 16,
        "modelId": "toy",
        "rateLimitTier": "paid",
        "rateLimitType": "RPM",
    }


async def test_a_page_of_a_named_origin_may_read_the_limits() -> None:
    async with house(cors_origins=("https://page.example",)) as open_house:
        reply = await open_house.client.get(
            "/api/v1/models", headers={"Origin": "https://page.example"}
        )
    exposed = reply.headers["access-control-expose-headers"]
    assert {f"x-ratelimit-{name}" for name in (*REQUESTS, *TOKENS)} <= set(exposed.split(", "))


USAGE = "/api/v1/api_keys/rate_limits/usage"
SHARING = {
    "paid": Tier(
        "paid",
        {"small": RateLimits(3, 1000, 10_000, shared=True), "large": RateLimits(9, 90)},
    )
}
TWIN = replace(TOY, id="twin", traits=())


async def test_usage_says_what_counts_against_each_limit() -> None:
    async with house(tiers=TIERS, models=(TOY, LARGE)) as one:
        unused = (await one.client.get(USAGE)).json()
        assert unused == {
            "data": [
                {
                    "limitClass": "large",
                    "models": ["large"],
                    "limits": [
                        {"type": "RPM", "amount": 9, "used": 0, "resetsAt": None},
                        {"type": "RPD", "amount": 90, "used": 0, "resetsAt": None},
                    ],
                },
                {
                    "limitClass": "small",
                    "models": ["toy"],
                    "limits": [
                        {"type": "RPM", "amount": 3, "used": 0, "resetsAt": None},
                        {"type": "RPD", "amount": 1000, "used": 0, "resetsAt": None},
                        {"type": "TPM", "amount": 10_000, "used": 0, "resetsAt": None},
                    ],
                },
            ],
            "concurrentCalls": {"running": 0, "amount": None},
        }
        tokens = (await one.chat(max_tokens=2)).json()["usage"]["total_tokens"]
        now = one.platform.clock.now()
        large, small = (await one.client.get(USAGE)).json()["data"]
        assert large == unused["data"][0]
        assert [limit["used"] for limit in small["limits"]] == [1, 1, tokens]
        minute, day, of_tokens = (unix_seconds(limit["resetsAt"]) for limit in small["limits"])
        assert now < minute <= now + 62
        assert now + 86_000 < day <= now + 86_800
        assert now < of_tokens <= now + 62


async def test_models_that_share_a_count_are_one_entry() -> None:
    async with house(tiers=SHARING, models=(TOY, TWIN, LARGE)) as one:
        await one.chat(model="twin", max_tokens=2)
        _, small = (await one.client.get(USAGE)).json()["data"]
        assert small["models"] == ["toy", "twin"]
        assert small["limits"][0]["used"] == 1


async def test_asking_for_usage_uses_nothing_and_tracks_nothing() -> None:
    async with house(tiers=TIERS, models=(TOY, LARGE)) as one:
        limits = one.platform.limits
        assert isinstance(limits, SlidingWindowLimiter)
        for _ in range(5):
            assert (await one.client.get(USAGE)).status_code == 200
        assert shown(await one.chat(max_tokens=2), "remaining-requests") == [2]


async def test_usage_is_the_accounts_own_and_any_key_may_ask() -> None:
    async with house(tiers=TIERS, models=(TOY, LARGE)) as one:
        key_of(one, "fondaco_guest", type_=KeyType.INFERENCE, tier="guests")
        await one.chat(max_tokens=2)
        reply = await one.client.get(USAGE, headers=bearer("fondaco_guest"))
        _, small = reply.json()["data"]
        assert [(limit["amount"], limit["used"]) for limit in small["limits"]] == [(2, 0), (20, 0)]


async def test_usage_counts_the_calls_that_run() -> None:
    async with house(concurrent_calls=4) as one:
        one.fake.next(hanging(after=2))
        async with one.streaming() as reply:
            await anext(reply.aiter_lines())
            calls = (await one.client.get(USAGE)).json()["concurrentCalls"]
    assert calls == {"running": 1, "amount": 4}
