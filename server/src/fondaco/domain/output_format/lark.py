"""Lark: constraints as rules of an llguidance grammar.

Source: llguidance, docs/syntax.md.
"""

import json
import re
from typing import assert_never

from fondaco.domain.output_format import gbnf
from fondaco.domain.output_format.output_format import Choices, Constraint, Grammar, Regex

_SPECIAL = re.compile(r"\\.|[/\n]", re.DOTALL)
_ESCAPES = {"/": "\\/", "\n": "\\n"}


def symbol_of(constraint: Constraint) -> str:
    r"""Return the symbol by which a rule of a grammar includes a constraint.

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
            # Existing escapes, also of a slash, stay unchanged.
            escaped = _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], match[0]), pattern)
            return f"/{escaped}/"
        case Choices(options):
            return f"({' | '.join(json.dumps(option, ensure_ascii=False) for option in options)})"
        case Grammar(rules):
            lark = gbnf.lark_of(rules) if gbnf.is_gbnf(rules) else rules
            # No added line break: error messages count the caller's lines.
            return f"%lark {{ {lark}\n}}"
    assert_never(constraint)
