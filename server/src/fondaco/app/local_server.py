"""The server that runs on a home, as commands on the same home reach it: its address, logins, sessions."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.sessions import COMMAND_LINE
from fondaco.settings import Settings
from fondaco.stores.errors import UnknownNameError
from fondaco.stores.home import Home
from fondaco.stores.server_lock import running_server
from fondaco.stores.sqlite.accounts.account_rows import Statement
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.sessions.home import HomeSessions
from fondaco.system import SystemClock


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A running server: its address, and the headers that authenticate requests to it."""

    url: str
    """Without a path."""
    headers: dict[str, str]
    """They take the place of a key."""


@dataclass(frozen=True, slots=True)
class Login:
    """A login to the dashboard, good once."""

    account: str
    token: str
    expires_at: float
    """Unix seconds."""

    def link(self, url: str) -> str:
        """Return the link to follow, for the address of a server.

        >>> Login("default", "fondaco_l_0", 0.0).link("http://127.0.0.1:8000")
        'http://127.0.0.1:8000/?login=fondaco_l_0'
        """
        return f"{url}/?{urlencode({'login': self.token})}"


def running_url(home: Path) -> str | None:
    """Return the address of the server that runs on a home; None: none runs, or it does not know its own.

    Raises:
        OSError: the lock of the home cannot be read.
    """
    state = running_server(home)
    return state.url if state is not None and state.url else None


@contextmanager
def local_server(settings: Settings, account: str | None = None) -> Iterator[LocalServer | None]:
    """Reach the server that runs on the settings' home, within this context; None: none runs, or none can be.

    Its headers are those of a session, which ends with the context: it may do what the account's ADMIN key
    "Command line" may, which is made where there is none.

    Args:
        settings: those of the home.
        account: the name of the account that pays; None: the first operator's.

    Raises:
        UnknownNameError: there is no such account.
        TooManyKeysError: the account has as many keys as it may, and none for the command line.
        StoreError, StorageFailedError: the home or its database cannot be used.
        OSError: the lock of the home cannot be read.
    """
    url = running_url(settings.home)
    if url is None:
        yield None
        return
    home = Home(settings.home)
    owner = chosen_account(settings, home, account)
    sessions = HomeSessions(home.database, home.pepper(), SystemClock())
    token = sessions.open_session(
        owner.account.id, COMMAND_LINE, idle_timeout_s=settings.dashboard.idle_timeout_s
    )
    try:
        yield LocalServer(url, {"x-fondaco-session": token})
    except BaseException:
        with suppress(StorageFailedError):  # the first error says more; the session ends when idle
            sessions.close(token)
        raise
    sessions.close(token)


def new_login(settings: Settings, home: Home, account: str | None = None) -> Login:
    """Make a login token in a home whose database is up to date.

    Args:
        settings: those of the home.
        home: where it lies.
        account: the name of the account to log in to; None: the first operator's.

    Raises:
        UnknownNameError: there is no such account, or none at all.
        StoreError, StorageFailedError: the home or its database cannot be used.
    """
    owner, clock = chosen_account(settings, home, account), SystemClock()
    lifetime_s = settings.dashboard.link_lifetime_s
    token = HomeSessions(home.database, home.pepper(), clock).add_login(
        owner.account.id, lifetime_s
    )
    return Login(owner.account.name, token, clock.now() + lifetime_s)


def chosen_account(settings: Settings, home: Home, name: str | None) -> Statement:
    """Return the account of a name; without one that of the first operator, else the oldest.

    Raises:
        UnknownNameError: there is none of this name, or it is disabled, or there is none at all.
    """
    store = AdminStore(home.database, home.pepper, SystemClock())
    by_name = {one.account.name: one for one in store.accounts() if not one.account.disabled}
    if name is not None:
        if name not in by_name:
            raise _disabled(store.account(name).account.name)
        return by_name[name]
    if found := next((one for one in settings.server.operators if one in by_name), None):
        return by_name[found]
    if not by_name:
        raise UnknownNameError(
            "There is no account that is enabled. Make one with: fondaco accounts create NAME"
        )
    return min(by_name.values(), key=lambda one: one.account.id)


def _disabled(name: str) -> UnknownNameError:
    return UnknownNameError(
        f"The account {name!r} is disabled. Enable it with: fondaco accounts enable {name}"
    )
