"""Recognises context-overflow errors of many engines: by code, type or wording."""

import re
from dataclasses import dataclass
from typing import Self

from fondaco.domain.untrusted_numbers import whole

CODES = frozenset(
    {
        "context_length_exceeded",  # OpenAI, Groq
        "context_window_exceeded",
        "context_window_exceeded_error",
        "contextwindowexceedederror",  # LiteLLM
        "model_context_window_exceeded",  # Zhipu
        "exceed_context_size_error",  # llama-server
        "prompt_too_long",
        "input_too_long",
    }
)
"""Values of an error's `code` or `type`, in lower case."""


@dataclass(frozen=True, slots=True)
class ErrorWording:
    """One engine's wording of the error."""

    engine: str
    pattern: "re.Pattern[str]"
    """Its named groups are `prompt`, the tokens of the prompt, and `context`."""
    source: str
    """Source of the wording."""

    @classmethod
    def of(cls, engine: str, words: str, source: str) -> Self:
        """Return a wording; `P` and `C` in `words` stand for the numbers, `N` for any other number."""
        for letter, name in (("P", "?P<prompt>"), ("C", "?P<context>"), ("N", "?:")):
            words = re.sub(rf"\b{letter}\b", rf"({name}\\d[\\d,]*)", words)
        return cls(engine, re.compile(words, re.IGNORECASE | re.DOTALL), source)


_GITHUB = "github.com/"
WORDINGS = tuple(
    ErrorWording.of(engine, words, _GITHUB + source)
    for engine, words, source in (
        (
            "OpenAI, DeepSeek, vLLM",
            r"maximum context length is C tokens.{1,40}requested N tokens \(P in (?:the messages|your prompt)",
            "FoundationAgents/OpenManus/issues/79",
        ),
        (
            "OpenAI, Azure",
            r"(?:maximum context length is|configured limit of) C tokens.{1,40}resulted in P tokens",
            "BerriAI/litellm/issues/15968",
        ),
        (
            "OpenAI",
            r"input exceeds the context window",
            "dyad-sh/dyad/issues/1672",
        ),
        (
            "vLLM",
            r"passed P input tokens and requested N output tokens.{1,40}context length is only C tokens",
            "vllm-project/vllm/issues/33418",
        ),
        (
            "vLLM",
            r"maximum context length is C tokens and your request has P input tokens",
            "vllm-project/vllm/issues/33418",
        ),
        (
            "vLLM",
            r"maximum context length is C tokens.{1,90}prompt contains at least P input tokens",
            "AIDotNet/OpenCowork/issues/82",
        ),
        (
            "vLLM, embeddings",
            r"maximum context length is C tokens.{1,40}requested P tokens in the input for",
            "vllm-project/vllm (entrypoints/openai/serving_engine.py)",
        ),
        (
            "llama-server, embeddings",
            r"input \(P tokens\) is too large to process.{1,60}batch size: C",
            "ggml-org/llama.cpp (tools/server/server.cpp, update_slots)",
        ),
        (
            "vLLM",
            r"prompt \((?:total )?length P\) is longer than the maximum model length of C",
            "Gabesarch/grounded-rl/issues/16",
        ),
        (
            "vLLM",
            r"prompt \((?:total )?length P\) is too long to fit into the model \(context length C\)",
            "vllm-project/vllm/issues/12165",
        ),
        (
            "SGLang",
            r"input \(P tokens\) is longer than the model's context length \(C tokens\)",
            "QwenLM/Qwen3/issues/1321",
        ),
        (
            "SGLang",
            r"input length \(P tokens\) exceeds the maximum allowed length \(C tokens\)",
            "sgl-project/sglang/issues/4048",
        ),
        (
            "SGLang",
            r"exceeds the model's maximum context length of C tokens(?:.{1,60}: P tokens from the input)?",
            "sgl-project/sglang (tokenizer_manager.py, validation of a request's total tokens)",
        ),
        (
            "llama-server",
            r"request \(P tokens\) exceeds the available context size \(C tokens\)",
            "ggml-org/llama.cpp (tools/server, ERROR_TYPE_EXCEED_CONTEXT_SIZE)",
        ),
        (
            "llama-server, older",
            r"exceeds the available context size",
            "ggml-org/llama.cpp (tools/server, ERROR_TYPE_EXCEED_CONTEXT_SIZE)",
        ),
        (
            "llama-cpp-python",
            r"requested tokens (?:\(P\) )?exceed context window of C",
            "abetlen/llama-cpp-python/issues/120",
        ),
        (
            "LM Studio",
            r"keep the first P tokens when (?:the )?context(?: the)? overflows.{1,60}context length of only C tokens",
            "lmstudio-ai/lmstudio-bug-tracker/issues/546",
        ),
        (
            "LM Studio",
            r"tokens to keep from the initial prompt is greater than the context length",
            "lmstudio-ai/lmstudio-bug-tracker/issues/2256",
        ),
        (
            "Ollama",
            r"prompt too long; exceeded (?:max )?context length",
            "ollama/ollama (server/prompt.go)",
        ),
        (
            "Ollama",
            r"input length exceeds the context length",
            "nano-step/nano-brain/issues/208",
        ),
        (
            "TGI",
            r"`inputs` tokens \+ `max_new_tokens` must be <= C\. Given: P `inputs` tokens",
            "huggingface/text-generation-inference/issues/628",
        ),
        (
            "TGI",
            r"`inputs` must have less than C tokens\. Given: P",
            "h2oai/h2ogpt/issues/373",
        ),
        (
            "Mistral",
            r"prompt contains P tokens.{1,40}too large for model with C maximum context length",
            "mistralai (docs.mistral.ai/resources/known-limitations)",
        ),
        (
            "Cerebras",
            r"reduce the length of the messages or completion\. Current length is P while limit is C",
            "cline/cline/issues/5140",
        ),
        (
            "Groq",
            r"^please reduce the length of the messages or completion",
            "letta-ai/letta/issues/1963",
        ),
        (
            "OpenRouter",
            r"endpoint's maximum context length is C tokens.{1,40}requested about N tokens \(P of text input",
            "Aider-AI/aider/issues/3721",
        ),
        (
            "Gemini",
            r"input token count \(P\) exceeds the maximum number of tokens allowed \(C\)",
            "google-gemini/gemini-cli/issues/12214",
        ),
        (
            "Gemini, without the prompt's length",
            r"input token count exceeds the maximum number of tokens allowed \(?C\)?",
            "google-gemini/gemini-cli/issues/4231",
        ),
        (
            "xAI",
            r"maximum prompt length is C but the request contains P tokens",
            "cline/cline/issues/3120",
        ),
        (
            "Anthropic",
            r"prompt is too long: P tokens > C maximum",
            "stackblitz/bolt.new/issues/1748",
        ),
        (
            "Anthropic",
            r"input length and `?max_tokens`? exceed context limit: P \+ N > C",
            "docker/docker-agent/issues/569",
        ),
        (
            "Bedrock",
            r"input is too long for requested model",
            "continuedev/continue/issues/6005",
        ),
        (
            "Moonshot",
            r"exceeded model token limit(?:: C \(requested: P\))?",
            "MoonshotAI (platform.moonshot.ai/docs, error codes)",
        ),
        (
            "MiniMax",
            r"context window exceeds limit",
            "MiniMax-AI/MiniMax-01/issues/15",
        ),
        (
            "DashScope",
            r"range of input length should be \[N, C\]",
            "QwenLM (help.aliyun.com/model-studio, error codes)",
        ),
        (
            "SiliconFlow",
            r"length of prompt_tokens \(P\) must be less than max_seq_len \(C\)",
            "sjzar/chatlog/issues/30",
        ),
    )
)
"""Of an engine's wordings, those with more numbers come first."""


@dataclass(frozen=True, slots=True)
class Overflow:
    """The numbers in a context overflow error; None if missing."""

    prompt_tokens: int | None = None
    context_tokens: int | None = None


def overflow_in(words: str) -> Overflow | None:
    """Return the overflow that an error message reports, or None if it reports something else.

    >>> overflow_in("The input token count (134,123) exceeds the maximum number of tokens allowed (131072).")
    Overflow(prompt_tokens=134123, context_tokens=131072)
    >>> overflow_in("Please reduce the length of the messages or completion.")
    Overflow(prompt_tokens=None, context_tokens=None)
    >>> overflow_in("temperature must be at most 2")
    """
    for wording in WORDINGS:
        if (match := wording.pattern.search(words)) is not None:
            groups = match.groupdict()
            return Overflow(_number(groups.get("prompt")), _number(groups.get("context")))
    return None


def _number(text: str | None) -> int | None:
    return None if text is None else whole(text.replace(",", ""))
