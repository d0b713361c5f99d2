"""Management of a Fondaco server: accounts, engines, downloads, configuration, status.

Requires an ADMIN key of one of the accounts in `server.operators`.
"""

from collections.abc import AsyncGenerator
from datetime import date
from decimal import Decimal
from uuid import uuid4

from venice_ai._http.request import Request, segment
from venice_ai.resources._resource import APIResource, Client
from venice_ai.resources.api_keys import new_key_fields
from venice_ai.types._exact import exact_json
from venice_ai.types.api.api_keys import ApiKeyType, ConsumptionLimit, NewApiKeyReply
from venice_ai.types.api.operator import (
    Account,
    AccountList,
    Download,
    DownloadList,
    EngineList,
    LoginLink,
    ServerStatus,
    SettingList,
    TierList,
)

__all__ = ["Operator"]

_PATH = "/operator"
_ACCOUNTS = f"{_PATH}/accounts"
_DOWNLOADS = f"{_PATH}/downloads"


class Operator(APIResource[Client]):
    """Management of the server; every method needs an operator's ADMIN key."""

    async def accounts(self, *, limit: int = 500, page: int = 1) -> AccountList:
        """List a page of accounts, by name.

        Args:
            limit: Accounts of a page, 1000 at most.
            page: From 1.

        Raises:
            PermissionDeniedError: The key is no operator's ADMIN key, as for all that follows.
        """
        return await self._get(_ACCOUNTS, AccountList, query={"limit": limit, "page": page})

    async def account_pages(self, *, limit: int = 500) -> AsyncGenerator[AccountList]:
        """Yield pages of accounts, each requested when it is needed.

        Args:
            limit: As in `accounts`.
        """
        number = 1
        while True:
            page = await self.accounts(limit=limit, page=number)
            if not page.data:
                return
            yield page
            if number >= page.pagination.total_pages:
                return
            number += 1

    async def create_account(
        self,
        name: str,
        *,
        usd: Decimal | float = 0,
        diem_allocation: Decimal | float = 0,
        tier: str = "paid",
    ) -> Account:
        """Create an account. It has no key yet.

        Args:
            name: A name that no other account has.
            usd: Its initial balance.
            diem_allocation: DIEM at the start of each day (UTC).
            tier: The tier that sets its rate limits; `tiers` lists them.

        Raises:
            ConflictError: An account of this name exists.
            InvalidRequestError: The name or the tier cannot be used.
        """
        fields = {"name": name, "usd": usd, "diemAllocation": diem_allocation, "tier": tier}
        return await self._fetch(Request("POST", _ACCOUNTS, body=exact_json(fields)), Account)

    async def change_account(
        self,
        name: str,
        *,
        tier: str | None = None,
        disabled: bool | None = None,
        diem_allocation: Decimal | float | None = None,
    ) -> Account:
        """Change an account: what is not given stays as it is.

        Args:
            name: The account's.
            tier: As in `create_account`.
            disabled: Whether the account and its keys are refused from now on.
            diem_allocation: As in `create_account`; more counts at once, less from the next day.

        Raises:
            NotFoundError: There is no such account.
            InvalidRequestError: There is no such tier, or the account is that of the calling key.
        """
        fields = {"tier": tier, "disabled": disabled, "diemAllocation": diem_allocation}
        given = {field: value for field, value in fields.items() if value is not None}
        path = f"{_ACCOUNTS}/{segment(name)}"
        return await self._fetch(Request("PATCH", path, body=exact_json(given)), Account)

    async def grant(
        self,
        name: str,
        usd: Decimal | float,
        *,
        notes: str = "",
        idempotency_key: str | None = None,
    ) -> Account:
        """Add funds to the balance of an account, once, also where the request is retried.

        Args:
            name: The account's.
            usd: What is added.
            notes: The reason, which the ledger keeps.
            idempotency_key: Names the grant: another call with it adds nothing. None: a new one.

        Raises:
            NotFoundError: There is no such account.
            ConflictError: Another grant has this idempotency key.
        """
        request = Request(
            "POST",
            f"{_ACCOUNTS}/{segment(name)}/grants",
            body=exact_json({"usd": usd, "notes": notes}),
            headers={"idempotency-key": idempotency_key or uuid4().hex},
        )
        return await self._fetch(request, Account)

    async def create_key(
        self,
        name: str,
        *,
        description: str,
        api_key_type: ApiKeyType = "INFERENCE",
        expires_at: date | str | None = None,
        consumption_limit: ConsumptionLimit | None = None,
    ) -> NewApiKeyReply:
        """Make a key of an account; its secret, `data.api_key`, is told this once.

        Args:
            name: The account's.
            description: As in `api_keys.create`, like all that follows.
            api_key_type: Likewise.
            expires_at: Likewise.
            consumption_limit: Likewise.

        Raises:
            NotFoundError: There is no such account.
        """
        fields = new_key_fields(api_key_type, description, expires_at, consumption_limit)
        path = f"{_ACCOUNTS}/{segment(name)}/keys"
        return await self._fetch(Request("POST", path, body=exact_json(fields)), NewApiKeyReply)

    async def create_login_link(self, name: str) -> LoginLink:
        """Make a link that logs a browser in to the dashboard of an account, once.

        Raises:
            NotFoundError: There is no such account.
            ConflictError: The account is disabled.
        """
        return await self._fetch(
            Request("POST", f"{_ACCOUNTS}/{segment(name)}/login-links"), LoginLink
        )

    async def tiers(self) -> TierList:
        """List the tiers that accounts may have."""
        return await self._get(f"{_PATH}/tiers", TierList)

    async def engines(self) -> EngineList:
        """List engines with their state as the server knows it."""
        return await self._get(f"{_PATH}/engines", EngineList)

    async def downloads(self) -> DownloadList:
        """List the models that can be downloaded, with the progress of downloads."""
        return await self._get(_DOWNLOADS, DownloadList)

    async def download(self, model: str) -> Download:
        """Start the download of a model, and return at once; `downloads` has its progress.

        Raises:
            NotFoundError: The server knows no such model to download.
        """
        return await self._post(_DOWNLOADS, Download, {"model": model})

    async def configuration(self) -> SettingList:
        """Show the configuration in force, and where each value comes from; secrets are hidden."""
        return await self._get(f"{_PATH}/configuration", SettingList)

    async def status(self) -> ServerStatus:
        """Show the server at a glance: calls, tokens a second, memory, today's charges."""
        return await self._get(f"{_PATH}/status", ServerStatus)
