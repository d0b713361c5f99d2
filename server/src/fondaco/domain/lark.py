"""Lark: guides as rules of the grammars that llguidance takes.

Source: llguidance, docs/syntax.md.
"""

import json
import re
from typing import assert_never

from fondaco.domain import gbnf
from fondaco.domain.form import Choices, Grammar, Guide, Regex

_SPECIAL = re.compile(r"\\.|[/\n]", re.DOTALL)
_SPELLED = {"/": "\\/", "\n": "\\n"}


def lark_of(guide: Guide) -> str:
    r"""Return a grammar of what a guide allows; its first rule is named `start`.

    Raises:
        ValueError: it is a grammar that cannot be read; the message continues "The grammar ...".

    >>> print(lark_of(Regex("[a-z]+/[0-9]{2}")))
    start: /[a-z]+\/[0-9]{2}/
    >>> print(lark_of(Choices(("yes", "no"))))
    start: "yes" | "no"
    """
    match guide:
        case Regex(pattern):
            # Whatever is escaped, a slash among it, stays as it is.
            spelled = _SPECIAL.sub(lambda found: _SPELLED.get(found[0], found[0]), pattern)
            return f"start: /{spelled}/"
        case Choices(options):
            return "start: " + " | ".join(json.dumps(one, ensure_ascii=False) for one in options)
        case Grammar(rules):
            return gbnf.lark_of(rules) if gbnf.is_gbnf(rules) else rules
    assert_never(guide)
