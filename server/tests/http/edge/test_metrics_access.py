"""Who may read /metrics: an administrator, a scraper's token, and programs of this machine."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from fondaco.domain.money.account import Account, Key, KeyType, digest
from house import PEPPER, SECRET, House, house

TOKEN = "a-token-for-scrapers"


@pytest.fixture
def by_key(tmp_path: Path) -> Any:
    """Settings under which the figures need an ADMIN key or the token."""
    (tmp_path / "token").write_text(TOKEN)
    return {"metrics": "key", "metrics_token": f"file:{tmp_path / 'token'}"}


async def status(one: House, **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx2.AsyncClient(base_url=one.url) as stranger:
        reply = await stranger.get("/metrics", headers=sent)
    assert ("fondaco_running" in reply.text) is (reply.status_code == 200)
    return reply.status_code


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost:8000", "LOCALHOST", "[::1]:80", "[::1]"])
async def test_a_program_of_this_machine_needs_no_key(shared: House, name: str) -> None:
    assert await status(shared, Host=name) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Proto": "https"},
        {"X-Real-IP": "192.0.2.1"},
        {"Forwarded": "for=192.0.2.1"},
        {"Via": "1.1 proxy"},
        {"Host": "ai.example"},
    ],
)
async def test_what_a_proxy_passes_on_is_none_of_this_machine_s(headers: dict[str, str]) -> None:
    async with house(hosts=("ai.example",)) as one:
        assert await status(one, **headers) == 401
        assert await status(one, **headers, Authorization=f"Bearer {SECRET}") == 200


async def test_a_trusted_proxy_on_loopback_is_no_program_of_this_machine() -> None:
    async with house(trusted_proxies=("127.0.0.0/8",)) as one:
        assert await status(one) == 401


async def test_by_key_it_takes_an_admin_key_or_the_token(by_key: Any) -> None:
    async with house(**by_key) as one:
        one.journal.add_account(24)
        key = Key("24" * 16, 24, KeyType.INFERENCE, "", "", 0.0)
        one.keys.put(Account(24, "inference"), digest(PEPPER, "inference"), key)
        asked = {
            "": 401,
            "Bearer wrong": 401,
            f"Basic {TOKEN}": 401,
            "Bearer inference": 403,
            f"Bearer {SECRET}": 200,
            f"Bearer {TOKEN}": 200,
        }
        assert {one_: await status(one, Authorization=one_) for one_ in asked} == asked
        assert await status(one) == 401


async def test_without_a_token_an_empty_one_is_none() -> None:
    async with house(metrics="key") as one:
        assert await status(one, Authorization="Bearer") == 401


async def test_public_is_for_anybody() -> None:
    async with house(metrics="public") as one:
        assert await status(one, X_Forwarded_For="192.0.2.1") == 200


async def test_who_guesses_tokens_has_to_wait_and_the_scraper_does_not(by_key: Any) -> None:
    async with house(**by_key, failures=3) as one:
        tried = [await status(one, Authorization=f"Bearer {guess}") for guess in range(5)]
        assert tried == [401, 401, 401, 401, 429]
        assert await status(one, Authorization=f"Bearer {TOKEN}") == 200


async def test_it_answers_while_the_server_drains(shared: House) -> None:
    shared.platform.draining = True
    try:
        assert await status(shared) == 200
    finally:
        shared.platform.draining = False
