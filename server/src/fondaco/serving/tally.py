"""The tally: counts what a chat call consumes while its events pass."""

from dataclasses import replace
from typing import assert_never

from fondaco.domain.chat import Burst, Counted, Finish, Opaque, Text, Thought, ToolPart
from fondaco.domain.usage import Report, Usage
from fondaco.domain.web import Gathered
from fondaco.ports import Prompt

_BYTES_A_TOKEN = 4
"""How many bytes of prompt one token stands for on average, where nobody counts it exactly."""


class Tally:
    """Usage by the engine's own report where it gives one, else by the pieces that passed."""

    __slots__ = (
        "_counted",
        "_input",
        "_output",
        "_reasoning",
        "_spent",
        "most_input",
        "most_output",
        "web",
    )

    def __init__(
        self,
        prompt: Prompt,
        most_output: int,
        web: Gathered | None = None,
        spent: Usage | None = None,
    ) -> None:
        """Start at nothing but `web`, and what was `spent` before the turn itself.

        The turn will not exceed its prompt and `most_output` tokens.
        """
        self.most_input = prompt.input_tokens
        self.most_output = most_output
        self._spent = spent
        if spent is not None:
            self.most_input += spent.input_tokens
            self.most_output += spent.output_tokens
        self._input = prompt.input_tokens
        if not prompt.exact:
            self._input = max(1, prompt.input_tokens // _BYTES_A_TOKEN)
        self._output = 0
        self._reasoning = 0
        self._counted: Report | None = None
        self.web = web

    def add(self, burst: Burst) -> None:
        """Count a burst."""
        for event in burst:
            match event:  # in the order of how many come, since each is asked in turn
                case Text():
                    self._output += event.tokens
                case Finish():
                    pass
                case Counted():
                    self._counted = event.report
                case Thought():
                    self._output += event.tokens
                    self._reasoning += event.tokens
                case ToolPart():
                    self._output += event.tokens
                case Opaque():
                    pass
                case _:
                    assert_never(event)

    @property
    def usage(self) -> Usage:
        """What has been consumed so far, within what the call was admitted for."""
        counted = Usage(self._input, 0, self._output, self._reasoning)
        if self._counted is not None:
            counted = self._counted.completed(counted)
        if self._reasoning and not counted.reasoning_tokens:  # many engines report the sum alone
            thought = min(self._reasoning, counted.output_tokens)
            counted = replace(counted, reasoning_tokens=thought)
        if self._spent is not None:
            counted = counted.within(
                self.most_input - self._spent.input_tokens,
                self.most_output - self._spent.output_tokens,
            ).plus(self._spent)
        usage = counted.within(self.most_input, self.most_output)
        if self.web is None:
            return usage
        return replace(usage, searches=self.web.searches, scrapes=self.web.scrapes)
