"""Sessions of the dashboard: begun by a link or a key, worth that key's rights, and how they end."""

import anyio
import pytest

from browser_session import SESSION, Browser, cookie_parts, login
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.http.apis.operator import docs_site
from fondaco.settings import Dashboard
from hand_clock import HandClock
from house import ACCOUNT, PEPPER, SECRET, House, house

INFERENCE_SECRET, FOREIGN_SECRET = "fondaco_i_of_tests", "fondaco_a_of_others"
FOREIGN = ACCOUNT + 1


def add_keys(one: House) -> None:
    """Add an INFERENCE key of the account, and an ADMIN key of another one."""
    inference = Key("cd" * 16, ACCOUNT, KeyType.INFERENCE, "phone", "_tests", created_at=0.0)
    one.keys.put(Account(ACCOUNT, "tests"), digest(PEPPER, INFERENCE_SECRET), inference)
    foreign = Key("ef" * 16, FOREIGN, KeyType.ADMIN, "theirs", "others", created_at=0.0)
    one.journal.add_account(FOREIGN)
    one.keys.put(Account(FOREIGN, "others"), digest(PEPPER, FOREIGN_SECRET), foreign)


async def test_a_link_begins_a_session_that_pages_use_in_place_of_a_key() -> None:
    async with house() as one:
        browser = Browser(one)
        assert (await browser.send("GET", SESSION)).status_code == 401
        begun = await browser.begin(login=await login(one))
        assert begun.status_code == 200
        assert begun.json()["account"] == "tests"
        shown = await browser.send("GET", SESSION)
        assert shown.json() == begun.json()
        keys = await browser.send("GET", "/api/v1/api_keys")
        assert [key["description"] for key in keys.json()["data"]] == ["tests", "Dashboard"]
        body = {"model": "toy", "messages": [{"role": "user", "content": "Count!"}]}
        chat = await browser.send("POST", "/api/v1/chat/completions", json=body)
        assert chat.status_code == 200
        [charge, *_] = one.charges()
        assert charge.key_id == begun.json()["keyId"]


async def test_a_session_says_whose_it_is_and_what_it_may_do() -> None:
    async with house() as one:
        begun = (await Browser(one).begin(login=await login(one))).json()
        assert begun.pop("keyId") != "ab" * 16
        assert begun.pop("nextEpochBegins").endswith("T00:00:00.000Z")
        assert begun == {
            "account": "tests",
            "keyType": "ADMIN",
            "keyDescription": "Dashboard",
            "operator": True,
            "tier": {"id": "paid", "isCharged": True},
            "balances": {"USD": 10, "DIEM": 0},
            "diemAllocation": 0,
            "version": begun["version"],
            "docs": docs_site.is_built(),
        }


async def test_no_cache_keeps_what_a_session_opens() -> None:
    async with house() as one:
        browser = Browser(one)
        await browser.begin(apiKey=SECRET)
        for path in ("/api/v1/api_keys", "/api/v1/models", SESSION):
            reply = await browser.send("GET", path)
            assert "no-store" in reply.headers["cache-control"], path
        with_key = await one.client.get("/api/v1/api_keys")
        assert "cache-control" not in with_key.headers


async def test_all_links_of_an_account_share_one_key() -> None:
    async with house() as one:
        first = await Browser(one).begin(login=await login(one, 1))
        second = await Browser(one).begin(login=await login(one, 2))
        assert first.json()["keyId"] == second.json()["keyId"]


async def test_a_pasted_key_begins_a_session_of_that_key() -> None:
    async with house() as one:
        add_keys(one)
        browser = Browser(one)
        begun = await browser.begin(apiKey=INFERENCE_SECRET)
        assert (begun.json()["keyId"], begun.json()["keyType"]) == ("cd" * 16, "INFERENCE")
        assert not begun.json()["operator"]
        assert INFERENCE_SECRET not in begun.text + str(begun.headers)
        refused = await browser.send("GET", "/api/v1/api_keys")
        assert refused.status_code == 403


async def test_the_cookie_is_for_this_server_alone_and_out_of_reach_of_scripts() -> None:
    async with house() as one:
        begun = await Browser(one).begin(apiKey=SECRET)
        port = one.url.rpartition(":")[2]
        assert cookie_parts(begun) == {
            "name": f"fondaco_session_{port}",
            "path": "/",
            "max-age": "43200",
            "httponly": "",
            "samesite": "strict",
        }
        assert begun.headers["cache-control"] == "no-store"


async def test_logging_out_ends_the_session_and_deletes_the_cookie() -> None:
    async with house() as one:
        browser = Browser(one)
        await browser.begin(apiKey=SECRET)
        ended = await browser.send("DELETE", SESSION)
        assert ended.status_code == 204
        assert cookie_parts(ended)["max-age"] == "0"
        after = await browser.send("GET", SESSION)
        assert (after.status_code, after.json()["code"]) == (401, "SESSION_ENDED")
        assert one.sessions.sessions == {}


async def test_a_session_ends_when_it_was_not_used_for_the_idle_time() -> None:
    clock = HandClock()
    async with house(clock=clock, dashboard=Dashboard(idle_timeout_s=600)) as one:
        browser = Browser(one)
        await browser.begin(apiKey=SECRET)
        for _ in range(3):
            clock.at += 599
            assert (await browser.send("GET", SESSION)).status_code == 200
        clock.at += 600
        assert (await browser.send("GET", SESSION)).json()["code"] == "SESSION_ENDED"
        assert one.sessions.sessions == {}


async def test_a_new_log_in_ends_the_session_before() -> None:
    async with house() as one:
        browser = Browser(one)
        await browser.begin(apiKey=SECRET)
        await browser.begin(apiKey=SECRET)
        assert len(one.sessions.sessions) == 1
        assert (await browser.send("GET", SESSION)).status_code == 200


async def test_of_two_that_redeem_one_link_at_once_exactly_one_logs_in() -> None:
    async with house() as one:
        token, statuses = await login(one), list[int]()

        async def redeem() -> None:
            statuses.append((await Browser(one).begin(login=token)).status_code)

        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(redeem)
        assert sorted(statuses) == [200, *[401] * 7]


@pytest.mark.parametrize("body", [{}, {"login": "a", "apiKey": "b"}, {"login": ""}, {"login": 1}])
async def test_a_log_in_takes_one_token_or_one_key(body: dict[str, object]) -> None:
    async with house() as one:
        reply = await Browser(one).send("POST", SESSION, json=body)
        assert reply.status_code == 400


SESSIONS = "/dashboard/sessions"


async def opens(browser: Browser) -> bool:
    return (await browser.send("GET", SESSION)).status_code == 200


async def test_an_admin_ends_all_sessions_of_the_account_and_its_unused_links() -> None:
    async with house() as one:
        add_keys(one)
        own, phone, theirs, linked = (Browser(one) for _ in range(4))
        await own.begin(apiKey=SECRET)
        await phone.begin(apiKey=INFERENCE_SECRET)
        await theirs.begin(apiKey=FOREIGN_SECRET)
        await linked.begin(login=await login(one, 1))
        unused = await login(one, 2)
        assert all([await opens(browser) for browser in (own, phone, theirs, linked)])
        ended = await own.send("DELETE", SESSIONS)
        assert ended.status_code == 204
        assert cookie_parts(ended)["max-age"] == "0"
        assert [await opens(browser) for browser in (own, phone, linked)] == [False] * 3
        assert await opens(theirs)
        assert (await Browser(one).begin(login=unused)).status_code == 401
        assert (await Browser(one).begin(apiKey=SECRET)).status_code == 200  # keys stay


async def test_an_inference_key_ends_its_own_sessions_alone() -> None:
    async with house() as one:
        add_keys(one)
        admin, phone, tablet = (Browser(one) for _ in range(3))
        await admin.begin(apiKey=SECRET)
        await phone.begin(apiKey=INFERENCE_SECRET)
        await tablet.begin(apiKey=INFERENCE_SECRET)
        assert (await phone.send("DELETE", SESSIONS)).status_code == 204
        assert [await opens(browser) for browser in (phone, tablet)] == [False, False]
        assert await opens(admin)
