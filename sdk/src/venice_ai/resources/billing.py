"""GET /billing/usage, GET /billing/usage/summary: charges of the account. Requires an ADMIN key."""

from collections.abc import AsyncGenerator, Sequence
from datetime import date
from typing import Unpack

from venice_ai._http.request import Query, Request
from venice_ai.resources._resource import APIResource, Client
from venice_ai.types._timestamps import written
from venice_ai.types.api.billing import UsageFilters, UsageGroup, UsagePage, UsageSummary

__all__ = ["Billing"]

_PATH = "/billing/usage"


class Billing(APIResource[Client]):
    """Charges of the account."""

    async def usage(self, **filters: Unpack[UsageFilters]) -> UsagePage:
        """List a page of charges.

        Args:
            **filters: Which ones, as `UsageFilters` says.

        Raises:
            PermissionDeniedError: The key is no ADMIN key.
        """
        return await self._get(_PATH, UsagePage, query=_query(filters))

    async def usage_pages(self, **filters: Unpack[UsageFilters]) -> AsyncGenerator[UsagePage]:
        """Yield pages, each requested when it is needed; there may be none.

        Charges made meanwhile do not shift the pages: with the newest first,
        the list starts at the charge that was newest at the first page.

        Args:
            **filters: As in `usage`; the first page is `page`.
        """
        number = filters.get("page") or 1
        while True:
            filters["page"] = number
            page = await self.usage(**filters)
            if not page.data:
                return
            yield page
            if number >= page.pagination.total_pages:
                return
            number += 1
            if filters.get("sort_order") != "asc" and filters.get("end_date") is None:
                filters["end_date"] = page.data[0].timestamp

    async def usage_csv(self, **filters: Unpack[UsageFilters]) -> str:
        r"""Return a page of charges as CSV with a header row; lines end with `\r\n`.

        Args:
            **filters: As in `usage`.
        """
        headers = {"accept": "text/csv"}
        response = await self._send(Request("GET", _PATH, query=_query(filters), headers=headers))
        return response.text

    async def summary(
        self,
        *,
        group_by: UsageGroup | Sequence[UsageGroup] = "day",
        start_date: date | str | None = None,
        end_date: date | str | None = None,
    ) -> UsageSummary:
        """Add up charges by group.

        Args:
            group_by: One or several of `day`, `model`, `key` and `sku`.
            start_date: As in `usage`.
            end_date: As in `usage`.

        Raises:
            PermissionDeniedError: The key is no ADMIN key.
        """
        groups = [group_by] if isinstance(group_by, str) else group_by
        query = {
            "groupBy": ",".join(groups),
            "startDate": written(start_date),
            "endDate": written(end_date),
        }
        return await self._get(f"{_PATH}/summary", UsageSummary, query=query)


def _query(filters: UsageFilters) -> Query:
    return {
        "currency": filters.get("currency"),
        "startDate": written(filters.get("start_date")),
        "endDate": written(filters.get("end_date")),
        "sortOrder": filters.get("sort_order"),
        "limit": filters.get("limit"),
        "page": filters.get("page"),
    }
