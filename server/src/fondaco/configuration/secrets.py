"""Checks that the secrets to which settings refer can be read."""

from collections.abc import Iterator

from fondaco.configuration.schema import dotted, find
from fondaco.configuration.writing import values
from fondaco.environment import ConfigurationError, secret
from fondaco.settings import Settings

_SCHEMES = ("env:", "file:")


def faults(settings: Settings) -> Iterator[str]:
    """Yield a line for each secret that is missing, empty or no text; none shows a secret."""
    for path, value in values(settings).items():
        setting = find(path)
        if setting and setting.private and isinstance(value, str) and value.startswith(_SCHEMES):
            try:
                secret(value)
            except ConfigurationError as error:
                yield f"{dotted(path)}: {error}"
