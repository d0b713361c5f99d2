"""The meter of sealed calls: whatever an enclave reports, a usage stays within what was held."""

from typing import Any

from hypothesis import given, strategies as st

from fondaco.domain.confidential.sealed import Sealed
from fondaco.domain.money.usage import Usage
from fondaco.ports import Prompt
from fondaco.serving.billing.sealed_meter import SealedMeter

ODD: st.SearchStrategy[Any] = st.sampled_from(
    (None, True, -1, 0.5, float("nan"), float("inf"), "7", "x", [], 2**31, 2**70)
)
counts = st.integers(0, 60) | ODD
pieces = st.lists(st.builds(Sealed, st.just(b""), counts, counts, counts), max_size=5)
prompts = st.builds(Prompt, st.integers(1, 100), exact=st.booleans())


@given(prompt=prompts, most=st.integers(1, 100), reported=pieces)
def test_usage_stays_within_the_most_and_never_shrinks(
    prompt: Prompt, most: int, reported: list[Sealed]
) -> None:
    meter, before = SealedMeter(prompt, most), Usage()
    for piece in reported:
        meter.take(piece)
        usage = meter.usage
        assert 0 < usage.input_tokens <= meter.most.input_tokens
        assert before.output_tokens <= usage.output_tokens <= most
        assert usage.reasoning_tokens <= usage.output_tokens
        before = usage
    meter.fail()
    assert meter.usage.output_tokens == before.output_tokens


def test_pieces_add_up_and_the_last_one_tells_the_prompt() -> None:
    meter = SealedMeter(Prompt(100, exact=False), 10)
    assert (meter.usage, meter.produced) == (Usage(25), False)
    meter.take(Sealed(b"", 2, 1))
    meter.take(Sealed(b"", 3, input_tokens=40, last=True))
    assert (meter.usage, meter.produced, meter.exhausted) == (Usage(40, 0, 5, 1), True, False)
    meter.take(Sealed(b"", 9))
    assert (meter.usage.output_tokens, meter.exhausted) == (10, True)
