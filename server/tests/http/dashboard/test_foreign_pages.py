"""Requests that other pages, or nobody's pages, send with the cookie of a session: it never counts."""

from collections.abc import AsyncGenerator

import httpx2
import pytest

from browser_session import SESSION, Browser, cookie_parts, login
from fondaco.settings import Dashboard
from house import SECRET, House, house

KEYS = "/api/v1/api_keys"
NEW_KEY = {"apiKeyType": "ADMIN", "description": "stolen"}


@pytest.fixture
async def one() -> AsyncGenerator[House]:
    async with house() as one:
        yield one


@pytest.fixture
async def browser(one: House) -> Browser:
    browser = Browser(one)
    assert (await browser.begin(apiKey=SECRET)).status_code == 200
    return browser


async def descriptions(browser: Browser) -> list[str]:
    keys = await browser.send("GET", KEYS)
    return [key["description"] for key in keys.json()["data"]]


FOREIGN = {
    "another site": {"Origin": "https://evil.example"},
    "another port of the host": {"Origin": "http://127.0.0.1:1"},
    "the default port of the host": {"Origin": "http://127.0.0.1"},
    "another name of the host": {"Origin": "http://localhost:{port}"},
    "the host with more behind it": {"Origin": "http://127.0.0.1:{port}.evil.example"},
    "the host as a user name": {"Origin": "http://127.0.0.1:{port}@evil.example"},
    "a page without an origin": {"Origin": "null"},
    "a page of another scheme": {"Origin": "file://127.0.0.1:{port}"},
    "an empty origin": {"Origin": ""},
    "a cross-site fetch": {"Sec-Fetch-Site": "cross-site"},
    "a fetch of the same site": {"Sec-Fetch-Site": "same-site"},
}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("which", FOREIGN)
async def test_the_cookie_does_not_count_for(
    one: House, browser: Browser, which: str, method: str
) -> None:
    port = one.url.rpartition(":")[2]
    headers = {name: value.format(port=port) for name, value in FOREIGN[which].items()}
    body = NEW_KEY if method == "POST" else None
    path = f"{KEYS}?id={'ab' * 16}" if method == "DELETE" else KEYS
    reply = await browser.send(method, path, json=body, others=headers)
    assert reply.status_code == 403
    assert "is not accepted" in reply.json()["error"]
    assert await descriptions(browser) == ["tests"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_the_cookie_does_not_count_without_the_header_of_our_pages(
    browser: Browser, method: str
) -> None:
    for without in (("X-Fondaco-Dashboard",), ("X-Fondaco-Dashboard", "Origin", "Sec-Fetch-Site")):
        body = NEW_KEY if method == "POST" else None
        reply = await browser.send(method, KEYS, without=without, json=body)
        assert reply.status_code == 401
    assert await descriptions(browser) == ["tests"]


@pytest.mark.parametrize("half", ["1", "", "0" * 21])
async def test_the_cookie_does_not_count_without_the_half_of_our_pages(
    browser: Browser, half: str
) -> None:
    own = {"X-Fondaco-Dashboard": half}
    refused = await browser.send("GET", KEYS, others=own)
    assert (refused.status_code, refused.json()["code"]) == (401, "SESSION_ENDED")
    assert (await browser.send("GET", KEYS)).status_code == 200


async def test_a_program_of_another_port_can_do_nothing_with_the_cookie_that_it_gets(
    one: House, browser: Browser
) -> None:
    half = browser.cookie.partition("=")[2]
    assert half.startswith("fondaco_s_")
    assert len(browser.token) - len(half) == 21
    program = Browser(one)
    program.cookie = browser.cookie
    as_page = await program.send("GET", KEYS)
    as_command = await program.send("GET", KEYS, X_Fondaco_Session=half)
    as_key = await program.send("GET", KEYS, Authorization=f"Bearer {half}")
    assert {one.status_code for one in (as_page, as_command, as_key)} == {401}
    assert (await program.send("DELETE", SESSION)).status_code == 401
    assert (await browser.send("GET", KEYS)).status_code == 200


async def test_a_cookie_that_another_port_sets_begins_no_foreign_session(
    one: House, browser: Browser
) -> None:
    attacker = Browser(one)
    await attacker.begin(apiKey=SECRET)
    fixed = await browser.send("GET", SESSION, Cookie=attacker.cookie)
    assert fixed.json()["code"] == "SESSION_ENDED"


async def test_only_the_response_to_a_log_in_has_the_half_of_our_pages(browser: Browser) -> None:
    for path in (SESSION, KEYS):
        assert "x-fondaco-dashboard" not in (await browser.send("GET", path)).headers


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_what_changes_something_names_its_origin(browser: Browser, method: str) -> None:
    body = NEW_KEY if method == "POST" else None
    reply = await browser.send(method, KEYS, without=("Origin",), json=body)
    assert reply.status_code == 403
    assert "has no Origin" in reply.json()["error"]


async def test_what_reads_needs_no_origin_as_browsers_send_none(browser: Browser) -> None:
    reply = await browser.send("GET", KEYS, without=("Origin", "Sec-Fetch-Site"))
    assert reply.status_code == 200


@pytest.mark.parametrize("missing", ["X-Fondaco-Dashboard", "Origin"])
async def test_no_other_page_logs_a_browser_in(one: House, missing: str) -> None:
    token = await login(one)
    browser = Browser(one)
    refused = await browser.send("POST", SESSION, without=(missing,), json={"login": token})
    assert refused.status_code in (401, 403)
    assert "set-cookie" not in refused.headers
    foreign = await browser.send(
        "POST", SESSION, json={"login": token}, Origin="https://evil.example"
    )
    assert foreign.status_code == 403
    assert (await browser.begin(login=token)).status_code == 200  # it was not used up


async def test_no_other_page_logs_a_browser_out(browser: Browser) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await browser.send("DELETE", SESSION, others=headers)).status_code == 403
    unmarked = await browser.send("DELETE", SESSION, without=("X-Fondaco-Dashboard",))
    assert unmarked.status_code == 401
    assert (await browser.send("GET", SESSION)).status_code == 200


@pytest.mark.parametrize("origin", ["*", "https://app.example"])
async def test_cors_opens_the_api_to_keys_alone(origin: str) -> None:
    async with house(cors_origins=(origin,)) as one:
        browser = Browser(one)
        await browser.begin(apiKey=SECRET)
        page = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
        preflight = await one.client.options(
            KEYS,
            headers={
                **page,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "x-fondaco-dashboard",
            },
        )
        assert preflight.status_code == 200
        assert "access-control-allow-credentials" not in preflight.headers
        for method in ("GET", "POST"):
            body = NEW_KEY if method == "POST" else None
            reply = await browser.send(method, KEYS, json=body, others=page)
            assert reply.status_code == 403
            assert "access-control-allow-credentials" not in reply.headers
        with_key = await one.client.get(KEYS, headers=page)
        assert with_key.status_code == 200


async def test_a_key_of_its_own_leaves_the_cookie_aside(one: House, browser: Browser) -> None:
    reply = await browser.send("GET", KEYS, Authorization="Bearer fondaco_a_wrong")
    assert reply.json()["code"] == "INVALID_API_KEY"
    basic = await browser.send("GET", KEYS, Authorization="Basic eDp5")
    assert basic.status_code == 401
    anthropic = await browser.send(
        "POST",
        "/v1/messages",
        json={"model": "toy", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]},
        X_Api_Key="fondaco_a_wrong",
    )
    assert anthropic.status_code == 401
    foreign = await browser.send(
        "GET", KEYS, Authorization=f"Bearer {SECRET}", Origin="https://evil.example"
    )
    assert foreign.status_code == 200  # as it always was


async def test_the_session_takes_the_place_of_a_key_in_every_dialect(browser: Browser) -> None:
    body = {"model": "toy", "max_tokens": 4, "messages": [{"role": "user", "content": "Count!"}]}
    for path in ("/v1/messages", "/v1/chat/completions", "/api/v1/chat/completions"):
        reply = await browser.send("POST", path, json=body)
        assert reply.status_code == 200, path


async def test_cookies_of_two_values_are_no_cookie(browser: Browser) -> None:
    name, _, _ = browser.cookie.partition("=")
    for cookie in (f"{name}=other; {browser.cookie}", f"{browser.cookie}; {name}=other"):
        assert (await browser.send("GET", SESSION, Cookie=cookie)).status_code == 401
    twice = f"a=b; {browser.cookie}; {browser.cookie};c"
    assert (await browser.send("GET", SESSION, Cookie=twice)).status_code == 200


async def test_cookies_in_several_lines_are_one_list(one: House, browser: Browser) -> None:
    request = one.client.build_request("GET", SESSION, headers=browser.headers)
    del request.headers["Authorization"]
    lines = [*request.headers.multi_items(), ("cookie", "a=b"), ("cookie", browser.cookie)]
    request.headers = httpx2.Headers(lines)
    assert (await one.client.send(request)).status_code == 200


async def test_behind_a_proxy_with_tls_the_cookie_is_secure_and_of_this_host_alone() -> None:
    async with house(hosts=("ai.example",)) as one:
        proxied = {"Host": "ai.example", "X-Forwarded-Proto": "https"}
        browser = Browser(one, **proxied, Origin="https://ai.example")
        begun = await browser.begin(apiKey=SECRET)
        assert cookie_parts(begun) == {
            "name": "__Host-fondaco_session",
            "path": "/",
            "max-age": "43200",
            "httponly": "",
            "samesite": "strict",
            "secure": "",
        }
        assert (await browser.send("GET", SESSION)).status_code == 200
        named = await browser.send("GET", SESSION, Host="ai.example:443")
        assert named.status_code == 401  # another cookie
        in_the_clear = await browser.send("GET", SESSION, Origin="http://ai.example")
        assert in_the_clear.status_code == 403


async def test_a_proxy_that_keeps_the_host_to_itself_is_told_what_to_do() -> None:
    async with house() as one:
        browser = Browser(one, Origin="https://ai.example")
        refused = await browser.begin(apiKey=SECRET)
        assert refused.status_code == 403
        assert "must forward the Host header" in refused.json()["error"]


async def test_two_servers_on_one_host_have_cookies_of_their_own(one: House) -> None:
    async with house() as other:
        browser = Browser(one)
        await browser.begin(apiKey=SECRET)
        neighbour = Browser(other)
        await neighbour.begin(apiKey=SECRET)
        jar = f"{browser.cookie}; {neighbour.cookie}"
        for each in (browser, neighbour):
            assert (await each.send("GET", SESSION, Cookie=jar)).status_code == 200


async def test_without_the_dashboard_there_is_no_session_and_no_cookie(browser: Browser) -> None:
    async with house(dashboard=Dashboard(enabled=False)) as plain:
        visitor = Browser(plain)
        assert (await visitor.begin(apiKey=SECRET)).status_code == 404
        for path in (SESSION, "/dashboard/0/main.js"):
            assert (await visitor.send("GET", path)).status_code == 404
        token, *_ = await plain.platform.sessions.begin(SECRET)
        port = plain.url.rpartition(":")[2]
        visitor.cookie = f"fondaco_session_{port}={token[:-21]}"
        visitor.headers["X-Fondaco-Dashboard"] = token[-21:]
        assert (await visitor.send("GET", KEYS)).status_code == 401
        page = await visitor.send("GET", "/", Accept="text/html")
        assert "dashboard" not in page.text
