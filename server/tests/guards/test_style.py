"""Rules of the house that no linter knows."""

import ast
import re
from collections.abc import Iterator

from guards.source import modules

CLIENT = re.compile(
    r"^\s*(?:from|import) (?:aiohttp|httpx2?|requests|urllib\.request)\b", re.MULTILINE
)

RIDDLE = re.compile(r"(?:What|Who|Whose|Which|How|Where|When|That)\b")
"""A definition begins with the class of its term, not with a question."""


def test_there_are_files_to_look_at() -> None:
    assert len(modules()) > 40


def test_only_the_downloader_and_the_egress_client_fetch_addresses() -> None:
    found = [
        module.name
        for module in modules()
        if module.name.startswith("fondaco.")
        and CLIENT.search(module.path.read_text(encoding="utf-8"))
    ]
    assert found == [
        "fondaco.clients.websocket",  # of engines that the operator names
        "fondaco.enclave.evidence.dstack",  # a socket of this machine
        "fondaco.modelfiles.download",  # from addresses that the operator names
        "fondaco.web.egress",  # from all that others name
    ]


def test_no_docstring_is_a_riddle() -> None:
    found = [
        f"{module.shown}:{line}: {text.strip()[:60]}"
        for module in modules()
        for line, text in _documentation(module.tree)
        if RIDDLE.match(text.strip())
    ]
    assert found == []


def _documentation(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield docstrings, and those that stand below an assignment, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text)), lineno=line):
                yield line, text
