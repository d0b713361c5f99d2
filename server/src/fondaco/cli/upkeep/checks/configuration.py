"""Configuration: whether the server accepts it, and whether its secrets are there, strong and private."""

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fondaco.cli.upkeep.findings import Diagnosis, error, ok, warning
from fondaco.configuration import Configuration, ConfigurationError, missing_keys, missing_secrets
from fondaco.environment import expanded, secret
from fondaco.hostnames import is_loopback
from fondaco.settings import Settings

_CHECK = "configuration"
_SHORTEST_TOKEN = 20


def invalid(fault: ConfigurationError) -> Iterator[Diagnosis]:
    """Yield a finding for each fault that keeps the configuration from being used."""
    for line in fault.faults:
        yield error(
            _CHECK,
            line,
            why="The server does not start, and a running one keeps its old configuration.",
            fix="correct the line, then: fondaco config check",
        )


def checked(loaded: Configuration) -> Iterator[Diagnosis]:
    """Yield the findings about a configuration that can be used."""
    settings = loaded.settings
    found = [*_secrets(settings), *_files(settings), *_address(settings)]
    found += [
        warning(
            _CHECK,
            line,
            why="The setting may not do what was intended.",
            fix="fondaco config show --origin",
        )
        for line in loaded.warnings
    ]
    yield from found or [ok(_CHECK, str(loaded.file or "no file, the defaults apply"))]


def _address(settings: Settings) -> Iterator[Diagnosis]:
    server = settings.server
    if not is_loopback(server.host) and not server.allow_remote:
        yield error(
            _CHECK,
            f"server.host is {server.host!r}, which other machines reach, and server.allow_remote is false.",
            why="The server does not start: API keys would travel unencrypted.",
            fix="set server.host to 127.0.0.1 and put a proxy with TLS in front, or run: fondaco serve --allow-remote",
        )


def _secrets(settings: Settings) -> Iterator[Diagnosis]:
    for line in missing_secrets(settings):
        yield error(_CHECK, line, why="The server does not start.", fix="fondaco config check")
    for line in missing_keys(settings):
        yield warning(_CHECK, line, why="Calls for its models fail.", fix="fondaco config check")
    for name, reference in (
        ("server.metrics_token", settings.server.metrics_token),
        ("enclave.token", settings.enclave.token),
    ):
        with suppress(ConfigurationError):  # reported above
            if reference and len(secret(reference)) < _SHORTEST_TOKEN:
                yield warning(
                    _CHECK,
                    f"The token of {name} has fewer than {_SHORTEST_TOKEN} characters.",
                    why="It can be guessed.",
                    fix="openssl rand -hex 32",
                )


def _files(settings: Settings) -> Iterator[Diagnosis]:
    """Yield findings about files of secrets that others can read."""
    references = [settings.server.metrics_token, settings.enclave.token]
    references += [engine.key for engine in settings.engines.values()]
    for reference in dict.fromkeys(references):
        if reference.startswith("file:"):
            with suppress(ConfigurationError, OSError):  # reported above
                path = expanded(Path(reference.removeprefix("file:")))
                if stat.S_IMODE(path.stat().st_mode) & 0o044:
                    yield warning(
                        _CHECK,
                        f"Other users can read the secret in {str(path)!r}.",
                        why="They can use it.",
                        fix=f"chmod 600 {path}",
                    )
