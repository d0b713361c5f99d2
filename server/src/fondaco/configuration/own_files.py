"""Catalogue entries for model files of one's own, from the files' metadata."""

import re
from dataclasses import dataclass
from decimal import Decimal

from fondaco.configuration.built_in import EMBEDDED
from fondaco.configuration.layers import Tree
from fondaco.modelfiles.headers.facts import GgufFacts

_QUANTIZATION = re.compile(
    r"[-._](i?q\d\w*|iq\d\w*|[bf]?f(16|32)|bf16|mxfp4\w*|fp(4|8|16))$", re.IGNORECASE
)
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_NAMELESS = {"model", "ggml-model", "ggml_model", "unsloth"}
_MOST_INPUT_TOKENS = 8_192
"""An embedding model processes an input in one batch, so its length costs memory."""
_UNKNOWN_CONTEXT = 2_048
"""Context of files that do not state it: that of the oldest models."""
_PRECISIONS = {"F16": "fp16", "BF16": "bf16", "MXFP4": "fp4"}


@dataclass(frozen=True, slots=True)
class TemplateProfile:
    """Features of a chat template, detected by rendering it."""

    usable: bool = False
    calls_tools: bool = False
    thinks: bool = False
    opens_think_tag: bool = False
    """Whether the generation prompt ends inside `<think>`."""
    switchable: bool = False
    """`enable_thinking = false` changes the prompt."""


def id_of(file: str, name: str) -> str:
    """Return an id for a model, from its file's name, or else from the name in the file.

    >>> id_of("Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf", "")
    'qwen2.5-coder-0.5b-instruct'
    >>> id_of("model-q8_0.gguf", "Tiny Llama")
    'tiny-llama'
    """
    stem = plain_name(file)
    chosen = name if stem.lower() in _NAMELESS and name else stem
    model_id = re.sub(r"[^a-z0-9._-]+", "-", chosen.lower()).strip("-._")
    return model_id[:100] or "model"


def plain_name(file: str) -> str:
    """Return a file's name without its quantization, shard number and extension.

    >>> plain_name("Qwen3-8B-Q4_K_M-00001-of-00003.gguf")
    'Qwen3-8B'
    """
    return _QUANTIZATION.sub("", _SHARD.sub("", file.removesuffix(".gguf")))


def row_of(
    facts: GgufFacts, template: TemplateProfile, *, file: str, price: Tree, traits: tuple[str, ...]
) -> Tree:
    """Return the catalogue entry of a GGUF file in the models folder."""
    name = plain_name(file)
    row: Tree = {"name": facts.name if name.lower() in _NAMELESS and facts.name else name}
    row |= _embedding(facts) if facts.embeds else _text(facts, template)
    row |= {
        "engines": (EMBEDDED,),
        "file": file,
        "traits": traits or None,
        "source": facts.source or None,
        "quantization": _PRECISIONS.get(facts.quantization),
    }
    if facts.embeds:
        row |= {"embedding": {"dimensions": facts.dimensions, "pooling": _pooling(facts)}}
        price = {"input": price["input"]}
    return row | {"price": price}


def price_of(text: str) -> Tree:
    """Return the prices that `INPUT/OUTPUT` names, in USD per million tokens; one number is for both.

    Raises:
        ValueError: it names none.

    >>> price_of("0.20/0.90")
    {'input': Decimal('0.20'), 'output': Decimal('0.90')}
    """
    if not re.fullmatch(r"\d{1,7}(\.\d{1,9})?(/\d{1,7}(\.\d{1,9})?)?", text):
        raise ValueError(
            f"{text!r} is not a price. Write USD per million tokens, such as 0.20/0.90."
        )
    first, _, second = text.partition("/")
    return {"input": Decimal(first), "output": Decimal(second or first)}


def _text(facts: GgufFacts, template: TemplateProfile) -> Tree:
    row: Tree = {
        "context_tokens": facts.context_tokens or _UNKNOWN_CONTEXT,
        "function_calling": template.calls_tools,
        "response_schema": True,
        "web_search": True,
        "log_probs": True,
        "temperature": _decimal(facts.temperature),
        "top_p": _decimal(facts.top_p),
    }
    if template.thinks:
        row["reasoning"] = {
            "tags": True,
            "begun": template.opens_think_tag,
            "switch": "template" if template.switchable else "not",
        }
    return row


def _embedding(facts: GgufFacts) -> Tree:
    tokens = min(facts.context_tokens or 512, _MOST_INPUT_TOKENS)
    return {"type": "embedding", "context_tokens": tokens}


def _pooling(facts: GgufFacts) -> str | None:
    """Return the pooling of an embedding model whose file does not state it."""
    return None if facts.pooling else "mean"


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
