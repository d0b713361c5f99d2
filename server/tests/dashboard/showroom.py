"""A server with two weeks behind it, as the screenshots of the documentation show it."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli_program import Fondaco
from dashboard.browser import loop_aside
from dashboard.served import Dashboard
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from fondaco.domain.money.usage import Usage
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.system import SystemClock
from program import MODEL, program

DAYS = 14
_DAY_S = 86_400
_CONFIGURATION = """
[engines.workstation]
base_url = "http://127.0.0.1:9/v1"

[models."llama-3.3-70b"]
name = "Llama 3.3 70B Instruct"
price = { input = 0.7, output = 2.8 }
engines = ["workstation"]
context_tokens = 65536
max_output_tokens = 8192

[models.fondaco-camera.video]
durations = [1]
"""
_ACCOUNTS = (("atelier", "25", "5"), ("research", "140", "0"), ("night school", "3.2", "2"))
_KEYS = (("Agent of the shop", "INFERENCE"), ("Notebook", "ADMIN"), ("Website chat", "INFERENCE"))
_PRICES = {
    MODEL: (50_000_000, 150_000_000),
    "qwen2.5-coder-0.5b": (150_000_000, 600_000_000),
    "llama-3.3-70b": (700_000_000, 2_800_000_000),
}
"""Nano-dollars per million tokens, of input and output."""
_FIRST = 4
"""The first account; three before it are the ledger's own."""
_MEMBER = "{model}-llm-{direction}-mtoken"
_MESSAGE = {"role": "user", "content": "Name three canals of Venice."}
_VIDEO = {"model": "fondaco-camera", "prompt": "Glide over the lagoon.", "duration": "1s"}


@contextmanager
def showroom(home: Path) -> Iterator[Dashboard]:
    """Run the server of a new home with accounts, keys, calls of two weeks, and some of now."""
    home.mkdir()
    (home / "fondaco.toml").write_text(_CONFIGURATION)
    with loop_aside():
        key = _begin(home)
    with program(home, key) as one:
        for _ in range(3):
            body = {"model": MODEL, "messages": [_MESSAGE], "max_completion_tokens": 24}
            assert one.http.post("/api/v1/chat/completions", json=body).status_code == 200
        assert one.http.post("/api/v1/video/queue", json=_VIDEO).status_code == 200
        yield Dashboard(one)


def _begin(home: Path) -> str:
    """Create keys and accounts, enter the charges of two weeks, and return the secret of an ADMIN key."""
    fondaco = Fondaco(home)
    secrets, keys = {}, []
    for description, kind in _KEYS:
        made = fondaco(
            "keys", "create", "--type", kind, "--description", description, "--json"
        ).json
        assert isinstance(made, dict)
        keys.append(str(made["id"]))
        secrets[kind] = str(made["apiKey"])
    for name, usd, diem in _ACCOUNTS:
        assert fondaco("accounts", "create", name, "--usd", usd, "--diem", diem).code == 0
    asyncio.run(_write(home, keys))
    return secrets["ADMIN"]


async def _write(home: Path, keys: list[str]) -> None:
    chance = random.Random(7)  # noqa: S311 - the same picture each time
    midnight = SystemClock().now() // _DAY_S * _DAY_S
    async with SqliteJournal.opened(home / "fondaco.sqlite3") as journal:
        number = 0
        for day in range(1, DAYS):
            for model, prices in _PRICES.items():
                for _ in range(chance.randrange(3, 12)):
                    number += 1
                    usage = Usage(chance.randrange(400, 9_000), 0, chance.randrange(80, 900))
                    at = midnight - day * _DAY_S + chance.randrange(_DAY_S)
                    for direction, units, price in zip(
                        ("input", "output"),
                        (usage.input_tokens, usage.output_tokens),
                        prices,
                        strict=True,
                    ):
                        entry = Entry(
                            account_id=_FIRST,
                            kind=EntryKind.CHARGE,
                            currency=Currency.USD,
                            amount=-max(1, units * price // 1_000_000),
                            at=at,
                            call_id=f"{number:032x}",
                            key_id=chance.choice(keys),
                            sku=_MEMBER.format(model=model, direction=direction),
                            units=units,
                            unit_price=price,
                            usage=usage,
                            execution_ms=chance.randrange(200, 3_000),
                        )
                        await journal.write((entry,))
