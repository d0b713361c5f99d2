"""The endpoints of API keys: what they take and answer."""

from decimal import Decimal
from json import loads

import pytest

from fondaco.domain.money.account import Account, Key, KeyType
from fondaco.domain.money.money import NANO
from house import House
from key_owner import PATH, Owner, owner_in


@pytest.fixture
async def owner(shared: House) -> Owner:
    return owner_in(shared)


async def test_a_key_is_made_as_documented_and_works(owner: Owner) -> None:
    made = await owner.make(
        description="  Build server ", consumptionLimit={"usd": 0.1, "diem": None, "vcu": 30}
    )
    secret = str(made["apiKey"])
    assert made == {
        "apiKey": secret,
        "apiKeyType": "INFERENCE",
        "consumptionLimit": {"usd": 0.1, "diem": None, "vcu": 30},
        "description": "Build server",
        "expiresAt": None,
        "id": made["id"],
    }
    assert secret.startswith("fondaco_i_")
    assert len(str(made["id"])) == 32
    assert await owner.chat(secret) == 200


async def test_no_cache_may_keep_the_reply_with_the_secret(owner: Owner) -> None:
    reply = await owner.ask("POST", json={"apiKeyType": "ADMIN", "description": "a"})
    assert reply.headers["cache-control"] == "no-store"


async def test_a_key_is_shown_alone_as_it_is_listed(owner: Owner) -> None:
    made = await owner.make(expiresAt="2100-02-03", consumptionLimit={"diem": 5})
    listed = (await owner.ask("GET")).json()
    assert listed["object"] == "list"
    assert [key["id"] for key in listed["data"]] == [owner.key_id, made["id"]]
    shown = await owner.show(made["id"])
    assert shown == listed["data"][1]
    assert shown == {
        "apiKeyType": "INFERENCE",
        "consumptionLimits": {"usd": None, "diem": 5, "vcu": None},
        "createdAt": shown["createdAt"],
        "description": "test",
        "expiresAt": "2100-02-03T00:00:00.000Z",
        "id": made["id"],
        "last6Chars": str(made["apiKey"])[-6:],
        "lastUsedAt": None,
        "usage": {"trailingSevenDays": {"usd": "0", "vcu": "0", "diem": "0"}},
    }


async def test_use_and_charges_appear(owner: Owner) -> None:
    made = await owner.make()
    assert await owner.chat(made["apiKey"]) == 200
    owner.house.platform.key_ring.flush_uses()
    shown = await owner.show(made["id"])
    charged = -sum(e.amount for e in owner.house.charges() if e.key_id == made["id"])
    assert charged > 0
    assert shown["usage"] == {
        "trailingSevenDays": {
            "usd": format(Decimal(charged) / NANO, "f").rstrip("0"),
            "vcu": "0",
            "diem": "0",
        }
    }
    assert str(shown["createdAt"]) <= str(shown["lastUsedAt"])


@pytest.mark.parametrize(
    ("written", "ends"),
    [
        ("", None),
        (None, None),
        ("2100-02-28", "2100-02-28T00:00:00.000Z"),
        ("2096-02-29", "2096-02-29T00:00:00.000Z"),
        ("2100-12-31T23:59:59Z", "2100-12-31T23:59:59.000Z"),
        ("2100-12-31T23:59:59.123Z", "2100-12-31T23:59:59.123Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
async def test_an_end_is_taken_in_each_of_its_forms(
    owner: Owner, written: str | None, ends: str | None
) -> None:
    made = await owner.make(expiresAt=written)
    assert made["expiresAt"] == ends
    assert (await owner.show(made["id"]))["expiresAt"] == ends


@pytest.mark.parametrize(
    ("written", "answered"),
    [
        ("0", "0"),
        ("0.1", "0.1"),
        ("50", "50"),
        ("1e-9", "0.000000001"),
        ("1E3", "1000"),
        ("0.3000000000", "0.3"),
        ("123456789.123456789", "123456789.123456789"),
        ("999999999.999999999", "999999999.999999999"),
        ("1000000000", "1000000000"),
        ("-0.0", "0"),
    ],
)
async def test_a_limit_is_kept_to_the_last_digit(owner: Owner, written: str, answered: str) -> None:
    body = f'{{"apiKeyType":"ADMIN","description":"a","consumptionLimit":{{"usd":{written}}}}}'
    made = await owner.sent("POST", body)
    assert loads(made.text, parse_float=Decimal)["data"]["consumptionLimit"]["usd"] == Decimal(
        answered
    )
    shown = await owner.ask("GET", f"{PATH}/{made.json()['data']['id']}")
    assert f'"usd":{answered},' in shown.text


async def test_only_what_is_named_changes(owner: Owner) -> None:
    made = await owner.make(
        expiresAt="2100-01-01", consumptionLimit={"usd": 1, "diem": 2, "vcu": 3}
    )

    async def changed(**fields: object) -> dict[str, object]:
        reply = await owner.ask("PATCH", json={"id": made["id"], **fields})
        assert reply.status_code == 200, reply.text
        assert reply.json()["success"] is True
        entry = reply.json()["data"]
        assert entry == await owner.show(made["id"])
        assert isinstance(entry, dict)
        return {name: entry[name] for name in ("description", "expiresAt", "consumptionLimits")}

    end = "2100-01-01T00:00:00.000Z"
    limits: dict[str, object] = {"usd": 1, "diem": 2, "vcu": 3}
    assert await changed() == {"description": "test", "expiresAt": end, "consumptionLimits": limits}
    assert (await changed(description="new"))["consumptionLimits"] == limits
    limits["diem"] = None
    assert await changed(consumptionLimit={"diem": None}) == {
        "description": "new",
        "expiresAt": end,
        "consumptionLimits": limits,
    }
    limits["usd"] = 0.5
    assert (await changed(consumptionLimit={"usd": 0.5}))["consumptionLimits"] == limits
    assert (await changed(expiresAt=""))["expiresAt"] is None
    assert (await changed(expiresAt="2101-01-01"))["expiresAt"] == "2101-01-01T00:00:00.000Z"
    assert (await changed(expiresAt=None))["expiresAt"] is None
    assert await changed(consumptionLimit=None) == {
        "description": "new",
        "expiresAt": None,
        "consumptionLimits": {"usd": None, "diem": None, "vcu": None},
    }


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"id": None}, "id"),
        ({"apiKeyType": "ADMIN"}, "apiKeyType"),
        ({"expiresAt": "2100-02-30"}, "expiresAt"),
        ({"description": " "}, "description"),
        ({"consumptionLimit": {"usd": -1}}, "consumptionLimit"),
    ],
)
async def test_a_change_that_cannot_be_changes_nothing(
    owner: Owner, fields: dict[str, object], place: str
) -> None:
    made = await owner.make()
    before = await owner.show(made["id"])
    reply = await owner.ask("PATCH", json={"id": made["id"], **fields})
    assert reply.status_code == 400
    assert place in reply.json()["details"]
    assert await owner.show(made["id"]) == before


async def test_a_change_holds_for_the_next_request(owner: Owner) -> None:
    made = await owner.make()
    assert await owner.chat(made["apiKey"]) == 200
    limit = {"usd": 0, "diem": 0}
    await owner.ask("PATCH", json={"id": made["id"], "consumptionLimit": limit})
    assert await owner.chat(made["apiKey"]) == 402
    await owner.ask("PATCH", json={"id": made["id"], "consumptionLimit": None})
    assert await owner.chat(made["apiKey"]) == 200


async def test_a_deleted_key_is_dead_at_once_and_for_good(owner: Owner) -> None:
    made = await owner.make()
    assert await owner.chat(made["apiKey"]) == 200
    reply = await owner.ask("DELETE", params={"id": made["id"]})
    assert (reply.status_code, reply.json()) == (200, {"success": True})
    assert await owner.chat(made["apiKey"]) == 401
    assert (await owner.ask("DELETE", params={"id": made["id"]})).status_code == 404
    assert (await owner.ask("GET", f"{PATH}/{made['id']}")).status_code == 404
    assert (await owner.ask("PATCH", json={"id": made["id"]})).status_code == 404
    assert str(made["id"]) not in (await owner.ask("GET")).text


async def test_a_key_can_delete_itself(owner: Owner) -> None:
    assert (await owner.ask("DELETE", params={"id": owner.key_id})).status_code == 200
    assert (await owner.ask("GET")).status_code == 401


async def test_the_references_own_example_makes_a_key_that_has_expired(owner: Owner) -> None:
    example = {
        "apiKeyType": "ADMIN",
        "consumptionLimit": {"usd": 50, "diem": 10, "vcu": 30},
        "description": "Example API Key",
        "expiresAt": "2023-10-01T12:00:00.000Z",
    }
    reply = await owner.ask("POST", json=example)
    made = reply.json()["data"]
    assert {name: made[name] for name in example} == example
    assert await owner.chat(made["apiKey"]) == 401


async def test_a_past_end_ends_a_key(owner: Owner) -> None:
    made = await owner.make()
    reply = await owner.ask("PATCH", json={"id": made["id"], "expiresAt": "2023-10-01"})
    assert reply.json()["data"]["expiresAt"] == "2023-10-01T00:00:00.000Z"
    assert await owner.chat(made["apiKey"]) == 401


async def test_an_expired_key_is_shown_but_neither_listed_nor_changed(owner: Owner) -> None:
    key = Key("ee" * 16, owner.account_id, KeyType.ADMIN, "old", "abcdef", 0.0, expires_at=1.0)
    owner.house.keys.put(Account(owner.account_id, "tests"), b"expired", key)
    assert (await owner.show(key.id))["expiresAt"] == "1970-01-01T00:00:01.000Z"
    assert key.id not in (await owner.ask("GET")).text
    reply = await owner.ask("PATCH", json={"id": key.id, "expiresAt": ""})
    assert reply.status_code == 400
    assert "has expired" in reply.json()["error"]
    assert (await owner.ask("DELETE", params={"id": key.id})).status_code == 200


async def test_an_id_may_be_written_as_a_uuid(owner: Owner) -> None:
    key_id = str((await owner.make())["id"])
    parts = (key_id[:8], key_id[8:12], key_id[12:16], key_id[16:20], key_id[20:])
    uuid = "-".join(parts).upper()
    assert (await owner.show(uuid))["id"] == key_id
    assert (await owner.ask("PATCH", json={"id": uuid})).json()["data"]["id"] == key_id
    assert (await owner.ask("DELETE", params={"id": uuid})).status_code == 200


async def test_the_contract_names_the_parameter_in_the_path(shared: House) -> None:
    paths = (await shared.client.get("/openapi.json")).json()["paths"]
    [parameter] = paths[PATH + "/{id}"]["get"]["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == ("id", "path", True)
    assert parameter["description"]
    for method in ("post", "patch"):
        statuses = set(paths[PATH][method]["responses"])
        assert {"200", "400", "401", "403", "408", "413", "415", "429", "503", "507"} <= statuses


@pytest.mark.parametrize("expires_at", [253_402_343_999.0, 1e16])
async def test_an_end_beyond_the_calendar_is_shown_as_the_last_moment_within(
    owner: Owner, expires_at: float
) -> None:
    """The command line once took `9999-12-31T23:59:59-12:00`."""
    key = Key("dd" * 16, owner.account_id, KeyType.ADMIN, "", "abcdef", 0.0, expires_at=expires_at)
    owner.house.keys.put(Account(owner.account_id, "tests"), str(expires_at).encode(), key)
    [shown] = [one for one in (await owner.ask("GET")).json()["data"] if one["id"] == key.id]
    assert shown["expiresAt"] == "9999-12-31T23:59:59.999Z"
    assert (await owner.ask("DELETE", params={"id": key.id})).status_code == 200
