"""Where the money ends: the balance and the limit of a key, as callers meet them."""

from collections import Counter
from dataclasses import replace

import anyio

from fondaco.domain.money.account import UNLIMITED, Account, ConsumptionLimit, Key, KeyType, digest
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import NANO, Currency, Funds
from fondaco.domain.money.usage import Usage
from fondaco.serving.billing.paid_call import TRUNCATED
from house import ACCOUNT, PEPPER, SECRET, TIERS, TOY, House, house

EXACT = ("vllm", "vllm")
"""Dialects of engines that count the prompt."""


def limit_key(one: House, limit: ConsumptionLimit, tier: str = "paid") -> None:
    key = Key("ab" * 16, ACCOUNT, KeyType.ADMIN, "tests", SECRET[-6:], 0.0, limit=limit)
    one.keys.put(Account(ACCOUNT, "tests", tier=tier), digest(PEPPER, SECRET), key)
    one.platform.key_ring.invalidate()


async def cost_of(one: House, output_tokens: int) -> int:
    """Return what a call of so many tokens has to have, in nano-dollars."""
    reply = await one.chat(max_tokens=1)
    return TOY.price.ceiling(Usage(reply.json()["usage"]["prompt_tokens"], 0, output_tokens))


async def left_after(one: House, output_tokens: int) -> int:
    """Return the limit that leaves the key enough for one more call of so many tokens."""
    needed = await cost_of(one, output_tokens)
    return needed - sum(entry.amount for entry in one.charges())


async def text_of_stream(one: House, **fields: object) -> str:
    async with one.streaming(**fields) as reply:
        assert reply.status_code == 200
        text: str = (await reply.aread()).decode()
        return text


async def test_a_stream_ends_where_its_key_may_spend_no_more() -> None:
    async with house(dialects=EXACT) as one:
        limit_key(one, ConsumptionLimit(usd=await left_after(one, 5)))
        text = await text_of_stream(one)
        assert '"finish_reason":"length"' in text
        assert text.endswith("data: [DONE]\n\n")
        assert (one.charges()[-1].units, one.charges()[-1].notes) == (5, TRUNCATED)


async def test_a_whole_reply_ends_where_the_balance_does() -> None:
    async with house(dialects=EXACT, usd=0) as one:
        one.journal.enter_elsewhere(Entry(ACCOUNT, EntryKind.GRANT, Currency.USD, NANO, 0.0))
        needed = await cost_of(one, 7)
        have = (await one.balance()).usd
        take_away = Entry(ACCOUNT, EntryKind.ADJUSTMENT, Currency.USD, needed - have, 0.0)
        one.journal.enter_elsewhere(take_away)
        reply = await one.chat()
        assert reply.json()["choices"][0]["finish_reason"] == "length"
        assert reply.json()["usage"]["completion_tokens"] == 7
        assert (await one.balance()).usd <= 1  # what the hold had for rounding
        assert (await one.chat()).status_code == 402


async def test_choices_share_what_there_is() -> None:
    async with house(dialects=EXACT) as one:
        limit_key(one, ConsumptionLimit(usd=await left_after(one, 9)))
        reply = await one.chat(n=2)
        assert reply.json()["usage"]["completion_tokens"] == 8


async def test_asking_for_more_than_the_key_may_is_refused() -> None:
    async with house(dialects=EXACT) as one:
        limit_key(one, ConsumptionLimit(usd=await left_after(one, 5)))
        before = len(one.fake.asked)
        reply = await one.chat(max_tokens=6)
        assert (reply.status_code, reply.json()["code"]) == (402, "KEY_LIMIT_REACHED")
        assert len(one.fake.asked) == before


async def test_without_money_the_refusal_is_the_accounts() -> None:
    async with house(usd=0) as one:
        limit_key(one, ConsumptionLimit(usd=NANO))
        reply = await one.chat()
        assert (reply.status_code, reply.json()["code"]) == (402, "INSUFFICIENT_BALANCE")


async def test_60_calls_at_once_on_a_limit_for_10_answer_exactly_10() -> None:
    async with house(dialects=EXACT, token_s=0.01) as one:
        needed = await cost_of(one, 4)
        spent = -sum(entry.amount for entry in one.charges())
        limit_key(one, ConsumptionLimit(usd=spent + 10 * needed))
        statuses: Counter[int] = Counter()

        async def call() -> None:
            statuses[(await one.chat(max_tokens=4)).status_code] += 1

        async with anyio.create_task_group() as calls:
            for _ in range(60):
                calls.start_soon(call)
        assert statuses == {200: 10, 402: 50}


async def test_a_tier_that_is_not_charged_needs_no_money() -> None:
    tiers = {**TIERS, "free": replace(TIERS["paid"], id="free", charged=False)}
    async with house(usd=0, tiers=tiers) as one:
        limit_key(one, UNLIMITED, tier="free")
        assert (await one.chat(max_tokens=3)).status_code == 200
        assert await one.balance() == Funds()
        assert [(e.amount, e.units) for e in one.charges()][-1] == (0, 3)
