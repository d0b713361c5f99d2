"""Checks that the secrets to which settings refer can be read.

A secret of an upstream (an engine, a search engine) makes that upstream unavailable where it is missing, and
stops nothing else; any other one keeps the server from starting.
"""

from collections.abc import Iterator

from fondaco.configuration.schema import KeyPath, dotted, find
from fondaco.configuration.writing import values
from fondaco.environment import ConfigurationError, secret
from fondaco.settings import Settings

_SCHEMES = ("env:", "file:")
_UPSTREAMS = {"engines": "engine", "search": "search engine", "enclave": "enclave"}
"""Tables whose secrets are sent to upstreams, and what each of those is."""


def faults(settings: Settings) -> Iterator[str]:
    """Yield a line for each missing secret that the server cannot do without; none shows a secret."""
    for path, fault in _unreadable(settings):
        if path[0] not in _UPSTREAMS:
            yield f"{dotted(path)}: {fault}"


def warnings(settings: Settings) -> Iterator[str]:
    """Yield a line for each upstream that is unavailable because its secret is missing."""
    for path, fault in _unreadable(settings):
        if path[0] in _UPSTREAMS:
            kind = _UPSTREAMS[path[0]]
            upstream = f"{kind} {path[1]!r}" if path[0] == "engines" else kind
            yield f"{dotted(path)}: {fault} Without it, the {upstream} is unavailable."


def _unreadable(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Yield settings whose secret is missing, empty or no text, with what is wrong."""
    for path, value in values(settings).items():
        setting = find(path)
        if setting and setting.private and isinstance(value, str) and value.startswith(_SCHEMES):
            try:
                secret(value)
            except ConfigurationError as error:
                yield path, str(error)
