"""Hints: fields of OpenAI's API that affect how an engine works and not what it returns.

Source: POST /chat/completions of OpenAI's API; and, for the tiers of retention, the client's `create`.
"""

from collections.abc import Iterator
from hashlib import blake2b

from fondaco.domain.chat import message
from fondaco.domain.chat.request import ChatRequest
from fondaco.engines.common.dialects import Dialect, Prefix

_KEY_BYTES = 16
_RETENTIONS = {"default": None, "extended": "24h"}
"""Retention tiers by their names in OpenAI's API; None: the engine's default."""


def with_hints(request: ChatRequest, dialect: Dialect) -> dict[str, object]:
    """Return the fields of the hints that the engine supports."""
    return dict(_hint_fields(request, dialect))


def ignored(request: ChatRequest, dialect: Dialect) -> tuple[str, ...]:
    """Return the names of hints that the engine does not receive, or not completely."""
    return tuple(
        name
        for name, hint in request.options.hints.items()
        if not _is_supported(name, hint, dialect)
    )


def _is_supported(name: str, hint: object, dialect: Dialect) -> bool:
    match name:
        case "text":
            return name in dialect.hints and _is_verbosity(hint)
        case message.CACHE_CONTROL:
            return hint is True and dialect.cache_control
        case message.PREFIX:
            return hint is True and dialect.prefix is not Prefix.NOT
        case _ if name.startswith("messages."):
            return dialect.opaque
        case _:
            return name in dialect.hints


def _hint_fields(request: ChatRequest, dialect: Dialect) -> Iterator[tuple[str, object]]:
    for name, hint in request.options.hints.items():
        if name not in dialect.hints:
            continue
        match name, hint:
            case "prompt_cache_key", str(key):
                yield name, _scoped_key(request.cache_scope, key)
            case "prompt_cache_retention", str(tier):
                if (retention := _RETENTIONS.get(tier, tier)) is not None:
                    yield name, retention
            case "text", {"verbosity": verbosity}:
                yield "verbosity", verbosity
            case "text", _:
                pass
            case _:
                yield name, hint


def set_prefix(body: dict[str, object], conversation: list[dict[str, object]], by: Prefix) -> None:
    """Set the field that makes the output continue the last message."""
    match by:
        case Prefix.FIELD:
            conversation[-1]["prefix"] = True
        case Prefix.TEMPLATE:
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        case Prefix.ALWAYS | Prefix.NOT:
            pass


def _scoped_key(scope: str, key: str) -> str:
    """Return a cache key that is unique to the account and does not reveal the caller's."""
    return blake2b(f"{scope}/{key}".encode(), digest_size=_KEY_BYTES).hexdigest()


def _is_verbosity(text: object) -> bool:
    return isinstance(text, dict) and text.keys() == {"verbosity"}
