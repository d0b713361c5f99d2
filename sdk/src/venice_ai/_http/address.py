"""The base URL, validated before any request."""

from urllib.parse import SplitResult, urlsplit

_EXAMPLE = "Give one such as 'http://127.0.0.1:8000/api/v1'"


def checked(base_url: str, source: str) -> str:
    """Return a base URL, without slashes at its end.

    Args:
        base_url: The address, up to and including the API's version.
        source: Its name in errors: `base_url` or `VENICE_BASE_URL`.

    Raises:
        TypeError: It is no text.
        ValueError: It is no address that paths can be added to, or has credentials in it.
    """
    if not isinstance(base_url, str):
        raise TypeError(f"{source} is of type {type(base_url).__name__}. Pass it as a str.")
    if "@" in base_url:  # not shown: what stands before it may be secret
        raise ValueError(
            f"{source} has a user name or a password in it. Pass `api_key`, or `default_headers`."
        )
    fault = _fault(base_url)
    if fault is not None:
        raise ValueError(f"{source}={base_url!r} {fault}. {_EXAMPLE}.")
    return base_url.rstrip("/")


def _fault(base_url: str) -> str | None:
    """Return the fault of an address, as the rest of a sentence."""
    if not (base_url.isascii() and base_url.isprintable()) or " " in base_url:
        return "has a blank, a line break or a character that is not ASCII in it"
    try:
        parts = urlsplit(base_url)
        _ = parts.port
    except ValueError as error:
        return f"is not a valid address: {error}"
    return _fault_of(parts)


def _fault_of(parts: SplitResult) -> str | None:
    if parts.scheme not in {"http", "https"}:
        return "does not begin with http:// or https://"
    if not parts.hostname:
        return "names no host"
    if parts.query or parts.fragment:
        return "has a query or a fragment, to which no path can be added"
    return None
