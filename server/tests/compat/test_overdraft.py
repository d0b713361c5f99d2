"""Sixty calls at once with money for ten: the real program, store and model."""

from collections import Counter
from decimal import Decimal

import anyio
import httpx2
import pytest

from cli_program import Fondaco
from fondaco.domain.money.money import decimal
from fondaco.domain.money.price import TokenPrice
from fondaco.domain.money.usage import Usage
from program import Program

ASK = {"model": "default", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
PRICE = TokenPrice(input=50_000_000, output=150_000_000)
"""Of the default model."""


@pytest.fixture
def ten_calls(served: Program) -> Decimal:
    """Return what ten calls have to have, in USD."""
    usage = served.http.post("/api/v1/chat/completions", json=ASK).json()["usage"]
    return decimal(10 * PRICE.ceiling(Usage(usage["prompt_tokens"], 0, 1)))


def key_of(fondaco: Fondaco, account: str, *more: str) -> str:
    made = fondaco(
        *("keys", "create", "--type", "INFERENCE", "--description", "t", "--json"),
        *("--account", account, *more),
    ).json
    assert isinstance(made, dict)
    return str(made["apiKey"])


async def sixty_calls(served: Program, key: str) -> Counter[int]:
    statuses: Counter[int] = Counter()
    headers = {"Authorization": f"Bearer {key}"}
    limits = httpx2.Limits(max_connections=60)
    async with httpx2.AsyncClient(
        base_url=served.url, headers=headers, timeout=120, limits=limits
    ) as client:

        async def call() -> None:
            reply = await client.post("/api/v1/chat/completions", json=ASK)
            statuses[reply.status_code] += 1

        async with anyio.create_task_group() as calls:
            for _ in range(60):
                calls.start_soon(call)
    return statuses


@pytest.mark.parametrize("short_of", ["balance", "limit"])
async def test_exactly_ten_are_answered(served: Program, ten_calls: Decimal, short_of: str) -> None:
    fondaco = Fondaco(served.home)
    usd = ten_calls if short_of == "balance" else Decimal(5)
    name = f"sixty-{short_of}"
    assert fondaco("accounts", "create", name, "--usd", f"{usd:f}").code == 0
    more = () if short_of == "balance" else ("--limit-usd", f"{ten_calls:f}")
    statuses = await sixty_calls(served, key_of(fondaco, name, *more))
    # Where twenty have been refused, the guard against failing calls may refuse the rest.
    assert statuses[200] == 10
    assert statuses[200] + statuses[402] + statuses[429] == 60
    shown = fondaco("balance", "show", "--account", name, "--json").json
    assert isinstance(shown, dict)
    left = Decimal(shown["usd"]) - (usd - ten_calls)
    assert 0 <= left <= decimal(10)  # what ten holds had for rounding
    assert fondaco("ledger", "verify").code == 0
