"""The usage of one call in all: what is brought for it, the search decision, the answer."""

from fondaco.domain.money.usage import Usage
from fondaco.domain.web import RetrievedContext
from fondaco.serving.billing.token_meter import Tally

_NOTHING = Usage()


class CallUsage:
    """The meter of a call, which knows the most that it can consume, too."""

    __slots__ = ("_done", "_ordered", "_whole", "tally", "truncated", "untold", "web")

    def __init__(self, *, untold: bool = False) -> None:
        """Start at nothing.

        Args:
            untold: whether nothing of the answer counts yet, as nobody has got any of it: so it is
                with a whole reply until it is complete, or its caller hangs up.
        """
        self._whole = self.untold = untold
        self.truncated = False
        """Whether the answer may be no longer than the money lasts."""
        self.tally: Tally | None = None
        """Of the question to an engine that is under way, or comes next."""
        self.web: RetrievedContext | None = None
        """What was brought from the web; None: nothing was wanted."""
        self._ordered = _NOTHING
        self._done = _NOTHING

    @property
    def most(self) -> Usage:
        """The most that the call can consume, by all that is known now."""
        most = self._done
        if self._ordered is not _NOTHING:
            most = most.plus(self._ordered)
        if self.tally is None:
            return most
        return self.tally.most if most is _NOTHING else most.plus(self.tally.most)

    @property
    def usage(self) -> Usage:
        """What has been consumed so far; a search from the moment that it is asked for."""
        done = self._done
        if self._ordered.searches:
            done = done.plus(Usage(searches=self._ordered.searches))
        if self.tally is None or self.untold:
            return done
        usage = self.tally.usage
        if done is _NOTHING:
            return usage
        return done.plus(usage) if usage.output_tokens else done

    @property
    def done(self) -> Usage:
        """What has been consumed for good before the question that is under way."""
        return self._done

    @property
    def ended_early(self) -> bool:
        """Whether the answer ended only because no more could be paid."""
        if not self.truncated or self.tally is None:
            return False
        return self.tally.usage.output_tokens == self.tally.most_output

    def hang_up(self) -> None:
        """Count what was produced for a caller who has gone, though it was not delivered."""
        self.untold = False

    def break_off(self) -> None:
        """Count no more than was delivered: the answer has failed."""
        if self.tally is not None:
            self.tally.break_off()

    def withhold(self) -> bool:
        """Count nothing of an answer that its caller will not get; return whether it is such a one.

        What was brought or decided for it counts all the same.
        """
        self.untold = self._whole
        return self._whole

    def order(self, ordered: Usage) -> None:
        """Expect a search or pages. The search counts at once: whoever hangs up has had it made."""
        self._ordered = ordered

    def bring(self, web: RetrievedContext) -> None:
        """Take what was brought: what failed does not count."""
        self.web = web
        self._ordered = _NOTHING
        if web.searches or web.scrapes:
            self._done = self._done.plus(Usage(searches=web.searches, scrapes=web.scrapes))

    def decide(self) -> None:
        """Count the question that was under way for good: it is answered, and another one follows."""
        if self.tally is not None and self.tally.usage.output_tokens:
            self._done = self._done.plus(self.tally.usage)
        self.tally = None
