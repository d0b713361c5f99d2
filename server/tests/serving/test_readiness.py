"""When a server says that it is ready."""

import pytest

from fondaco.domain.errors import ModelNotFoundError, StorageFailedError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.money.money import Funds
from fondaco.serving.routing.readiness import Readiness
from money_world import MemoryWorld, charge, tokens


def readiness(world: MemoryWorld) -> Readiness:
    return Readiness(Catalogue((), {}, world.clock.now), {}, world.clock, 5.0, world.ledger)


async def test_charges_that_are_not_written_make_it_not_ready() -> None:
    world = MemoryWorld()
    await world.grant(100)
    hold = await world.hold(10)
    world.journal.broken = True
    with pytest.raises(StorageFailedError):
        await hold.settle(charge(5), tokens(5), 1)
    ready = readiness(world)
    world.journal.broken = False
    with pytest.raises(StorageFailedError, match="1 writes are kept"):
        await ready.check()
    await world.ledger.retry()
    world.clock.at += 5
    with pytest.raises(ModelNotFoundError):  # the ledger is well: what is next is asked
        await ready.check()
    assert await world.balance() == Funds(usd=95)


async def test_a_journal_that_cannot_be_written_makes_it_not_ready() -> None:
    world = MemoryWorld()
    world.journal.broken = True
    with pytest.raises(StorageFailedError):
        await readiness(world).check()
