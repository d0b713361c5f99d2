"""Rows of `GET /models`, in the dialects of OpenAI, vLLM, llama-server, OpenRouter, Mistral, Groq and ours.

Source: OpenAI, "List models"; vLLM, `ModelCard` (`max_model_len`); llama.cpp, `tools/server` (`meta`);
OpenRouter, "List available models"; Mistral, "List models" (`capabilities`); Groq (`context_window`);
Venice, `model_spec`.
"""

import re

from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.dialects import DialectName
from fondaco.engines.common.found import (
    MOST_DIMENSIONS,
    FoundModel,
    Row,
    row_of,
    tokens_of,
    words_of,
)

_CONTEXTS = ("max_model_len", "context_length", "context_window", "max_context_length")
_OUTPUTS = ("max_completion_tokens", "max_output_tokens", "max_output_length")
_OTHER_KINDS = re.compile(
    r"whisper|tts|dall-e|moderation|rerank|transcribe|realtime|(^|[-/])image|sora|speech|flux|"
    r"stable-diffusion|guard"
)
"""In names of models that neither chat nor embed; OpenAI's list says no more of them than the name."""
_EMBEDS = re.compile(r"embed|(^|[-/_])(bge|e5|gte|minilm|nomic-bert)\b")


def dialect_of(rows: list[Row]) -> DialectName | None:
    """Return the dialect that rows are in, where they show it."""
    named = (row.get("owned_by") for row in rows)
    owners = {owner if isinstance(owner, str) else None for owner in named}
    if owners == {"vllm"}:
        return "vllm"
    if owners == {"llamacpp"}:
        return "llama-server"
    if "library" in owners:
        return "ollama"
    if any("supported_parameters" in row and "top_provider" in row for row in rows):
        return "openrouter"
    return "openai" if any("model_spec" in row for row in rows) else None


def model_of(name: str, row: Row, dialect: DialectName) -> FoundModel:
    """Return the model of a row."""
    spec, meta = row_of(row.get("model_spec")), row_of(row.get("meta"))
    says = row_of(spec.get("capabilities")) or row_of(row.get("capabilities"))
    inputs = words_of(row_of(row.get("architecture")).get("input_modalities"))
    takes = words_of(row.get("supported_parameters"))
    provider = row_of(row.get("top_provider"))
    own = dialect in {"vllm", "llama-server"}
    return FoundModel(
        name=name,
        context_tokens=_first(row, *_CONTEXTS)
        or _first(spec, "availableContextTokens")
        or _first(meta, "n_ctx", "n_ctx_train"),
        max_output_tokens=_first(row, *_OUTPUTS) or _first(provider, *_OUTPUTS),
        embeds=embeds(name, row),
        dimensions=whole(meta.get("n_embd"), MOST_DIMENSIONS) or None,
        vision="image" in inputs or _yes(says, "vision", "supportsVision"),
        audio="audio" in inputs or _yes(says, "supportsAudioInput"),
        video="video" in inputs or _yes(says, "supportsVideoInput"),
        function_calling="tools" in takes
        or _yes(says, "function_calling", "supportsFunctionCalling"),
        thinks=bool(takes & {"reasoning", "include_reasoning"}) or _yes(says, "supportsReasoning"),
        log_probs=own or "logprobs" in takes or _yes(says, "supportsLogProbs"),
        response_schema=own
        or "structured_outputs" in takes
        or _yes(says, "supportsResponseSchema"),
    )


def is_served(name: str, row: Row) -> bool:
    """Whether a model chats or embeds, as far as its row shows."""
    outputs = words_of(row_of(row.get("architecture")).get("output_modalities"))
    if outputs and "text" not in outputs:
        return embeds(name, row)
    kind = row.get("type")
    if isinstance(kind, str) and "model_spec" in row:
        return kind in {"text", "embedding"}
    return _OTHER_KINDS.search(name.lower()) is None


def embeds(name: str, row: Row) -> bool:
    """Whether a model makes vectors, as its row says, or else its name."""
    return row.get("type") == "embedding" or _EMBEDS.search(name.lower()) is not None


def _first(row: Row, *keys: str) -> int | None:
    found = (tokens_of(row.get(key)) for key in keys)
    return next((tokens for tokens in found if tokens is not None), None)


def _yes(says: Row, *keys: str) -> bool:
    return any(says.get(key) is True for key in keys)
