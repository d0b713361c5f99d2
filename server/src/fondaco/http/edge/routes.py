"""Routes: the endpoint of a method and path, and the API dialect of any path."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from fondaco.domain.errors import MethodNotAllowedError, NotFoundError, NotSupportedError
from fondaco.http.edge.unsupported import instead_of
from fondaco.http.endpoint.dialect import ApiDialect
from fondaco.http.endpoint.endpoint import Endpoint

_NO_PARAMETERS: Mapping[str, str] = {}

AnyEndpoint = Endpoint[Any, Any]


class Routes:
    """Finds endpoints by one dictionary look-up, or by pattern for paths with parameters."""

    def __init__(self, endpoints: Iterable[AnyEndpoint]) -> None:
        """Index the endpoints.

        Raises:
            ValueError: two dialects have one prefix, or an endpoint is below another dialect's prefix.
        """
        self._exact: dict[str, dict[str, AnyEndpoint]] = {}
        self._patterns: list[tuple[re.Pattern[str], AnyEndpoint]] = []
        endpoints = tuple(endpoints)
        self.probes = frozenset(one.path for one in endpoints if one.always_open)
        """Paths that respond under any host name: load balancers address servers by number."""
        self._dialects = _by_prefix(endpoints)
        for endpoint in endpoints:
            if self.dialect(endpoint.path) is not endpoint.dialect:
                raise ValueError(
                    f"The endpoint {endpoint.id!r} lies at {endpoint.path!r}, outside its dialect's "
                    f"prefixes {endpoint.dialect.prefixes!r}: unknown paths beside it would get "
                    "another API's errors."
                )
            if "{" in endpoint.path:
                self._patterns.append((_pattern(endpoint), endpoint))
            else:
                self._exact.setdefault(endpoint.path, {})[endpoint.method] = endpoint

    def find(self, method: str, path: str) -> tuple[AnyEndpoint, Mapping[str, str]]:
        """Return the endpoint and its path parameters; HEAD is served as GET.

        Raises:
            NotSupportedError: an API that is spoken here has the path, and this server does not.
            NotFoundError: no endpoint has the path; the message names the nearest.
            MethodNotAllowedError: the path exists, the method does not.
        """
        lookup_method = "GET" if method == "HEAD" else method
        methods = self._exact.get(path)
        if methods is None:
            return self._by_pattern(lookup_method, path)
        endpoint = methods.get(lookup_method)
        if endpoint is None:
            raise _not_allowed(method, path, tuple(methods))
        return endpoint, _NO_PARAMETERS

    def dialect(self, path: str) -> ApiDialect:
        """Return the dialect of the API that a path lies in, whether or not an endpoint has it."""
        for prefix, dialect in self._dialects:
            if path.startswith(prefix) and (
                prefix.endswith("/") or path[len(prefix) : len(prefix) + 1] in ("", "/")
            ):
                return dialect
        return self._dialects[-1][1]

    def _by_pattern(self, method: str, path: str) -> tuple[AnyEndpoint, Mapping[str, str]]:
        allowed: list[str] = []
        matching = [
            (endpoint, match)
            for pattern, endpoint in self._patterns
            if (match := pattern.match(path)) is not None
        ]
        # Values may contain slashes: of several matching paths, the one with the most literal text wins.
        meant = max((_literal(endpoint) for endpoint, _ in matching), default=0)
        for endpoint, match in matching:
            if _literal(endpoint) < meant:
                continue
            if endpoint.method == method:
                return endpoint, match.groupdict()
            allowed.append(endpoint.method)
        if allowed:
            raise _not_allowed(method, path, tuple(allowed))
        if (instead := instead_of(path)) is not None:
            raise NotSupportedError(f"This server does not support {path[:200]!r}. {instead}.")
        raise NotFoundError(f"There is no endpoint at {path[:200]!r}.{self._did_you_mean(path)}")

    def _did_you_mean(self, path: str) -> str:
        paths = [*self._exact, *(endpoint.path for _, endpoint in self._patterns)]
        suffix = [one for one in paths if len(path) > 1 and one.endswith(path.rstrip("/"))]
        closest = suffix[:1] or get_close_matches(path[:200], paths, n=1, cutoff=0.6)
        return (
            f" Did you mean {closest[0]!r}?"
            if closest
            else " GET /openapi.json lists all endpoints."
        )


def _by_prefix(endpoints: Iterable[AnyEndpoint]) -> list[tuple[str, ApiDialect]]:
    """Return the dialects of endpoints by prefix, the longest first.

    Raises:
        ValueError: two dialects claim one prefix.
    """
    dialects: dict[str, ApiDialect] = {}
    for endpoint in endpoints:
        for prefix in endpoint.dialect.prefixes:
            if dialects.setdefault(prefix, endpoint.dialect) is not endpoint.dialect:
                raise ValueError(
                    f"Two API dialects have the prefix {prefix!r}: give one a longer prefix, or "
                    f"the endpoint {endpoint.id!r} the dialect that the prefix has."
                )
    return sorted(dialects.items(), key=lambda one: len(one[0]), reverse=True)


def _pattern(endpoint: AnyEndpoint) -> re.Pattern[str]:
    """Return the regular expression of a path with `{name}` parameters."""
    parts = re.split(r"\{(\w+)\}", endpoint.path)
    value = ".+" if endpoint.slashes else "[^/]+"
    pieces = [
        f"(?P<{part}>{value})" if position % 2 else re.escape(part)
        for position, part in enumerate(parts)
    ]
    return re.compile("".join(pieces) + r"\Z", re.DOTALL)


def _literal(endpoint: AnyEndpoint) -> int:
    """Return how many characters of a path are no parameter's."""
    return len(re.sub(r"\{\w+\}", "", endpoint.path))


def _not_allowed(method: str, path: str, allowed: tuple[str, ...]) -> MethodNotAllowedError:
    return MethodNotAllowedError(
        f"{path[:200]!r} does not support {method[:20]}; it supports {', '.join(allowed)}.",
        allowed=allowed,
    )
