"""Fill in the middle: prompts of a prefix and a suffix, in the special tokens of models that learned it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

_SPELLINGS = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),  # Qwen2.5-Coder, CodeGemma
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),  # StarCoder, Refact
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),  # SantaCoder
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),  # noqa: RUF001 - as DeepSeek-Coder spells it
    ("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),  # GLM-4
    ("▁<PRE>", "▁<SUF>", "▁<MID>"),  # CodeLlama
)
"""Special tokens before the prefix, the suffix and the output, by family of models.

Source: the vocabularies of the models named; llama.cpp finds such tokens by the same texts.
"""


@dataclass(frozen=True, slots=True)
class InfillTokens:
    """The token ids around what a model fills in between."""

    prefix: int
    suffix: int
    middle: int

    def around(self, prefix: Sequence[int], suffix: Sequence[int]) -> tuple[int, ...]:
        """Return the prompt whose continuation belongs between a prefix and a suffix."""
        return (self.prefix, *prefix, self.suffix, *suffix, self.middle)


async def infill_tokens(tokenize: Callable[[str], Awaitable[Sequence[int]]]) -> InfillTokens | None:
    """Return the tokens of a model whose vocabulary has them, as single special tokens; None: it has none.

    Args:
        tokenize: the model's tokenizer, which parses special tokens.
    """
    for spelling in _SPELLINGS:
        found = [await tokenize(text) for text in spelling]
        if all(len(ids) == 1 for ids in found):
            return InfillTokens(*(ids[0] for ids in found))
    return None
