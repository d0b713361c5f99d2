"""Amounts: money as it is written in many places, and units that are not read without these rules."""

import re

from fondaco.engines.common.speech.normalisation.rule import ReadingRule

_NUMBER = r"\d{1,3} (?:,\d{3}){0,4} (?:\.\d{1,4})? | \d{1,15} (?:\.\d{1,4})?"
_SIGNS = {"EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_NAMES = {
    "AUD": "Australian dollars",
    "CAD": "Canadian dollars",
    "CHF": "Swiss francs",
    "CNY": "yuan",
    "USD": "US dollars",
}
_CODES = "|".join((*_SIGNS, *_NAMES))
_UNITS = {
    "V": ("volt", "volts"),
    "W": ("watt", "watts"),
    "h": ("hour", "hours"),
    "l": ("liter", "liters"),
    "L": ("liter", "liters"),
    "g": ("gram", "grams"),
    "m": ("meter", "meters"),
    "mW": ("milliwatt", "milliwatts"),
    "mV": ("millivolt", "millivolts"),
    "Wh": ("watt hour", "watt hours"),
    "MWh": ("megawatt hour", "megawatt hours"),
    "ha": ("hectare", "hectares"),
    "m/s": ("meter per second", "meters per second"),
    "km²": ("square kilometer", "square kilometers"),
    "m²": ("square meter", "square meters"),
    "cm²": ("square centimeter", "square centimeters"),
    "m³": ("cubic meter", "cubic meters"),
    "cm³": ("cubic centimeter", "cubic centimeters"),
    "ft²": ("square foot", "square feet"),
    "KiB": ("kibibyte", "kibibytes"),
    "MiB": ("mebibyte", "mebibytes"),
    "GiB": ("gibibyte", "gibibytes"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "μm": ("micrometer", "micrometers"),
    "μg": ("microgram", "micrograms"),
    "dB": ("decibel", "decibels"),
    "hPa": ("hectopascal", "hectopascals"),
}
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_SIZED = "mm|cm|m|km|in|ft|yd|px"


def _of_code(found: re.Match[str]) -> str:
    code, number = found["code"], found["number"]
    return f"{_SIGNS[code]}{number}" if code in _SIGNS else f"{number} {_NAMES[code]}"


def _behind(found: re.Match[str]) -> str:
    return found["sign"] + re.sub(r",(\d\d)$", r".\1", found["number"])


def _with_unit(found: re.Match[str]) -> str:
    one, many = _UNITS[found["unit"]]
    return f"{found['number']} {one if found['number'] == '1' else many}"


RULES = (
    ReadingRule.of(rf"\b (?P<code>{_CODES}) \s? (?P<number>{_NUMBER}) (?!\w)", _of_code),
    ReadingRule.of(rf"(?<![\w.,]) (?P<number>{_NUMBER}) \s? (?P<code>{_CODES}) \b", _of_code),
    # 20 €, 20,50 €
    ReadingRule.of(
        r"(?<![\w.,]) (?P<number>\d{1,12} (?:[.,]\d\d)?) \s? (?P<sign>[€£¥]) (?!\d)", _behind
    ),
    ReadingRule.of(r"(?<!\w) [-\u2212] (?=[$£€¥]\d)", "minus "),
    ReadingRule.of(
        r"([$£€]) (\d{1,6}) \s? [-\u2013] \s? [$£€]? (?=\d{1,6} (?![\d,]))", r"\2 to \1"
    ),
    ReadingRule.of(r"(?<=[$£€]) (\d{1,9} (?:\.\d{1,3})?) \s? bn \b", r"\1 billion"),
    # $14.5 has fifty cents, and $1.2345 no cents at all.
    ReadingRule.of(
        r"(?<=[$£€]) (\d{1,3}(?:,\d{3}){0,4} | \d{1,12}) \.(\d) (?!\d) (?!\s?(?:[kKmMbB]\b|bn|[mbt]r?illion|thousand))",
        r"\1.\g<2>0",
    ),
    ReadingRule.of(r"\$ (\d{1,12} \.\d{3,9}) (?![\d,])", r"\1 dollars"),
    ReadingRule.of(r"€ (\d{1,12} \.\d{3,9}) (?![\d,])", r"\1 euros"),
    ReadingRule.of(r"£ (\d{1,12} \.\d{3,9}) (?![\d,])", r"\1 pounds"),
    # 5'2", 6 ft 2 in
    ReadingRule.of(r"(?<![\w.]) (\d) ['\u2032] \s? (\d{1,2}) [\"\u2033]", r"\1 feet \2 inches"),
    ReadingRule.of(r"(?<=\d) \s? ft \s? (\d{1,2}) \s? in \b", r" feet \1 inches"),
    ReadingRule.of(rf"(?<=\d) (\s? (?:{_SIZED})) \s [x\u00d7] \s (?=\d)", r"\1 by "),
    ReadingRule.of(
        rf"(?<![\w.,]) (?P<number>{_NUMBER}) \s? (?P<unit>{_UNIT}) (?! [\w²³/'\u2019&])", _with_unit
    ),
)
