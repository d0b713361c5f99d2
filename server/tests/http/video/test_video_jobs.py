"""GET /video/jobs: the account's jobs, without content and without their secrets."""

from typing import Any

import anyio
import pytest

from fondaco.domain.errors import EngineTimeoutError
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from house import ACCOUNT, PEPPER, House
from toy_camera import ToyCamera
from video_house import QUOTE, asked, complete, ended, order, scripted, send, world

JOBS = "/api/v1/video/jobs"


def key_of(one: House, account_id: int, type_: KeyType = KeyType.INFERENCE) -> dict[str, str]:
    """Add a key of an account, and the account where it is a new one; return the key's header."""
    secret = f"fondaco_secret_of_{account_id}"
    if account_id != ACCOUNT:
        one.journal.add_account(account_id)
        one.journal.enter_elsewhere(Entry(account_id, EntryKind.GRANT, Currency.USD, 10**9, at=0.0))
    key = Key(f"{account_id:032x}", account_id, type_, "", secret[-6:], created_at=0.0)
    one.keys.put(Account(account_id, str(account_id)), digest(PEPPER, secret), key)
    return {"Authorization": f"Bearer {secret}"}


async def jobs(one: House, headers: dict[str, str] | None = None, **query: int) -> Any:
    reply = await one.client.get(JOBS, headers=headers or {}, params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()["data"]


async def test_a_job_is_listed_from_its_order_until_its_deletion() -> None:
    async with world(ToyCamera()) as one:
        assert await jobs(one) == []
        quote = (await send(one, QUOTE, **asked())).json()["quote"]
        queue_id = await order(one)
        await ended(one, queue_id)
        reply = await one.client.get(JOBS)
        [job] = reply.json()["data"]
        rows = (await one.client.get("/api/v1/billing/usage")).json()["data"]
        assert {row["inferenceDetails"]["requestId"] for row in rows} == {job["id"]}
        assert job["createdAt"] < job["endedAt"]
        assert {name: job[name] for name in job if name not in ("id", "createdAt", "endedAt")} == {
            "model": "toy-camera",
            "state": "completed",
            "progress": 1.0,
            "usd": quote,
            "diem": 0,
            "error": None,
        }
        assert queue_id not in reply.text
        assert str(asked()["prompt"]) not in reply.text
        await complete(one, queue_id)
        assert await jobs(one) == []


async def test_a_job_under_way_says_how_far_it_is_and_what_it_holds() -> None:
    camera = ToyCamera()
    camera.waits_from = 0
    async with world(camera) as one:
        await order(one)
        await order(one)
        with anyio.fail_after(20):
            await camera.filming.wait()
        queued, running = await jobs(one)
        assert queued["progress"] == 0
        assert (queued["state"], running["state"]) == ("queued", "running")
        assert running["progress"] == 0.25
        assert running["endedAt"] is None
        assert running["usd"] > 0
        assert [job["id"] for job in await jobs(one, limit=1)] == [queued["id"]]
        camera.released.set()


async def test_a_failed_job_costs_nothing_and_says_why() -> None:
    async with world(scripted(EngineTimeoutError())) as one:
        await ended(one, await order(one))
        [job] = await jobs(one)
        assert (job["state"], job["usd"], job["diem"]) == ("failed", 0, 0)
        assert job["error"] == "The video took too long to make. Nothing was charged."


async def test_jobs_are_the_accounts_own_and_any_key_of_it_may_ask() -> None:
    async with world(ToyCamera()) as one:
        await ended(one, await order(one))
        assert len(await jobs(one, key_of(one, ACCOUNT))) == 1
        assert await jobs(one, key_of(one, 77, KeyType.ADMIN)) == []


@pytest.mark.parametrize("limit", ["0", "501", "many"])
async def test_a_wrong_limit_is_refused(shared: House, limit: str) -> None:
    assert (await shared.client.get(JOBS, params={"limit": limit})).status_code == 400
