"""Checks that hold for every page of the dashboard: accessible to all, and as wide as its screen."""

from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

_AXE = Path(__file__).parents[1] / "compat/node/node_modules/axe-core/axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """
async (tags) => {
  const found = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return found.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}
"""
_TOO_WIDE = """
() => {
  const { scrollWidth, clientWidth } = document.scrollingElement;
  if (scrollWidth <= clientWidth) return [];
  const wide = [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > clientWidth + 1);
  return [`${scrollWidth} > ${clientWidth}`, ...wide.map((element) => element.outerHTML.slice(0, 120))];
}
"""


def expect_accessible(page: Page) -> None:
    """Assert that axe finds no violation of WCAG 2.2 AA or of best practice on the page."""
    page.evaluate(_axe())  # as the debugger: no policy of the page applies to it
    violations = page.evaluate(_RUN, _RULES)
    assert violations == [], "\n".join(violations)


def expect_no_sideways_scroll(page: Page) -> None:
    """Assert that the page is no wider than its screen."""
    assert page.evaluate(_TOO_WIDE) == []


@cache
def _axe() -> str:
    if not _AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in server/tests/compat/node")
    return _AXE.read_text("utf-8")
