"""The owner of an account, who manages its keys over HTTP in a `house`."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx2

from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import NANO, Currency
from house import PEPPER, House, chat_body

PATH = "/api/v1/api_keys"
UNKNOWN = "00" * 16

_id_cache = count(1000)


@dataclass
class Owner:
    """An account of its own, asking with an ADMIN key."""

    house: House
    account_id: int
    key_id: str
    secret: str

    async def ask(
        self, method: str, path: str = PATH, key: str | None = None, **how: Any
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {key or self.secret}"}
        return await self.house.client.request(method, path, headers=headers, **how)

    async def sent(self, method: str, text: str) -> httpx2.Response:
        """Send a body exactly as it is written."""
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        return await self.house.client.request(method, PATH, headers=headers, content=text)

    async def make(self, **fields: object) -> dict[str, object]:
        reply = await self.ask(
            "POST", json={"apiKeyType": "INFERENCE", "description": "test", **fields}
        )
        assert reply.status_code == 200, reply.text
        made = reply.json()["data"]
        assert isinstance(made, dict)
        return made

    async def show(self, key_id: object) -> dict[str, object]:
        reply = await self.ask("GET", f"{PATH}/{key_id}")
        assert reply.status_code == 200, reply.text
        shown = reply.json()["data"]
        assert isinstance(shown, dict)
        return shown

    async def chat(self, key: object) -> int:
        reply = await self.ask(
            "POST", "/api/v1/chat/completions", key=str(key), json=chat_body(max_tokens=2)
        )
        return reply.status_code


def owner_in(house: House) -> Owner:
    number = next(_id_cache)
    secret = f"secret {number}"
    key = Key(f"{number:032x}", number, KeyType.ADMIN, "first", secret[-6:], created_at=0.0)
    house.keys.put(Account(number, f"account {number}"), digest(PEPPER, secret), key)
    house.journal.add_account(number)
    house.journal.enter_elsewhere(Entry(number, EntryKind.GRANT, Currency.USD, NANO, at=0.0))
    return Owner(house, number, key.id, secret)
