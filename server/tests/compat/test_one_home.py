"""Two processes on one home: the command line beside a running server, and a second server."""

from pathlib import Path

import httpx2
import pytest

from cli_program import Fondaco
from program import Program, program, until

ASK = {"model": "default", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}


@pytest.fixture
def fondaco(served: Program) -> Fondaco:
    return Fondaco(served.home)


def status(served: Program, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{served.url}/api/v1/chat/completions"
    return httpx2.post(url, json=ASK, headers=headers, timeout=60).status_code


def balance_usd(served: Program, key: str) -> float:
    headers = {"Authorization": f"Bearer {key}"}
    told = httpx2.get(f"{served.url}/api/v1/api_keys/rate_limits", headers=headers, timeout=60)
    return float(told.json()["data"]["balances"]["USD"])


def test_a_second_server_on_the_home_ends_with_one_line(served: Program, fondaco: Fondaco) -> None:
    ended = fondaco("serve", "--port", "0")
    assert ended.code != 0
    assert len(ended.err.strip().splitlines()) == 1
    assert str(served.process.pid) in ended.err


def test_a_key_made_and_revoked_beside_the_server_works_and_dies(
    served: Program, fondaco: Fondaco
) -> None:
    made = fondaco("keys", "create", "--type", "INFERENCE", "--description", "t", "--json").json
    assert isinstance(made, dict)
    assert status(served, made["apiKey"]) == 200
    assert fondaco("keys", "revoke", made["id"]).code == 0
    until(lambda: status(served, made["apiKey"]) == 401, within_s=5)


def test_money_granted_beside_the_server_is_spent(served: Program, fondaco: Fondaco) -> None:
    assert fondaco("accounts", "create", "poor", "--json").code == 0
    made = fondaco(
        "keys", "create", "--type", "ADMIN", "--description", "t", "--account", "poor", "--json"
    ).json
    assert isinstance(made, dict)
    assert status(served, made["apiKey"]) == 402
    assert fondaco("balance", "grant", "--account", "poor", "--usd", "1").code == 0
    # Asking for a chat again and again would be 20 failures, and 30 seconds of waiting for them.
    until(lambda: balance_usd(served, made["apiKey"]) == 1, within_s=5)
    assert status(served, made["apiKey"]) == 200


def test_the_books_add_up_while_the_server_runs(fondaco: Fondaco) -> None:
    assert fondaco("ledger", "verify").code == 0


def test_another_start_on_an_old_home_takes_the_old_key(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with program(home) as first:
        key = first.api_key
    with program(home, key) as second:
        assert status(second, key) == 200
