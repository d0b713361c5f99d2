"""Authenticator: authenticates requests, adds balance and quota headers, throttles repeated failures."""

from dataclasses import dataclass
from functools import partial
from hmac import compare_digest
from typing import Final, NamedTuple

from fondaco.domain.errors import (
    AuthenticationFailedError,
    ConcurrencyLimitError,
    EngineBusyError,
    FondacoError,
    ModelNotFoundError,
    NotFoundError,
    TooManyFailuresError,
    UnauthorizedError,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import AnyModel, ModelType
from fondaco.domain.money.account import Account, Key, KeyType
from fondaco.domain.money.limits import UNSHOWN, Quota
from fondaco.domain.money.money import Funds
from fondaco.http.edge.client_address import ClientAddresses
from fondaco.http.edge.headers import balance, rate_limits
from fondaco.http.edge.key_headers import bearer, expect_selected, key_in
from fondaco.http.edge.origins.session_cookie import token_in
from fondaco.http.endpoint.dialect import ApiDialect
from fondaco.http.endpoint.endpoint import Access, Caller
from fondaco.http.exchange.exchange import Exchange
from fondaco.serving.admission.rate_limits import unknown_tier
from fondaco.serving.platform import Platform


@dataclass(frozen=True, slots=True)
class MetricsAccess:
    """Callers who may read `/metrics` without an ADMIN key."""

    loopback: bool = True
    """Programs on this machine."""
    open: bool = False
    """Anyone."""
    token: str = ""
    """Callers with this bearer token; empty: none."""


class KnownCaller(NamedTuple):
    """The caller of a request, whom nothing has to be awaited to know."""

    key: Key
    account: Account
    funds: Funds
    """The account's balance before the request."""


LOOPBACK = MetricsAccess()


_PRIVATE: Final = b"cache-control: no-store\r\n"
"""Of responses to sessions: caches in between keep what a cookie opens, unlike what a key does.

Source: RFC 9111, 3.5: only `Authorization` forbids shared caches to store a response.
"""


class Authenticator:
    """Authenticates requests by key or session.

    Failed ones count against the account of the key, against the sessions of a key, else the client address.
    """

    def __init__(
        self,
        platform: Platform,
        client_addresses: ClientAddresses,
        metrics: MetricsAccess = LOOPBACK,
        *,
        cookies: bool = True,
    ) -> None:
        """Take sessions from `cookies`, too, or from programs alone."""
        self._platform = platform
        self._client_addresses = client_addresses
        self._metrics = metrics
        self._cookies = cookies

    async def admit(
        self,
        exchange: Exchange,
        access: Access,
        dialect: ApiDialect,
        *,
        at_any_address: bool = False,
    ) -> Caller | None:
        """Return the caller of an endpoint; None for an unknown caller of an open one.

        Args:
            exchange: the request.
            access: who may call the endpoint.
            dialect: the endpoint's, which says what headers carry the key.
            at_any_address: whether an open endpoint responds to throttled addresses, too.

        Raises:
            AuthenticationFailedError: the endpoint requires a key, and the request has no valid one.
            UnauthorizedError: the key is valid, but not for this endpoint or the selected account.
            TooManyFailuresError: too many requests of the caller failed.
        """
        if access is Access.ANYBODY:
            return await self._visitor(exchange, at_any_address=at_any_address)
        headers = exchange.headers
        try:
            secret = key_in(headers, dialect)
        except AuthenticationFailedError:
            caller = await self._by_session(exchange, dialect)
            if caller is None:
                raise
        else:
            key, account = await self._platform.key_ring.authenticate(secret)
            caller = await self._caller(exchange, key, account)
        expect_selected(headers, dialect, caller.account)
        if access is not Access.KEY:
            self._expect_rights(caller, access)
        return caller

    def known(self, exchange: Exchange, dialect: ApiDialect) -> KnownCaller | None:
        """Return the caller whom `admit` would admit to any endpoint for keys; nothing is recorded yet.

        None where that takes waiting, where the request carries more than a bearer token about its caller,
        or where it is refused.
        """
        headers, platform = exchange.headers, self._platform
        if (dialect.key_header is not None and dialect.key_header.encode() in headers) or (
            dialect.account_header is not None and dialect.account_header.encode() in headers
        ):
            return None
        try:
            found = platform.key_ring.known(bearer(headers))
            if found is None or found[1].tier not in platform.tiers:
                return None
            account = found[1]
            funds = platform.ledger.balance_now(account.id)
            platform.failure_throttle.accounts.check(account.id)
        except FondacoError:
            return None
        return None if funds is None else KnownCaller(found[0], account, funds)

    def recognise(self, exchange: Exchange, caller: KnownCaller) -> None:
        """Record what `admit` would of a caller who is known."""
        key, account = caller.key, caller.account
        self._platform.key_ring.record_use(key.id, self._platform.clock.now())
        exchange.account_id, exchange.key_id = account.id, key.id
        exchange.account_lines = partial(self._lines, account, caller.funds)

    async def admit_metrics(self, exchange: Exchange) -> None:
        """Return if the caller may read the server's metrics.

        Raises:
            AuthenticationFailedError: a key is required, and the request has no valid one.
            UnauthorizedError: the key is not an ADMIN key.
            TooManyFailuresError: too many requests of the key's account failed.
        """
        metrics = self._metrics
        if metrics.open or (metrics.loopback and self._client_addresses.loopback(exchange)):
            return
        try:
            secret = bearer(exchange.headers)
        except AuthenticationFailedError:
            raise AuthenticationFailedError(
                f"{AuthenticationFailedError.default}: send an ADMIN key, or the token of "
                "server.metrics_token, as Authorization: Bearer."
            ) from None
        if metrics.token and compare_digest(secret.encode(), metrics.token.encode()):
            return
        caller = await self._by_key(exchange, secret)
        self._expect_rights(caller, Access.ADMIN)

    async def judge(self, exchange: Exchange, error: FondacoError) -> FondacoError:
        """Count a failed request, and return the error to respond with.

        What is not found counts against no account: clients look for models and endpoints that a server
        may have, and its lists tell a good key more than guessing does. Without a key, guessing counts.
        """
        failure_throttle = self._platform.failure_throttle
        try:
            if exchange.account_id is None:
                await self._recognised(exchange)
        except TooManyFailuresError as refusal:
            return refusal
        counts = not isinstance(
            error, TooManyFailuresError | EngineBusyError | ConcurrencyLimitError
        )
        if exchange.account_id is not None:
            if counts and not isinstance(error, NotFoundError):
                if exchange.by_session:
                    failure_throttle.sessions.record_failure(exchange.key_id)
                else:
                    failure_throttle.accounts.record_failure(exchange.account_id)
            return error
        address = self._client_addresses.of(exchange)
        try:
            failure_throttle.client_addresses.check(address)
        except TooManyFailuresError as refusal:
            return refusal
        if counts:
            failure_throttle.client_addresses.record_failure(address)
        return error

    async def _recognised(self, exchange: Exchange) -> Caller | None:
        """Return the caller of an open endpoint; None for an invalid key or session, as for none.

        Raises:
            TooManyFailuresError: too many requests of the account failed.
        """
        try:
            if b"authorization" not in exchange.headers:
                return await self._by_session(exchange)
            return await self._by_key(exchange, bearer(exchange.headers))
        except TooManyFailuresError:
            raise
        except FondacoError:
            return None

    async def _visitor(self, exchange: Exchange, *, at_any_address: bool) -> Caller | None:
        caller = await self._recognised(exchange)
        if caller is None and not at_any_address:
            self._platform.failure_throttle.client_addresses.check(
                self._client_addresses.of(exchange)
            )
        return caller

    async def _by_key(self, exchange: Exchange, secret: str) -> Caller:
        key, account = await self._platform.key_ring.authenticate(secret)
        return await self._caller(exchange, key, account)

    async def _by_session(
        self, exchange: Exchange, dialect: ApiDialect | None = None
    ) -> Caller | None:
        """Return the caller whose session a request belongs to; None: it belongs to none, or brought a key.

        Raises:
            SessionEndedError: the session has ended.
            UnauthorizedError: its cookie was sent by a page of another site.
        """
        headers = exchange.headers
        key_header = None if dialect is None else dialect.key_header
        if b"authorization" in headers or (key_header and key_header.encode() in headers):
            return None
        token = token_in(exchange, cookies=self._cookies)
        if token is None:
            return None
        key, account = await self._platform.sessions.authenticate(token)
        exchange.base_lines += _PRIVATE
        exchange.by_session = True
        return await self._caller(exchange, key, account)

    async def _caller(self, exchange: Exchange, key: Key, account: Account) -> Caller:
        platform = self._platform
        exchange.account_id = account.id
        exchange.key_id = key.id
        if account.tier not in platform.tiers:
            raise unknown_tier(account.tier)
        funds = await platform.ledger.balance(account.id)
        exchange.account_lines = partial(self._lines, account, funds)
        if exchange.by_session:
            platform.failure_throttle.sessions.check(key.id)
        else:
            platform.failure_throttle.accounts.check(account.id)
        return Caller(key, account)

    def _expect_rights(self, caller: Caller, access: Access) -> None:
        """Return if a caller may call an endpoint that not every key may call.

        Raises:
            UnauthorizedError: the caller may not.
        """
        if caller.key.type is not KeyType.ADMIN:
            raise UnauthorizedError(
                "This endpoint requires an ADMIN key; yours is an INFERENCE key."
            )
        if access is Access.OPERATOR and caller.account.name not in self._platform.operators:
            raise UnauthorizedError(
                "This endpoint requires an ADMIN key of an operator's account; yours belongs to "
                f"{caller.account.name!r}. The server's operator can add it to server.operators."
            )

    def _lines(self, account: Account, before: Funds, quota: Quota | None) -> bytes:
        """Return balance and rate limits: those of a call or refusal, else of the default model."""
        if quota is UNSHOWN:
            return balance(before)
        if quota is None:
            shown = _shown_model(self._platform.catalogue)
            if shown is None:
                return balance(before)
            quota = self._platform.limits.quota(account.id, account.tier, shown)
        return balance(before) + rate_limits(quota)


def _shown_model(catalogue: Catalogue) -> AnyModel | None:
    """Return the model whose limits are in responses that concern no model: the default one."""
    try:
        return catalogue.route("default").model
    except ModelNotFoundError:
        return next(iter(catalogue.models(ModelType.TEXT)), None)
