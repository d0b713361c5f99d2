"""Models that end: announced, retired at midnight, and answered for by another one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date

import httpx2
import pytest

from fondaco.domain.models.model import AnyModel, Deprecation
from fondaco.domain.money.price import TokenPrice
from hand_clock import HandClock
from house import TOY, House, house
from published import ABSENT, SPECIFICATION, Fields, faults

SUNSET = date(2027, 1, 16)
"""The hand clock starts at 8 in the morning of the day before."""
MIDNIGHT = 16 * 3600.0
MOMENT = "2027-01-16T00:00:00.000Z"
END = Deprecation(date(2027, 1, 10), SUNSET, "new", "It was trained in 2024.")
OLD = replace(TOY, id="old", traits=("default", "wise"), deprecation=END)
NEW = replace(TOY, id="new", price=TokenPrice(input=1_000_000, output=2_000_000), traits=("quick",))
OTHER = replace(TOY, id="other", traits=("default",))
WARNING = "x-venice-model-deprecation-warning"
DATE = "x-venice-model-deprecation-date"


@dataclass
class Days:
    """A house, and its time."""

    house: House
    clock: HandClock

    async def ask(self, model: str) -> httpx2.Response:
        return await self.house.chat(model=model, max_tokens=1)

    async def specs(self) -> dict[str, dict[str, object]]:
        listed = (await self.house.client.get("/api/v1/models")).json()["data"]
        return {model["id"]: model["model_spec"] for model in listed}

    async def names(self, what: str) -> dict[str, str]:
        names: dict[str, str] = (await self.house.client.get(f"/api/v1/models/{what}")).json()[
            "data"
        ]
        return names


@asynccontextmanager
async def days_of(*models: AnyModel, **aliases: str) -> AsyncGenerator[Days]:
    clock = HandClock()
    async with house(models=models, aliases={"gpt-4o": "default", **aliases}, clock=clock) as one:
        yield Days(one, clock)


@pytest.fixture
async def days() -> AsyncGenerator[Days]:
    async with days_of(OLD, NEW, OTHER, oldie="old") as one:
        yield one


@pytest.fixture
async def last_days() -> AsyncGenerator[Days]:
    """No replacement for the old model."""
    end = replace(END, replacement=None)
    async with days_of(replace(OLD, deprecation=end), OTHER, oldie="old") as one:
        yield one


async def test_before_it_is_announced_nothing_tells_of_an_end() -> None:
    later = replace(OLD, deprecation=replace(END, announced=SUNSET, sunset=date(2027, 2, 1)))
    async with days_of(later, NEW) as days:
        assert WARNING not in (await days.ask("old")).headers
        assert "deprecation" not in (await days.specs())["old"]
        days.clock.at = MIDNIGHT
        assert (await days.ask("old")).headers[DATE] == "2027-02-01T00:00:00.000Z"
        assert (await days.specs())["old"]["deprecation"] == {"date": "2027-02-01T00:00:00.000Z"}


@pytest.mark.parametrize("name", ["old", "default", "gpt-4o", "oldie"])
async def test_every_reply_of_an_announced_model_warns(days: Days, name: str) -> None:
    reply = await days.ask(name)
    assert reply.json()["model"] == "old"
    assert reply.headers[WARNING] == (
        "The model 'old' will be retired on 2027-01-16. It was trained in 2024. Use 'new' instead."
    )
    assert reply.headers[DATE] == MOMENT


async def test_a_stream_warns_too(days: Days) -> None:
    async with days.house.streaming(model="old", max_tokens=1) as reply:
        await reply.aread()
        assert "will be retired" in reply.headers[WARNING]
        assert reply.headers[DATE] == MOMENT


async def test_other_models_tell_of_no_end(days: Days) -> None:
    assert WARNING not in (await days.ask("new")).headers
    specs = await days.specs()
    assert specs["old"]["deprecation"] == {"date": MOMENT}
    assert "deprecation" not in specs["new"]


@pytest.mark.skipif(not SPECIFICATION.exists(), reason=ABSENT)
async def test_an_end_is_listed_as_published(days: Days) -> None:
    listed = (await days.house.client.get("/api/v1/models")).json()["data"]
    shown = {"$ref": "#/components/schemas/ModelResponse"}
    assert [fault for one in listed for fault in faults(shown, one, Fields.KNOWN)] == []


async def test_a_running_server_changes_over_at_midnight(days: Days) -> None:
    days.clock.at = MIDNIGHT - 0.001
    assert (await days.ask("old")).json()["model"] == "old"
    days.clock.at = MIDNIGHT
    reply = await days.ask("old")
    assert reply.json()["model"] == reply.headers["x-venice-model-id"] == "new"
    assert reply.headers[WARNING] == (
        "The model 'old' was retired on 2027-01-16. It was trained in 2024. "
        "'new' answers in its place."
    )
    assert reply.headers[DATE] == MOMENT


async def test_the_replacement_costs_what_it_costs_itself(days: Days) -> None:
    days.clock.at = MIDNIGHT
    usage = (await days.ask("old")).json()["usage"]
    assert {(entry.sku, entry.units, -entry.amount) for entry in days.house.charges()} == {
        ("new-llm-input-mtoken", usage["prompt_tokens"], usage["prompt_tokens"]),
        ("new-llm-output-mtoken", 1, 2),
    }


async def test_a_retired_model_is_listed_no_more_and_its_names_move(days: Days) -> None:
    assert await days.names("traits") == {"default": "old", "wise": "old", "quick": "new"}
    days.clock.at = MIDNIGHT
    specs = await days.specs()
    assert list(specs) == ["new", "other"]
    assert specs["new"]["traits"] == ["quick", "default", "wise"]
    assert await days.names("traits") == {"default": "new", "wise": "new", "quick": "new"}
    assert await days.names("compatibility_mapping") == {
        "old": "new",
        "gpt-4o": "new",
        "oldie": "new",
    }


@pytest.mark.parametrize("name", ["default", "wise", "gpt-4o", "oldie"])
async def test_a_name_that_moved_needs_no_warning(days: Days, name: str) -> None:
    days.clock.at = MIDNIGHT
    reply = await days.ask(name)
    assert reply.json()["model"] == "new"
    assert WARNING not in reply.headers


async def test_a_replacement_that_ends_is_replaced_in_its_turn() -> None:
    end = Deprecation(date(2027, 1, 15), date(2027, 1, 17), "last")
    async with days_of(OLD, replace(NEW, deprecation=end), replace(NEW, id="last")) as days:
        models = []
        for day in range(3):
            days.clock.at = MIDNIGHT + (day - 1) * 86_400
            models.append((await days.ask("old")).json()["model"])
        assert models == ["old", "new", "last"]


@pytest.mark.parametrize("name", ["old", "oldie"])
async def test_without_a_replacement_a_retired_model_is_gone(last_days: Days, name: str) -> None:
    last_days.clock.at = MIDNIGHT
    reply = await last_days.ask(name)
    assert reply.status_code == 410
    assert reply.json() == {
        "error": "The model 'old' was retired on 2027-01-16. It was trained in 2024. "
        "Use 'other' instead. GET /api/v1/models lists all.",
        "code": "MODEL_GONE",
    }
    assert last_days.house.charges() == []


async def test_a_trait_without_successor_goes_to_the_next_model_that_has_it(
    last_days: Days,
) -> None:
    last_days.clock.at = MIDNIGHT
    assert await last_days.names("traits") == {"default": "other"}
    assert (await last_days.ask("gpt-4o")).json()["model"] == "other"
    assert (await last_days.ask("wise")).status_code == 404


async def test_a_name_that_headers_cannot_carry_does_not_break_the_reply() -> None:
    odd = replace(END, reason="Müde\r\nx-evil: 1")
    async with days_of(replace(OLD, deprecation=odd), NEW) as days:
        reply = await days.ask("old")
        assert reply.status_code == 200
        assert "x-evil" not in reply.headers


async def test_a_beta_model_is_marked_and_open_to_anybody() -> None:
    async with days_of(replace(TOY, beta=True), replace(NEW, offline=True)) as days:
        specs = await days.specs()
        assert (specs["toy"]["betaModel"], specs["toy"]["beta"]) == (True, False)
        assert (specs["new"]["betaModel"], specs["new"]["offline"]) == (False, True)
        assert (await days.ask("toy")).status_code == 200
        offline = await days.ask("new")
        assert (offline.status_code, offline.json()["code"]) == (503, "MODEL_AT_CAPACITY")
