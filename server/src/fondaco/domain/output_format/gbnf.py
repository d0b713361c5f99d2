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
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}


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
        ValueError: it is no GBNF; the message says where.

    >>> print(lark_of('root ::= sign? [0-9]+ # a number\nsign ::= "-"'))
    start: sign_ ? /[\x{30}-\x{39}]/ +
    sign_: "-"
    """
    names: dict[str, str] = {}
    rules: list[list[str]] = []
    for kind, token in _tokens(gbnf):
        if kind == "rule":
            rules.append([f"{_named(token, names)}:"])
        elif not rules:
            raise ValueError("begins with no rule")
        else:
            rules[-1].append(_named(token, names) if kind == "name" else token)
    if "root" not in names:
        raise ValueError("has no rule 'root'")
    return "\n".join(" ".join(rule) for rule in rules)


def _tokens(gbnf: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of what stands in GBNF, texts and classes as Lark spells them."""
    place = 0
    while place < len(gbnf):
        token = _TOKEN.match(gbnf, place)
        if token is None or token.lastgroup is None:
            line = gbnf.count("\n", 0, place) + 1
            raise ValueError(f"cannot be read from {gbnf[place : place + 20]!r} in line {line} on")
        place = token.end()
        kind, text = token.lastgroup, token[token.lastgroup]
        match kind:
            case "space":
                continue
            case "text":
                said = "".join(map(_character, _CHARACTERS.findall(text)))
                yield kind, json.dumps(said, ensure_ascii=False)
            case "class":
                yield kind, f"/[{_class(text)}]/"
            case "any":
                yield kind, "/(?s:.)/"
            case _:
                yield kind, "".join(text.split())


def _named(name: str, names: dict[str, str]) -> str:
    """Return a rule's name in Lark, where those of rules are in small letters."""
    if name not in names:
        plain = "start" if name == "root" else f"{name.lower().replace('-', '_')}_"
        names[name] = plain if plain not in names.values() else f"{plain}{len(names)}"
    return names[name]


def _class(text: str) -> str:
    """Return what stands in a class, each character by its number."""
    negated = text.startswith("^")
    characters = _CHARACTERS.findall(text[negated:])
    last = len(characters) - 1
    spelled = [
        "-" if one == "-" and 0 < place < last else f"\\x{{{ord(_character(one)):x}}}"
        for place, one in enumerate(characters)
    ]
    return "^" * negated + "".join(spelled)


def _character(spelled: str) -> str:
    if len(spelled) == 1:
        return spelled
    letter, number = spelled[1], spelled[2:]
    if not number:
        return _NAMED.get(letter, letter)
    try:
        character = chr(int(number, 16))
        character.encode()
    except (ValueError, OverflowError):
        raise ValueError(f"has {spelled!r}, which is no character") from None
    return character
