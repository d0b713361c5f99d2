"""Host check: refuses requests to host names that are not allowed, against DNS rebinding."""

from collections.abc import Iterable

from fondaco.domain.errors import InvalidRequestError

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Hosts:
    """An allowlist of host names, so that pages of other hosts cannot reach the API by DNS rebinding."""

    def __init__(self, names: Iterable[str]) -> None:
        """Allow loopback names and `names`; `*` allows any."""
        allowed = {*_LOOPBACK, *(name.lower() for name in names)}
        self._any = "*" in allowed
        self._allowed = frozenset(name.encode("ascii", "ignore") for name in allowed)
        self._last_accepted: bytes | None = None
        """The last host that passed; the next request likely has the same."""

    def check(self, host: bytes) -> None:
        """Return if a request to this authority is allowed; its syntax was checked before.

        Raises:
            InvalidRequestError: it is not.
        """
        if host == self._last_accepted:
            return
        name = host if host.endswith(b"]") else host.rpartition(b":")[0] or host
        if not self._any and name.lower() not in self._allowed:
            host_name = name.decode("latin-1")[:100]
            raise InvalidRequestError(
                f"This server does not accept the host name {host_name!r}. "
                "The operator can add it to server.allowed_hosts."
            )
        self._last_accepted = host
