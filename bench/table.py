"""The table: figures beside what nginx takes for the same and beside their budgets."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """What a figure must be, and what it should be."""

    must: float
    aim: float | None = None
    at_least: bool = False
    """Whether more is better."""

    def verdict(self, value: float) -> str:
        """Return how a value stands to the budget."""
        if not self._holds(value, self.must):
            return "**over**" if not self.at_least else "**under**"
        return "OK" if self.aim is None or not self._holds(value, self.aim) else "OK, aim met"

    def _holds(self, value: float, limit: float) -> bool:
        return value >= limit if self.at_least else value <= limit


@dataclass(frozen=True, slots=True)
class Figure:
    """One row."""

    name: str
    unit: str
    value: float | None
    """None where it could not be measured; `note` says why."""
    limit: float | None = None
    """What nginx takes for the same."""
    budget: Budget | None = None
    by_ratio: bool = False
    """Whether the budget is for value / limit."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of nginx's."""
        return self.value / self.limit if self.value is not None and self.limit else None

    @property
    def judged(self) -> float | None:
        """What the budget is for."""
        return self.ratio if self.by_ratio else self.value

    def as_json(self) -> dict[str, object]:
        """Return the figure for a program to read."""
        verdict = self._verdict().replace("*", "")
        return {**asdict(self), "ratio": self.ratio, "verdict": verdict}

    def row(self) -> str:
        """Return the row of the table."""
        must = aim = ""
        if self.budget is not None:
            sign = ">=" if self.budget.at_least else "<="
            times = "x" if self.by_ratio else ""
            must = f"{sign} {self.budget.must:g}{times}"
            aim = "" if self.budget.aim is None else f"{sign} {self.budget.aim:g}{times}"
        name = f"{self.name} ({self.note})" if self.note else self.name
        ratio = _shown(self.ratio if self.by_ratio else None)
        cells = [_shown(self.value), _shown(self.limit), ratio and f"{ratio}x", must, aim]
        return f"| {' | '.join([name, self.unit, *cells, self._verdict()])} |"

    def _verdict(self) -> str:
        if self.value is None:
            return "not measured"
        judged = self.judged
        return "" if self.budget is None or judged is None else self.budget.verdict(judged)


def markdown(figures: list[Figure]) -> str:
    """Return the whole table."""
    head = ["figure", "unit", "Fondaco", "nginx", "x nginx", "must", "aim", ""]
    lines = [f"| {' | '.join(head)} |", "| --- | --- | --: | --: | --: | --: | --: | --- |"]
    return "\n".join(lines + [figure.row() for figure in figures])


def _shown(value: float | None) -> str:
    """Return a number with three digits that count."""
    if value is None:
        return ""
    if abs(value) >= 100:  # noqa: PLR2004 - from here on, whole numbers have three
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004 - likewise
