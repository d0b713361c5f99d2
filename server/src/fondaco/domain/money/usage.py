"""Usage: the units that a call consumed, as they are charged and as an engine reports them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from operator import add, attrgetter
from typing import Self

from fondaco.domain.fast_init import fast_init
from fondaco.domain.untrusted_numbers import MOST, whole


@fast_init
@dataclass(frozen=True, slots=True)
class Usage:
    """The units that a call consumed, by kind; a call of one kind leaves the units of others at 0."""

    input_tokens: int = 0
    """All tokens of the prompt or of the inputs, those answered from a cache included."""
    cached_input_tokens: int = 0
    output_tokens: int = 0
    """All generated tokens of all choices, reasoning included."""
    reasoning_tokens: int = 0
    searches: int = 0
    """Web searches that returned results."""
    scrapes: int = 0
    """Web pages that were read."""
    accepted_prediction_tokens: int = 0
    """Tokens of a prediction that the output contains; among the output tokens."""
    rejected_prediction_tokens: int = 0
    """Other tokens of a prediction; charged only where the engine counts them as output."""
    characters: int = 0
    """Characters of text that were spoken."""
    images: int = 0
    """Images that were generated."""
    upscales_2x: int = 0
    """Images that were upscaled to twice their size."""
    upscales_4x: int = 0
    """Images that were upscaled to four times their size."""
    edits: int = 0
    """Images that were edited."""
    seconds: int = 0
    """Seconds of audio or video that were transcribed or generated, rounded up."""

    @property
    def total_tokens(self) -> int:
        """Prompt and output together."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: "Usage") -> "Usage":
        """Return the sum of this usage and another one, unit by unit."""
        return Usage(*map(add, self.units, other.units))

    @property
    def units(self) -> tuple[int, ...]:
        """All units, in the order of the fields."""
        return _units(self)

    def within(self, input_tokens: int, output_tokens: int) -> "Usage":
        """Return this usage with its tokens clamped to the most that was held for."""
        if self.input_tokens <= input_tokens and self.output_tokens <= output_tokens:
            return self
        input_clamped = min(self.input_tokens, input_tokens)
        output_clamped = min(self.output_tokens, output_tokens)
        return replace(
            self,
            input_tokens=input_clamped,
            cached_input_tokens=min(self.cached_input_tokens, input_clamped),
            output_tokens=output_clamped,
            reasoning_tokens=min(self.reasoning_tokens, output_clamped),
        )


NO_USAGE = Usage()
"""The usage of a call that consumed nothing."""

_units: Callable[[Usage], tuple[int, ...]] = attrgetter(*[one.name for one in fields(Usage)])


@fast_init
@dataclass(frozen=True, slots=True)
class Report:
    """The usage that an engine reports so far; None means a part that it did not report.

    A missing part is not 0: the meter counts it instead. Each part is a whole number of 0 to 2^31-1;
    cached tokens are part of the input tokens, reasoning and prediction tokens part of the output
    tokens.
    """

    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    discarded: bool = False
    """Whether the engine sent an impossible part, which then counts as missing."""

    @property
    def plain(self) -> bool:
        """Whether it has input and output tokens only, as most reports do."""
        return (
            self.cached_input_tokens is self.reasoning_tokens is None
            and self.accepted_prediction_tokens is self.rejected_prediction_tokens is None
        )

    @classmethod
    def checked(
        cls,
        *,
        input_tokens: object = None,
        cached_input_tokens: object = None,
        output_tokens: object = None,
        reasoning_tokens: object = None,
        accepted_prediction_tokens: object = None,
        rejected_prediction_tokens: object = None,
    ) -> Self:
        """Return the report of an engine's values; an impossible value counts as missing.

        >>> Report.checked(input_tokens=9, output_tokens="5", cached_input_tokens=None)
        Report(input_tokens=9, cached_input_tokens=None, output_tokens=5, reasoning_tokens=None, \
accepted_prediction_tokens=None, rejected_prediction_tokens=None, discarded=False)
        >>> bad = Report.checked(input_tokens=-1, output_tokens=5, reasoning_tokens=1e30)
        >>> bad.input_tokens, bad.output_tokens, bad.reasoning_tokens, bad.discarded
        (None, 5, None, True)
        """
        if (
            input_tokens.__class__ is int is output_tokens.__class__
            and 0 <= input_tokens <= MOST
            and 0 <= output_tokens <= MOST
            and cached_input_tokens is reasoning_tokens is None
            and accepted_prediction_tokens is rejected_prediction_tokens is None
        ):
            return cls(input_tokens, None, output_tokens)  # the common case
        values = (
            input_tokens,
            cached_input_tokens,
            output_tokens,
            reasoning_tokens,
            accepted_prediction_tokens,
            rejected_prediction_tokens,
        )
        prompt, cached, output, reasoning, accepted, rejected = map(whole, values)
        parts = (
            prompt,
            _part(cached, prompt),
            output,
            _part(reasoning, output),
            _part(accepted, output),
            _part(rejected, output),
        )
        discarded = any(
            part is None and value is not None for part, value in zip(parts, values, strict=True)
        )
        return cls(*parts, discarded)

    @classmethod
    def together(cls, reports: "Sequence[Report]") -> Self:
        """Return one report for those of a call's choices.

        The choices share the prompt; the one that read it first reports how much of it was cached. If
        one report lacks output tokens, so does the sum.
        """
        return cls(
            max(
                (one.input_tokens for one in reports if one.input_tokens is not None), default=None
            ),
            min(
                (one.cached_input_tokens for one in reports if one.cached_input_tokens is not None),
                default=None,
            ),
            _sum([one.output_tokens for one in reports]),
            _sum([one.reasoning_tokens for one in reports]),
            discarded=any(one.discarded for one in reports),
        )

    def over(self, other: "Report") -> "Report":
        """Return this report, completed by another one of the same answer.

        An input of 0 tokens counts as missing, and its cached tokens with it.

        >>> Report(output_tokens=9).over(Report(input_tokens=7, output_tokens=1)).input_tokens
        7
        """
        prompt, cached = self.input_tokens, self.cached_input_tokens
        if not prompt:
            prompt, cached = other.input_tokens, other.cached_input_tokens
        elif cached is None:
            cached = _part(other.cached_input_tokens, prompt)
        return Report(
            prompt,
            cached,
            _first(self.output_tokens, other.output_tokens),
            _first(self.reasoning_tokens, other.reasoning_tokens),
            _first(self.accepted_prediction_tokens, other.accepted_prediction_tokens),
            _first(self.rejected_prediction_tokens, other.rejected_prediction_tokens),
            self.discarded or other.discarded,
        )

    def completed(self, seen: Usage) -> Usage:
        """Return the usage that this reports; for missing parts, what the meter has `seen`.

        >>> Report(output_tokens=0).completed(Usage(input_tokens=7, output_tokens=3)).units[:4]
        (7, 0, 0, 0)
        """
        prompt = _either(self.input_tokens, seen.input_tokens)
        output = _either(self.output_tokens, seen.output_tokens)
        return Usage(
            input_tokens=prompt,
            cached_input_tokens=min(
                _either(self.cached_input_tokens, seen.cached_input_tokens), prompt
            ),
            output_tokens=output,
            reasoning_tokens=min(_either(self.reasoning_tokens, seen.reasoning_tokens), output),
            accepted_prediction_tokens=self.accepted_prediction_tokens or 0,
            rejected_prediction_tokens=self.rejected_prediction_tokens or 0,
        )


def _part(part: int | None, of: int | None) -> int | None:
    return None if part is not None and of is not None and part > of else part


def _sum(parts: Sequence[int | None]) -> int | None:
    reported = [part for part in parts if part is not None]
    return whole(sum(reported)) if reported and len(reported) == len(parts) else None


def _first(part: int | None, other: int | None) -> int | None:
    return other if part is None else part


def _either(reported: int | None, seen: int) -> int:
    return seen if reported is None else reported
