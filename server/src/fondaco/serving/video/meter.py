"""The meter of an order: the hold covers the whole video, of which nothing is made during the call."""

from fondaco.domain.money.usage import NO_USAGE, Usage


class OrderMeter:
    """Meter of a video's order: nothing is consumed until a job has made the video."""

    __slots__ = ("most", "usage")
    exhausted = False
    produced = False

    def __init__(self, most: Usage) -> None:
        """Expect so much."""
        self.most = most
        self.usage = NO_USAGE

    def fail(self) -> None:
        """Do nothing: nothing was counted."""
