"""What replies hold beyond what this version knows, and that of the server nothing is unknown."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import BaseModel, ValidationError

from house import SECRET, House
from venice_ai import VeniceClient
from venice_ai.types.api.api_keys import ApiKeyList
from venice_ai.types.api.billing import UsagePage
from venice_ai.types.api.models import ModelList

LATER = """{"object": "list", "new": {"amount": 0.12345678901234567890}, "data": [{"id": "m",
    "type": "hologram", "model_spec": {"capabilities": {"supportsSmell": true}, "offline": false,
    "constraints": {"steps": {"default": 25, "max": 50}}, "newPrice": 1.5}}]}"""
OLD_USAGE = """{"warningMessage": "DIEM was VCU", "data": [{"amount": -0.1, "currency": "VCU",
    "inferenceDetails": null, "notes": "API Inference", "pricePerUnitUsd": 0.1,
    "sku": "venice-sd35-image-unit", "timestamp": "2025-01-01T00:00:00.000Z", "units": 1}],
    "pagination": {"limit": 1, "page": 200, "total": 56090, "totalPages": 56090}}"""


def unknown(value: object) -> Iterator[str]:
    """Yield the fields that no class names."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from unknown(one)
    if isinstance(value, BaseModel):
        yield from value.model_extra or {}
        yield from unknown([getattr(value, name) for name in type(value).model_fields])


def test_unknown_fields_are_found() -> None:
    assert set(unknown(ModelList.model_validate_json(LATER))) == {
        *("new", "supportsSmell", "steps", "newPrice")
    }


async def test_every_field_of_the_server_is_known(home: House) -> None:
    async with VeniceClient(api_key=SECRET, base_url=f"{home.url}/api/v1") as client:
        await home.chat()
        made = await client.api_keys.create(description="Any")
        replies: list[BaseModel] = [
            await client.models.list(type="all"),
            await client.models.traits(),
            await client.characters.list(),
            await client.characters.get("alan-watts"),
            made,
            await client.api_keys.list(),
            await client.api_keys.get(made.data.id),
            await client.api_keys.rate_limits(),
            await client.api_keys.rate_limit_log(),
            await client.api_keys.web3_challenge(),
            await client.api_keys.delete(made.data.id),
            await client.billing.usage(),
        ]
    assert [*unknown(replies)] == []


def test_what_is_not_known_is_kept_and_read_by_items_and_attributes() -> None:
    listed = ModelList.model_validate_json(LATER)
    spec = listed.data[0].model_spec
    assert listed.data[0].type == "hologram"
    assert spec["capabilities"]["supportsSmell"] is True
    assert spec.constraints is not None
    assert spec["constraints"]["steps"] == {"default": 25, "max": 50}
    assert "newPrice" in spec
    assert "oldPrice" not in spec


def test_no_number_with_a_point_becomes_a_float() -> None:
    listed = ModelList.model_validate_json(LATER)
    assert listed["new"]["amount"] == Decimal("0.12345678901234567890")
    assert listed.data[0].model_spec["newPrice"] == Decimal("1.5")


def test_charges_of_other_times_and_things_are_read() -> None:
    page = UsagePage.model_validate_json(OLD_USAGE.encode())
    [row] = page.data
    assert (row.amount, row.currency) == (Decimal("-0.1"), "VCU")
    assert row.inference_details is None
    assert row.timestamp == datetime(2025, 1, 1, tzinfo=UTC)
    assert page.warning_message == page["warningMessage"] == "DIEM was VCU"


def test_an_empty_time_is_none() -> None:
    key = '{"id": "a", "apiKeyType": "ADMIN", "last6Chars": "abcdef", "expiresAt": ""}'
    listed = ApiKeyList.model_validate_json(f'{{"data": [{key}]}}')
    assert listed.data[0].expires_at is None
    assert listed.data[0]["createdAt"] is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"data": 1}', "\x00"])
def test_what_is_no_reply_is_told_as_such(text: str) -> None:
    with pytest.raises(ValidationError):
        UsagePage.model_validate_json(text)


def test_a_value_goes_into_json_under_the_names_of_the_wire() -> None:
    page = UsagePage.model_validate_json(OLD_USAGE)
    again = UsagePage.model_validate_json(page.model_dump_json(by_alias=True))
    assert again == page
