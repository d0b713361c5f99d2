"""The configuration as it may be shown: each value with its origin, secrets masked."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from fondaco.configuration.schema import KeyPath, dotted, find
from fondaco.configuration.writing import values
from fondaco.patterns import SECRET, without_credentials
from fondaco.settings import Settings

MASK = "***"
_QUERY = re.compile(r"^(https?://[^?#\s]*)[?#].*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting with the value in force."""

    name: str
    """Its dotted name."""
    value: object
    origin: str
    """`default`, `file PATH`, `env NAME` or `flag --NAME`."""


def shown_settings(
    settings: Settings, origin: Callable[[KeyPath], str]
) -> tuple[ShownSetting, ...]:
    """Return every value in force, ordered as the documentation has them."""
    return tuple(
        ShownSetting(dotted(path), masked(path, value), origin(path))
        for path, value in values(settings).items()
    )


def masked(path: KeyPath, value: object) -> object:
    """Return a value as it may be shown.

    References to secrets (`env:NAME`, `file:PATH`) are shown, secrets never; addresses are shown without user,
    password and query.

    >>> masked(("engines", "vllm", "key"), "sk-0123"), masked(("server", "port"), 8000)
    ('***', 8000)
    """
    if isinstance(value, tuple | list):
        return [masked(path, one) for one in value]
    if not isinstance(value, str):
        return value
    setting = find(path)
    is_private = setting is not None and setting.private
    is_address = path[0] == "engines" and path[-1] == "base_url"
    if is_private and not is_address and not re.fullmatch(SECRET, value):
        return MASK
    return _QUERY.sub(rf"\1?{MASK}", without_credentials(value))
