"""Base URL and API key, from arguments or the environment."""

import os

from venice_ai._http import address as _address, headers as _headers

LOCAL = "http://127.0.0.1:8000/api/v1"


def api_key(value: str | None) -> str | None:
    """Return the key given, or else VENICE_API_KEY.

    Raises:
        TypeError: It is no text.
        ValueError: No header can carry it.
    """
    key, source = (
        (value, "api_key") if value else (os.environ.get("VENICE_API_KEY"), "VENICE_API_KEY")
    )
    if not key:
        return None
    _headers.bearer(key, source)
    return key


def base_url(value: str | None) -> str:
    """Return the address given, or else VENICE_BASE_URL, or where Fondaco listens by default.

    Raises:
        TypeError: It is no text.
        ValueError: It is no address of an API.
    """
    if value:
        return _address.checked(value, "base_url")
    return _address.checked(os.environ.get("VENICE_BASE_URL") or LOCAL, "VENICE_BASE_URL")
