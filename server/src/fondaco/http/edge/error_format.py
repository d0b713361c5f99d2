"""Error format: which callers receive OpenAI's error object where an API documents a sentence."""

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from fondaco.http.endpoint.dialect import ApiDialect

ErrorFormat: TypeAlias = Literal["auto", "string", "object"]
"""`auto`: an object for OpenAI's clients, a string for all others."""

_HEADERS = b"x-stainless-"
"""Begins the headers of the clients that OpenAI generates, and so of all that is built on them."""
_AGENT = re.compile(rb"(?:^|\s)(?:Async)?OpenAI/|(?:^|\s)ai-sdk/", re.IGNORECASE)
"""OpenAI's clients in other languages, and the AI SDK, which has several products in its header."""


def for_client(
    dialect: ApiDialect, headers: Mapping[bytes, bytes], chosen: ErrorFormat
) -> ApiDialect:
    """Return the dialect with errors in the format that the client reads."""
    if chosen == "object" or (chosen == "auto" and is_openai_client(headers)):
        return dialect.with_error_objects()
    return dialect


def is_openai_client(headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a request is of one of OpenAI's clients, which show nothing of a string, or built on one.

    >>> is_openai_client({b"x-stainless-lang": b"python"}), is_openai_client({b"user-agent": b"curl/8.5.0"})
    (True, False)
    >>> is_openai_client({b"user-agent": b"ai/5.0.1 ai-sdk/openai/2.0.2 runtime/node.js/22"})
    True
    """
    return _AGENT.search(headers.get(b"user-agent", b"")) is not None or any(
        name.startswith(_HEADERS) for name in headers
    )
