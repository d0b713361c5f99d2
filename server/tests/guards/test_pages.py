"""The pages that people wrote agree with the code and with each other."""

import inspect
import re
from pathlib import Path

import pytest

from fondaco.domain import errors
from fondaco.domain.errors import FondacoError

ROOT = Path(__file__).parents[3]
DECISIONS = ROOT / "docs/decisions"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

ROW = re.compile(r"^\| `(?P<code>\w+)` \| (?P<status>\d{3}) \|", re.MULTILINE)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


ROWS = re.compile(r"^\|.*(?:\n\|.*)+", re.MULTILINE)
"""A table."""
BAR = re.compile(r"(?<!\\)\|")


def raised() -> set[tuple[str, int]]:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    return {(kind.code, kind.status) for kind in kinds if issubclass(kind, FondacoError)}


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as code hosts make them."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    spelled = (heading["text"].lower() for heading in HEADING.finditer(text))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in spelled}


def test_every_code_of_an_error_is_explained_with_its_status() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    explained = {(row["code"], int(row["status"])) for row in ROW.finditer(page)}
    assert explained == raised()


def test_every_decision_is_listed() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    written = {page.name for page in DECISIONS.glob("[0-9]*.md")}
    assert {link["target"] for link in LINK.finditer(index)} == written


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    targets = {link["target"] for link in LINK.finditer(text) if "://" not in link["target"]}
    assert [target for target in sorted(targets) if not leads_somewhere(page, target)] == []


def leads_somewhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    return there.exists() and (not anchor or anchor in anchors(there))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_rows_of_a_table_have_a_cell_a_column(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    for table in ROWS.finditer(text):
        head, *rows = table[0].splitlines()
        columns = len(BAR.findall(head))
        assert [row for row in rows if len(BAR.findall(row)) != columns] == []
