"""Guard: a snippet of the documentation runs as a reader sees it, without names that the page hides."""

import ast
import builtins
import doctest
import re
import symtable
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from guards.source import ROOT

_BLOCK = re.compile(
    r"^(?P<margin> *)```python\n(?P<code>.*?)^(?P=margin)```", re.MULTILINE | re.DOTALL
)
_PAGES = sorted([ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").rglob("*.md")])


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the code of each visible Python block of a page."""
    visible = re.sub(
        r"<!--.*?-->", lambda hidden: "\n" * hidden[0].count("\n"), text, flags=re.DOTALL
    )
    for block in _BLOCK.finditer(visible):
        yield visible.count("\n", 0, block.start()) + 2, textwrap.dedent(block["code"])


def _statements(code: str) -> str:
    """Return a block as a module: without prompts of an interpreter, its top-level `await` in a coroutine."""
    if code.startswith(">>> "):
        return "".join(example.source for example in doctest.DocTestParser().get_examples(code))
    try:
        ast.parse(code)
        symtable.symtable(code, "<page>", "exec")
    except SyntaxError:
        return "async def page():\n" + textwrap.indent(code, "    ")
    return code


def _module_names(code: str) -> tuple[set[str], set[str]]:
    """Return the names that a block binds at its top, and those that it uses of the page."""
    bound: set[str] = set()
    used: set[str] = set()

    def look(table: symtable.SymbolTable, *, top: bool) -> None:
        for symbol in table.get_symbols():
            if top and (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()):
                bound.add(symbol.get_name())
            if symbol.is_referenced() and (top or symbol.is_global()):
                used.add(symbol.get_name())
        for child in table.get_children():
            look(child, top=False)

    look(symtable.symtable(code, "<page>", "exec"), top=True)
    return bound, used


def _hidden_names(text: str) -> list[str]:
    """Return what visible blocks use although no visible block binds it: `line: name`."""
    known = {*dir(builtins), "__name__", "__file__"}
    faults = []
    for line, code in _blocks(text):
        bound, used = _module_names(_statements(code))
        faults += [f"{line}: {name}" for name in sorted(used - bound - known)]
        known |= bound
    return faults


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_snippets_use_names_that_a_reader_sees(page: Path) -> None:
    assert _hidden_names(page.read_text(encoding="utf-8")) == []


def test_a_name_of_a_hidden_block_is_found() -> None:
    hidden = "<!--- invisible-code-block: python\nserver = 1\n-->\n"
    assert _hidden_names(hidden + "```python\nprint(server)\n```\n") == ["5: server"]


def test_names_of_blocks_above_are_known() -> None:
    page = "```python\nx = 1\n```\n\n```python\ndef double():\n    return 2 * x\n```\n"
    assert _hidden_names(page) == []
