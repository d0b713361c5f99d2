"""The contract of `Throttle`: subclass `ThrottleContract` as `Test...` and give it the fixture `new`.

`new(max_failures, window_s)` returns a throttle of the scope `user` that reads the fixture `clock`.
"""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from fondaco.domain.errors import TooManyFailuresError
from fondaco.ports import Throttle
from hand_clock import UNIX, HandClock

NewThrottle: TypeAlias = Callable[[int, float], Throttle[int]]


def refuses(throttle: Throttle[int], subject: int = 1) -> bool:
    try:
        throttle.check(subject)
    except TooManyFailuresError:
        return True
    return False


def fail(throttle: Throttle[int], times: int, subject: int = 1) -> None:
    for _ in range(times):
        throttle.record_failure(subject)


class ThrottleContract:
    """The suite; a subclass has the fixtures `clock` and `new`."""

    def test_one_failure_above_the_limit_refuses(self, new: NewThrottle) -> None:
        throttle = new(20, 30.0)
        fail(throttle, 20)
        assert not refuses(throttle)
        fail(throttle, 1)
        assert refuses(throttle)

    def test_the_refusal_has_the_documented_text_and_the_waiting_time(
        self, new: NewThrottle, clock: HandClock
    ) -> None:
        throttle = new(20, 30.0)
        fail(throttle, 21)
        clock.at = 0.5
        with pytest.raises(TooManyFailuresError) as caught:
            throttle.check(1)
        assert str(caught.value) == TooManyFailuresError.default
        assert (caught.value.retry_after_s, caught.value.scope) == (30, "user")
        assert caught.value.quota is not None
        assert caught.value.quota.reset_requests_at == int(UNIX) + 30

    def test_after_the_wait_the_count_starts_at_zero(
        self, new: NewThrottle, clock: HandClock
    ) -> None:
        throttle = new(20, 30.0)
        fail(throttle, 21)
        clock.at = 29.9
        assert refuses(throttle)
        clock.at = 30.0
        assert not refuses(throttle)
        fail(throttle, 20)
        assert not refuses(throttle)

    def test_failures_during_the_wait_do_not_count(
        self, new: NewThrottle, clock: HandClock
    ) -> None:
        throttle = new(20, 30.0)
        fail(throttle, 41)
        clock.at = 30.0
        fail(throttle, 20)
        assert not refuses(throttle)

    def test_failures_spread_over_more_than_the_window_are_accepted(
        self, new: NewThrottle, clock: HandClock
    ) -> None:
        throttle = new(20, 30.0)
        for _ in range(200):
            clock.at += 1.51
            fail(throttle, 1)
        assert not refuses(throttle)

    def test_subjects_are_counted_apart(self, new: NewThrottle) -> None:
        throttle = new(20, 30.0)
        fail(throttle, 21, subject=1)
        assert (refuses(throttle, 1), refuses(throttle, 2)) == (True, False)

    def test_a_limit_of_zero_accepts_any_number(self, new: NewThrottle) -> None:
        throttle = new(0, 30.0)
        fail(throttle, 1000)
        assert not refuses(throttle)

    def test_the_refusal_names_the_configured_limit_and_window(self, new: NewThrottle) -> None:
        throttle = new(2, 1.5)
        fail(throttle, 3)
        with pytest.raises(TooManyFailuresError, match=r"\(> 2\).*wait 1.5s") as caught:
            throttle.check(1)
        assert caught.value.retry_after_s == 2

    def test_another_limit_applies_at_once_and_refused_subjects_stay_refused(
        self, new: NewThrottle, clock: HandClock
    ) -> None:
        throttle = new(20, 30.0)
        fail(throttle, 21, subject=1)
        fail(throttle, 4, subject=2)
        throttle.reconfigure(3, 10.0)
        assert refuses(throttle, 1)
        assert not refuses(throttle, 2)
        fail(throttle, 1, subject=2)
        assert refuses(throttle, 2)
        clock.at = 10.0
        assert (refuses(throttle, 1), refuses(throttle, 2)) == (True, False)
        throttle.reconfigure(0, 10.0)
        fail(throttle, 50, subject=2)
        assert not refuses(throttle, 2)
