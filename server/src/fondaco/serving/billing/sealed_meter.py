"""The meter of sealed calls: counts the usage that an enclave reports, within the hold."""

from fondaco.domain.confidential.sealed import Sealed
from fondaco.domain.money.usage import Usage
from fondaco.domain.untrusted_numbers import whole
from fondaco.ports import Prompt

_BYTES_A_TOKEN = 4
"""Average number of bytes in a token, where the prompt was not counted exactly."""


class SealedMeter:
    """Counts one sealed completion's tokens by the reports of its pieces; the gateway cannot read more.

    An impossible number counts as nothing, and none makes the usage exceed what the call holds for.
    """

    __slots__ = ("_input", "_most_input", "_most_output", "_output", "_reasoning")

    def __init__(self, prompt: Prompt, most_output: int) -> None:
        """Start at nothing, for at most `most_output` tokens of all choices together."""
        self._most_input, self._most_output = prompt.input_tokens, most_output
        self._input = prompt.input_tokens
        if not prompt.exact:
            self._input = max(1, prompt.input_tokens // _BYTES_A_TOKEN)
        self._output = self._reasoning = 0

    def take(self, piece: Sealed) -> None:
        """Count a piece, which is then delivered."""
        self._output += whole(piece.tokens) or 0
        self._reasoning += whole(piece.reasoning_tokens) or 0
        self._input = whole(piece.input_tokens) or self._input

    @property
    def most(self) -> Usage:
        """The most tokens that the completion may consume."""
        return Usage(self._most_input, 0, self._most_output)

    @property
    def usage(self) -> Usage:
        """The usage so far, within `most`."""
        reasoning = min(self._reasoning, self._output)
        usage = Usage(self._input, 0, self._output, reasoning)
        return usage.within(self._most_input, self._most_output)

    @property
    def produced(self) -> bool:
        """Whether there is any output."""
        return self._output > 0

    @property
    def exhausted(self) -> bool:
        """Whether there are as many tokens as there may be."""
        return self._output >= self._most_output

    def fail(self) -> None:
        """Count the delivered output, which is all that was counted."""
