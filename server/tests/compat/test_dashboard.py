"""Sessions of the dashboard in the real program: made by commands, kept over restarts, ended by commands."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from cli_program import Fondaco
from fondaco.app.local_server import local_server
from fondaco.configuration import load
from program import FRONTS, Front, Program, program, until

SESSION, KEYS = "/dashboard/session", "/api/v1/api_keys"
SOON_S = 30.0


def page(one: Program, cookie: str = "", half: str = "1") -> httpx2.Client:
    """Return a client that sends what a page of the server does, with both halves of a session's token."""
    headers = {"X-Fondaco-Dashboard": half, "Origin": one.url, "Sec-Fetch-Site": "same-origin"}
    with_cookie = {"Cookie": cookie} if cookie else {}
    return httpx2.Client(base_url=one.url, headers={**headers, **with_cookie}, timeout=60)


def new_login(home: Path, *arguments: str) -> str:
    printed = Fondaco(home)("dashboard", "link", "--json", *arguments).json
    assert isinstance(printed, dict)
    return str(printed["path"]).partition("login=")[2]


def logged_in(one: Program) -> tuple[str, str]:
    """Log in by a link; return the cookie and the page's half of the token."""
    with page(one) as browser:
        begun = browser.post(SESSION, json={"login": new_login(one.home)})
    assert begun.status_code == 200
    cookie = str(begun.headers["set-cookie"]).partition(";")[0]
    return cookie, str(begun.headers["x-fondaco-dashboard"])


def status(one: Program, cookie: str, half: str) -> int:
    with page(one, cookie, half) as browser:
        return browser.get(KEYS).status_code


@pytest.mark.parametrize("front", FRONTS)
def test_a_session_outlives_its_server_and_ends_by_a_command(front: Front, tmp_path: Path) -> None:
    home = tmp_path / "home"
    fondaco = Fondaco(home)
    with program(home, front=front) as one:
        cookie, half = logged_in(one)
        assert status(one, cookie, half) == 200
        secret = one.api_key
    token = cookie.partition("=")[2]
    with program(home, secret, front=front) as again:
        renamed = f"fondaco_session_{again.url.rpartition(':')[2]}={token}"
        assert status(again, renamed, half) == 200
        keys = json.loads(fondaco("keys", "list", "--json").out)
        [key] = [one for one in keys if one["description"] == "Dashboard"]
        assert fondaco("keys", "revoke", key["id"]).code == 0
        until(lambda: status(again, renamed, half) == 401, within_s=SOON_S)


@pytest.mark.parametrize("front", FRONTS)
def test_neither_database_nor_log_has_a_secret_in_it(front: Front, tmp_path: Path) -> None:
    home = tmp_path / "home"
    environ = {"FONDACO_SERVER__ACCESS_LOG": "true", "FONDACO_SERVER__LOG_LEVEL": "debug"}
    with program(home, front=front, environ=environ) as one:
        unused = new_login(home)
        cookie, half = logged_in(one)
        with page(one, cookie, half) as browser:
            assert browser.get(f"/?login={unused}", headers={"Accept": "text/html"}).text
            assert browser.post(SESSION, json={"login": "fondaco_l_wrong"}).status_code == 401
            assert browser.post(SESSION, json={"apiKey": one.api_key}).status_code == 200
        log = one.log.read_text()
    assert "/dashboard/session" in log
    secrets = (unused, cookie.partition("=")[2], half, one.api_key, "fondaco_l_wrong")
    stored = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for secret in secrets:
        assert secret not in log
        assert secret.encode() not in stored
        assert secret[-43:].encode() not in stored
    with closing(sqlite3.connect(home / "fondaco.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM session").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM login").fetchone()[0] >= 1


def test_commands_reach_the_server_of_their_home_without_a_key(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with program(home) as one:
        settings = load({"home": home}).settings
        with local_server(settings) as server:
            assert server is not None
            assert server.url == one.url
            reply = httpx2.get(f"{server.url}{KEYS}", headers=server.headers)
            assert reply.status_code == 200
            names = [key["description"] for key in reply.json()["data"]]
            assert "Command line" in names
        ended = httpx2.get(f"{server.url}{KEYS}", headers=server.headers)
        assert ended.json()["code"] == "SESSION_ENDED"
        link = Fondaco(home)("dashboard", "link")
        assert link.out.startswith(f"{one.url}/?login=fondaco_l_")
        assert link.err == "Valid once, for 10 minutes, for the account 'default'.\n"
    with local_server(settings) as server:
        assert server is None


def test_a_server_that_does_not_know_its_address_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with program(home, front="uvicorn"):
        link = Fondaco(home)("dashboard", "link")
        assert link.out.startswith("/?login=fondaco_l_")
        assert "another ASGI server" in link.err
        with local_server(load({"home": home}).settings) as server:
            assert server is None


def test_a_link_is_for_the_account_that_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with program(home) as one:
        fondaco = Fondaco(home)
        fondaco("accounts", "create", "guest")
        with page(one) as browser:
            begun = browser.post(SESSION, json={"login": new_login(home, "--account", "guest")})
        assert (begun.json()["account"], begun.json()["operator"]) == ("guest", False)
        fondaco("accounts", "disable", "guest")
        refused = fondaco("dashboard", "link", "--account", "guest")
        assert (refused.code, refused.out) == (5, "")
        assert "fondaco accounts enable guest" in refused.err
        assert fondaco("dashboard", "link", "--account", "nobody").code == 5
