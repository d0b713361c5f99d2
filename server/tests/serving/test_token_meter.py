"""What a call is charged for, and where its engine is cut off, piece by piece."""

from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    Opaque,
    PromptEcho,
    Reasoning,
    Text,
    TokenLogprob,
    ToolPart,
    UsageReported,
)
from fondaco.domain.money.usage import Report, Usage
from fondaco.ports import Prompt
from fondaco.serving.billing.allowance import LONGEST_TOKEN
from fondaco.serving.billing.token_meter import TokenMeter

PROMPT = Prompt(10)
WORDS = tuple(Text(0, f" word{n}") for n in range(1501))


def tally(most: int = 2000, choices: int = 1, prompt: Prompt = PROMPT) -> TokenMeter:
    return TokenMeter(prompt, most, choices)


def taken(one: TokenMeter, *batches: EventBatch) -> list[EventBatch]:
    return [one.take(batch) for batch in batches]


def used(one: TokenMeter) -> tuple[int, int]:
    return one.usage.input_tokens, one.usage.output_tokens


def said(batches: Sequence[EventBatch], choice: int = 0) -> str:
    told = [
        e
        for batch in batches
        for e in batch
        if not isinstance(e, UsageReported | Finish | Opaque | PromptEcho)
    ]
    return "".join(
        e.arguments if isinstance(e, ToolPart) else e.text for e in told if e.choice == choice
    )


def ends(batches: Sequence[EventBatch]) -> list[tuple[int, str]]:
    return [(e.choice, e.reason) for batch in batches for e in batch if isinstance(e, Finish)]


def test_a_report_in_the_first_chunk_alone_is_not_the_last_word() -> None:
    one = tally()
    taken(one, (UsageReported(Report(10, 0, 1)),), *((word,) for word in WORDS))
    assert used(one) == (10, 1501)


def test_a_scored_prompt_is_no_gift_to_who_hangs_up_before_the_output() -> None:
    scores = (TokenLogprob("two", -0.5, None),)
    one = tally()
    taken(one, (PromptEcho(0, "One two", ("One",), scores),))
    assert used(one) == (10, 1)
    taken(one, (WORDS[0],))
    assert used(one) == (10, 1), "it counts as no more than the token that follows it"
    unscored = tally()
    taken(unscored, (PromptEcho(0, "One two"),))
    assert used(unscored) == (10, 0)


def test_a_report_above_what_was_seen_is_the_larger() -> None:
    one = tally()
    taken(one, (Text(0, "Hello there, you"), UsageReported(Report(9, 0, 4))))
    assert used(one) == (9, 4)


@pytest.mark.parametrize(
    "report",
    [
        Report(10),
        Report(10, output_tokens=0),
        Report(0, output_tokens=0),
        Report(None, None, 3),
        Report(0, 0, 3),
        Report(),
    ],
)
def test_what_a_report_lacks_is_counted_here(report: Report) -> None:
    one = tally()
    taken(one, WORDS[:3], (Finish(0, "stop"), UsageReported(report)))
    assert used(one) == (10, 3)


@pytest.mark.parametrize("late", [Report(), Report(0, 0, 0), Report(10, 0, 1)])
def test_a_report_that_says_less_than_an_earlier_one_is_not_believed(late: Report) -> None:
    one = tally()
    taken(
        one,
        (Text(0, "many words at once"), UsageReported(Report(10, 4, 6))),
        (UsageReported(late),),
    )
    assert one.usage == Usage(10, 4, 6)


@pytest.mark.parametrize(
    "reports",
    [
        (Report(8, 6, 1), Report(output_tokens=3)),
        (Report(8, 6, 1), Report(0, output_tokens=3)),
        (Report(8, 6, 0), Report(output_tokens=None)),
        (Report(output_tokens=3), Report(8, 6, 1)),
    ],
)
def test_the_prompt_may_be_in_another_report_than_the_output(reports: Sequence[Report]) -> None:
    one = tally(prompt=Prompt(100, exact=False))
    taken(one, WORDS[:3], *((UsageReported(report),) for report in reports))
    assert used(one) == (8, 3)
    assert one.usage.cached_input_tokens == 6


def test_reports_of_one_choice_after_another_do_not_hide_what_the_others_said() -> None:
    one = tally(choices=2)
    both = (*WORDS[:5], *(Text(1, word.text) for word in WORDS[:7]))
    taken(one, both, (Finish(0, "stop"), UsageReported(Report(10, 0, 5))))
    assert used(one) == (10, 12)


def test_pieces_that_hold_several_tokens_are_not_counted_beside_the_report() -> None:
    one = tally()
    taken(one, (Text(0, "one two three four five six"),), (UsageReported(Report(10, 0, 6)),))
    assert used(one) == (10, 6)


def test_logprobs_tell_the_tokens_of_their_piece() -> None:
    one = tally()
    logprobs = tuple(TokenLogprob("t", -1.0, None) for _ in range(3))
    taken(one, (Text(0, "ttt", 3, logprobs),), (UsageReported(Report(10, 0, 3)),))
    assert used(one) == (10, 3)


def test_reasoning_counts_once_in_either_report() -> None:
    one = tally()
    taken(
        one,
        (Reasoning(0, "hm"), Reasoning(0, " so"), Text(0, "Yes")),
        (UsageReported(Report(10, 0, 3)),),
    )
    assert one.usage == Usage(10, 0, 3, 2)
    taken(one, (UsageReported(Report(10, 0, 9, 8)),))
    assert one.usage == Usage(10, 0, 9, 8)


def test_a_report_without_the_reasoning_does_not_hide_it() -> None:
    one = tally()
    taken(
        one,
        (Reasoning(0, "hm"), Reasoning(0, " so"), Text(0, "Yes")),
        (UsageReported(Report(10, 0, 1)),),
    )
    assert one.usage == Usage(10, 0, 3, 2)


def test_pieces_without_words_are_no_tokens() -> None:
    one = tally()
    taken(one, (), (Finish(0, "stop"),))
    assert one.usage.output_tokens == 0


def test_a_long_uncounted_piece_is_more_than_one_token() -> None:
    one = tally()
    taken(one, (Text(0, "word " * 80),))
    assert used(one) == (10, 100)
    taken(one, (UsageReported(Report(10, 0, 81)),))
    assert used(one) == (10, 81)


def test_what_is_charged_is_within_what_was_admitted() -> None:
    one = tally(5, prompt=Prompt(400, exact=False))
    assert one.usage.input_tokens == 100
    taken(one, (Text(0, "word"), UsageReported(Report(999, 998, 99, 98))))
    assert one.usage == Usage(400, 400, 5, 5)


def test_an_engine_that_keeps_to_its_limit_is_not_touched() -> None:
    one = tally(5)
    batches = [(word,) for word in WORDS[:5]]
    assert taken(one, *batches) == batches
    assert one.take((Finish(0, "stop"),)) == (Finish(0, "stop"),)
    assert not one.cut_off


def test_an_engine_that_goes_on_is_cut_off_where_its_limit_is() -> None:
    one = tally(5)
    batches = taken(one, *((word,) for word in WORDS[:6]))
    assert said(batches) == said([WORDS[:5]])
    assert ends(batches) == [(0, "length")]
    assert one.cut_off
    assert used(one) == (10, 5)
    assert one.take(WORDS[6:]) == ()


def test_pieces_that_were_joined_are_cut_by_their_share() -> None:
    one = tally(5)
    [batch] = taken(
        one, (Text(0, "abcd" * 20, 20), Finish(0, "stop"), UsageReported(Report(10, 0, 20)))
    )
    assert said([batch]) == "abcd" * 5
    assert ends([batch]) == [(0, "length")]
    assert used(one) == (10, 5)


def test_reasoning_and_calls_of_functions_are_cut_off_too() -> None:
    one = tally(4)
    batches = taken(
        one,
        (Reasoning(0, "hm"), Reasoning(0, " so")),
        (ToolPart(0, 0, "", 1, "go", "id"), ToolPart(0, 0, '{"a": ')),
        (ToolPart(0, 0, "1}"), Finish(0, "tool_calls")),
    )
    assert said(batches) == 'hm so{"a": '
    assert ends(batches) == [(0, "length")]
    assert one.usage.reasoning_tokens == 2


def test_each_choice_has_an_end_of_its_own() -> None:
    one = tally(3, choices=2)
    first = taken(one, *((word, Text(1, word.text)) for word in WORDS[:2]))
    rest = taken(one, WORDS[2:9], (Text(1, "last"), Finish(1, "stop")), WORDS[9:])
    assert said([*first, *rest]) == said([WORDS[:3]])
    assert ends(rest) == [(0, "length"), (1, "stop")]
    assert one.cut_off
    assert used(one) == (10, 6)


def test_an_engine_whose_pieces_are_no_tokens_is_cut_off_by_their_length() -> None:
    one = tally(5)
    [batch] = taken(one, (Text(0, "x" * 10**6),))
    assert len(said([batch])) == 5 * LONGEST_TOKEN
    assert one.cut_off
    assert used(one) == (10, 5)


def test_what_only_an_engine_reads_costs_nothing() -> None:
    one = tally(5)
    signature = Opaque(0, {"extra_content": "x" * 2**20})
    for _ in range(8):
        assert one.take((signature,)) == (signature,)
    assert one.usage.output_tokens == 0


def test_an_answer_begun_anew_counts_from_nothing() -> None:
    one = tally(5)
    taken(one, WORDS, (UsageReported(Report(10, 9, 1501)),))
    one.restart()
    assert (one.usage.output_tokens, one.usage.cached_input_tokens, one.cut_off) == (0, 0, False)
    assert one.take(WORDS[:5]) == WORDS[:5]


_PIECES = st.one_of(
    st.builds(Text, st.integers(0, 2), st.text(max_size=300), st.integers(1, 9)),
    st.builds(Reasoning, st.integers(0, 2), st.text(max_size=300), st.integers(1, 9)),
    st.builds(ToolPart, st.integers(0, 2), st.just(0), st.text(max_size=300), st.integers(0, 9)),
    st.builds(Finish, st.integers(0, 2), st.sampled_from(["stop", "tool_calls"])),
    st.builds(
        UsageReported,
        st.builds(Report, *[st.one_of(st.none(), st.integers(0, 2**31 - 1))] * 4),
    ),
)


@given(st.lists(st.lists(_PIECES, max_size=5)), st.integers(1, 40), st.sampled_from([1, 3]))
def test_no_more_is_returned_or_charged_than_was_held(
    batches: list[list[ChatEvent]], most: int, choices: int
) -> None:
    one = tally(most, choices)
    sent = [
        tuple(e for e in b if isinstance(e, UsageReported) or e.choice < choices) for b in batches
    ]
    told = taken(one, *sent)
    for choice in range(choices):
        pieces = [
            e
            for batch in told
            for e in batch
            if not isinstance(e, UsageReported | Finish | Opaque | PromptEcho)
            and e.choice == choice
        ]
        assert sum(piece.tokens for piece in pieces) <= most
        assert len(said(told, choice)) <= most * LONGEST_TOKEN
        assert said(sent, choice).startswith(said(told, choice))
    usage = one.usage
    assert usage.input_tokens <= 10
    assert usage.output_tokens <= most * choices
    assert usage.reasoning_tokens <= usage.output_tokens
    pieces = [
        e
        for batch in told
        for e in batch
        if not isinstance(e, UsageReported | Finish | Opaque | PromptEcho)
    ]
    assert usage.output_tokens >= min(most * choices, sum(piece.tokens for piece in pieces))
