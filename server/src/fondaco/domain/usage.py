"""Usage: what a call consumed, and the tally that counts it while the call runs."""

from dataclasses import dataclass

from fondaco.domain.light import light


@light
@dataclass(frozen=True, slots=True)
class Usage:
    """What a call consumed: tokens, and what it had brought from the web."""

    input_tokens: int = 0
    """All tokens of the prompt, those answered from a cache included."""
    cached_input_tokens: int = 0
    output_tokens: int = 0
    """All produced tokens of all choices, reasoning included."""
    reasoning_tokens: int = 0
    searches: int = 0
    """Web searches that were answered."""
    scrapes: int = 0
    """Pages that were read."""
    accepted_prediction_tokens: int = 0
    """Tokens of a prediction that came true; among those of the output."""
    rejected_prediction_tokens: int = 0
    """Those that did not, or that nobody looked at; charged only where the engine counts them as output."""

    @property
    def total_tokens(self) -> int:
        """Prompt and output together."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: "Usage") -> "Usage":
        """Return what this usage and another one are together."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            searches=self.searches + other.searches,
            scrapes=self.scrapes + other.scrapes,
            accepted_prediction_tokens=self.accepted_prediction_tokens
            + other.accepted_prediction_tokens,
            rejected_prediction_tokens=self.rejected_prediction_tokens
            + other.rejected_prediction_tokens,
        )

    def within(self, input_tokens: int, output_tokens: int) -> "Usage":
        """Return this usage clamped to what the call was admitted for."""
        if self.input_tokens <= input_tokens and self.output_tokens <= output_tokens:
            return self
        most_input = min(self.input_tokens, input_tokens)
        most_output = min(self.output_tokens, output_tokens)
        return Usage(
            input_tokens=most_input,
            cached_input_tokens=min(self.cached_input_tokens, most_input),
            output_tokens=most_output,
            reasoning_tokens=min(self.reasoning_tokens, most_output),
            searches=self.searches,
            scrapes=self.scrapes,
            accepted_prediction_tokens=self.accepted_prediction_tokens,
            rejected_prediction_tokens=self.rejected_prediction_tokens,
        )


@light
@dataclass(frozen=True, slots=True)
class Pictures:
    """Images that a call delivered, by what was done to them."""

    generated: int = 0
    upscaled_2x: int = 0
    upscaled_4x: int = 0
    edited: int = 0
