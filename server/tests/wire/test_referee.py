"""The server's reader against h11, over damaged requests; `make fuzz` tries more of them."""

from random import Random

import pytest

from wire.mutants import cuts, mutant
from wire.referee import LENIENT, STRICTER, Difference, dispute, ours, theirs
from wire.served import error_in_body

SEEDS = 4_000
"""About two seconds."""


def test_both_understand_the_same_of_damaged_requests_however_they_come() -> None:
    found = {}
    for seed in range(SEEDS):
        random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        octets = mutant(random)
        if fault := dispute(octets, cuts(random, octets)):
            found[seed] = (octets, fault)
    assert found == {}


async def test_damaged_requests_get_one_reply_each_and_none_after_doubt() -> None:
    found = {}
    for seed in range(SEEDS // 4):
        random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        octets = mutant(random)
        if fault := await error_in_body(octets, cuts(random, octets)):
            found[seed] = (octets, fault)
    assert found == {}


@pytest.mark.parametrize("one", STRICTER, ids=lambda one: one.error)
def test_where_we_are_stricter_h11_does_accept(one: Difference) -> None:
    mine, other = ours([one.example]), theirs(one.example)
    assert mine.error.startswith(one.error)
    assert (mine.requests, other.error, len(other.requests)) == ((), "", 1)
    assert one.shows(one.example)


@pytest.mark.parametrize("one", LENIENT, ids=lambda one: one.error)
def test_where_we_are_more_lenient_h11_does_refuse(one: Difference) -> None:
    mine, other = ours([one.example]), theirs(one.example)
    assert other.error.startswith(one.error)
    assert (other.requests, mine.error, len(mine.requests)) == ((), "", 1)
    assert one.shows(one.example)
