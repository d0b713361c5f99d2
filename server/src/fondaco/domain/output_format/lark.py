"""Lark: constraints as rules of an llguidance grammar.

Source: llguidance, docs/syntax.md.
"""

import json
import re
from typing import assert_never

from fondaco.domain.output_format import gbnf
from fondaco.domain.output_format.output_format import Choices, Constraint, Grammar, Regex

_SPECIAL = re.compile(r"\\.|[/\n]", re.DOTALL)
_SPELLED = {"/": "\\/", "\n": "\\n"}


def symbol_of(constraint: Constraint) -> str:
    r"""Return what stands in a rule of a grammar for whatever a constraint allows.

    Raises:
        ValueError: it is a grammar that cannot be read; the message continues "The grammar ...".

    >>> print(symbol_of(Regex("[a-z]+/[0-9]{2}")))
    /[a-z]+\/[0-9]{2}/
    >>> print(symbol_of(Choices(("yes", "no"))))
    ("yes" | "no")
    >>> print(symbol_of(Grammar('start: "yes" | "no"')))
    %lark { start: "yes" | "no"
    }
    """
    match constraint:
        case Regex(pattern):
            # Whatever is escaped, a slash among it, stays as it is.
            spelled = _SPECIAL.sub(lambda found: _SPELLED.get(found[0], found[0]), pattern)
            return f"/{spelled}/"
        case Choices(options):
            return f"({' | '.join(json.dumps(one, ensure_ascii=False) for one in options)})"
        case Grammar(rules):
            lark = gbnf.lark_of(rules) if gbnf.is_gbnf(rules) else rules
            return f"%lark {{ {lark}\n}}"  # its first line stays the first, as messages count them
    assert_never(constraint)
