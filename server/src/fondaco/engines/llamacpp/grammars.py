"""Grammars: forms of an answer as the embedded engine enforces them while it writes.

The engine is built with llguidance, whose grammars are Lark rules in which a JSON Schema may stand
for a rule. A grammar that it cannot compile it drops without a word, and one rule too deep ends it,
so a caller's schema is tried out elsewhere before (`ports/forms.py`). Source: llguidance, docs/syntax.md.
"""

from collections.abc import Mapping

import orjson

_HEAD = "%llguidance {}\n"
_OPTIONS: Mapping[str, object] = {
    # Small models like to go on with line breaks until the end of all tokens.
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    # What a grammar cannot hold, such as `not`, is left to the check at the answer's end.
    "lenient": True,
}
ANY_OBJECT = '{"type":"object"}'
"""The schema of any JSON object."""


def grammar(*rules: str) -> str:
    """Return rules as a grammar; one of them is named `start`.

    >>> print(grammar('start: "yes" | "no"'))
    %llguidance {}
    start: "yes" | "no"
    """
    return _HEAD + "\n".join(rules)


def json_of(schema: str) -> str:
    """Return what stands in a rule for exactly the JSON that fits a schema, given as JSON text.

    It has no white space but one blank after commas and colons. Like any symbol of Lark it can be part
    of a longer rule: `start: "<call>" %json {...} "</call>"`.
    """
    return f"%json {orjson.dumps(_with_options(orjson.loads(schema))).decode()}"


def of_schema(schema: str) -> str:
    """Return the grammar of an answer that is JSON and fits a schema, given as JSON text."""
    return grammar(f"start: {json_of(schema)}")


def after(marker: str, grammar_of_rest: str) -> str:
    """Return a grammar for any text up to and with `marker`, and then for what another one takes."""
    rest = grammar_of_rest.removeprefix(_HEAD).replace("start:", "rest:", 1)
    quoted = orjson.dumps(marker).decode()
    return grammar("start: before /\\s{0,2}/ rest", f"before[suffix={quoted}]: /(?s:.*)/", rest)


def _with_options(schema: object) -> Mapping[str, object]:
    """Return a schema with our options, which count at its root only."""
    if isinstance(schema, Mapping):
        return {**schema, "x-guidance": _OPTIONS}
    return {"allOf": [schema], "x-guidance": _OPTIONS}  # `true` or `false`
