"""The house style, where no linter knows it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRODUCT = ("server/src", "sdk/src")
EVERYWHERE = (*PRODUCT, "server/tests", "sdk/tests", "bench")
MOST_LINES = 400

SYNONYMS = {
    "provider": "engine",
    "backend": "engine",
    "deployment": "model",
    "llm": "model",
    "consumption": "usage",
    "stats": "usage",
    "spend": "charge",
    "fee": "charge",
    "credits": "balance",
}
"""What is never said -> what to say. Source: docs/glossary.md."""

EXEMPT = {
    "deployment": "the last part of names in Scale's API: `vendor/model/deployment`",
    "llm": "a word of the API's skus: `qwen3-4b-llm-output-mtoken`",
    "consumption": "a field of the API: `consumptionLimit`",
    "stats": "a field of the API: `stats` of a character",
    "spend": "what keys and accounts do; what they are charged is a charge",
}
"""Synonyms that the wire itself speaks, and verbs: only in texts, never in names."""

WIRE = {
    *("consumptionLimit", "consumptionLimits", "ConsumptionLimit", "stats", "CharacterStats"),
    *("consumption_limit", "consumption_limits"),
    *("deployment_count", "guided_decoding_backend", "provider_specific_fields"),
}
"""Fields of the API that schemas have to name, and the value that they carry."""

EMPTY_NAMES = re.compile(r"(Manager|Handler|Helper|Helpers|Util|Utils|Service|Base|Data|Info)$")


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def names(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the names that a file gives, not those that libraries gave."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr


def test_there_are_files_to_look_at() -> None:
    assert len(python_files(*PRODUCT)) > 40


def test_no_file_is_longer_than_a_head_can_hold() -> None:
    long = {shown(p): n for p in python_files(*EVERYWHERE) if (n := lines(p)) > MOST_LINES}
    assert long == {}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_every_module_says_what_it_knows() -> None:
    silent = [
        shown(path)
        for path in python_files(*PRODUCT)
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_no_file_is_named_by_a_word_that_has_a_better_one() -> None:
    assert [shown(p) for p in python_files(*PRODUCT) if p.stem in SYNONYMS] == []


def test_no_name_says_a_word_that_has_a_better_one() -> None:
    banned = re.compile(rf"(?:^|_)({'|'.join(SYNONYMS)})s?(?:_|$)")
    found = [
        f"{shown(path)}:{line}: {name}: say {SYNONYMS[match[1]]}"
        for path in python_files(*PRODUCT)
        for line, name in names(path)
        if name not in WIRE and (match := banned.search(snake(name)))
    ]
    assert found == []


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("word", sorted(SYNONYMS.keys() - EXEMPT.keys()))
def test_no_text_says_a_word_that_has_a_better_one(word: str) -> None:
    spoken = re.compile(rf"\b{word}s?\b", re.IGNORECASE)
    found = [
        f"{shown(path)}:{number}: say {SYNONYMS[word]}"
        for path in python_files(*PRODUCT)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if spoken.search(line)
    ]
    assert found == []


def test_nothing_goes_out_but_through_the_doors_that_are_known() -> None:
    client = re.compile(
        r"^\s*(?:from|import) (?:aiohttp|httpx2?|requests|urllib\.request)\b", re.MULTILINE
    )
    found = [shown(p) for p in python_files("server/src") if client.search(p.read_text("utf-8"))]
    assert found == [
        "server/src/fondaco/modelfiles/download.py",  # what the operator names
        "server/src/fondaco/web/egress.py",  # all that others name
    ]


def test_no_class_has_a_name_that_says_nothing() -> None:
    found = [
        f"{shown(path)}: {node.name}"
        for path in python_files(*PRODUCT)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and EMPTY_NAMES.search(node.name)
    ]
    assert found == []
