"""GBNF: llama.cpp's grammar notation, translated to Lark rules."""

import json
import re
from collections.abc import Iterator

_RULE = re.compile(r"^[ \t]*[\w-]+[ \t]*::=", re.MULTILINE)
_CHARACTER = r'(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\[nrt"\\\[\]]|[^\\])'
_CHARACTERS = re.compile(_CHARACTER)
_TOKEN = re.compile(
    r"(?P<space>\s+|#[^\n]*)"
    r"|(?P<rule>[\w-]+)\s*::="
    r"|(?P<name>[\w-]+)"
    rf'|"(?P<text>(?:(?!"){_CHARACTER})*)"'
    rf"|\[(?P<class>\^?(?:(?!\]){_CHARACTER})*)\]"
    r"|(?P<any>\.)"
    r"|(?P<sign>[|()*+?]|\{\s*+\d++\s*+(?:,\s*+\d*+\s*+)?\})"
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def is_gbnf(rules: str) -> bool:
    """Return whether rules are GBNF, not Lark.

    >>> is_gbnf('root ::= "yes" | "no"'), is_gbnf('start: "yes" | "no"')
    (True, False)
    """
    return _RULE.search(rules) is not None


def lark_of(gbnf: str) -> str:
    r"""Return the same grammar in Lark, each character of a class a terminal of its own.

    Larger terminals would take as much as they can, which nothing in GBNF does.

    Raises:
        ValueError: it is not valid GBNF; the message says where.

    >>> print(lark_of('root ::= sign? [0-9]+ # a number\nsign ::= "-"'))
    start: sign_ ? /[\x{30}-\x{39}]/ +
    sign_: "-"
    """
    names: dict[str, str] = {}
    rules: list[list[str]] = []
    for kind, token in _tokens(gbnf):
        if kind == "rule":
            rules.append([f"{_lark_name(token, names)}:"])
        elif not rules:
            raise ValueError("does not start with a rule")
        else:
            rules[-1].append(_lark_name(token, names) if kind == "name" else token)
    if "root" not in names:
        raise ValueError("has no rule 'root'")
    return "\n".join(" ".join(rule) for rule in rules)


def _tokens(gbnf: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each token, literals and classes in Lark's notation."""
    position = 0
    while position < len(gbnf):
        token = _TOKEN.match(gbnf, position)
        if token is None or token.lastgroup is None:
            line = gbnf.count("\n", 0, position) + 1
            raise ValueError(
                f"cannot be read from {gbnf[position : position + 20]!r} in line {line} on"
            )
        position = token.end()
        kind, text = token.lastgroup, token[token.lastgroup]
        match kind:
            case "space":
                continue
            case "text":
                literal = "".join(map(_character, _CHARACTERS.findall(text)))
                yield kind, json.dumps(literal, ensure_ascii=False)
            case "class":
                yield kind, f"/[{_class(text)}]/"
            case "any":
                yield kind, "/(?s:.)/"
            case _:
                yield kind, "".join(text.split())


def _lark_name(name: str, names: dict[str, str]) -> str:
    """Return a rule's name in Lark, which requires lower case."""
    if name not in names:
        plain = "start" if name == "root" else f"{name.lower().replace('-', '_')}_"
        names[name] = plain if plain not in names.values() else f"{plain}{len(names)}"
    return names[name]


def _class(text: str) -> str:
    """Return the content of a character class in Lark, each character as its code point."""
    negated = text.startswith("^")
    characters = _CHARACTERS.findall(text[negated:])
    last = len(characters) - 1
    escaped = [
        "-"
        if character == "-" and 0 < position < last
        else f"\\x{{{ord(_character(character)):x}}}"
        for position, character in enumerate(characters)
    ]
    return "^" * negated + "".join(escaped)


def _character(notation: str) -> str:
    if len(notation) == 1:
        return notation
    letter, number = notation[1], notation[2:]
    if not number:
        return _ESCAPES.get(letter, letter)
    try:
        character = chr(int(number, 16))
        character.encode()
    except (ValueError, OverflowError):
        raise ValueError(f"has {notation!r}, which is not a character") from None
    return character
