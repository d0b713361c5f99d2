"""Calls of a real model, for pages that show what was called."""

import httpx2

from dashboard.served import Dashboard
from program import MODEL, until

_MESSAGE = {"role": "user", "content": "Hi"}


def call(served: Dashboard, key: str) -> int:
    """Ask the embedded model for one token, and return the status."""
    reply = httpx2.post(
        f"{served.program.url}/api/v1/chat/completions",
        headers={"Authorization": f"Bearer {key}"},
        json={"model": MODEL, "messages": [_MESSAGE], "max_completion_tokens": 1},
        timeout=120,
    )
    return reply.status_code


def call_and_wait(served: Dashboard, key: str, admin: str, *, calls: int) -> None:
    """Make calls, and wait until their charges are durable among all of the account."""
    before = _counted(served, admin)
    for _ in range(calls):
        assert call(served, key) == 200
    until(lambda: _counted(served, admin) == before + calls, within_s=30)


def _counted(served: Dashboard, admin: str) -> int:
    reply = httpx2.get(
        f"{served.program.url}/api/v1/billing/usage/summary",
        headers={"Authorization": f"Bearer {admin}"},
        params={"groupBy": "day"},
    )
    return sum(row["calls"] for row in reply.json()["data"])
