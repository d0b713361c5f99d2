"""The endpoints of API keys: what they refuse, and to whom."""

from collections.abc import Callable
from json import dumps
from typing import Any

import pytest

from fondaco.domain.money.account import Account, Key, KeyType
from house import House
from key_owner import PATH, UNKNOWN, Owner, owner_in


@pytest.fixture
async def owner(shared: House) -> Owner:
    return owner_in(shared)


@pytest.fixture
async def stranger(shared: House) -> Owner:
    return owner_in(shared)


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("2100-02-29", "This date or time does not exist."),
        ("2100-13-01", "This date or time does not exist."),
        ("2100-01-01T24:00:00Z", "This date or time does not exist."),
        ("2100-1-1", "Write a date as"),
        ("2100-01-01T00:00Z", "Write a date as"),
        ("2100-01-01T00:00:00", "Write a date as"),
        ("2100-01-01T00:00:00+01:00", "Write a date as"),
        ("2100-01-01T00:00:00.1Z", "Write a date as"),
        ("2100-01-01\n", "Write a date as"),
        ("never", "Write a date as"),
        (4102444800, "Write a date"),
    ],
)
async def test_an_end_that_cannot_be_is_refused_with_its_reason(
    owner: Owner, written: object, fault: str
) -> None:
    body = {"apiKeyType": "ADMIN", "description": "a", "expiresAt": written}
    reply = await owner.ask("POST", json=body)
    assert reply.status_code == 400
    [said] = reply.json()["details"]["expiresAt"]["_errors"]
    assert said.startswith(fault)


@pytest.mark.parametrize(
    "written",
    ["-1", "-1e-9", "1e-10", "0.1234567891", "1000000000.000000001", "1e300", '"5"', "true", "[]"],
)
async def test_what_is_no_amount_is_no_limit(owner: Owner, written: str) -> None:
    body = f'{{"apiKeyType":"ADMIN","description":"a","consumptionLimit":{{"diem":{written}}}}}'
    reply = await owner.sent("POST", body)
    assert reply.status_code == 400
    [said] = reply.json()["details"]["consumptionLimit"]["diem"]["_errors"]
    assert said.startswith("Write a number from 0 to 1,000,000,000 with at most 9 decimals")


@pytest.mark.parametrize("written", ["NaN", "Infinity", "1e400", "1e-99999999999999999999999"])
async def test_a_number_that_json_or_memory_lacks_is_400(owner: Owner, written: str) -> None:
    body = f'{{"apiKeyType":"ADMIN","description":"a","consumptionLimit":{{"usd":{written}}}}}'
    assert (await owner.sent("POST", body)).status_code == 400


async def test_all_faults_come_at_once_with_the_nearest_field(owner: Owner) -> None:
    body = {
        "apiKeyTyp": "ADMIN",
        "description": "",
        "consumptionLimit": {"dime": 1},
        "expiresAt": "x",
    }
    details = (await owner.ask("POST", json=body)).json()["details"]
    assert details["apiKeyType"]["_errors"] == ["Field is required"]
    assert details["apiKeyTyp"]["_errors"] == ["Unknown field. Did you mean 'apiKeyType'?"]
    limit = details["consumptionLimit"]
    assert limit["dime"]["_errors"] == ["Unknown field. Did you mean 'diem'?"]
    assert details["description"]["_errors"] == [
        "The description is empty. Say what the key is for."
    ]
    assert details["expiresAt"]["_errors"]


@pytest.mark.parametrize(
    "text", ["", "   ", "a\nb", "\x1b[2J", "\x9b", "a\u202eb", "x" * 257, 5, None]
)
async def test_a_description_is_a_line_with_something_in_it(owner: Owner, text: object) -> None:
    reply = await owner.ask("POST", json={"apiKeyType": "ADMIN", "description": text})
    assert reply.status_code == 400
    assert reply.json()["details"]["description"]["_errors"]


ADDRESSES: tuple[Callable[[str], tuple[str, str, dict[str, Any]]], ...] = (
    lambda key_id: ("GET", f"{PATH}/{key_id}", {}),
    lambda key_id: ("PATCH", PATH, {"json": {"id": key_id, "description": "mine"}}),
    lambda key_id: ("DELETE", PATH, {"params": {"id": key_id}}),
)


@pytest.mark.parametrize("address", ADDRESSES, ids=("GET", "PATCH", "DELETE"))
async def test_a_key_of_another_account_is_as_unknown_as_none(
    owner: Owner, stranger: Owner, address: Callable[[str], tuple[str, str, dict[str, Any]]]
) -> None:
    theirs = await stranger.make()
    before = await stranger.show(theirs["id"])
    for key_id in (str(theirs["id"]), UNKNOWN, "zz", "a" * 31, "\uff11" * 32):
        method, path, how = address(key_id)
        reply = await owner.ask(method, path, **how)
        assert reply.status_code == 404, key_id
        assert reply.json()["code"] == "NOT_FOUND"
        assert str(theirs["id"]) not in reply.text.replace(key_id, "")
    assert await stranger.show(theirs["id"]) == before
    assert await stranger.chat(theirs["apiKey"]) == 200


async def test_accounts_do_not_see_each_others_keys(owner: Owner, stranger: Owner) -> None:
    theirs = await stranger.make()
    assert str(theirs["id"]) not in (await owner.ask("GET")).text


async def test_deleting_names_the_key_or_is_400(owner: Owner) -> None:
    reply = await owner.ask("DELETE")
    assert reply.status_code == 400
    assert reply.json()["details"]["id"]["_errors"] == ["Field is required"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_body_that_is_not_json_is_415(owner: Owner, method: str) -> None:
    reply = await owner.ask(method, content=dumps({"id": UNKNOWN}))
    assert reply.status_code == 415


async def test_the_21st_key_in_a_minute_is_too_many_and_leaves_no_trace(
    owner: Owner, stranger: Owner
) -> None:
    for _ in range(20):
        await owner.make()
    body = {"apiKeyType": "INFERENCE", "description": "one too many"}
    reply = await owner.ask("POST", json=body)
    assert (reply.status_code, reply.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(reply.headers["retry-after"]) <= 61
    assert reply.headers["x-ratelimit-limit-requests"] == "20"
    assert reply.headers["x-ratelimit-remaining-requests"] == "0"
    assert reply.headers["x-ratelimit-type"] == "user"
    assert len((await owner.ask("GET")).json()["data"]) == 21
    await stranger.make()


async def test_refused_requests_do_not_count_as_keys_made(owner: Owner) -> None:
    for _ in range(21):
        reply = await owner.ask("POST", json={"apiKeyType": "ADMIN", "description": ""})
        assert reply.status_code == 400
    await owner.make()


async def test_the_501st_active_key_is_too_many_until_one_is_deleted(owner: Owner) -> None:
    account = Account(owner.account_id, "tests")
    for number in range(499):
        key_id = f"{owner.account_id:016x}{number:016x}"
        key = Key(key_id, owner.account_id, KeyType.INFERENCE, "one", "abcdef", created_at=0.0)
        owner.house.keys.put(account, key_id.encode(), key)
    body = {"apiKeyType": "INFERENCE", "description": "one too many"}
    reply = await owner.ask("POST", json=body)
    assert (reply.status_code, reply.json()["code"]) == (400, "TOO_MANY_KEYS")
    await owner.ask("DELETE", params={"id": key_id})
    assert (await owner.ask("POST", json=body)).status_code == 200
