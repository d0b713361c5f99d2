"""Hosts and origins: taken as requests carry them, else refused with what was meant."""

from pathlib import Path

import pytest

from fondaco.configuration import ConfigurationError, load


def load_with(home: Path, **environ: str) -> None:
    load(environ={"HOME": str(home), **environ})


@pytest.mark.parametrize(
    ("key", "value", "meant"),
    [
        ("cors_origins", "https://app.example.com/", "write 'https://app.example.com'"),
        ("cors_origins", "https://app.example.com/path?q", "write 'https://app.example.com'"),
        ("cors_origins", "https://App.Example.com", "write 'https://app.example.com'"),
        ("cors_origins", "https://app.example.com:443", "write 'https://app.example.com'"),
        ("cors_origins", "http://me@localhost:80", "write 'http://localhost'"),
        ("cors_origins", "app.example.com", "write 'https://app.example.com'"),
        ("cors_origins", "https://bücher.example", "write 'https://xn--bcher-kva.example'"),
        ("cors_origins", "https://*.example.com", "only `*` alone stands for any"),
        ("cors_origins", "https://a.example:99999", "the port is not a number"),
        ("cors_origins", "", None),
        ("allowed_hosts", "https://ai.example.com", "write 'ai.example.com'"),
        ("allowed_hosts", "ai.example.com:8000", "write 'ai.example.com'"),
        ("allowed_hosts", "ai.example.com/", "write 'ai.example.com'"),
        ("allowed_hosts", "2001:db8::1", "write '[2001:db8::1]'"),
        ("allowed_hosts", "[2001:db8:0::1]:80", "write '[2001:db8::1]'"),
        ("allowed_hosts", "bücher.example", "write 'xn--bcher-kva.example'"),
        ("allowed_hosts", "*.example.com", "only `*` alone stands for any"),
        ("host", "http://0.0.0.0", "not an address to listen on"),
        ("host", "0.0.0.0:8000", "not an address to listen on"),
        ("host", "[::1]", "not an address to listen on"),
        ("host", "*", "not an address to listen on"),
        ("host", "", "not an address to listen on"),
    ],
)
def test_what_no_request_can_carry_is_refused_with_what_was_meant(
    tmp_path: Path, key: str, value: str, meant: str | None
) -> None:
    name = f"FONDACO_SERVER__{key.upper()}"
    if meant is None:
        load_with(tmp_path, **{name: value})  # an empty list
    else:
        with pytest.raises(ConfigurationError) as caught:
            load_with(tmp_path, **{name: value})
        assert meant in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cors_origins", "http://localhost:3000"),
        ("cors_origins", "tauri://localhost"),
        ("cors_origins", "chrome-extension://abcdefghijklmnop"),
        ("cors_origins", "http://[::1]:8080"),
        ("cors_origins", "null"),
        ("cors_origins", "*"),
        ("allowed_hosts", "AI.example.com"),
        ("allowed_hosts", "host.docker.internal"),
        ("allowed_hosts", "my_host"),
        ("allowed_hosts", "10.0.0.1"),
        ("allowed_hosts", "[::1]"),
        ("allowed_hosts", "*"),
        ("host", "::"),
        ("host", "fe80::1%eth0"),
        ("host", "localhost"),
    ],
)
def test_what_requests_carry_is_taken(tmp_path: Path, key: str, value: str) -> None:
    load_with(tmp_path, **{f"FONDACO_SERVER__{key.upper()}": value})
