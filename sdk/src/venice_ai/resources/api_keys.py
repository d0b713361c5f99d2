"""API keys and rate limits of the account, with an ADMIN key; and keys for wallets, without one."""

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Literal

from venice_ai._http.request import Request, segment
from venice_ai.resources._resource import APIResource, Client
from venice_ai.types._exact import exact_json
from venice_ai.types._timestamps import written
from venice_ai.types.api.api_keys import (
    AllowanceReply,
    ApiKeyList,
    ApiKeyReply,
    ApiKeyType,
    ChallengeReply,
    ConsumptionLimit,
    Deleted,
    ExceededList,
    NewApiKeyReply,
    RateLimitUsage,
)

__all__ = ["UNCHANGED", "ApiKeys"]

_PATH = "/api_keys"
_WALLETS = f"{_PATH}/generate_web3_key"


class Unchanged(Enum):
    """A default that leaves a value unchanged; None removes it."""

    UNCHANGED = "unchanged"


UNCHANGED: Literal[Unchanged.UNCHANGED] = Unchanged.UNCHANGED


class ApiKeys(APIResource[Client]):
    """API keys and rate limits of the account."""

    async def list(self) -> ApiKeyList:
        """List the usable keys, oldest first."""
        return await self._get(_PATH, ApiKeyList)

    async def get(self, id: str) -> ApiKeyReply:
        """Return a key, also an expired one.

        Raises:
            NotFoundError: The account has no key with this id.
        """
        return await self._get(f"{_PATH}/{segment(id)}", ApiKeyReply)

    async def create(
        self,
        *,
        description: str,
        api_key_type: ApiKeyType = "INFERENCE",
        expires_at: date | str | None = None,
        consumption_limit: ConsumptionLimit | None = None,
    ) -> NewApiKeyReply:
        """Create a key. Its secret, `data.api_key`, is shown only now.

        Args:
            description: Purpose of the key.
            api_key_type: `ADMIN` for all endpoints, `INFERENCE` for models only.
            expires_at: When it ends: a time with its zone, a date for its first moment in UTC, or
                a text of either. None: never.
            consumption_limit: The most that it may cost in one epoch.
        """
        fields = new_key_fields(api_key_type, description, expires_at, consumption_limit)
        return await self._fetch(_body("POST", _PATH, fields), NewApiKeyReply)

    async def update(
        self,
        id: str,
        *,
        description: str | Unchanged = UNCHANGED,
        expires_at: date | str | Unchanged | None = UNCHANGED,
        consumption_limit: ConsumptionLimit | Unchanged | None = UNCHANGED,
    ) -> ApiKeyReply:
        """Change a key; omitted values stay unchanged.

        Args:
            id: The key's id.
            description: Purpose of the key.
            expires_at: As in `create`; None removes the expiry.
            consumption_limit: Limits to change; None removes one, or all.

        Raises:
            NotFoundError: The account has no key with this id.
        """
        fields: dict[str, object] = {"id": id}
        if description is not UNCHANGED:
            fields["description"] = description
        if expires_at is not UNCHANGED:
            fields["expiresAt"] = written(expires_at)
        if consumption_limit is not UNCHANGED:
            fields["consumptionLimit"] = consumption_limit
        return await self._fetch(_body("PATCH", _PATH, fields), ApiKeyReply)

    async def delete(self, id: str) -> Deleted:
        """Delete a key permanently.

        Raises:
            NotFoundError: The account has no key with this id.
        """
        return await self._delete(_PATH, Deleted, query={"id": id})

    async def rate_limits(self) -> AllowanceReply:
        """Return the account's balances and rate limits for each model."""
        return await self._get(f"{_PATH}/rate_limits", AllowanceReply)

    async def rate_limit_log(self) -> ExceededList:
        """List the latest requests that exceeded a rate limit, newest first."""
        return await self._get(f"{_PATH}/rate_limits/log", ExceededList)

    async def rate_limit_usage(self) -> RateLimitUsage:
        """Return how much of its rate limits the account uses at present, for each class of models."""
        return await self._get(f"{_PATH}/rate_limits/usage", RateLimitUsage)

    async def web3_challenge(self) -> ChallengeReply:
        """Return a challenge, `data.token`, for a wallet to sign. Needs no key."""
        return await self._get(_WALLETS, ChallengeReply)

    async def create_web3_key(
        self,
        *,
        address: str,
        token: str,
        signature: str,
        api_key_type: ApiKeyType = "INFERENCE",
        description: str | None = None,
        expires_at: date | str | None = None,
        consumption_limit: ConsumptionLimit | None = None,
    ) -> NewApiKeyReply:
        """Create a key for a wallet's account. Needs no API key.

        Args:
            address: The wallet's.
            token: The token of `web3_challenge`, valid for one key.
            signature: The token, signed by the wallet as a personal message (EIP-191), as hex.
            api_key_type: As in `create`, like all that follows.
            description: Purpose of the key.
            expires_at: When it ends.
            consumption_limit: The most that it may cost in one epoch.

        Raises:
            AuthenticationError: The token is unknown, spent or too old, or not signed by the wallet.
            PermissionDeniedError: The wallet has nothing at stake.
        """
        proof = {"address": address, "token": token, "signature": signature}
        fields = new_key_fields(api_key_type, description, expires_at, consumption_limit)
        return await self._fetch(_body("POST", _WALLETS, {**fields, **proof}), NewApiKeyReply)


def new_key_fields(
    api_key_type: ApiKeyType,
    description: str | None,
    expires_at: date | str | None,
    limit: ConsumptionLimit | None,
) -> dict[str, object]:
    """Return the fields of a new key that are given."""
    fields = {
        "apiKeyType": api_key_type,
        "description": description,
        "expiresAt": written(expires_at),
        "consumptionLimit": limit,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _body(method: str, path: str, fields: Mapping[str, object]) -> Request:
    return Request(method, path, body=exact_json(fields))
