"""Price: the cost of a model's usage, exact to the nano-dollar.

Source: overview/pricing.md; the names of what is sold follow GET /billing/usage.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.call import CallKind
from fondaco.domain.money.money import NANO, Currency, Funds
from fondaco.domain.money.usage import Usage

_THOUSAND = 1_000
_MILLION = 1_000_000


class Sku(StrEnum):
    """Unit of sale of a model: the suffix of its SKU.

    Prices per million units end in `-mtoken` or `-mchar`; no suffix is the end of another one.
    """

    LLM_INPUT = "-llm-input-mtoken"
    LLM_CACHED_INPUT = "-llm-cached-input-mtoken"
    LLM_OUTPUT = "-llm-output-mtoken"
    EMBEDDING = "-embedding-mtoken"
    SPEECH = "-tts-mchar"
    IMAGE = "-image-unit"
    UPSCALE_2X = "-upscale-2x-unit"
    UPSCALE_4X = "-upscale-4x-unit"
    EDIT = "-edit-unit"
    VIDEO = "-video-unit"
    VIDEO_SECOND = "-video-second"
    VIDEO_SOUND = "-video-sound-second"
    TRANSCRIPTION = "-asr-second"
    HEARING = "-heard-second"
    WEB_SEARCH = "-web-search-call"
    WEB_SCRAPE = "-web-scrape-call"


@fast_init
@dataclass(frozen=True, slots=True)
class ChargeRow:
    """One line of a charge: units of one SKU."""

    sku: str
    """The SKU of the charge, such as `qwen3-4b-llm-output-mtoken`."""
    units: int
    """Single tokens, characters, images, seconds or calls, even where the price is quoted per million."""
    unit_price: int
    """Nano-dollars per million units."""
    amount: int
    """Nano-dollars."""


@fast_init
@dataclass(frozen=True, slots=True)
class Charge:
    """The price of a usage, one row per SKU."""

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


class Price(Protocol):
    """Prices the usage of one kind of model; every method is pure arithmetic.

    Each row of a charge is rounded up to a whole nano-dollar, so no usage is free by rounding. A usage
    of 0 units is free.
    """

    def ceiling(self, most: Usage) -> int:
        """Return the most, in nano-dollars, that any usage of at most these units can cost."""
        ...

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return the charge for a usage of the model with this id."""
        ...


@dataclass(frozen=True, slots=True)
class WebPrice:
    """The price of web searches and scrapes, in nano-dollars per thousand calls."""

    search: int = 10 * NANO
    scrape: int = 10 * NANO

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return the charge for the web calls of a usage."""
        return _charge(
            (model, Sku.WEB_SEARCH, usage.searches, self.search * _THOUSAND),
            (model, Sku.WEB_SCRAPE, usage.scrapes, self.scrape * _THOUSAND),
        )

    def ceiling(self, most: Usage) -> int:
        """Return the most, in nano-dollars, that at most so many web calls can cost."""
        searches = _cost(most.searches, self.search * _THOUSAND)
        return searches + _cost(most.scrapes, self.scrape * _THOUSAND)


@dataclass(frozen=True, slots=True)
class HearingPrice:
    """The price of recordings in a chat, which another model writes down for one without ears."""

    model: str
    """The id of the model that does so."""
    second: int
    """Nano-dollars per second of sound."""

    def charge(self, seconds: int) -> Charge:
        """Return the charge for so many seconds; its row names the transcription model."""
        return _charge((self.model, Sku.HEARING, seconds, self.second * _MILLION))

    def ceiling(self, seconds: int) -> int:
        """Return the most, in nano-dollars, that at most so many seconds can cost."""
        return _cost(seconds, self.second * _MILLION)


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """The price of a text model in nano-dollars per million tokens."""

    input: int
    output: int
    cached_input: int | None = None
    """For prompt tokens answered from a cache; None: as `input`."""
    web: WebPrice = WebPrice()
    """For searches and scrapes, in addition."""
    hearing: HearingPrice | None = None
    """For recordings that another model writes down, in addition; None: there are none."""

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return the charge for a usage; without output tokens the prompt is free, all else is not."""
        web = usage.searches or usage.scrapes
        if usage.seconds and self.hearing is not None:
            spoken = replace(self, hearing=None).charge(model, replace(usage, seconds=0))
            return Charge(self.hearing.charge(usage.seconds).rows + spoken.rows)
        if usage.output_tokens == 0:
            return self.web.charge(model, usage) if web else FREE
        rows = []
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        if fresh := usage.input_tokens - cached:
            rows.append(_row(model, Sku.LLM_INPUT, fresh, self.input))
        if cached:
            price = self.input if self.cached_input is None else self.cached_input
            rows.append(_row(model, Sku.LLM_CACHED_INPUT, cached, price))
        rows.append(_row(model, Sku.LLM_OUTPUT, usage.output_tokens, self.output))
        if web:
            rows += self.web.charge(model, usage).rows
        return Charge(tuple(rows))

    def ceiling(self, most: Usage) -> int:
        """Return the most, in nano-dollars, that any usage of at most these units can cost."""
        return self._beside_output(most) + _cost(most.output_tokens, self.output)

    def affordable_output(self, amount: int, most: Usage) -> int | None:
        """Return the most output tokens that `amount` nano-dollars cover beside the rest of `most`.

        The inverse of `ceiling`: None where output is free, -1 where not even the rest is covered.

        >>> price = TokenPrice(input=50_000_000, output=150_000_000)
        >>> prompt = Usage(input_tokens=1_000)
        >>> price.affordable_output(1_000_000, prompt), price.affordable_output(1_000, prompt)
        (6333, -1)
        """
        remaining = amount - self._beside_output(most)
        if remaining < 0:
            return -1
        return remaining * _MILLION // self.output if self.output else None

    def _beside_output(self, most: Usage) -> int:
        """Return the ceiling of all units but output tokens."""
        dearest = max(self.input, self.cached_input or 0)
        # One more nano-dollar: a prompt split into a fresh and a cached row rounds up twice.
        amount = _cost(most.input_tokens, dearest) + 1
        if most.seconds and self.hearing is not None:
            amount += self.hearing.ceiling(most.seconds)
        return amount + self.web.ceiling(most) if most.searches or most.scrapes else amount


@dataclass(frozen=True, slots=True)
class EmbeddingPrice:
    """The price of an embedding model in nano-dollars per million input tokens."""

    input: int

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return the charge for the input tokens of a usage."""
        return _charge((model, Sku.EMBEDDING, usage.input_tokens, self.input))

    def ceiling(self, most: Usage) -> int:
        """Return the most, in nano-dollars, that at most so many input tokens can cost."""
        return _cost(most.input_tokens, self.input)


@dataclass(frozen=True, slots=True)
class SpeechPrice:
    """The price of a speech model in nano-dollars per million characters of text."""

    input: int

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return the charge for the characters of a usage."""
        return _charge((model, Sku.SPEECH, usage.characters, self.input))

    def ceiling(self, most: Usage) -> int:
        """Return the most, in nano-dollars, that at most so many characters can cost."""
        return _cost(most.characters, self.input)


@dataclass(frozen=True, slots=True)
class TranscriptionPrice:
    """The price of a transcription model in nano-dollars per second of sound."""

    second: int

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return the charge for the seconds of a usage."""
        return _charge((model, Sku.TRANSCRIPTION, usage.seconds, self.second * _MILLION))

    def ceiling(self, most: Usage) -> int:
        """Return the most, in nano-dollars, that at most so many seconds can cost."""
        return _cost(most.seconds, self.second * _MILLION)


@dataclass(frozen=True, slots=True)
class ImagePrice:
    """The price of an image model in nano-dollars per image, by what is done with it."""

    generation: int
    upscale_2x: int
    upscale_4x: int
    inpaint: int

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return the charge for the images of a usage."""
        return _charge(
            (model, Sku.IMAGE, usage.images, self.generation * _MILLION),
            (model, Sku.UPSCALE_2X, usage.upscales_2x, self.upscale_2x * _MILLION),
            (model, Sku.UPSCALE_4X, usage.upscales_4x, self.upscale_4x * _MILLION),
            (model, Sku.EDIT, usage.edits, self.inpaint * _MILLION),
        )

    def ceiling(self, most: Usage) -> int:
        """Return the most, in nano-dollars, that at most so many images can cost."""
        return self.charge("", most).amount


@dataclass(frozen=True, slots=True)
class VideoRate:
    """The price of videos of one resolution, with sound or without, in nano-dollars."""

    video: int
    """Of each video, whatever its duration."""
    second: int
    """Of each second."""
    sound_second: int = 0
    """Of each second, for its sound."""

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return the charge for one video of the seconds of a usage."""
        seconds = usage.seconds
        return _charge(
            (model, Sku.VIDEO, 1 if seconds and self.video else 0, self.video * _MILLION),
            (model, Sku.VIDEO_SECOND, seconds, self.second * _MILLION),
            (
                model,
                Sku.VIDEO_SOUND,
                seconds if self.sound_second else 0,
                self.sound_second * _MILLION,
            ),
        )

    def ceiling(self, most: Usage) -> int:
        """Return the most, in nano-dollars, that a video of at most so many seconds can cost."""
        return self.charge("", most).amount


@dataclass(frozen=True, slots=True)
class VideoPrice:
    """The price of a video model in nano-dollars; what a request pays is a rate of it."""

    video: int
    """Of each video, whatever it is."""
    second_480p: int
    """Of each second at this resolution."""
    second_720p: int
    second_1080p: int
    sound_second: int = 0
    """Of each second with sound, in addition."""

    def at(self, resolution: str, *, sound: bool) -> VideoRate:
        """Return the price of videos of a resolution: `480p`, `720p` or `1080p`."""
        seconds = {
            "480p": self.second_480p,
            "720p": self.second_720p,
            "1080p": self.second_1080p,
        }
        return VideoRate(self.video, seconds[resolution], self.sound_second if sound else 0)

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return the charge for a video at the dearest rate."""
        return self._dearest.charge(model, usage)

    def ceiling(self, most: Usage) -> int:
        """Return the most, in nano-dollars, that a video of at most so many seconds can cost."""
        return self._dearest.ceiling(most)

    @property
    def _dearest(self) -> VideoRate:
        second = max(self.second_480p, self.second_720p, self.second_1080p)
        return VideoRate(self.video, second, self.sound_second)


@dataclass(frozen=True, slots=True)
class FreePricing:
    """Free pricing: usage is counted in rows of another price, each of them at 0."""

    listed: Price
    """Price that other tiers pay."""

    def charge(self, model: str, usage: Usage) -> Charge:
        """Return the rows of the listed price at 0."""
        rows = self.listed.charge(model, usage).rows
        return Charge(tuple([replace(row, unit_price=0, amount=0) for row in rows]))

    def ceiling(self, most: Usage) -> int:
        """Return 0."""
        return 0


def by_the_million(sku: str) -> bool:
    """Whether the price of a SKU is quoted per million units.

    >>> by_the_million("qwen3-4b-llm-output-mtoken"), by_the_million("venice-sd35-image-unit")
    (True, False)
    """
    return sku.endswith(("-mtoken", "-mchar"))


def model_of(sku: str) -> str:
    """Return the id of the model of a SKU: all of it but the suffix.

    >>> model_of("qwen3-4b-llm-cached-input-mtoken"), model_of("venice-sd35-image-unit")
    ('qwen3-4b', 'venice-sd35')
    """
    return sku.removesuffix(_sold(sku) or "")


_KINDS = {
    Sku.EMBEDDING: CallKind.EMBEDDING,
    Sku.SPEECH: CallKind.SPEECH,
    Sku.TRANSCRIPTION: CallKind.TRANSCRIPTION,
    Sku.IMAGE: CallKind.IMAGE,
    Sku.UPSCALE_2X: CallKind.IMAGE,
    Sku.UPSCALE_4X: CallKind.IMAGE,
    Sku.EDIT: CallKind.IMAGE,
    Sku.VIDEO: CallKind.VIDEO,
    Sku.VIDEO_SECOND: CallKind.VIDEO,
    Sku.VIDEO_SOUND: CallKind.VIDEO,
}
"""The kind of call that each is charged for, where it is not chat."""


def kind_of(sku: str) -> CallKind:
    """Return the kind of call that a SKU is charged for; chat where the SKU is unknown.

    >>> kind_of("minilm-embedding-mtoken"), kind_of("qwen3-4b-llm-output-mtoken")
    (<CallKind.EMBEDDING: 'embd'>, <CallKind.CHAT: 'chatcmpl'>)
    """
    sold = _sold(sku)
    return CallKind.CHAT if sold is None else _KINDS.get(sold, CallKind.CHAT)


def _sold(sku: str) -> Sku | None:
    return next((suffix for suffix in Sku if sku.endswith(suffix)), None)


def _charge(*sold: tuple[str, Sku, int, int]) -> Charge:
    """Return a charge of one row for each (model, sku, units, unit price) with any units."""
    return Charge(tuple([_row(*one) for one in sold if one[2]]))


def _row(model: str, sku: Sku, units: int, unit_price: int) -> ChargeRow:
    return ChargeRow(model + sku, units, unit_price, -(-units * unit_price // _MILLION))


def _cost(units: int, unit_price: int) -> int:
    return -(-units * unit_price // _MILLION)
