"""Numbers: ranges, fractions, versions, telephones, and those that are too long to be said in words."""

import re

from fondaco.engines.common.speech.normalisation.rule import ReadingRule, spelled

_MOST_DIGITS = 15
"""Of a number that is said in words, up to trillions; hibari fails beyond decillions."""
_SYMBOLS = {
    "\u2248": "about",
    "\u2243": "about",
    "\u2260": "is not equal to",
    "\u2264": "at most",
    "\u2265": "at least",
    "\u221a": "the square root of",
    "\u221e": "infinity",
    "\u2030": "per mille",
}
"""Of mathematics; those that hibari reads are not here."""
_VULGAR = {"½": ".5", "¼": ".25", "¾": ".75"}


def _telephone(found: re.Match[str]) -> str:
    groups = re.findall(r"\d+", found["number"])
    return f"plus {', '.join(spelled(group) for group in groups)}"


def _long(found: re.Match[str]) -> str:
    digits = found.group().replace(",", "")
    return found.group() if len(digits) <= _MOST_DIGITS else spelled(digits)


def _points(found: re.Match[str]) -> str:
    return found.group().replace(".", " point ")


def _range(found: re.Match[str]) -> str:
    begin, end = found["begin"], found["end"]
    local_telephone = (len(begin), len(end)) == (3, 4)
    return found.group() if local_telephone else f"{begin} to {end}"


RULES = (
    ReadingRule.of(
        r"(?<![\w.]) \+ (?P<number> \d{1,3} [ ./()-]? [\d ./()-]{5,20} \d) (?![\d.])", _telephone
    ),
    ReadingRule.of(
        r"\b v (?P<version> \d{1,6} (?:\.\d{1,6})+ )", lambda m: f"version {m['version']}"
    ),
    # 2.0.1; dates and addresses have already been replaced.
    ReadingRule.of(r"(?<![\w.,]) \d{1,6} (?:\.\d{1,6}){2,8} (?![\w,])", _points),
    ReadingRule.of(r"(?<=\d) [½¼¾]", lambda m: _VULGAR[m.group()]),
    ReadingRule.of(r"(?<![\w.,/]) (\d{1,6}) [ ] (?=\d{1,2} / \d{1,2} (?![\w/]))", r"\1 and "),
    ReadingRule.of(r"(?<![\w.,]) \. (?=\d)", "0."),
    ReadingRule.of(r"\b 24/7 \b (?!/)", "twenty-four seven"),
    ReadingRule.of(r"\b 50/50 \b (?!/)", "fifty-fifty"),
    ReadingRule.of(r"(?<![\w./]) (10|100) / \1 (?![\w/])", r"\1 out of \1"),
    # A dash before an equals sign is a subtraction; other dashes between numbers mark ranges.
    ReadingRule.of(r"(?<=\d) \s [-\u2013] \s (?=\d{1,15} (?:\.\d{1,15})? \s? =)", " minus "),
    ReadingRule.of(
        r"(?<![\w.,-]) (?P<begin>\d{1,4}) \s? [-\u2013] \s? (?P<end>\d{1,4}) (?= %? [.,;:!?)]* (?:\s|$))",
        _range,
    ),
    ReadingRule.of(r"(?<![\w)]) \u2212 \s? (?=[\d.])", "minus "),
    ReadingRule.of(r"\s \u2212 \s (?=\d)", " minus "),
    # A ratio; a time has two digits after the colon.
    ReadingRule.of(r"(?<![\w:]) (\d{1,3}) : (\d) (?![\d:])", r"\1 to \2"),
    ReadingRule.of(r"(?<![\w.]) (\d{1,9} (?:\.\d{1,3})?) k (?!\w)", r"\1 thousand"),
    ReadingRule.of(r"(?<![\w.$£€]) (\d{1,9} (?:\.\d{1,3})?) M (?=\s[a-z])", r"\1 million"),
    ReadingRule.of(r"(?<![\w.$£€]) (\d{1,9} (?:\.\d{1,3})?) (?:bn|B) (?=\s[a-z])", r"\1 billion"),
    ReadingRule.of(r"(?<=\d) \s? [x\u00d7] \s? (?=\d{3})", " by "),
    ReadingRule.of(r"(?<=\d) x (?![\w])", " times"),
    ReadingRule.of(r"(?<=\d) \s x \s (?=\d)", " times "),
    ReadingRule.of(
        r"[\u2248\u2243\u2260\u2264\u2265\u221a\u221e\u2030] \s?",
        lambda m: f" {_SYMBOLS[m.group()[0]]} ",
    ),
    # Leading zeros mark codes and phone numbers, which are spelled digit by digit.
    ReadingRule.of(r"(?<![\w.,:/+-]) 0\d{2,} (?![\d:/.,-])", lambda m: spelled(m.group())),
    ReadingRule.of(r"\d [\d,]* \d", _long),
    # A comma between digits, except before a group of three.
    ReadingRule.of(r"(?<=\d) , (?=\d) (?! \d{3} (?!\d))", ", "),
)
