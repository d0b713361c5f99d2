"""Spanish text normalisation: numbers, amounts, dates and abbreviations in words, as its reader leaves digits out."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

from fondaco.engines.common.speech.normalisation.letters import without_other_scripts
from fondaco.engines.common.speech.normalisation.rule import ReadingRule, applied

_MOST_DIGITS: Final = 15
_MONTHS: Final = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]
_MOST_DAYS: Final = 31
_NUMBER: Final = r"\d{1,3} (?:\.\d{3}){1,4} (?:,\d{1,9})? | \d{1,15} (?:,\d{1,9})?"
_CURRENCIES: Final[Mapping[str, tuple[str, str]]] = {
    "€": ("euro", "euros"),
    "EUR": ("euro", "euros"),
    "$": ("dólar", "dólares"),
    "USD": ("dólar", "dólares"),
    "£": ("libra", "libras"),
}
_UNITS: Final[Mapping[str, tuple[str, str]]] = {
    "%": ("por ciento", "por ciento"),
    "km/h": ("kilómetro por hora", "kilómetros por hora"),
    "kg": ("kilogramo", "kilogramos"),
    "km": ("kilómetro", "kilómetros"),
    "cm": ("centímetro", "centímetros"),
    "mm": ("milímetro", "milímetros"),
    "ml": ("mililitro", "mililitros"),
    "GB": ("gigabyte", "gigabytes"),
    "MB": ("megabyte", "megabytes"),
    "min": ("minuto", "minutos"),
    "g": ("gramo", "gramos"),
    "h": ("hora", "horas"),
    "l": ("litro", "litros"),
    "m": ("metro", "metros"),
    "s": ("segundo", "segundos"),
    "°C": ("grado", "grados"),
    "°": ("grado", "grados"),
}
_ABBREVIATIONS: Final = {
    "Sr.": "señor",
    "Sra.": "señora",
    "Srta.": "señorita",
    "Dr.": "doctor",
    "Dra.": "doctora",
    "Ud.": "usted",
    "Uds.": "ustedes",
    "EE. UU.": "Estados Unidos",
    "EE.UU.": "Estados Unidos",
    "p. ej.": "por ejemplo",
    "etc.": "etcétera",
    "núm.": "número",
    "pág.": "página",
    "tel.": "teléfono",
}
_ORDINALS: Final = "primer segund tercer cuart quint sext séptim octav noven décim".split()  # noqa: SIM905 - stems
_IN_ADDRESS: Final = {
    ".": "punto",
    "/": "barra",
    "@": "arroba",
    "-": "guion",
    "_": "guion bajo",
    ":": "dos puntos",
    "?": "interrogación",
    "=": "igual",
    "&": "y",
}
_Gender = Literal["masculine", "feminine"]


def spanish_in_words(text: str) -> str:
    """Return a Spanish text without digits.

    >>> spanish_in_words("Son las 21:05, y 3,50 € por 2 kg.")
    'Son las veintiuna y cinco, y tres euros con cincuenta por dos kilogramos.'
    """
    return applied(_RULES, without_other_scripts(text))


@cache
def _engine() -> "object":
    from unicode_rbnf import RbnfEngine  # noqa: PLC0415 - of the reader of Spanish alone

    return RbnfEngine.for_language("es")


def _cardinal(digits: str, gender: _Gender | None = None) -> str:
    """Return a whole number in words; with a gender as it stands in front of a noun."""
    if len(digits) > _MOST_DIGITS:
        return " ".join(map(_cardinal, digits))
    rules = _engine().format_number(int(digits)).text_by_ruleset  # type: ignore[attr-defined]
    name = "spellout-numbering" if gender is None else f"spellout-cardinal-{gender}"
    return str(rules[name])


def _quantity(number: str, gender: _Gender | None = None) -> str:
    """Return a number as Spanish writes it, `1.234,5`, in words."""
    whole, _, part = number.replace(".", "").partition(",")
    if not part:
        return _cardinal(whole, gender)
    zeros = len(part) - len(part.lstrip("0"))
    digits = part[zeros:]
    said = ["cero"] * zeros + ([_cardinal(digits)] if digits else [])
    return f"{_cardinal(whole)} coma {' '.join(said)}"


def _gender_of(noun: str) -> _Gender:
    return "feminine" if noun.lower().endswith(("a", "as", "ción", "dad", "des")) else "masculine"


def _money(found: re.Match[str]) -> str:
    one, many = _CURRENCIES[found["sign"]]
    whole, _, cents = found["number"].replace(".", "").partition(",")
    name = one if whole == "1" else many
    said = f"{_cardinal(whole, _gender_of(many))} {name}"
    if not cents or not int(cents):
        return said
    return f"{said} con {_cardinal(cents[:2].ljust(2, '0'))}"


def _measure(found: re.Match[str]) -> str:
    one, many = _UNITS[found["unit"]]
    number = found["number"]
    return f"{_quantity(number, _gender_of(many))} {one if number == '1' else many}"


def _date(found: re.Match[str]) -> str:
    day, month = int(found["day"]), int(found["month"])
    if not (1 <= day <= _MOST_DAYS and 1 <= month <= len(_MONTHS)):
        return found.group()
    said = "primero" if day == 1 else _cardinal(str(day))
    return f"{said} de {_MONTHS[month - 1]} de {_cardinal(found['year'])}"


def _time(found: re.Match[str]) -> str:
    hour, minute = _cardinal(found["hour"], "feminine"), int(found["minute"])
    return f"{hour} en punto" if minute == 0 else f"{hour} y {_cardinal(str(minute))}"


def _ordinal(found: re.Match[str]) -> str:
    number = int(found["number"])
    if not 1 <= number <= len(_ORDINALS):
        return _cardinal(found["number"])
    return _ORDINALS[number - 1] + ("a" if found["mark"] == "ª" else "o")


def _address(found: re.Match[str]) -> str:
    address = re.sub(r"^https?://", "", found.group()).rstrip("/")
    return "".join(f" {_IN_ADDRESS[one]} " if one in _IN_ADDRESS else one for one in address)


def _before_noun(found: re.Match[str]) -> str:
    return f"{_quantity(found['number'], _gender_of(found['noun']))} {found['noun']}"


def _longest_first(names: Mapping[str, object]) -> str:
    return "|".join(
        re.escape(name).replace(r"\ ", "[ ]") for name in sorted(names, key=len, reverse=True)
    )


_SIGNS = _longest_first(_CURRENCIES)
_RULES: Final = (
    ReadingRule.of(r"[\u00a0\u202f\u2009]", " "),
    ReadingRule.of(r"(?:\b https?:// | \b www\.) [^\s<>\"]{0,2000} [\w/]", _address),
    ReadingRule.of(r"(?<![\w.+@-]) [\w.+-]{1,64} @ [\w-]{1,63} (?:\.[\w-]{1,63}){1,8}", _address),
    ReadingRule.of(
        rf"(?<!\w) (?:{_longest_first(_ABBREVIATIONS)})",
        lambda found: _ABBREVIATIONS[found.group()],
    ),
    ReadingRule.of(
        r"(?<![\w/.]) (?P<day>\d{1,2}) [/.-] (?P<month>\d{1,2}) [/.-] (?P<year>\d{4}) (?![\w/])",
        _date,
    ),
    ReadingRule.of(r"\b (?P<year>\d{4}) - (?P<month>\d\d) - (?P<day>\d\d) \b", _date),
    ReadingRule.of(
        r"(?<![\w:]) (?P<hour>\d{1,2}) : (?P<minute>[0-5]\d) (?: \s? h \b )? (?![\d:])", _time
    ),
    ReadingRule.of(r"(?<![\w.,]) (?P<number>\d{1,6}) \.? (?P<mark>[ºª])", _ordinal),
    ReadingRule.of(r"(?<!\w) [-\u2212] (?=[\d$€£])", "menos "),
    ReadingRule.of(rf"(?<![\w.,]) (?P<number>{_NUMBER}) \s? (?P<sign>{_SIGNS}) (?!\w)", _money),
    ReadingRule.of(rf"(?<!\w) (?P<sign>{_SIGNS}) \s? (?P<number>{_NUMBER}) (?!\w)", _money),
    ReadingRule.of(
        rf"(?<![\w.,]) (?P<number>{_NUMBER}) \s? (?P<unit>{_longest_first(_UNITS)}) (?![\w/])",
        _measure,
    ),
    ReadingRule.of(
        rf"(?<![\w.,]) (?P<number>{_NUMBER}) [ ] (?P<noun>[^\W\d_]{{3,40}})", _before_noun
    ),
    ReadingRule.of(rf"(?<![\w.,]) (?:{_NUMBER}) (?![\d,])", lambda found: _quantity(found.group())),
    ReadingRule.of(r"\d{16,}", lambda found: " ".join(map(_cardinal, found.group()))),
    ReadingRule.of(r"\d{1,15}", lambda found: f" {_cardinal(found.group())} "),
)
