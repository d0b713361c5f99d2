"""Ollama's own API: its models, their capabilities, and the context that it really gives them.

Source: ollama, docs/api.md: `GET /api/tags`, `POST /api/show`, `GET /api/ps`.
"""

import re
from dataclasses import replace

from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.found import (
    MOST_DIMENSIONS,
    FoundModel,
    Row,
    name_of,
    row_of,
    rows_of,
    tokens_of,
    words_of,
)

DEFAULT_CONTEXT = 4_096
"""Context that Ollama gives a model that is not loaded and names no `num_ctx`: it truncates longer prompts."""
_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,9})\s*$", re.MULTILINE)
_LONGEST_PARAMETERS = 10_000


def names_in(tags: Row) -> list[object]:
    """Return the names of the models that are there."""
    return [row.get("model") or row.get("name") for row in rows_of(tags.get("models"))]


def loaded_contexts(running: Row) -> dict[str, int]:
    """Return the contexts of models that are loaded, by their names."""
    found = {}
    for row in rows_of(running.get("models")):
        name, tokens = name_of(row.get("model")), tokens_of(row.get("context_length"))
        if name is not None and tokens is not None:
            found[name] = tokens
    return found


def model_of(name: str, shown: Row, loaded: int | None) -> FoundModel:
    """Return a model's properties; older versions of Ollama list no capabilities, only chat models."""
    able = words_of(shown.get("capabilities")) or frozenset({"completion"})
    facts = row_of(shown.get("model_info"))
    architecture = facts.get("general.architecture")
    prefix = architecture if isinstance(architecture, str) else ""
    longest = tokens_of(facts.get(f"{prefix}.context_length"))
    found = FoundModel(
        name=name,
        embeds="embedding" in able and "completion" not in able,
        dimensions=whole(facts.get(f"{prefix}.embedding_length"), MOST_DIMENSIONS) or None,
        vision="vision" in able,
        function_calling="tools" in able,
        thinks="thinking" in able,
        response_schema=True,
    )
    configured = loaded or _num_ctx(shown.get("parameters"))
    if found.embeds:
        return replace(found, context_tokens=longest)
    tokens = configured or DEFAULT_CONTEXT
    return replace(found, context_tokens=min(tokens, longest) if longest else tokens)


def _num_ctx(parameters: object) -> int | None:
    if not isinstance(parameters, str):
        return None
    found = _NUM_CTX.search(parameters[:_LONGEST_PARAMETERS])
    return tokens_of(found[1]) if found else None
