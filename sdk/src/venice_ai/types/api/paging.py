"""Pagination."""

from collections.abc import Mapping
from typing import Self

from venice_ai.types._camel import Camel

__all__ = ["Pagination"]


class Pagination(Camel):
    """Number of the page, from 1."""

    limit: int
    """Most entries of a page."""
    page: int
    total: int
    """Entries of all pages."""
    total_pages: int

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self | None:
        """Return the pagination in a response's headers; None if there are none.

        >>> Pagination.of({"x-pagination-page": "1"}) is None
        True
        """
        names = ("limit", "page", "total", "total-pages")
        told = [headers.get(f"x-pagination-{name}", "") for name in names]
        if not all(number.isdecimal() for number in told):
            return None
        limit, page, total, total_pages = map(int, told)
        return cls(limit=limit, page=page, total=total, total_pages=total_pages)
