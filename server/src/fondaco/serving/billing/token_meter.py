"""The tally: counts what one question to an engine consumes, and ends its answer where what was sold does."""

from dataclasses import replace
from typing import assert_never

from fondaco.domain.chat.events import (
    EventBatch,
    Finish,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolPart,
    UsageReported,
)
from fondaco.domain.money.usage import Report, Usage
from fondaco.ports import Prompt
from fondaco.serving.billing.allowance import LONGEST_TOKEN, Allowance

_BYTES_A_TOKEN = 4
"""How many bytes one token stands for on average, where nobody counts it exactly."""
_LONG_PIECE = 16
"""Characters of a piece, on average, beyond which pieces are no single tokens."""
_NO_REPORT = Report()


class Tally:
    """Usage by the engine's own report, and by the pieces that passed.

    What passed is the least: a piece is a token or more. So of report and pieces the larger counts, and
    what a report lacks is counted here; never more than was admitted.
    """

    __slots__ = (
        "_allowance",
        "_characters",
        "_choices",
        "_input",
        "_most",
        "_most_characters",
        "_output",
        "_reasoning",
        "_report",
        "most_input",
        "most_output",
        "over",
    )

    def __init__(self, prompt: Prompt, most_output: int, choices: int = 1) -> None:
        """Start at nothing, for so many choices of at most `most_output` tokens each."""
        self.most_input = prompt.input_tokens
        self.most_output = most_output * choices
        """Of all choices together."""
        self._most = most_output
        self._most_characters = most_output * LONGEST_TOKEN
        self._choices = choices
        self._input = prompt.input_tokens
        if not prompt.exact:
            self._input = max(1, prompt.input_tokens // _BYTES_A_TOKEN)
        self.restart()

    def restart(self) -> None:
        """Forget an answer that nobody has got: another engine begins anew."""
        self._output = self._characters = self._reasoning = 0
        self._report = _NO_REPORT
        self._allowance = Allowance(self._most, self._choices) if self._choices > 1 else None
        self.over = False
        """Whether all is told that was sold, though the engine goes on."""

    def take(self, batch: EventBatch) -> EventBatch:
        """Count a burst, and return what of it was sold: all, where its engine keeps to its limit."""
        if len(batch) == 1 and self._allowance is None and isinstance(event := batch[0], Text):
            # As nearly all bursts of a stream that is read along.
            output, characters = self._output + event.tokens, self._characters + len(event.text)
            if output <= self._most and characters <= self._most_characters:
                self._output, self._characters = output, characters
                return batch
        return self._take(batch)

    def _take(self, batch: EventBatch) -> EventBatch:
        if self._allowance is not None:
            batch = self._allowance.within(batch)
            self.over = self._allowance.spent
            self._count(batch)
            return batch
        before = self._output, self._characters, self._reasoning
        self._count(batch)
        if self._output <= self._most and self._characters <= self._most_characters:
            return batch
        self._output, self._characters, self._reasoning = before
        self._allowance = Allowance(self._most)
        self._allowance.take(0, self._output, self._characters)
        return self._take(batch)

    def _count(self, batch: EventBatch) -> None:
        for event in batch:
            match event:  # in the order of how many come, since each is asked in turn
                case Text() | Refusal():
                    self._output += event.tokens
                    self._characters += len(event.text)
                case (
                    Finish() | Opaque()
                ):  # what only an engine reads is no output; its reader bounds it
                    pass
                case UsageReported():
                    self._compare(event.report)
                case Reasoning():
                    self._output += event.tokens
                    self._reasoning += event.tokens
                    self._characters += len(event.text)
                case ToolPart():
                    self._output += event.tokens
                    self._characters += len(event.arguments)
                case _:
                    assert_never(event)

    def _compare(self, report: Report) -> None:
        """Keep the report that says most: each says how much it was so far, and none takes it back.

        What it leaves out is as the other one says: some engines report the prompt at the start alone.
        """
        before = self._report
        if before is _NO_REPORT:
            self._report = report
        elif (report.output_tokens or 0) >= (before.output_tokens or 0):
            self._report = report.over(before)
        else:
            self._report = before.over(report)

    def break_off(self) -> None:
        """Count only what was delivered, as the engine failed: no token of it has less than a character."""
        if (self._report.output_tokens or 0) > self._characters:
            self._report = replace(
                self._report, output_tokens=self._characters, reasoning_tokens=None
            )

    @property
    def most(self) -> Usage:
        """The most that was admitted."""
        return Usage(self.most_input, 0, self.most_output)

    def tell_apart(self, taken: EventBatch, heard: EventBatch) -> None:
        """Count as reasoning what was taken for text, and turned out to be thoughts when heard."""
        self._reasoning += _thought(heard) - _thought(taken)

    @property
    def usage(self) -> Usage:
        """What has been consumed so far, within what was admitted."""
        output, report = self._output, self._report
        if self._characters > output * LONGEST_TOKEN:
            output = -(-self._characters // LONGEST_TOKEN)
        if report.plain and output <= (told_output := report.output_tokens or 0):
            usage = Usage(report.input_tokens or self._input, 0, told_output, self._reasoning)
            return usage.within(self.most_input, self.most_output)
        if not self._report.output_tokens and self._characters > _LONG_PIECE * output:
            output = self._characters // _BYTES_A_TOKEN
        told = self._report.completed(Usage(self._input, 0, output, self._reasoning))
        output = max(output, told.output_tokens)
        return Usage(
            input_tokens=told.input_tokens or self._input,
            cached_input_tokens=told.cached_input_tokens,
            output_tokens=output,
            reasoning_tokens=min(output, max(told.reasoning_tokens, self._reasoning)),
            accepted_prediction_tokens=told.accepted_prediction_tokens,
            rejected_prediction_tokens=told.rejected_prediction_tokens,
        ).within(self.most_input, self.most_output)


def _thought(batch: EventBatch) -> int:
    return sum(event.tokens for event in batch if isinstance(event, Reasoning))
