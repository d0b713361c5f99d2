"""The documentation's site leads to every page."""

import re

from guards.source import ROOT

ENTRY = re.compile(r"^ +- (?:[^:\n]+: )?(?P<page>\S+\.md)$", re.MULTILINE)
OF_THE_ROOT = {"architecture.md", "changelog.md"}
"""Pages that the site takes from the root of the repository."""


def test_every_page_stands_once_in_the_navigation() -> None:
    _, _, navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")
    listed = [entry["page"] for entry in ENTRY.finditer(navigation)]
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert sorted(listed) == sorted(pages | OF_THE_ROOT), "give the page a line in mkdocs.yml"
