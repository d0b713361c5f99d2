"""The token meter: counts the tokens of a chat completion, and cuts output beyond its limit."""

from dataclasses import replace
from typing import assert_never

from fondaco.domain.chat.events import (
    EventBatch,
    Finish,
    Opaque,
    PromptEcho,
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
"""Average number of bytes in a token, where no engine counts it exactly."""
_LONG_PIECE = 16
"""Characters of a piece, on average, beyond which pieces are no single tokens."""
_NO_REPORT = Report()


class TokenMeter:
    """Counts one chat completion's tokens by the engine's report and by the events that passed.

    The events are a lower bound, as each holds at least one token. So the larger of report and events
    counts, and events fill in what a report lacks; never more than the call holds for. Where an engine
    goes on beyond its limit, the meter cuts its output.
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
        "_scored",
        "cut_off",
        "most_input",
        "most_output",
    )

    def __init__(self, prompt: Prompt, most_output: int, choices: int = 1) -> None:
        """Start at nothing, for `choices` of at most `most_output` tokens each."""
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

    @property
    def input_tokens(self) -> int:
        """The prompt's tokens: as they were counted, else an estimate until the engine reports them."""
        return self._input

    def restart(self) -> None:
        """Start again at nothing, as another engine begins anew and no output was delivered."""
        self._output = self._characters = self._reasoning = 0
        self._report = _NO_REPORT
        self._scored = False
        """Whether the prompt was echoed with log probabilities, which took an evaluation for each token."""
        self._allowance = Allowance(self._most, self._choices) if self._choices > 1 else None
        self.cut_off = False
        """Whether the output was cut at its limit, though the engine goes on: stop reading it."""

    def take(self, batch: EventBatch) -> EventBatch:
        """Count a batch and return it; where the engine exceeds its limit, only the part within it."""
        if len(batch) == 1 and self._allowance is None and isinstance(event := batch[0], Text):
            # As nearly all batches of a stream.
            output, characters = self._output + event.tokens, self._characters + len(event.text)
            if output <= self._most and characters <= self._most_characters:
                self._output, self._characters = output, characters
                return batch
        return self._take(batch)

    def _take(self, batch: EventBatch) -> EventBatch:
        if self._allowance is not None:
            batch = self._allowance.within(batch)
            self.cut_off = self._allowance.spent
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
                case UsageReported():
                    self._compare(event.report)
                case PromptEcho(logprobs=tuple()):
                    self._scored = True
                case Finish() | Opaque() | PromptEcho():
                    # What only an engine reads is no output, nor is what the caller sent.
                    pass
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

    def fail(self) -> None:
        """Count only what was delivered, as the engine failed; a token has at least one character."""
        if (self._report.output_tokens or 0) > self._characters:
            self._report = replace(
                self._report, output_tokens=self._characters, reasoning_tokens=None
            )

    @property
    def most(self) -> Usage:
        """The most tokens that the completion may consume."""
        return Usage(self.most_input, 0, self.most_output)

    @property
    def produced(self) -> bool:
        """Whether there is any output."""
        return self.usage.output_tokens > 0

    @property
    def exhausted(self) -> bool:
        """Whether all choices together have as many tokens as they may."""
        return self.usage.output_tokens == self.most_output

    def reclassify(self, counted: EventBatch, parsed: EventBatch) -> None:
        """Count as reasoning what was counted as text, and was parsed as reasoning afterwards."""
        self._reasoning += _reasoning_tokens(parsed) - _reasoning_tokens(counted)

    @property
    def usage(self) -> Usage:
        """The usage so far, within `most`."""
        # A scored prompt has its price from when it is delivered: whoever hangs up then has what it costs.
        output, report = max(self._output, int(self._scored)), self._report
        if self._characters > output * LONGEST_TOKEN:
            output = -(-self._characters // LONGEST_TOKEN)
        if report.plain and output <= (reported := report.output_tokens or 0):
            usage = Usage(report.input_tokens or self._input, 0, reported, self._reasoning)
            return usage.within(self.most_input, self.most_output)
        if not self._report.output_tokens and self._characters > _LONG_PIECE * output:
            output = self._characters // _BYTES_A_TOKEN
        merged = self._report.completed(Usage(self._input, 0, output, self._reasoning))
        output = max(output, merged.output_tokens)
        return Usage(
            input_tokens=merged.input_tokens or self._input,
            cached_input_tokens=merged.cached_input_tokens,
            output_tokens=output,
            reasoning_tokens=min(output, max(merged.reasoning_tokens, self._reasoning)),
            accepted_prediction_tokens=merged.accepted_prediction_tokens,
            rejected_prediction_tokens=merged.rejected_prediction_tokens,
        ).within(self.most_input, self.most_output)


def _reasoning_tokens(batch: EventBatch) -> int:
    return sum(event.tokens for event in batch if isinstance(event, Reasoning))
