"""Keys in the real program: what is ended is dead, whoever ended it, and secrets are kept nowhere."""

import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from cli_program import Fondaco
from program import Program, program, until

PATH = "/api/v1/api_keys"
SEARCH = """
import pathlib, sys
wanted = [bytes.fromhex(text) for text in sys.argv[2:]]
for path in pathlib.Path(sys.argv[1]).rglob('*'):
    if path.is_file() and any(text in path.read_bytes() for text in wanted):
        print(path)
"""
"""Run by another process: closing the database's file here would drop the locks that SQLite holds."""


@pytest.fixture
def fondaco(served: Program) -> Fondaco:
    return Fondaco(served.home)


def make(served: Program, **fields: object) -> dict[str, str]:
    body = {"apiKeyType": "INFERENCE", "description": "compat", **fields}
    reply = served.http.post(PATH, json=body)
    assert reply.status_code == 200, reply.text
    made = reply.json()["data"]
    assert isinstance(made, dict)
    return made


def chat(served: Program, secret: str) -> tuple[int, str]:
    """Return the status of the cheapest of calls, and the code of its error."""
    body = {
        "model": "default",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 1,
    }
    headers = {"Authorization": f"Bearer {secret}"}
    url = f"{served.url}/api/v1/chat/completions"
    reply = httpx2.post(url, json=body, headers=headers, timeout=60)
    return reply.status_code, reply.json().get("code", "")


def within_5_s(served: Program, secret: str, status: int) -> None:
    """Expect calls to get a status soon; failures are few, because the server counts them."""

    def got() -> bool:
        time.sleep(0.2)
        return chat(served, secret)[0] == status

    until(got, within_s=5)


def test_a_key_is_made_used_changed_and_deleted(served: Program) -> None:
    made = make(served, consumptionLimit={"usd": 1, "diem": 1})
    assert chat(served, made["apiKey"]) == (200, "")
    nothing = {"id": made["id"], "consumptionLimit": {"usd": 0, "diem": 0}}
    assert served.http.patch(PATH, json=nothing).status_code == 200
    assert chat(served, made["apiKey"]) == (402, "KEY_LIMIT_REACHED")
    assert served.http.delete(PATH, params={"id": made["id"]}).status_code == 200
    assert chat(served, made["apiKey"]) == (401, "INVALID_API_KEY")


def test_the_last_use_and_the_charges_appear(served: Program) -> None:
    made = make(served)
    assert chat(served, made["apiKey"]) == (200, "")

    def shown() -> dict[str, object]:
        entry = served.http.get(f"{PATH}/{made['id']}").json()["data"]
        assert isinstance(entry, dict)
        return entry

    until(lambda: shown()["lastUsedAt"], within_s=10)
    assert shown()["usage"] != {"trailingSevenDays": {"usd": "0", "vcu": "0", "diem": "0"}}


def test_a_key_dies_at_its_end(served: Program) -> None:
    made = make(served, expiresAt="2100-01-01")
    assert chat(served, made["apiKey"]) == (200, "")
    text = served.http.get("/healthz").headers["x-venice-timestamp"]
    soon = datetime.fromisoformat(text) + timedelta(seconds=2)
    change = {"id": made["id"], "expiresAt": f"{soon:%Y-%m-%dT%H:%M:%S}Z"}
    assert served.http.patch(PATH, json=change).status_code == 200
    within_5_s(served, made["apiKey"], 401)
    listed = served.http.get(PATH).json()["data"]
    assert made["id"] not in [key["id"] for key in listed]


def test_what_is_done_by_command_holds_within_5_s(served: Program, fondaco: Fondaco) -> None:
    fondaco("accounts", "create", "keyed", "--usd", "1")
    made = fondaco("keys", "create", "--account", "keyed", "--json").json
    assert isinstance(made, dict)
    secret = made["apiKey"]
    assert chat(served, secret) == (200, "")
    assert fondaco("keys", "change", made["id"], "--limit-usd", "0", "--limit-diem", "0").code == 0
    within_5_s(served, secret, 402)
    assert fondaco("accounts", "disable", "keyed").code == 0
    within_5_s(served, secret, 401)
    assert fondaco("accounts", "enable", "keyed").code == 0
    within_5_s(served, secret, 402)
    assert fondaco("keys", "revoke", made["id"]).code == 0
    within_5_s(served, secret, 401)


def test_a_secret_is_nowhere_in_the_home(served: Program) -> None:
    made = make(served)
    assert chat(served, made["apiKey"]) == (200, "")
    secret = made["apiKey"].rpartition("_")[2]
    forms = [secret.encode().hex(), secret[:20].encode().hex()]
    search = [sys.executable, "-c", SEARCH, str(served.home)]
    found = subprocess.run([*search, *forms], capture_output=True, text=True, check=True)
    assert found.stdout == ""
    last6 = made["apiKey"][-6:].encode().hex()
    found = subprocess.run([*search, last6], capture_output=True, text=True, check=True)
    assert "fondaco.sqlite3" in found.stdout  # so the search does find what is there


def test_the_last_use_survives_a_stop(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with program(home) as one:
        key = one.api_key
        assert one.http.get(PATH).status_code == 200
    listed = Fondaco(home)("keys", "list", "--json").json
    assert isinstance(listed, list)
    assert listed[0]["lastUsedAt"] is not None
    assert key.endswith(listed[0]["last6Chars"])
