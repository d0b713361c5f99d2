"""What a journal promises about claims and the use of keys.

Subclass `ClaimContract` as `Test...` and give it the fixture `world`.
"""

from dataclasses import replace

from fondaco.domain.money.call import IdempotencyKey
from fondaco.domain.money.ledger import IdempotencyRecord
from money_world import World, charge, tokens

ONCE = IdempotencyKey(key_digest=b"k" * 32, body_digest=b"b" * 32)


def claim_of(
    world: World, number: int, idempotency_key: IdempotencyKey = ONCE
) -> IdempotencyRecord:
    return IdempotencyRecord(world.account_id, idempotency_key, f"{number:032x}", world.clock.now())


class ClaimContract:
    """The suite; a subclass has a fixture `world`."""

    async def test_the_first_claim_stands(self, world: World) -> None:
        first, second = claim_of(world, 1), claim_of(world, 2)
        assert await world.journal.claim(first) == first
        assert await world.journal.claim(second) == first

    async def test_the_body_of_the_first_claim_stands(self, world: World) -> None:
        first = claim_of(world, 1)
        await world.journal.claim(first)
        other = replace(claim_of(world, 2), idempotency_key=replace(ONCE, body_digest=b"c" * 32))
        assert (await world.journal.claim(other)).idempotency_key.body_digest == ONCE.body_digest

    async def test_other_keys_are_other_claims(self, world: World) -> None:
        await world.journal.claim(claim_of(world, 1))
        other = claim_of(world, 2, replace(ONCE, key_digest=b"l" * 32))
        assert await world.journal.claim(other) == other

    async def test_a_released_claim_is_free(self, world: World) -> None:
        first, second = claim_of(world, 1), claim_of(world, 2)
        await world.journal.claim(first)
        await world.journal.release(first)
        assert await world.journal.claim(second) == second

    async def test_only_the_holder_releases(self, world: World) -> None:
        first, second = claim_of(world, 1), claim_of(world, 2)
        await world.journal.claim(first)
        await world.journal.release(second)
        assert await world.journal.claim(second) == first

    async def test_claims_survive_a_crash(self, world: World) -> None:
        first = claim_of(world, 1)
        await world.journal.claim(first)
        await world.crash()
        assert await world.journal.claim(claim_of(world, 2)) == first

    async def test_old_claims_are_forgotten(self, world: World) -> None:
        await world.journal.claim(claim_of(world, 1))
        await world.journal.forget_claims(world.clock.now())
        assert await world.journal.claim(claim_of(world, 2)) == claim_of(world, 1)
        await world.journal.forget_claims(world.clock.now() + 1)
        assert await world.journal.claim(claim_of(world, 2)) == claim_of(world, 2)

    async def test_claims_of_calls_without_a_charge_are_forgotten(self, world: World) -> None:
        await world.grant(10)
        hold = await world.hold(5)
        await hold.settle(charge(5), tokens(5), 1)
        charged = replace(claim_of(world, 1), call_id=hold.call.id)
        gone = claim_of(world, 2, replace(ONCE, key_digest=b"l" * 32))
        for claim in (charged, gone):
            await world.journal.claim(claim)
        await world.journal.forget_claims(0, uncharged=True)
        assert await world.journal.claim(claim_of(world, 3)) == charged
        again = replace(gone, call_id="3" * 32)
        assert await world.journal.claim(again) == again
