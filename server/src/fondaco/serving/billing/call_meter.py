"""The meter of a whole call: retrieval, the search decision, and the engine's work."""

from fondaco.domain.money.usage import NO_USAGE, Usage
from fondaco.domain.web import RetrievedContext
from fondaco.serving.billing.meter import Meter


class CallMeter:
    """Sums up the usage of a call's steps, and the most that the call can consume."""

    __slots__ = ("_completed", "_ordered", "_whole", "current", "truncated", "undelivered", "web")

    def __init__(self, *, whole: bool = False) -> None:
        """Start at nothing.

        Args:
            whole: whether the caller gets the result as a whole. Then the engine's work counts only
                once it is complete, or once the caller has hung up.
        """
        self._whole = self.undelivered = whole
        self.truncated = False
        """Whether the output was limited to what the balance or the key's limit affords."""
        self.current: Meter | None = None
        """The meter of the engine's work that is under way, or comes next."""
        self.web: RetrievedContext | None = None
        """The result of web retrieval; None: none was requested."""
        self._ordered = NO_USAGE
        self._completed = NO_USAGE

    @property
    def most(self) -> Usage:
        """The most that the call can consume, by all that is known now."""
        most = self._completed
        if self._ordered is not NO_USAGE:
            most = most.plus(self._ordered)
        if self.current is None:
            return most
        return self.current.most if most is NO_USAGE else most.plus(self.current.most)

    @property
    def usage(self) -> Usage:
        """The usage so far; a search counts from the moment at which it is sent."""
        completed = self._completed
        if self._ordered.searches:
            completed = completed.plus(Usage(searches=self._ordered.searches))
        if self.current is None or self.undelivered:
            return completed
        if completed is NO_USAGE:
            return self.current.usage
        return completed.plus(self.current.usage) if self.current.produced else completed

    @property
    def completed(self) -> Usage:
        """The usage of the steps before the engine's current work."""
        return self._completed

    @property
    def exhausted(self) -> bool:
        """Whether the output ended only because no more of it was affordable."""
        return self.truncated and self.current is not None and self.current.exhausted

    def deliver(self) -> None:
        """Count a whole result, which is complete."""
        self.undelivered = False

    def hang_up(self) -> None:
        """Count the output so far, as the caller disconnected."""
        self.undelivered = False

    def fail(self) -> None:
        """Count only what was delivered, as the engine failed."""
        if self.current is not None:
            self.current.fail()

    def withhold(self) -> bool:
        """Count nothing of a whole result, which its caller will not get; return whether it is whole.

        Retrieval and the search decision count all the same.
        """
        self.undelivered = self._whole
        return self._whole

    def order(self, ordered: Usage) -> None:
        """Expect web retrieval. A search counts at once: a disconnect does not undo it."""
        self._ordered = ordered

    def retrieved(self, web: RetrievedContext) -> None:
        """Count the web retrieval that succeeded, in place of what was ordered."""
        self.web = web
        self._ordered = NO_USAGE
        if web.searches or web.scrapes:
            self._completed = self._completed.plus(
                Usage(searches=web.searches, scrapes=web.scrapes)
            )

    def complete(self) -> None:
        """Count the engine's current work for good, as another one follows it."""
        if self.current is not None and self.current.produced:
            self._completed = self._completed.plus(self.current.usage)
        self.current = None
