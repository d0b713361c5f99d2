"""The meter of an order: the hold covers the whole video, of which nothing is made during the call."""

from fondaco.domain.money.usage import NO_USAGE, Usage


class OrderMeter:
    """Knows what a video will consume; until it is made, by a job, nothing was."""

    __slots__ = ("most", "usage")
    exhausted = False
    produced = False

    def __init__(self, most: Usage) -> None:
        """Expect so much."""
        self.most = most
        self.usage = NO_USAGE

    def fail(self) -> None:
        """Do nothing: nothing was counted."""
