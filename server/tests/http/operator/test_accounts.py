"""Accounts at the edge, for the server's operator: listed, created, changed, granted funds."""

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import quote

import anyio
import httpx2
import pytest

from browser_session import Browser
from fake_upstream import late, speak
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.ledger import EntryKind
from fondaco.domain.money.limits import RateLimits, Tier
from fondaco.domain.money.money import NANO, Funds
from fondaco.http.endpoint.timestamps import unix_seconds
from house import ACCOUNT, MANY, PEPPER, House, house

FIRST_KEY = {"apiKeyType": "INFERENCE", "description": "First key"}
CHAT = "/api/v1/chat/completions"
ACCOUNTS, TIERS = "/api/v1/operator/accounts", "/api/v1/operator/tiers"
LIMITS = {"small": RateLimits(MANY, MANY, MANY)}
TWO_TIERS = {
    "paid": Tier("paid", LIMITS),
    "guests": Tier("guests", LIMITS, charged=False),
}


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with house(tiers=TWO_TIERS) as one:
        yield one


def key_of(
    one: House, account_id: int, name: str, type_: KeyType = KeyType.ADMIN
) -> dict[str, str]:
    """Add a key, and its account where there is none; return the key's header."""
    secret = f"fondaco_secret_of_{name}_{type_}"
    one.journal.add_account(account_id)
    key = Key(digest(b"", secret)[:16].hex(), account_id, type_, "", secret[-6:], created_at=0.0)
    one.keys.put(Account(account_id, name), digest(PEPPER, secret), key)
    return {"Authorization": f"Bearer {secret}"}


async def create(one: House, **fields: object) -> httpx2.Response:
    return await one.client.post(ACCOUNTS, json={"name": "research", **fields})


async def change(one: House, name: str, /, **fields: object) -> httpx2.Response:
    return await one.client.patch(f"{ACCOUNTS}/{quote(name, safe='')}", json=fields)


async def grant(
    one: House, name: str = "research", key: str = "", **fields: object
) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    path = f"{ACCOUNTS}/{quote(name, safe='')}/grants"
    return await one.client.post(path, json=fields, headers=headers)


def good(reply: httpx2.Response) -> Any:
    assert reply.status_code == 200, reply.text
    return reply.json()


def refused(reply: httpx2.Response, status: int = 400) -> str:
    assert reply.status_code == status, reply.text
    return reply.text


async def test_an_account_is_created_listed_and_can_pay_at_once(one: House) -> None:
    created = good(await create(one, usd=10, diemAllocation=5, tier="paid"))
    assert created | {"createdAt": ""} == {
        "name": "research",
        "usd": 10,
        "diem": 5,
        "diemAllocation": 5,
        "tier": "paid",
        "disabled": False,
        "createdAt": "",
        "wallet": None,
        "keys": 0,
        "lastUsedAt": None,
    }
    listed = good(await one.client.get(ACCOUNTS))
    assert listed["data"][0] == created
    assert [account["name"] for account in listed["data"]] == ["research", "tests"]
    assert listed["pagination"] == {"limit": 500, "page": 1, "total": 2, "totalPages": 1}
    second = good(await one.client.get(ACCOUNTS, params={"limit": 1, "page": 2}))
    assert [account["name"] for account in second["data"]] == ["tests"]
    assert second["data"][0]["keys"] == 1
    assert second["pagination"]["totalPages"] == 2


async def test_a_name_is_taken_once(one: House) -> None:
    good(await create(one))
    reply = await create(one, usd=5)
    assert "The account 'research' already exists." in refused(reply, 409)
    assert reply.json()["code"] == "CONFLICT"


async def test_defaults_are_those_of_the_command(one: House) -> None:
    created = good(await create(one))
    assert (created["usd"], created["diemAllocation"], created["tier"]) == (0, 0, "paid")


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a" * 101,
        "two\nlines",
        "bell\x07",
        "\u2028",
        7,
        None,
        "nul\x00",
        " default",
        "default ",
        "\u3000x",
        *(".", "..", ".a", "-x", "--help", "=A1", "+1", "@SUM(A1)", "?q=#", "/a", "\\", "\t"),
        *("\x1b[2J", "a\x9b2J", "a\u202eb", "a\u200bb", "\u3164", "a\ufe0f", "a  b"),
        *("\uff41dmin", "\ufb01nance", "u\u0308", "\u0430dmin", "\u03a9mega"),
    ],
)
async def test_names_are_those_that_the_command_takes(one: House, name: object) -> None:
    assert "name" in refused(await create(one, name=name))


@pytest.mark.parametrize(
    "name", ["a/b", "Ada Lovelace", "ünï", "100%", "a?q=#", "a/../b", "a+", "Москва", "研究 team"]
)
async def test_any_name_can_be_addressed(one: House, name: str) -> None:
    good(await create(one, name=name))
    assert good(await change(one, name, tier="guests"))["tier"] == "guests"
    assert good(await grant(one, name, usd=1))["name"] == name


@pytest.mark.parametrize("field", ["usd", "diemAllocation"])
@pytest.mark.parametrize(
    "amount",
    [
        "-1",
        "NaN",
        "Infinity",
        "1e400",
        "0.0000000001",
        "1000000000.000000001",
        "1e10",
        '"5"',
        "true",
    ],
)
async def test_an_amount_that_is_none_is_refused(one: House, field: str, amount: str) -> None:
    reply = await one.client.post(
        ACCOUNTS,
        content=f'{{"name": "research", "{field}": {amount}}}',
        headers={"Content-Type": "application/json"},
    )
    refused(reply)
    assert good(await one.client.get(ACCOUNTS))["pagination"]["total"] == 1


async def test_amounts_are_exact(one: House) -> None:
    text = '{"name": "research", "usd": 999999999.123456789, "diemAllocation": 0.000000001}'
    headers = {"Content-Type": "application/json"}
    reply = await one.client.post(ACCOUNTS, content=text, headers=headers)
    assert '"usd":999999999.123456789,"diem":0.000000001' in reply.text
    text = '{"usd": 0.000000001, "notes": ""}'
    reply = await one.client.post(f"{ACCOUNTS}/research/grants", content=text, headers=headers)
    assert '"usd":999999999.12345679,' in reply.text


async def test_a_change_takes_effect_with_the_next_request(one: House) -> None:
    headers = key_of(one, 77, "research")
    assert (await one.client.get("/api/v1/api_keys", headers=headers)).status_code == 200
    assert good(await change(one, "research", disabled=True))["disabled"] is True
    assert (await one.client.get("/api/v1/api_keys", headers=headers)).status_code == 401
    good(await change(one, "research", disabled=False, tier="guests"))
    limits = await one.client.get("/api/v1/api_keys/rate_limits", headers=headers)
    assert limits.json()["data"]["apiTier"] == {"id": "guests", "isCharged": False}
    good(await change(one, "research", diemAllocation=3))
    limits = await one.client.get("/api/v1/api_keys/rate_limits", headers=headers)
    assert limits.json()["data"]["balances"] == {"USD": 0, "DIEM": 3}
    good(await grant(one, usd=4))
    limits = await one.client.get("/api/v1/api_keys/rate_limits", headers=headers)
    assert limits.json()["data"]["balances"] == {"USD": 4, "DIEM": 3}


async def test_what_is_absent_or_null_stays_as_it_is(one: House) -> None:
    created = good(await create(one, usd=1, diemAllocation=2))
    assert good(await change(one, "research")) == created
    nothing = {"tier": None, "disabled": None, "diemAllocation": None}
    assert good(await change(one, "research", **nothing)) == created


@pytest.mark.parametrize(
    "fields",
    [
        {"tier": "gold"},
        {"tier": ""},
        {"disabled": "yes"},
        {"diemAllocation": -1},
        {"usd": 5},
        {"name": "b"},
    ],
)
async def test_a_wrong_change_is_refused_and_changes_nothing(
    one: House, fields: dict[str, object]
) -> None:
    created = good(await create(one))
    asked: dict[str, object] = {"disabled": True, **fields}
    assert next(iter(fields)) in refused(await change(one, "research", **asked))
    assert good(await one.client.get(ACCOUNTS))["data"][0] == created


async def test_a_tier_that_is_not_there_is_named_with_those_that_are(one: House) -> None:
    expected = "The configuration has no tier 'gold'. Use one of: guests, paid."
    assert expected in refused(await create(one, tier="gold"))
    assert good(await one.client.get(TIERS)) == {
        "data": [{"id": "guests", "isCharged": False}, {"id": "paid", "isCharged": True}]
    }


async def test_operators_cannot_lock_themselves_out(one: House) -> None:
    text = refused(await change(one, "tests", disabled=True))
    assert "its keys could not enable it again" in text
    assert good(await change(one, "tests", disabled=False, tier="guests"))["disabled"] is False


async def test_a_grant_is_entered_with_its_notes(one: House) -> None:
    good(await create(one))
    assert good(await grant(one, usd=5, notes="Invoice 17"))["usd"] == 5
    last = one.journal.entries[-1]
    assert (last.kind, last.amount, last.notes) == (EntryKind.GRANT, 5 * NANO, "Invoice 17")
    assert good(await grant(one, usd=5))["usd"] == 10


async def test_a_double_click_grants_once(one: House) -> None:
    good(await create(one))
    for _ in range(3):
        assert good(await grant(one, key="click-1", usd=5, notes="a"))["usd"] == 5
    assert good(await grant(one, key="click-2", usd=5, notes="a"))["usd"] == 10
    reply = await grant(one, key="click-1", usd=6, notes="a")
    assert reply.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    refused(reply, 409)
    refused(await grant(one, "tests", key="click-1", usd=5, notes="a"), 409)
    refused(await grant(one, key="k" * 256, usd=5))


async def test_a_key_of_one_caller_is_not_that_of_another(one: House) -> None:
    """Two operators may happen to choose the same key."""
    good(await create(one))
    good(await grant(one, key="click-1", usd=5))
    one.platform.operators = frozenset({"tests", "other"})
    reply = await one.client.post(
        f"{ACCOUNTS}/research/grants",
        json={"usd": 5},
        headers={**key_of(one, 78, "other"), "Idempotency-Key": "click-1"},
    )
    assert good(reply)["usd"] == 10


@pytest.mark.parametrize(
    "fields",
    [{}, {"usd": 0}, {"usd": -5}, {"usd": 5, "notes": "a" * 501}, {"usd": 5, "notes": "a\nb"}],
)
async def test_a_wrong_grant_is_refused(one: House, fields: dict[str, object]) -> None:
    good(await create(one))
    refused(await one.client.post(f"{ACCOUNTS}/research/grants", json=fields))
    assert (await one.platform.ledger.balance(ACCOUNT)).usd == 10 * NANO
    assert good(await one.client.get(ACCOUNTS))["data"][0]["usd"] == 0


async def test_what_is_not_there_is_not_found(one: House) -> None:
    for reply in (
        await change(one, "nobody", tier="paid"),
        await grant(one, "nobody", usd=1),
        await one.client.post(f"{ACCOUNTS}/nobody/login-links"),
        await one.client.post(f"{ACCOUNTS}/nobody/keys", json=FIRST_KEY),
    ):
        assert "GET /api/v1/operator/accounts lists" in refused(reply, 404)


def traced(caplog: pytest.LogCaptureFixture, event: str) -> bool:
    """Whether the log has an event, with the account and the operator's key."""
    [record] = [one for one in caplog.records if one.getMessage() == event]
    assert record.levelname == "WARNING"  # which is written by default
    fields = vars(record)["fields"]
    assert fields["account_id"] != ACCOUNT
    return bool(fields["key_id"] == "ab" * 16)


async def test_a_login_link_opens_the_account_once(
    one: House, caplog: pytest.LogCaptureFixture
) -> None:
    good(await create(one))
    made = await one.client.post(f"{ACCOUNTS}/research/login-links")
    assert made.headers["cache-control"] == "no-store"
    address, _, token = good(made)["url"].partition("?login=")
    assert (address, good(made)["account"]) == (f"{one.url}/", "research")
    left_s = unix_seconds(good(made)["expiresAt"]) - one.platform.clock.now()
    assert 0 < left_s < 600.001  # times are rounded to the millisecond
    begun = good(await Browser(one).begin(login=token))
    assert (begun["account"], begun["keyType"], begun["operator"]) == ("research", "ADMIN", False)
    refused(await Browser(one).begin(login=token), 401)
    assert traced(caplog, "an operator made a login link of an account")
    assert token not in caplog.text


async def test_nobody_is_let_into_a_disabled_account(one: House) -> None:
    good(await create(one))
    good(await change(one, "research", disabled=True))
    reply = await one.client.post(f"{ACCOUNTS}/research/login-links")
    assert "is disabled, so nobody can log in to it" in refused(reply, 409)
    reply = await one.client.post(f"{ACCOUNTS}/research/keys", json=FIRST_KEY)
    assert "is disabled, so its keys are refused" in refused(reply, 409)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_under_way_ends_and_is_charged_though_its_account_is_disabled(
    one: House, *, stream: bool
) -> None:
    good(await create(one, usd=1))
    made = good(await one.client.post(f"{ACCOUNTS}/research/keys", json=FIRST_KEY))
    headers = {"Authorization": f"Bearer {made['data']['apiKey']}"}
    body = {"model": "toy", "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    answered = anyio.Event()
    one.fake.next(late(speak, answered))
    async with anyio.create_task_group() as calls:
        replies: list[httpx2.Response] = []

        async def call() -> None:
            replies.append(await one.client.post(CHAT, json=body, headers=headers))

        calls.start_soon(call)
        with anyio.fail_after(10):
            while not one.fake.asked:  # noqa: ASYNC110 - a fake that tells nothing
                await anyio.sleep(0.005)
        good(await change(one, "research", disabled=True))
        refused(await one.client.post(CHAT, json=body, headers=headers), 401)
        answered.set()
    [reply] = replies
    assert reply.status_code == 200
    assert not stream or reply.text.endswith("data: [DONE]\n\n")
    [research] = [
        row for row in good(await one.client.get(ACCOUNTS))["data"] if row["name"] == "research"
    ]
    assert research["usd"] < 1, "what it delivered is charged"


async def test_a_first_key_is_of_the_new_account(
    one: House, caplog: pytest.LogCaptureFixture
) -> None:
    good(await create(one, usd=1))
    made = await one.client.post(f"{ACCOUNTS}/research/keys", json=FIRST_KEY)
    assert made.headers["cache-control"] == "no-store"
    secret = good(made)["data"]["apiKey"]
    called = await one.client.get("/api/v1/models", headers={"Authorization": f"Bearer {secret}"})
    assert called.status_code == 200
    [research, _] = good(await one.client.get(ACCOUNTS))["data"]
    assert (research["name"], research["keys"]) == ("research", 1)
    assert traced(caplog, "an operator made a key of an account")
    assert secret not in caplog.text


async def test_a_first_key_takes_what_a_key_of_ones_own_takes(one: House) -> None:
    good(await create(one))
    for fields in ({}, {"apiKeyType": "ROOT", "description": "x"}, {"apiKeyType": "ADMIN"}):
        refused(await one.client.post(f"{ACCOUNTS}/research/keys", json=fields))
    assert good(await one.client.get(ACCOUNTS))["data"][0]["keys"] == 0


@pytest.mark.parametrize("account", ["inference", "tenant", "nobody"])
async def test_only_operators_may_ask(one: House, account: str) -> None:
    headers = {
        "inference": key_of(one, ACCOUNT, "tests", KeyType.INFERENCE),
        "tenant": key_of(one, 78, "tenant"),
        "nobody": {"Authorization": ""},
    }[account]
    before = good(await one.client.get(ACCOUNTS))
    status = 401 if account == "nobody" else 403
    for method, path, body in (
        ("GET", ACCOUNTS, None),
        ("POST", ACCOUNTS, {"name": "research"}),
        ("PATCH", f"{ACCOUNTS}/tests", {"tier": "guests"}),
        ("POST", f"{ACCOUNTS}/tests/grants", {"usd": 5}),
        ("POST", f"{ACCOUNTS}/tests/login-links", None),
        ("POST", f"{ACCOUNTS}/tests/keys", FIRST_KEY),
        ("GET", TIERS, None),
    ):
        reply = await one.client.request(method, path, json=body, headers=headers)
        refused(reply, status)
    after = good(await one.client.get(ACCOUNTS))
    assert [account | {"lastUsedAt": None} for account in after["data"]] == [
        account | {"lastUsedAt": None} for account in before["data"]
    ]
    assert await one.balance() == Funds(usd=10 * NANO)
