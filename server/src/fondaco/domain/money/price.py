"""Price: what a model's usage costs, exact to the nano-dollar.

Source: overview/pricing.md; the names of what is sold follow GET /billing/usage.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.money import NANO, Currency, Funds
from fondaco.domain.money.usage import Pictures, Usage

_THOUSAND = 1_000
_MILLION = 1_000_000


@fast_init
@dataclass(frozen=True, slots=True)
class ChargeRow:
    """One line of a charge: so many units of one sku."""

    sku: str
    """What was sold, such as `qwen3-4b-llm-output-mtoken`."""
    units: int
    """Tokens, characters, images or calls: single ones, whatever number the price is quoted for."""
    unit_price: int
    """Nano-dollars per million of them."""
    amount: int
    """Nano-dollars."""


@fast_init
@dataclass(frozen=True, slots=True)
class Charge:
    """What a usage costs, one row a sku."""

    rows: tuple[ChargeRow, ...] = ()

    @property
    def amount(self) -> int:
        """The sum of the rows in nano-dollars."""
        total = 0
        for row in self.rows:
            total += row.amount
        return total

    def within(self, limit: int) -> "Charge":
        """Return this charge, or where it exceeds `limit` its rows scaled to sum to it exactly.

        >>> [row.amount for row in Charge((ChargeRow("a", 1, 7, 7), ChargeRow("b", 1, 4, 4))).within(5).rows]
        [3, 2]
        """
        total = self.amount
        if total <= limit:
            return self
        rows: list[ChargeRow] = []
        charged = scaled = 0
        for row in self.rows:
            charged += row.amount
            # Rounding the running sum, not each row, makes the rows add up.
            share = charged * limit // total - scaled
            scaled += share
            rows.append(replace(row, amount=share))
        return Charge(tuple(rows))

    def split(self, funds: Funds) -> tuple[tuple[Currency, ChargeRow], ...]:
        """Return the rows by the currency that pays them: DIEM of `funds` first, the rest USD.

        A row on the border becomes two; units and amounts add up to the row's.

        >>> Charge((ChargeRow("a", 10, 7, 5),)).split(Funds(usd=9, diem=2))[0]
        (<Currency.DIEM: 'DIEM'>, ChargeRow(sku='a', units=4, unit_price=7, amount=2))
        """
        if not funds.diem:
            return tuple([(Currency.USD, row) for row in self.rows])
        parts: list[tuple[Currency, ChargeRow]] = []
        diem = funds.diem
        for row in self.rows:
            if row.amount <= diem and diem:
                parts.append((Currency.DIEM, row))
            elif not diem:
                parts.append((Currency.USD, row))
            else:
                units = row.units * diem // row.amount
                parts.append((Currency.DIEM, replace(row, units=units, amount=diem)))
                rest = replace(row, units=row.units - units, amount=row.amount - diem)
                parts.append((Currency.USD, rest))
            diem -= min(row.amount, diem)
        return tuple(parts)


FREE = Charge()
"""The charge of a call that delivered nothing."""


@dataclass(frozen=True, slots=True)
class WebPrice:
    """The price of what a text model fetches from the web, in nano-dollars per thousand calls."""

    search: int = 10 * NANO
    scrape: int = 10 * NANO

    def charge(self, model: str, searches: int = 0, scrapes: int = 0) -> Charge:
        """Return what web calls on behalf of `model` cost, whatever it answers."""
        sold = (
            (f"{model}-web-search-call", searches, self.search * _THOUSAND),
            (f"{model}-web-scrape-call", scrapes, self.scrape * _THOUSAND),
        )
        return Charge(tuple(_row(*one) for one in sold if one[1]))

    def ceiling(self, searches: int = 0, scrapes: int = 0) -> int:
        """Return the most, in nano-dollars, that at most so many calls can cost."""
        return self.charge("", searches, scrapes).amount


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """The price of a text model in nano-dollars per million tokens."""

    input: int
    output: int
    cached_input: int | None = None
    """For prompt tokens answered from a cache; as `input` where it is None."""
    web: WebPrice = WebPrice()
    """For searches and scrapes, which come on top."""

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return what `usage` of `model` costs.

        Where nothing was produced the prompt is free, too; what was brought from the web is not. Each
        row is rounded up to a whole nano-dollar, so no usage is free by rounding.
        """
        if usage.output_tokens == 0:
            if usage.searches or usage.scrapes:
                return self.web.charge(model, usage.searches, usage.scrapes)
            return FREE
        rows = []
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        if fresh := usage.input_tokens - cached:
            rows.append(_row(f"{model}-llm-input-mtoken", fresh, self.input))
        if cached:
            price = self.input if self.cached_input is None else self.cached_input
            rows.append(_row(f"{model}-llm-cached-input-mtoken", cached, price))
        rows.append(_row(f"{model}-llm-output-mtoken", usage.output_tokens, self.output))
        if usage.searches or usage.scrapes:
            rows += self.web.charge(model, usage.searches, usage.scrapes).rows
        return Charge(tuple(rows))

    def ceiling(self, input_tokens: int, output_tokens: int) -> int:
        """Return the most, in nano-dollars, that a call of at most these tokens can cost."""
        return self._prompt_ceiling(input_tokens) + _cost(output_tokens, self.output)

    def affordable(self, amount: int, input_tokens: int) -> int | None:
        """Return the most output tokens that `amount` nano-dollars cover beside the prompt.

        The inverse of `ceiling`: None where output is free, negative where not even the prompt is
        covered.

        >>> price = TokenPrice(input=50_000_000, output=150_000_000)
        >>> price.affordable(1_000_000, input_tokens=1_000), price.affordable(1_000, input_tokens=1_000)
        (6333, -1)
        """
        room = amount - self._prompt_ceiling(input_tokens)
        if room < 0:
            return -1
        return room * _MILLION // self.output if self.output else None

    def _prompt_ceiling(self, input_tokens: int) -> int:
        dearest = max(self.input, self.cached_input or 0)
        # One more nano-dollar: a prompt split into a fresh and a cached row rounds up twice.
        return _cost(input_tokens, dearest) + 1


@dataclass(frozen=True, slots=True)
class EmbeddingPrice:
    """The price of an embedding model in nano-dollars per million tokens of input."""

    input: int

    def charge(self, model: str, input_tokens: int) -> Charge:
        """Return what embedding so many tokens with `model` costs."""
        return _single(f"{model}-embedding-mtoken", input_tokens, self.input)

    def ceiling(self, input_tokens: int) -> int:
        """Return the most, in nano-dollars, that at most so many tokens can cost."""
        return _cost(input_tokens, self.input)


@dataclass(frozen=True, slots=True)
class SpeechPrice:
    """The price of a speech model in nano-dollars per million characters of text."""

    input: int

    def charge(self, model: str, characters: int) -> Charge:
        """Return what speaking so many characters with `model` costs."""
        return _single(f"{model}-tts-mchar", characters, self.input)

    def ceiling(self, characters: int) -> int:
        """Return the most, in nano-dollars, that at most so many characters can cost."""
        return _cost(characters, self.input)


@dataclass(frozen=True, slots=True)
class ImagePrice:
    """The price of an image model in nano-dollars per image, for all that can be done with one."""

    generation: int
    upscale_2x: int
    upscale_4x: int
    inpaint: int

    def charge(self, model: str, pictures: Pictures) -> Charge:
        """Return what the images that `model` delivered cost."""
        sold = (
            (f"{model}-image-unit", pictures.generated, self.generation * _MILLION),
            (f"{model}-upscale-2x-unit", pictures.upscaled_2x, self.upscale_2x * _MILLION),
            (f"{model}-upscale-4x-unit", pictures.upscaled_4x, self.upscale_4x * _MILLION),
            (f"{model}-edit-unit", pictures.edited, self.inpaint * _MILLION),
        )
        return Charge(tuple(_row(*one) for one in sold if one[1]))

    def ceiling(self, pictures: Pictures) -> int:
        """Return the most, in nano-dollars, that at most so many images can cost."""
        return self.charge("", pictures).amount


Price: TypeAlias = TokenPrice | EmbeddingPrice | SpeechPrice | ImagePrice
"""What a model costs, by what it makes."""


def by_the_million(sku: str) -> bool:
    """Whether the price of what is sold as `sku` is quoted for a million of it.

    >>> by_the_million("qwen3-4b-llm-output-mtoken"), by_the_million("venice-sd35-image-unit")
    (True, False)
    """
    return sku.endswith(("-mtoken", "-mchar"))


_SUFFIXES = (
    "-llm-input-mtoken",
    "-llm-cached-input-mtoken",
    "-llm-output-mtoken",
    "-embedding-mtoken",
    "-tts-mchar",
    "-image-unit",
    "-upscale-2x-unit",
    "-upscale-4x-unit",
    "-edit-unit",
    "-web-search-call",
    "-web-scrape-call",
)


def model_of(sku: str) -> str:
    """Return the id of the model that was sold as `sku`, which is all that it says before its end.

    >>> model_of("qwen3-4b-llm-cached-input-mtoken"), model_of("venice-sd35-image-unit")
    ('qwen3-4b', 'venice-sd35')
    """
    for suffix in _SUFFIXES:
        if sku.endswith(suffix):
            return sku.removesuffix(suffix)
    return sku


def _single(sku: str, units: int, unit_price: int) -> Charge:
    return Charge((_row(sku, units, unit_price),)) if units else FREE


def _row(sku: str, units: int, unit_price: int) -> ChargeRow:
    return ChargeRow(sku, units, unit_price, _cost(units, unit_price))


def _cost(units: int, unit_price: int) -> int:
    return -(-units * unit_price // _MILLION)
