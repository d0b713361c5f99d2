"""Key headers: the key of a request as a bearer token, or in the header of its API dialect."""

from collections.abc import Mapping

from fondaco.domain.errors import AuthenticationFailedError, UnauthorizedError
from fondaco.domain.money.account import Account
from fondaco.http.endpoint.dialect import ApiDialect

_SHOWN = 100

_Headers = Mapping[bytes, bytes]


def key_in(headers: _Headers, dialect: ApiDialect) -> str:
    """Return the key that a request of an API carries.

    Raises:
        AuthenticationFailedError: it carries none, or two that differ.
    """
    if dialect.key_header is None:
        return bearer(headers)
    return _either(headers, dialect.key_header)


def bearer(headers: _Headers) -> str:
    """Return the key of `Authorization: Bearer`.

    Raises:
        AuthenticationFailedError: there is none.
    """
    if (secret := _bearer(headers)) is None:
        raise AuthenticationFailedError(_missing("Authorization: Bearer KEY"))
    return secret


def _either(headers: _Headers, key_header: str) -> str:
    dialect_key, bearer = headers.get(key_header.encode()), _bearer(headers)
    secret = bearer if dialect_key is None else dialect_key.strip().decode("latin-1")
    if not secret:
        raise AuthenticationFailedError(_missing(f"{key_header}: KEY"))
    if bearer is not None and bearer != secret:
        raise AuthenticationFailedError(
            f"Authentication failed: {key_header} and Authorization contain different keys. "
            "Send one of them."
        )
    return secret


def _missing(header: str) -> str:
    return (
        f"{AuthenticationFailedError.default}: send your key in the header {header}. The operator of this "
        "server creates keys with: fondaco keys create"
    )


def expect_selected(headers: _Headers, dialect: ApiDialect, account: Account) -> None:
    """Return if a request selects no account, or the key's by id or name.

    Raises:
        UnauthorizedError: it selects another one.
    """
    if dialect.account_header is None:
        return
    selected = headers.get(dialect.account_header.encode(), b"").strip().decode("latin-1")
    if selected:
        expect_account(selected, account)


def expect_account(selected: str, account: Account) -> None:
    """Return if an id or a name is that of the key's account.

    Raises:
        UnauthorizedError: it is that of another one.
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
