"""The fenced blocks of the pages that people read."""

import re
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from guards.source import ROOT

PAGES: Final = sorted(
    [
        *ROOT.glob("*.md"),
        ROOT / "sdk/README.md",
        ROOT / "server/README.md",
        *ROOT.glob("docs/**/*.md"),
    ]
)
_FENCE = re.compile(
    r"(?:^<!--- file: (?P<file>\S+) -->\n)?"
    r"^(?P<margin> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=margin)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block; `file` is where the page says that it is kept, below the home folder."""

    page: Path
    line: int
    language: str
    text: str
    file: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@cache
def blocks_of(page: Path) -> tuple[Block, ...]:
    """Return the blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return tuple(
        Block(
            page,
            text.count("\n", 0, found.start("margin")) + 1,
            found["language"],
            textwrap.dedent(found["text"]),
            found["file"],
        )
        for found in _FENCE.finditer(text)
    )


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of all pages in these languages."""
    return [block for page in PAGES for block in blocks_of(page) if block.language in languages]
