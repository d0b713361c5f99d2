"""Windows: never more than the limit in any stretch of time, and nothing lost or left behind."""

from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from fondaco.serving.admission.windows import DAY, MINUTE, Latest, Mark, Span, Window

LIMIT = 7
SPANS = st.sampled_from([MINUTE, DAY, Span(30, 1), Span(10, 5), Span(4, 4)])
FRACTIONS = st.floats(0, 0.5)
"""Of the span's period."""


@dataclass
class CallEvent:
    pause: float
    amount: int


STEPS = st.lists(st.builds(CallEvent, FRACTIONS, st.integers(1, LIMIT)), max_size=60)


@given(SPANS, STEPS, st.floats(0, 1e6))
def test_no_stretch_of_a_period_holds_more_than_the_limit(
    span: Span, steps: list[CallEvent], start: float
) -> None:
    window, now, admitted = Window(LIMIT, span), start, list[tuple[float, int]]()
    for step in steps:
        now += step.pause * span.period_s
        if window.fits(now, step.amount):
            window.add(now, step.amount)
            admitted.append((now, step.amount))
    for begin, _ in admitted:
        inside = [amount for at, amount in admitted if begin <= at <= begin + span.period_s]
        assert sum(inside) <= LIMIT


@given(SPANS, STEPS)
def test_an_amount_is_counted_for_at_most_one_tick_too_long(
    span: Span, steps: list[CallEvent]
) -> None:
    window, now, admitted = Window(LIMIT, span), 0.0, list[tuple[float, int]]()
    for step in steps:
        now += step.pause * span.period_s
        longest = span.period_s + span.tick_s
        still = sum(amount for at, amount in admitted if now - at < longest)
        assert window.free(now) >= LIMIT - still
        if window.fits(now, step.amount):
            window.add(now, step.amount)
            admitted.append((now, step.amount))


@given(SPANS, STEPS, st.integers(1, LIMIT), FRACTIONS)
def test_what_is_taken_back_was_never_there(
    span: Span, steps: list[CallEvent], amount: int, later: float
) -> None:
    twins, now = (Window(LIMIT, span), Window(LIMIT, span)), 0.0
    guests: list[Mark] = []
    for step in steps:
        now += step.pause * span.period_s
        for window in twins:
            if window is twins[0]:
                guests.append(window.add(now, amount))
            window.add(now, step.amount)
    now += later * span.period_s
    for mark in guests:
        twins[0].correct(mark, -amount)
    assert shown(twins[0], now) == shown(twins[1], now)


@given(SPANS, STEPS, st.integers(1, 2 * LIMIT))
def test_looking_changes_nothing(span: Span, steps: list[CallEvent], amount: int) -> None:
    looked, unseen, now = Window(LIMIT, span), Window(LIMIT, span), 0.0
    for step in steps:
        now += step.pause * span.period_s
        looked.fits(now, amount)
        looked.wait(now, amount)
        looked.relief(now)
        looked.free(now)
        looked.add(now, step.amount)
        unseen.add(now, step.amount)
    assert shown(looked, now) == shown(unseen, now)


@given(SPANS, STEPS, st.integers(1, 2 * LIMIT))
def test_an_amount_fits_after_its_wait_and_not_a_tick_sooner(
    span: Span, steps: list[CallEvent], amount: int
) -> None:
    window, now = Window(LIMIT, span), 0.0
    for step in steps:
        now += step.pause * span.period_s
        window.add(now, step.amount)
    wait = window.wait(now, amount)
    assert wait <= span.period_s + span.tick_s
    assert wait == 0 or not window.fits(now + wait - span.tick_s / 2, amount)
    assert window.fits(now + wait + 1e-6, amount)


@given(SPANS, STEPS)
def test_marks_are_no_more_than_ticks(span: Span, steps: list[CallEvent]) -> None:
    window, now = Window(LIMIT, span), 0.0
    for step in steps:
        now += step.pause * span.period_s
        window.add(now, step.amount)
        assert len(window._marks) <= span.ticks + 1


@pytest.mark.parametrize("span", [MINUTE, DAY])
def test_marks_are_no_more_than_ticks_under_steady_use(span: Span) -> None:
    window = Window(LIMIT, span)
    for tick in range(3 * span.ticks):
        window.add(tick * float(span.tick_s))
    assert len(window._marks) == span.ticks + 1


def test_an_amount_beyond_the_limit_fits_only_where_nothing_is_counted() -> None:
    window = Window(LIMIT, MINUTE)
    assert window.fits(0.0, 100)
    window.add(0.0, 100)
    assert (window.free(1.0), window.fits(1.0)) == (0, False)
    assert window.wait(1.0, 100) == 60.0
    assert window.fits(61.0, 100)


def test_a_correction_counts_at_the_tick_of_the_addition() -> None:
    window = Window(LIMIT, MINUTE)
    mark = window.add(0.0, 2)
    window.add(30.0, 1)
    window.correct(mark, +3)
    assert window.free(30.0) == 1
    assert window.free(61.0) == LIMIT - 1


def test_a_correction_of_what_has_left_changes_nothing() -> None:
    window = Window(LIMIT, MINUTE)
    mark = window.add(0.0, 2)
    assert window.free(61.0) == LIMIT
    window.correct(mark, +3)
    assert window.free(61.0) == LIMIT


def test_the_relief_is_when_the_oldest_amount_leaves() -> None:
    window = Window(LIMIT, MINUTE)
    assert window.relief(0.0) == 0
    emptied = window.add(0.0)
    window.add(10.0)
    window.correct(emptied, -1)
    assert window.relief(20.0) == 51.0


def test_the_longest_unused_value_goes_first() -> None:
    latest = Latest[str, list[str]](lambda key: [key], most=2)
    first = latest.of("a")
    latest.of("b")
    assert latest.of("a") is first
    latest.of("c")
    assert (latest.known("a"), latest.known("b"), latest.known("c")) == (first, None, ["c"])


def shown(window: Window, now: float) -> tuple[object, ...]:
    waits = [window.wait(now, amount) for amount in range(1, LIMIT + 1)]
    return window.free(now), window.total, window.relief(now), waits
