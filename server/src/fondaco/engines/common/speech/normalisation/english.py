"""English text normalisation: rewrites text that hibari would misread or skip into words that it reads correctly.

What it reads right stays as it stands: plain numbers, most dates, times, money, units and abbreviations.
"""

import re
from typing import Final

from fondaco.engines.common.speech.normalisation import (
    abbreviations,
    addresses,
    amounts,
    numbers,
    times,
)
from fondaco.engines.common.speech.normalisation.letters import without_other_scripts
from fondaco.engines.common.speech.normalisation.rule import ReadingRule, applied

_RULES: Final = (
    *(ReadingRule.of(r"[\u2010\u2011]", "-"), ReadingRule.of(r"[\u00a0\u202f\u2009]", " ")),
    *addresses.RULES,
    *times.RULES,
    *amounts.RULES,
    *numbers.RULES,
    *abbreviations.RULES,
)
_UNBROKEN = re.compile(r"\S{25,}")
_JOINT = re.compile(r"(?<=[^\w\s])(?=\w)|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)|(?<=[a-z])(?=[A-Z])")
"""Points where a word may be split: behind a mark, between letters and digits, and in camelCase."""
_MOST_JOINTS = 8
"""In a stretch without space: the time for one grows with the third power of its parts."""


def normalised(text: str, *, british: bool = False) -> str:
    """Return an English text in words that hibari can say, and in time.

    >>> normalised("20 € for 10 cm x 5 cm, see venice.ai/docs.")
    '€20 for 10 cm by 5 cm, see venice dot AI slash docs.'
    >>> normalised("Since 03/04/2026.", british=True)
    'Since April 3, 2026.'
    """
    text = without_other_scripts(text)
    if british:
        text = applied(times.BRITISH, text)
    return _UNBROKEN.sub(_broken, applied(_RULES, text))


def _broken(found: re.Match[str]) -> str:
    parted = _JOINT.sub(" ", found.group())
    return parted if parted.count(" ") > _MOST_JOINTS else found.group()
