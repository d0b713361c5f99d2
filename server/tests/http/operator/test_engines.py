"""Engines at the edge, for the server's operator."""

from typing import Any

import anyio
import pytest

from fake_upstream import hanging, refusing
from fondaco.domain.errors import EngineUnavailableError
from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.http.endpoint.timestamps import unix_seconds
from fondaco.serving.routing.reachability import Reachability
from house import ACCOUNT, PEPPER, House, house

ENGINES = "/api/v1/operator/engines"


async def engines(one: House) -> dict[str, Any]:
    reply = await one.client.get(ENGINES)
    assert reply.status_code == 200, reply.text
    return {engine["id"]: engine for engine in reply.json()["data"]}


async def test_an_engine_that_nobody_looked_at_is_unknown(shared: House) -> None:
    first = (await engines(shared))["first"]
    assert first["address"] == shared.fake.base_url
    assert {name: first[name] for name in first if name not in ("address", "lastFaultAt")} == {
        "id": "first",
        "kind": "openai",
        "isLocal": False,
        "models": ["toy"],
        "state": "unknown",
        "reason": None,
        "since": None,
        "running": 0,
        "waiting": 0,
        "slots": None,
        "memoryBytes": None,
        "lastFault": first["lastFault"],
        "processes": [],
    }


async def test_an_engine_that_does_not_answer_says_why_and_since_when() -> None:
    async def good() -> frozenset[str]:
        return frozenset()

    async def bad() -> frozenset[str]:
        raise EngineUnavailableError("Nothing listens there.")

    async with house() as one:
        reachability = Reachability(3600, one.platform.clock)
        one.platform.engine_overview._reachability = reachability
        reachability.follow({"first": good, "second": bad})
        before = one.platform.clock.now()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reachability.run)
            with anyio.fail_after(20):
                while reachability.verdict("second") is None:  # noqa: ASYNC110  # it has no event
                    await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        shown = await engines(one)
        assert (shown["first"]["state"], shown["first"]["reason"]) == ("ready", None)
        second = shown["second"]
        assert (second["state"], second["reason"]) == ("unreachable", "Nothing listens there.")
        assert unix_seconds(second["since"]) >= before - 0.001


async def test_running_calls_and_the_last_fault_are_told() -> None:
    async with house() as one:
        one.fake.next(refusing(503), hanging(after=2))
        await one.chat()
        shown = await engines(one)
        assert shown["first"]["lastFault"] == EngineUnavailableError.code
        assert unix_seconds(shown["first"]["lastFaultAt"]) > 0
        assert shown["second"]["lastFaultAt"] is None
        async with one.streaming() as reply:
            await anext(reply.aiter_lines())
            assert (await engines(one))["first"]["running"] == 1
        assert (await engines(one))["second"]["running"] == 0


@pytest.mark.parametrize(("account", "status"), [("inference", 403), ("tenant", 403)])
async def test_only_operators_may_ask(shared: House, account: str, status: int) -> None:
    secret = f"fondaco_engines_{account}"
    type_ = KeyType.INFERENCE if account == "inference" else KeyType.ADMIN
    account_id = ACCOUNT if account == "inference" else 79
    name = "tests" if account == "inference" else account
    shared.journal.add_account(account_id)
    key = Key(digest(b"", secret)[:16].hex(), account_id, type_, "", secret[-6:], created_at=0.0)
    shared.keys.put(Account(account_id, name), digest(PEPPER, secret), key)
    reply = await shared.client.get(ENGINES, headers={"Authorization": f"Bearer {secret}"})
    assert reply.status_code == status
