"""Dates and times: with dots, as ISO 8601 has them, in ranges, and in the order of Great Britain."""

import re

from fondaco.engines.common.speech.normalisation.rule import ReadingRule

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MOST_DAYS = 31
_DAYS = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Tues": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}
_MONTH = "Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec"
_DAY_MONTH_YEAR = (
    r"(?<![\w.,/]) (?P<day>\d{1,2}) %s (?P<month>\d{1,2}) %s (?P<year>\d{4}) (?![\w/]|\.\d)"
)


def _date(found: re.Match[str]) -> str:
    """Return a date in the order of the United States, which hibari reads; what is none as it stands."""
    day, month, year = int(found["day"]), int(found["month"]), found["year"]
    if not (1 <= day <= _MOST_DAYS and 1 <= month <= len(_MONTHS)):
        return found.group()
    return f"{_MONTHS[month - 1]} {day}, {year}"


def _moment(found: re.Match[str]) -> str:
    second = found["second"] if found["second"] not in {None, "00"} else None
    time = f"{found['time']}:{second}" if second else found["time"]
    return f"{found['date']}, {time}{' UTC' if found['zone'] == 'Z' else ''}"


def _hours_and_minutes(found: re.Match[str]) -> str:
    hours, minutes = found["hours"], found["minutes"]
    return f"{hours} hour{'' if hours == '1' else 's'} {minutes}"


RULES = (
    ReadingRule.of(
        r"""\b (?P<date>\d{4}-\d\d-\d\d) [T ] (?P<time>\d\d:\d\d) (?: : (?P<second>\d\d))? (?:\.\d{1,9})?
        (?P<zone> Z | [+-]\d\d:?\d\d )? (?!\w)""",
        _moment,
    ),
    ReadingRule.of(_DAY_MONTH_YEAR % (r"\.\s?", r"\.\s?"), _date),
    ReadingRule.of(
        rf"\b (?P<day>{'|'.join(sorted(_DAYS, key=len, reverse=True))}) \.? (?=,? [ ] (?:the[ ])? (?:\d|(?:{_MONTH})))",
        lambda m: _DAYS[m["day"]],
    ),
    ReadingRule.of(
        r"(?<=\d:\d\d) (\s? [ap]\.?m\.?)? \s? [-\u2013] \s? (?=\d{1,2}:\d\d)", r"\1 to "
    ),
    ReadingRule.of(
        rf"\b (?P<begin>{'|'.join(_DAYS)}) \s? [-\u2013] \s? (?P<end>{'|'.join(_DAYS)}) \b",
        lambda m: f"{_DAYS[m['begin']]} to {_DAYS[m['end']]}",
    ),
    # 1.5 h and 3h have a unit; 1h30 is a time.
    ReadingRule.of(
        r"(?<![\w.]) (?P<hours>\d{1,2}) h \s? (?P<minutes>\d\d) (?= \s?min\b | \b)",
        _hours_and_minutes,
    ),
)
BRITISH = (ReadingRule.of(_DAY_MONTH_YEAR % ("/", "/"), _date),)
"""More, for British voices: 03/04/2026 is the third of April there."""
