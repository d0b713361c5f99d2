"""Tokens and sessions that are no good, and what a session may not do."""

import logging
from collections.abc import AsyncGenerator
from dataclasses import replace

import httpx2
import pytest

from browser_session import SESSION, Browser, login
from fondaco.domain.money.account import MOST_KEYS, Account, Key, KeyType, digest
from fondaco.domain.sessions import MOST_SESSIONS
from fondaco.http.apis.dashboard.tree import tree
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.edge.routes import Routes
from fondaco.http.endpoint.endpoint import Access, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.settings import Dashboard
from hand_clock import UNIX, HandClock
from house import ACCOUNT, PEPPER, SECRET, House, house

KEYS = "/api/v1/api_keys"
INFERENCE_SECRET, FOREIGN_SECRET = "fondaco_i_of_tests", "fondaco_a_of_others"
FOREIGN = ACCOUNT + 1
OWN = Account(ACCOUNT, "tests")
MOST = 3


def key(number: int, account_id: int = ACCOUNT, type_: KeyType = KeyType.ADMIN) -> Key:
    return Key(f"{number:032x}", account_id, type_, "of tests", "_tests", created_at=0.0)


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with house(clock=HandClock(), dashboard=Dashboard(idle_timeout_s=600)) as one:
        one.keys.put(OWN, digest(PEPPER, INFERENCE_SECRET), key(1, type_=KeyType.INFERENCE))
        one.journal.add_account(FOREIGN)
        one.keys.put(Account(FOREIGN, "others"), digest(PEPPER, FOREIGN_SECRET), key(2, FOREIGN))
        yield one


def clock_of(one: House) -> HandClock:
    clock = one.platform.clock
    assert isinstance(clock, HandClock)
    return clock


@pytest.mark.parametrize("which", ["wrong", "used", "expired", "a session's", "an API key"])
async def test_a_login_token_is_refused_that_is(one: House, which: str) -> None:
    token = await login(one)
    if which == "wrong":
        token = token[:-1] + "Z"
    elif which == "used":
        assert (await Browser(one).begin(login=token)).status_code == 200
    elif which == "expired":
        clock_of(one).at += 600
    elif which == "a session's":
        browser = Browser(one)
        await browser.begin(login=token)
        token = browser.token
    else:
        token = SECRET
    before = dict(one.sessions.sessions)
    refused = await Browser(one).begin(login=token)
    assert (refused.status_code, refused.json()["code"]) == (401, "LOGIN_REFUSED")
    assert "set-cookie" not in refused.headers
    assert token not in refused.text
    assert one.sessions.sessions == before


@pytest.mark.parametrize("secret", ["fondaco_a_wrong", "", "ü" * 40, "x" * 256])
async def test_a_key_that_is_none_begins_no_session(one: House, secret: str) -> None:
    refused = await Browser(one).begin(apiKey=secret)
    assert refused.status_code in (400, 401)
    assert one.sessions.sessions == {}


async def test_a_login_token_is_no_session_and_a_session_no_key(one: House) -> None:
    token = await login(one)
    browser = Browser(one)
    browser.cookie = f"fondaco_session_{one.url.rpartition(':')[2]}={token[:-21]}"
    browser.headers["X-Fondaco-Dashboard"] = token[-21:]
    assert (await browser.send("GET", SESSION)).json()["code"] == "SESSION_ENDED"
    await browser.begin(login=token)
    as_key = await browser.send("GET", KEYS, Authorization=f"Bearer {browser.token}")
    assert as_key.json()["code"] == "INVALID_API_KEY"


async def test_a_session_ends_with_its_key(one: House) -> None:
    browser = Browser(one)
    begun = await browser.begin(login=await login(one))
    revoked = await one.client.delete(f"{KEYS}?id={begun.json()['keyId']}")
    assert revoked.status_code == 200
    refused = await browser.send("GET", KEYS)
    assert (refused.status_code, refused.json()["code"]) == (401, "SESSION_ENDED")
    assert one.sessions.sessions == {}
    again = await Browser(one).begin(login=await login(one, 2))
    assert again.json()["keyId"] != begun.json()["keyId"]


async def test_a_session_may_revoke_its_own_key(one: House) -> None:
    browser = Browser(one)
    begun = await browser.begin(login=await login(one))
    revoked = await browser.send("DELETE", f"{KEYS}?id={begun.json()['keyId']}")
    assert revoked.status_code == 200
    assert (await browser.send("GET", SESSION)).status_code == 401


async def test_a_session_ends_when_its_key_expires(one: House) -> None:
    ending = replace(key(3), expires_at=UNIX + 60)
    one.keys.put(OWN, digest(PEPPER, "ending"), ending)
    browser = Browser(one)
    await browser.begin(apiKey="ending")
    clock_of(one).at += 59
    assert (await browser.send("GET", SESSION)).status_code == 200
    clock_of(one).at += 1
    assert (await browser.send("GET", SESSION)).json()["code"] == "SESSION_ENDED"


async def test_a_session_of_a_disabled_account_is_refused_until_it_is_enabled(one: House) -> None:
    browser = Browser(one)
    await browser.begin(apiKey=SECRET)
    one.keys.put(replace(OWN, disabled=True))
    one.platform.key_ring.invalidate()  # as the watch over the database does
    refused = await browser.send("GET", SESSION)
    assert (refused.status_code, refused.json()["code"]) == (
        401,
        "AUTHENTICATION_FAILED_INACTIVE_KEY",
    )
    begun = await Browser(one).begin(login=await login(one))
    assert begun.status_code == 401
    one.keys.put(OWN)
    one.platform.key_ring.invalidate()
    assert (await browser.send("GET", SESSION)).status_code == 200


async def test_what_another_server_closed_is_closed_here(one: House) -> None:
    browser = Browser(one)
    await browser.begin(apiKey=SECRET)
    await one.sessions.close(digest(PEPPER, browser.token))
    one.platform.key_ring.invalidate()  # as the watch over the database does
    assert (await browser.send("GET", SESSION)).json()["code"] == "SESSION_ENDED"


async def test_what_is_used_at_another_server_is_not_idle_here(one: House) -> None:
    browser = Browser(one)
    await browser.begin(apiKey=SECRET)
    await one.sessions.record_use(digest(PEPPER, browser.token), UNIX + 500)
    clock_of(one).at += 700
    assert (await browser.send("GET", SESSION)).status_code == 200


async def test_use_is_recorded_now_and_then_so_that_a_restart_knows_it(one: House) -> None:
    browser = Browser(one)
    await browser.begin(apiKey=SECRET)
    [row] = one.sessions.sessions.values()
    clock_of(one).at += 59
    await browser.send("GET", SESSION)
    assert row.used_at == UNIX
    clock_of(one).at += 1
    await browser.send("GET", SESSION)
    assert row.used_at == UNIX + 60


async def test_a_key_has_so_many_sessions_and_the_one_used_longest_ago_ends(one: House) -> None:
    browsers = [Browser(one) for _ in range(MOST_SESSIONS + 1)]
    for browser in browsers:
        clock_of(one).at += 0.5
        await browser.begin(apiKey=SECRET)
    assert len(one.sessions.sessions) == MOST_SESSIONS
    assert (await browsers[0].send("GET", SESSION)).status_code == 401
    assert (await browsers[1].send("GET", SESSION)).status_code == 200


async def test_a_session_of_an_inference_key_is_refused_where_keys_are_managed(
    one: House,
) -> None:
    browser = Browser(one)
    assert (await browser.begin(apiKey=INFERENCE_SECRET)).json()["operator"] is False
    for method, path in (
        ("GET", KEYS),
        ("POST", KEYS),
        ("GET", "/api/v1/billing/usage"),
        ("GET", "/api/v1/api_keys/rate_limits"),
    ):
        body = {"apiKeyType": "ADMIN", "description": "x"} if method == "POST" else None
        assert (await browser.send(method, path, json=body)).status_code == 403, path
    assert (await browser.send("GET", SESSION)).status_code == 200


async def test_an_account_with_all_its_keys_is_told_what_to_do(one: House) -> None:
    for number in range(10, 10 + MOST_KEYS):
        one.keys.put(OWN, f"{number}".encode(), key(number))
    refused = await Browser(one).begin(login=await login(one))
    assert (refused.status_code, refused.json()["code"]) == (400, "TOO_MANY_KEYS")
    assert "Revoke an unused key" in refused.json()["error"]
    assert "fondaco dashboard link" in refused.json()["error"]
    assert one.sessions.sessions == {}


async def test_who_guesses_tokens_keys_or_cookies_has_to_wait() -> None:
    async with house(failures=MOST) as one:
        for number, body in enumerate(({"login": "wrong"}, {"apiKey": "wrong"})):
            assert (await Browser(one).begin(**body)).status_code == 401, number
        stranger = Browser(one)
        stranger.cookie = f"fondaco_session_{one.url.rpartition(':')[2]}=wrong"
        for _ in range(2):
            await stranger.send("GET", KEYS)
        assert (await Browser(one).begin(login="wrong")).status_code == 429
        assert (await Browser(one).begin(apiKey="wrong")).status_code == 429
        assert (await stranger.send("GET", KEYS)).status_code == 429
        with_key = await one.client.get(KEYS)
        assert with_key.status_code == 200  # of an account that did nothing


async def test_strangers_at_the_same_address_keep_nobody_from_logging_in() -> None:
    async with house(failures=MOST) as one:
        stranger = Browser(one)
        while (await stranger.send("GET", KEYS)).status_code != 429:
            pass
        for accepted in ("text/html", "text/plain"):
            page = await Browser(one).send("GET", "/", Accept=accepted)
            assert page.status_code == 200
        module = f"/dashboard/{tree().hash}/main.js"
        assert (await Browser(one).send("GET", module)).status_code == 200
        for credentials in ({"login": await login(one)}, {"apiKey": SECRET}):
            browser = Browser(one)
            assert (await browser.begin(**credentials)).status_code == 200
            assert (await browser.send("GET", KEYS)).status_code == 200


async def test_failures_of_a_session_count_against_the_sessions_of_its_key_alone() -> None:
    async with house(failures=MOST) as one:
        one.keys.put(OWN, digest(PEPPER, "other"), key(1))
        first, second, other = Browser(one), Browser(one), Browser(one)
        for browser, secret in ((first, SECRET), (second, SECRET), (other, "other")):
            await browser.begin(apiKey=secret)
        for _ in range(MOST + 1):
            await first.send("PATCH", KEYS, json={})
        for browser, status in ((first, 429), (second, 429), (other, 200)):
            assert (await browser.send("GET", SESSION)).status_code == status
        assert (await one.client.get(KEYS)).status_code == 200


async def test_a_key_that_keeps_failing_keeps_nobody_from_the_dashboard_of_its_account() -> None:
    async with house(failures=MOST) as one:
        one.keys.put(OWN, digest(PEPPER, INFERENCE_SECRET), key(1, type_=KeyType.INFERENCE))
        browser = Browser(one)
        await browser.begin(apiKey=SECRET)
        failing = {"Authorization": f"Bearer {INFERENCE_SECRET}"}
        for _ in range(MOST + 1):
            await one.client.patch(KEYS, json={}, headers=failing)
        for headers in (failing, {}):  # the limit is that of the account: all its keys wait
            assert (await one.client.get(KEYS, headers=headers)).status_code == 429
        newcomer = Browser(one)
        assert (await newcomer.begin(login=await login(one))).status_code == 200
        for seen in (browser, newcomer):
            assert (await seen.send("GET", SESSION)).status_code == 200
        revoked = await browser.send("DELETE", f"{KEYS}?id={1:032x}")
        assert revoked.status_code == 200


async def managed(context: RequestContext[None, None]) -> Response:
    """Say whose key it is."""
    return json_response({"account": context.key_holder.account.name})


@pytest.fixture
def operators_alone(one: House) -> str:
    """Return the path of an endpoint for operators, in place of all others."""
    endpoint = Endpoint(
        dialect=VENICE,
        method="GET",
        path="/managed",
        run=managed,
        summary="Managed",
        tag="Operation",
        access=Access.OPERATOR,
    )
    one.edge._routes = Routes([endpoint])
    return "/managed"


async def test_operators_are_admin_keys_of_the_accounts_that_the_settings_name(
    one: House, operators_alone: str
) -> None:
    async with httpx2.AsyncClient(base_url=one.url) as client:

        async def knock(secret: str) -> httpx2.Response:
            return await client.get(operators_alone, headers={"Authorization": f"Bearer {secret}"})

        assert (await knock(SECRET)).json() == {"account": "tests"}
        inference = await knock(INFERENCE_SECRET)
        assert (inference.status_code, inference.json()["code"]) == (403, "UNAUTHORIZED")
        foreign = await knock(FOREIGN_SECRET)
        assert foreign.status_code == 403
        assert "server.operators" in foreign.json()["error"]
        assert (await client.get(operators_alone)).status_code == 401


async def test_a_session_is_an_operators_where_its_key_is(one: House, operators_alone: str) -> None:
    for secret, status in ((SECRET, 200), (INFERENCE_SECRET, 403), (FOREIGN_SECRET, 403)):
        token, *_ = await one.platform.sessions.begin(secret)
        headers = {"X-Fondaco-Session": token}
        async with httpx2.AsyncClient(base_url=one.url, headers=headers) as client:
            assert (await client.get(operators_alone)).status_code == status


async def test_a_program_sends_its_session_in_a_header_of_its_own(one: House) -> None:
    token, *_ = await one.platform.sessions.begin(SECRET)
    async with httpx2.AsyncClient(base_url=one.url, headers={"X-Fondaco-Session": token}) as client:
        assert (await client.get(KEYS)).status_code == 200
        shown = await client.get(SESSION)
        assert shown.status_code == 200
        assert "set-cookie" not in shown.headers
        made = await client.post(KEYS, json={"apiKeyType": "INFERENCE", "description": "mine"})
        assert made.status_code == 200
        client.headers["X-Fondaco-Session"] = "wrong"
        assert (await client.get(KEYS)).json()["code"] == "SESSION_ENDED"


async def test_no_token_is_logged_nor_the_link_that_carries_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with house(access_log=True) as one:
        browser, token = Browser(one), await login(one)
        await browser.send("GET", f"/?login={token}", Accept="text/html")
        begun = await browser.begin(login=token)
        assert begun.status_code == 200
        await browser.begin(login=token)
        await browser.send("GET", KEYS)
        await Browser(one).begin(apiKey=SECRET)
        session = browser.token
    ours = [record for record in caplog.records if record.name.startswith("fondaco")]
    text = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in ours)
    assert "/dashboard/session" in text
    assert begun.json()["keyId"] in text
    for secret in (token, session, SECRET, "login="):
        assert secret not in text
