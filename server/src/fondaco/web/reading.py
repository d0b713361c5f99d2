"""Documents to Markdown: title and text of HTML and PDF."""

import re
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import NamedTuple

HTML = frozenset({"text/html", "application/xhtml+xml"})
PDF = "application/pdf"
NO_OPTIONS = frozenset({"text/plain", "text/markdown", "text/x-markdown"})
LONGEST_TEXT = 200_000
"""Limit of a page in characters: more than the context of most models."""

_LONGEST_TITLE = 200
_HEADING = re.compile(r"^#{1,6} +(\S.*)$", re.MULTILINE)


class ParsedDocument(NamedTuple):
    """A document that has been read."""

    title: str
    """Empty where it has none."""
    text: str


def plain(body: bytes, charset: str | None, limit: int) -> ParsedDocument:
    """Read text or Markdown, unchanged; its first heading is its title."""
    text = decoded(body[: 4 * limit], charset)[:limit].strip()
    heading = _HEADING.search(text)
    return ParsedDocument(_title(heading[1] if heading else ""), text)


def html(body: bytes, charset: str | None, limit: int) -> ParsedDocument:
    """Read a page: its main part, without navigation, scripts and comments."""
    import trafilatura  # noqa: PLC0415 - an extra, which costs 0.3 s to load
    from lxml.html import HTMLParser, document_fromstring  # noqa: PLC0415 - comes with it

    text = decoded(body, charset) if charset else trafilatura.utils.decode_file(body)
    root = document_fromstring(text.encode(), parser=HTMLParser(encoding="utf-8"))
    title = root.findtext(".//title") or root.findtext(".//h1") or ""
    main = trafilatura.extract(root, output_format="markdown", include_comments=False, fast=True)
    if not main:  # too short for the extraction rules: take everything
        main = trafilatura.html2txt(root)
    return ParsedDocument(_title(title), main[:limit].strip())


def pdf(body: bytes, charset: str | None, limit: int) -> ParsedDocument:
    """Read a PDF's text page by page, up to the limit."""
    from pypdf import PdfReader  # noqa: PLC0415 - an extra, which costs 0.2 s to load

    document = PdfReader(BytesIO(body))
    pieces: list[str] = []
    length = 0
    for page in document.pages:
        pieces.append(page.extract_text().strip())
        length += len(pieces[-1])
        if length >= limit:
            break
    metadata = document.metadata
    title = (metadata.title or "") if metadata else ""
    return ParsedDocument(_title(title), "\n\n".join(filter(None, pieces))[:limit])


READERS: Mapping[str, Callable[[bytes, str | None, int], ParsedDocument]] = {
    **dict.fromkeys(NO_OPTIONS, plain),
    **dict.fromkeys(HTML, html),
    PDF: pdf,
}
"""Media type -> parser of (body, charset, limit in characters)."""


def decoded(body: bytes, charset: str | None) -> str:
    """Decode bytes; invalid ones are replaced, and an unknown charset is treated as UTF-8."""
    try:
        return body.decode(charset or "utf-8", errors="replace")
    except LookupError:
        return body.decode(errors="replace")


def _title(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_TITLE]
