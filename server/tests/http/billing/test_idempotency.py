"""`Idempotency-Key`: what is sent again is not run or charged again."""

import anyio
import httpx2
import pytest

from fake_upstream import hanging, refusing
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import NANO, Currency
from house import ACCOUNT, PEPPER, House, chat_body, house
from idle import all_tasks_blocked

PATH = "/api/v1/chat/completions"


async def send(one: House, word: str, **fields: object) -> httpx2.Response:
    body = chat_body(max_tokens=3, **fields)
    return await one.client.post(PATH, json=body, headers={"Idempotency-Key": word})


async def test_a_repeat_names_the_charge_and_runs_nothing(shared: House) -> None:
    first = await send(shared, "order-1")
    charges, asked = len(shared.charges()), len(shared.fake.asked)
    for _ in range(3):
        again = await send(shared, "order-1")
        assert again.status_code == 409
        assert again.json()["code"] == "IDEMPOTENT_REPLAY"
        assert again.json()["chargeId"] == first.json()["id"]
        assert again.headers["idempotent-replayed"] == "true"
        assert "retry-after" not in again.headers
    assert (len(shared.charges()), len(shared.fake.asked)) == (charges, asked)
    assert "idempotent-replayed" not in first.headers


async def test_a_stream_is_repeated_no_more_than_a_whole_reply(shared: House) -> None:
    assert (await send(shared, "order-2", stream=True)).status_code == 200
    assert (await send(shared, "order-2", stream=True)).status_code == 409


async def test_another_body_under_the_same_key_is_refused(shared: House) -> None:
    await send(shared, "order-3")
    other = await send(shared, "order-3", temperature=0.1)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert "idempotent-replayed" not in other.headers


async def test_of_many_at_once_one_runs() -> None:
    async with house(token_s=0.01, whole_as_stream=True) as one:
        statuses: list[int] = []

        async def call() -> None:
            reply = await send(one, "order-4")
            statuses.append(reply.status_code)
            if reply.status_code == 409:
                assert "running" in reply.json()["error"]
                assert reply.headers["retry-after"] == "1"

        async with anyio.create_task_group() as calls:
            for _ in range(20):
                calls.start_soon(call)
        assert sorted(statuses) == [200] + [409] * 19
        assert len({entry.call_id for entry in one.charges()}) == 1


async def test_what_was_refused_may_be_tried_again() -> None:
    async with house(usd=0) as one:
        assert (await send(one, "order-5")).status_code == 402
        one.journal.enter_elsewhere(Entry(ACCOUNT, EntryKind.GRANT, Currency.USD, NANO, at=0.0))
        assert (await send(one, "order-5")).status_code == 200


async def test_what_failed_without_a_charge_may_be_tried_again() -> None:
    async with house() as one:
        one.fake.next(refusing(500))
        one.second.next(refusing(500))
        assert (await send(one, "order-6")).status_code >= 500
        assert (await send(one, "order-6")).status_code == 200


async def test_a_hang_up_before_the_first_token_may_be_tried_again() -> None:
    async with house(whole_as_stream=True) as one:
        one.fake.next(hanging())
        with anyio.move_on_after(0.3):
            await send(one, "order-7")
        with anyio.fail_after(10):
            await one.fake.asked[-1].hang_up.wait()
            await all_tasks_blocked()
            assert (await send(one, "order-7")).status_code == 200


async def test_another_account_has_keys_of_its_own(shared: House) -> None:
    await send(shared, "order-8")
    secret, other = "fondaco_secret_of_another", ACCOUNT + 1
    shared.journal.add_account(other)
    shared.journal.enter_elsewhere(Entry(other, EntryKind.GRANT, Currency.USD, NANO, at=0.0))
    key = Key("cd" * 16, other, KeyType.INFERENCE, "tests", secret[-6:], created_at=0.0)
    shared.keys.put(Account(other, "other"), digest(PEPPER, secret), key)
    reply = await shared.client.post(
        PATH,
        json=chat_body(max_tokens=3),
        headers={"Idempotency-Key": "order-8", "Authorization": f"Bearer {secret}"},
    )
    assert reply.status_code == 200


@pytest.mark.parametrize("word", ["", "x" * 256, "a\tb"])
async def test_a_key_that_cannot_be_is_refused(shared: House, word: str) -> None:
    reply = await send(shared, word)
    assert reply.status_code == 400
    assert "Idempotency-Key" in reply.json()["error"]
