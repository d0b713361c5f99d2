"""Citations of the web in a text, as annotations of the Responses API."""

import re
from collections.abc import Iterator, Sequence

import orjson

from fondaco.domain.web import Citation

_MARK = re.compile(r"\[REF\]\s*(\d{1,4}(?:\s*,\s*\d{1,4})*)\s*\[/REF\]")
"""Mark with which a model cites results by number."""
_MOST = 1_000
"""Annotations of one text."""


def cited(text: str, citations: Sequence[Citation]) -> list[dict[str, object]]:
    """Return an annotation for each result that a text names, at the place where it does.

    >>> found = cited("Wet. [REF]0[/REF]", [Citation("Weather", "https://weather.example")])
    >>> found[0]["start_index"], found[0]["end_index"], found[0]["url"]
    (5, 17, 'https://weather.example')
    """
    return list(_cited(text, citations))[:_MOST]


def _cited(text: str, citations: Sequence[Citation]) -> Iterator[dict[str, object]]:
    for mark in _MARK.finditer(text):
        for number in map(int, mark[1].split(",")):
            if number < len(citations):
                citation = citations[number]
                yield _annotation(mark.start(), mark.end(), citation.title, citation.url)


def annotations_of(text: str) -> list[dict[str, object]]:
    """Return the annotations that an engine gave, as JSON of chat completions; others are left out.

    >>> one = '{"type":"url_citation","url_citation":{"start_index":0,"end_index":2,"title":"A","url":"b"}}'
    >>> annotations_of(f"[{one},7]")
    [{'type': 'url_citation', 'start_index': 0, 'end_index': 2, 'title': 'A', 'url': 'b'}]
    """
    value = orjson.loads(text)
    return list(_given(value))[:_MOST] if isinstance(value, list) else []


def _given(value: Sequence[object]) -> Iterator[dict[str, object]]:
    for one in value:
        citation = one.get("url_citation") if isinstance(one, dict) else None
        match citation:
            case {"start_index": int(start), "end_index": int(end), "url": str(url), **others}:
                yield _annotation(start, end, str(others.get("title") or ""), url)
            case _:
                pass


def _annotation(start: int, end: int, title: str, url: str) -> dict[str, object]:
    return {
        "type": "url_citation",
        "start_index": start,
        "end_index": end,
        "title": title,
        "url": url,
    }
