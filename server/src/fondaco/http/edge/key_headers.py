"""Where a request carries its key: as a bearer token, or in Scale's header.

Source: POST /v4/beta/chat/completions, `x-api-key`; its clients send `x-selected-account-id` as well.
"""

from collections.abc import Mapping

from fondaco.domain.errors import AuthenticationFailedError, UnauthorizedError
from fondaco.domain.money.account import Account

X_API_KEY = "x-api-key"
SELECTED_ACCOUNT = "x-selected-account-id"
_SHOWN = 100

_Headers = Mapping[bytes, bytes]


def bearer(headers: _Headers) -> str:
    """Return the key that comes as `Authorization: Bearer`.

    Raises:
        AuthenticationFailedError: none does.
    """
    if (secret := _bearer(headers)) is None:
        raise AuthenticationFailedError
    return secret


def either(headers: _Headers) -> str:
    """Return the key that comes as `x-api-key` or as a bearer token.

    Raises:
        AuthenticationFailedError: none does, or two that differ: which is meant, nobody can know.
    """
    own, other = headers.get(X_API_KEY.encode()), _bearer(headers)
    secret = other if own is None else own.strip().decode("latin-1")
    if not secret:
        raise AuthenticationFailedError("Authentication failed: send your key as x-api-key.")
    if other is not None and other != secret:
        raise AuthenticationFailedError(
            "Authentication failed: x-api-key and Authorization carry different keys. Send one of them."
        )
    return secret


def expect_selected(headers: _Headers, account: Account) -> None:
    """Return if the account that the caller selects, by id or name, is the key's.

    Raises:
        UnauthorizedError: it is another one.
    """
    selected = headers.get(SELECTED_ACCOUNT.encode(), b"").strip().decode("latin-1")
    if selected:
        expect_account(selected, account)


def expect_account(selected: str, account: Account) -> None:
    """Return if an id or a name is that of the key's account.

    Raises:
        UnauthorizedError: it is another one's.
    """
    if selected not in (str(account.id), account.name):
        raise UnauthorizedError(
            f"This key does not belong to the account {selected[:_SHOWN]!r}: its account is "
            f"{str(account.id)!r}. Select that one or none, or use a key of the other."
        )


def _bearer(headers: _Headers) -> str | None:
    scheme, _, secret = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"bearer" or not secret:
        return None
    return secret.strip().decode("latin-1")
