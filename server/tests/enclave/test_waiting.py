"""Decrypted requests that wait: few, small together, for seconds, and each taken once."""

import pytest

from fondaco.domain.errors import EngineBusyError, SealedRequestError
from fondaco.enclave.waiting import Waiting, WaitingLimits
from hand_clock import HandClock
from sealed_house import MODEL, sealed_house

LIMITS = WaitingLimits(most=2, most_bytes=100, seconds=10)


def waiting(clock: HandClock) -> Waiting[str]:
    return Waiting(LIMITS, clock.monotonic)


def test_each_is_taken_once() -> None:
    store = waiting(HandClock())
    store.put("a", "request", 1)
    assert store.take("a") == "request"
    with pytest.raises(SealedRequestError, match="no longer has this request"):
        store.take("a")


def test_their_number_and_their_bytes_are_bounded() -> None:
    store = waiting(HandClock())
    store.put("a", "x", 60)
    with pytest.raises(EngineBusyError):
        store.put("b", "x", 41)
    store.put("b", "x", 40)
    with pytest.raises(EngineBusyError):
        store.put("c", "x", 0)
    store.take("a")
    store.put("c", "x", 60)


def test_they_wait_for_seconds() -> None:
    clock = HandClock()
    store = waiting(clock)
    store.put("a", "x", 100)
    clock.at = 10
    with pytest.raises(SealedRequestError):
        store.take("a")
    store.put("b", "x", 100)
    assert len(store) == 1


def test_an_id_that_waits_is_not_replaced() -> None:
    store = waiting(HandClock())
    store.put("a", "x", 1)
    with pytest.raises(SealedRequestError) as refused:
        store.put("a", "y", 1)
    assert refused.value.reason == "e2ee_replay_detected"
    assert store.take("a") == "x"


async def test_a_call_that_is_forgotten_makes_room_and_is_answered_no_more() -> None:
    async with sealed_house(limits=WaitingLimits(most=1)) as house:
        first, second = (house.caller().ask(house.id(), "Hello") for _ in range(2))
        await house.enclave.measure(MODEL, first)
        for _ in range(2):  # of what does not wait any more, too
            await house.enclave.forget(first)
        with pytest.raises(SealedRequestError, match="no longer has this request"):
            await anext(house.enclave.answer(MODEL, first, 5))
        assert await house.answer(second)


async def test_an_enclave_holds_no_more_requests_than_it_may() -> None:
    async with sealed_house(limits=WaitingLimits(most=1)) as house:
        first = house.caller().ask(house.id(), "Hello")
        await house.enclave.measure(MODEL, first)
        house.engine.asked.clear()
        with pytest.raises(EngineBusyError, match="its limit of waiting requests"):
            await house.enclave.measure(MODEL, house.caller().ask(house.id(), "Hello"))
        assert not house.engine.asked
