"""What is believed of an engine's report of usage, and what stands in for the rest."""

from hypothesis import given, strategies as st

from fondaco.domain.money.usage import Report, Usage
from fondaco.domain.untrusted_numbers import MOST

_SEEN = Usage(input_tokens=40, output_tokens=7, reasoning_tokens=3)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 9),
    st.floats(),
    st.sampled_from([2**31 - 1, 2**31, 2**63, 1e30, 5.0, "5", "-5", "five", "1e3", [], {}, [5]]),
)


def _parts(report: Report) -> list[int | None]:
    return [
        report.input_tokens,
        report.cached_input_tokens,
        report.output_tokens,
        report.reasoning_tokens,
        report.accepted_prediction_tokens,
        report.rejected_prediction_tokens,
    ]


@given(st.tuples(*[_VALUES] * 6), st.integers(0, 99), st.integers(0, 99))
def test_whatever_an_engine_reports_usage_is_whole_and_its_parts_lie_within(
    values: tuple[object, ...], seen_input: int, seen_output: int
) -> None:
    prompt, cached, output, reasoning, accepted, rejected = values
    report = Report.checked(
        input_tokens=prompt,
        cached_input_tokens=cached,
        output_tokens=output,
        reasoning_tokens=reasoning,
        accepted_prediction_tokens=accepted,
        rejected_prediction_tokens=rejected,
    )
    for part, value in zip(_parts(report), values, strict=True):
        assert part is None or (part.__class__ is int and 0 <= part <= MOST)
        assert part is None or part == (int(value) if isinstance(value, str) else value)
    usage = report.completed(Usage(seen_input, 0, seen_output, seen_output // 2))
    assert 0 <= usage.cached_input_tokens <= usage.input_tokens <= MOST
    assert 0 <= usage.reasoning_tokens <= usage.output_tokens <= MOST


def test_a_missing_part_is_what_was_seen_and_a_zero_is_none_of_it() -> None:
    assert Report().completed(_SEEN) == _SEEN
    assert Report(output_tokens=0).completed(_SEEN) == Usage(input_tokens=40)
    assert Report(input_tokens=9).completed(_SEEN) == Usage(9, 0, 7, 3)


def test_a_part_that_is_more_than_its_whole_is_missing_and_said_to_be_discarded() -> None:
    report = Report.checked(
        input_tokens=9, cached_input_tokens=10, output_tokens=5, reasoning_tokens=6
    )
    assert report == Report(9, None, 5, None, discarded=True)
    assert not Report.checked(input_tokens=9, cached_input_tokens=None).discarded


def test_reports_of_choices_add_up_unless_one_leaves_its_output_out() -> None:
    first, second = Report(9, 0, 5, 2), Report(9, 9, 4, 1)
    assert Report.together([first, second]) == Report(9, 0, 9, 3)
    assert Report.together([first, Report(9, 9)]) == Report(9, 0)
    assert Report.together([Report(), Report()]) == Report()
