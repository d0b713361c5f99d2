"""Where the API is, and the key to it, as the environment tells."""

import os

LOCAL = "http://127.0.0.1:8000/api/v1"


def api_key() -> str | None:
    """Return VENICE_API_KEY."""
    return os.environ.get("VENICE_API_KEY") or None


def base_url() -> str:
    """Return VENICE_BASE_URL, or where Fondaco listens unless it is told otherwise."""
    return os.environ.get("VENICE_BASE_URL") or LOCAL
