"""Model names with a vendor: `vendor/model` and `vendor/model/deployment`.

Source: POST /v4/beta/chat/completions, `model`.
"""

from collections.abc import Collection
from difflib import get_close_matches

from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.names import as_sealed_as

FOREIGN = frozenset(
    {
        *("local", "venice", "fondaco", "openai", "anthropic", "google", "gemini", "vertex_ai"),
        *(
            "cohere",
            "mistral",
            "mistralai",
            "meta",
            "meta-llama",
            "deepseek",
            "deepseek-ai",
            "qwen",
        ),
        *("xai", "microsoft", "bedrock", "fireworks_ai", "launch", "llmengine", "other"),
    }
)
"""Vendor prefixes that clients commonly send; ignored unless one is also the name of an engine."""
_LONGEST = 200
"""Characters of a name that are compared with others."""


def resolve_vendor(catalogue: Catalogue, name: str) -> tuple[str, str]:
    """Split a name into the catalogue's name and the only engine that may serve it; empty: any.

    A vendor that is an engine here, and a deployment, name that engine. A name as a whole comes
    before any other reading of it, unless that engine runs the model: ids may have slashes.

    Raises:
        ModelNotFoundError: no reading of it is a known name; the message suggests one.
        ModelGoneError: the model was retired without a replacement.
    """
    if (resolved := _resolve(catalogue, name)) is not None:
        return resolved
    front, _, last = name.rpartition("/")
    known, engine = _resolve(catalogue, front) or ("", "")
    if known and engine in ("", last) and _runs(catalogue, last, known):
        return known, last
    if catalogue.serves(name):
        return name, ""
    raise _unknown(catalogue, name)


def _resolve(catalogue: Catalogue, name: str) -> tuple[str, str] | None:
    vendor, _, model = name.partition("/")
    if _runs(catalogue, vendor, model):
        return model, vendor
    if catalogue.knows(name):
        return name, ""
    is_foreign = vendor.lower() in FOREIGN and vendor not in catalogue.engines
    return (model, "") if is_foreign and catalogue.knows(model) else None


def _runs(catalogue: Catalogue, engine: str, name: str) -> bool:
    return (
        engine in catalogue.engines
        and catalogue.knows(name)
        and engine in catalogue.route(name).engines
    )


def _unknown(catalogue: Catalogue, name: str) -> ModelNotFoundError:
    closest = _suggestion(catalogue, name[:_LONGEST])
    hint = f" Did you mean {closest!r}?" if closest else ""
    return ModelNotFoundError(
        f"Specified model not found: {name[:100]!r}.{hint} GET /v4/models lists all."
    )


def _suggestion(catalogue: Catalogue, name: str) -> str | None:
    """Return the nearest known name, each part matched separately."""
    vendor, slash, rest = name.partition("/")
    names = as_sealed_as(name, catalogue.names())
    if not slash:
        return _closest(name, names)
    model, _, last = rest.partition("/")
    known = _closest(rest, names) or _closest(model, names)
    if known is None:
        return None
    running = catalogue.route(known).engines
    suggested_vendor = _closest(vendor, [*running, *(FOREIGN - catalogue.engines)]) or "local"
    chosen = _closest(last, running) if last and known != rest else None
    if suggested_vendor in running and chosen != suggested_vendor:
        chosen = None
    return f"{suggested_vendor}/{known}/{chosen}" if chosen else f"{suggested_vendor}/{known}"


def _closest(word: str, words: Collection[str]) -> str | None:
    return next(iter(get_close_matches(word, words, n=1, cutoff=0.6)), None)
