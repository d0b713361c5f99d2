"""How engines say that a prompt does not fit, and what their callers are told."""

import json

import pytest

from fondaco.domain.errors import ContextTooLongError
from fondaco.engines.openai.context_errors import WORDINGS
from fondaco.engines.openai.errors import error_in_body, refusal


def _refused(status: int, reply: object) -> Exception:
    return refusal(status, {}, json.dumps(reply).encode(), output_tokens=12)


_SAID = [
    (
        "OpenAI, DeepSeek, vLLM",
        (
            "This model's maximum context length is 65536 tokens. However, you requested 66343 tokens "
            "(62247 in the messages, 4096 in the completion). Please reduce the length."
        ),
        (62247, 65536),
    ),
    (
        "OpenAI, DeepSeek, vLLM",
        (
            "This model's maximum context length is 4097 tokens, however you requested 4569 tokens "
            "(3545 in your prompt; 1024 for the completion)."
        ),
        (3545, 4097),
    ),
    (
        "OpenAI, Azure",
        (
            "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in "
            "509178 tokens. Please reduce the length of the messages."
        ),
        (509178, 272000),
    ),
    (
        "OpenAI",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        (None, None),
    ),
    (
        "vLLM",
        (
            "You passed 5000 input tokens and requested 100 output tokens. However, the model's context "
            "length is only 4096 tokens, resulting in a maximum input length of 3996 tokens."
        ),
        (5000, 4096),
    ),
    (
        "vLLM",
        "This model's maximum context length is 40 tokens and your request has 30 input tokens.",
        (30, 40),
    ),
    (
        "vLLM",
        (
            "This model's maximum context length is 262144 tokens. However, you requested 128000 output "
            "tokens and your prompt contains at least 134145 input tokens, for a total of at least 262145."
        ),
        (134145, 262144),
    ),
    (
        "vLLM",
        "The decoder prompt (length 10127) is longer than the maximum model length of 8192.",
        (10127, 8192),
    ),
    (
        "vLLM",
        "The prompt (total length 25938) is too long to fit into the model (context length 4096).",
        (25938, 4096),
    ),
    (
        "SGLang",
        "The input (61709 tokens) is longer than the model's context length (40960 tokens).",
        (61709, 40960),
    ),
    (
        "SGLang",
        "Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens).",
        (160062, 59862),
    ),
    (
        "SGLang",
        (
            "Requested token count exceeds the model's maximum context length of 32768 tokens. You "
            "requested a total of 33000 tokens: 1000 tokens from the input messages and 32000 tokens for "
            "the completion."
        ),
        (1000, 32768),
    ),
    (
        "llama-server",
        "request (9031 tokens) exceeds the available context size (2048 tokens), try increasing it",
        (9031, 2048),
    ),
    (
        "llama-server, older",
        "the request exceeds the available context size, try increasing it",
        (None, None),
    ),
    ("llama-cpp-python", "Requested tokens (9000) exceed context window of 512", (9000, 512)),
    (
        "LM Studio",
        (
            "Trying to keep the first 111490 tokens when context the overflows. However, the model is "
            "loaded with context length of only 32768 tokens, which is not enough."
        ),
        (111490, 32768),
    ),
    (
        "LM Studio",
        "The number of tokens to keep from the initial prompt is greater than the context length.",
        (None, None),
    ),
    ("Ollama", "prompt too long; exceeded max context length by 4096 tokens", (None, None)),
    ("Ollama", "the input length exceeds the context length", (None, None)),
    (
        "TGI",
        (
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 1244 "
            "`inputs` tokens and 1000 `max_new_tokens`"
        ),
        (1244, 2048),
    ),
    (
        "TGI",
        "Input validation error: `inputs` must have less than 2048 tokens. Given: 2222",
        (2222, 2048),
    ),
    (
        "Mistral",
        (
            "Prompt contains 300000 tokens and 0 draft tokens, too large for model with 131072 maximum "
            "context length"
        ),
        (300000, 131072),
    ),
    (
        "Cerebras",
        (
            "Please reduce the length of the messages or completion. Current length is 42328 while limit "
            "is 40000"
        ),
        (42328, 40000),
    ),
    (
        "vLLM, embeddings",
        (
            "This model's maximum context length is 512 tokens. However, you requested 600 tokens in the "
            "input for embedding generation. Please reduce the length of the input."
        ),
        (600, 512),
    ),
    (
        "llama-server, embeddings",
        (
            "input (600 tokens) is too large to process. increase the physical batch size (current "
            "batch size: 512)"
        ),
        (600, 512),
    ),
    ("Groq", "Please reduce the length of the messages or completion.", (None, None)),
    (
        "OpenRouter",
        (
            "This endpoint's maximum context length is 131072 tokens. However, you requested about 141607 "
            "tokens (10535 of text input, 131072 in the output). Please reduce the length of either one."
        ),
        (10535, 131072),
    ),
    (
        "Gemini",
        "The input token count (134123) exceeds the maximum number of tokens allowed (131072).",
        (134123, 131072),
    ),
    (
        "Gemini, without the prompt's length",
        "The input token count exceeds the maximum number of tokens allowed 1048576.",
        (None, 1048576),
    ),
    (
        "xAI",
        "This model's maximum prompt length is 131072 but the request contains 136973 tokens.",
        (136973, 131072),
    ),
    ("Anthropic", "prompt is too long: 202128 tokens > 200000 maximum", (202128, 200000)),
    (
        "Anthropic",
        "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease input",
        (178959, 200000),
    ),
    ("Bedrock", "Input is too long for requested model.", (None, None)),
    (
        "Moonshot",
        "Invalid request: Your request exceeded model token limit: 262144 (requested: 300000)",
        (300000, 262144),
    ),
    ("MiniMax", "invalid params, context window exceeds limit (2013)", (None, None)),
    ("DashScope", "Range of input length should be [1, 30720]", (None, 30720)),
    (
        "SiliconFlow",
        "length of prompt_tokens (163280) must be less than max_seq_len (32768).",
        (163280, 32768),
    ),
]


@pytest.mark.parametrize(("engine", "words", "numbers"), _SAID)
def test_words_of_an_overflow_are_recognised_with_their_numbers(
    engine: str, words: str, numbers: tuple[int | None, int | None]
) -> None:
    for status in (400, 413, 422, 500):
        refused = _refused(status, {"error": {"message": words}})
        assert isinstance(refused, ContextTooLongError)
        assert (refused.input_tokens, refused.context_tokens) == numbers
    told = error_in_body({"error": words}, output_tokens=12)
    assert isinstance(told, ContextTooLongError)
    assert str(told) == str(refused)
    assert "12 in the completion" in str(told)
    first = next(wording for wording in WORDINGS if wording.pattern.search(words))
    assert first.engine == engine


def test_every_wording_has_an_example_and_a_source() -> None:
    heard = {
        next(wording for wording in WORDINGS if wording.pattern.search(words))
        for _, words, _ in _SAID
    }
    assert heard == set(WORDINGS)
    assert all(wording.source for wording in WORDINGS)


@pytest.mark.parametrize(
    "error",
    [
        {"code": "context_length_exceeded"},
        {"type": "exceed_context_size_error"},
        {"code": "CONTEXT_LENGTH_EXCEEDED", "message": "no"},
        {"type": "invalid_request_error", "code": "context_window_exceeded"},
    ],
    ids=str,
)
def test_a_code_or_type_tells_of_an_overflow_without_words(error: dict[str, object]) -> None:
    assert isinstance(_refused(400, {"error": error}), ContextTooLongError)
    assert isinstance(error_in_body({"error": error}), ContextTooLongError)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ({"n_prompt_tokens": 9, "n_ctx": 4}, (9, 4)),
        ({"n_prompt_tokens": 9.0, "n_ctx": "4"}, (9, 4)),
        ({"n_prompt_tokens": -9, "n_ctx": 1e30}, (None, None)),
    ],
    ids=str,
)
def test_numbers_of_an_overflow_are_checked(
    numbers: dict[str, object], told: tuple[int | None, int | None]
) -> None:
    refused = _refused(400, {"error": {"type": "exceed_context_size_error", **numbers}})
    assert isinstance(refused, ContextTooLongError)
    assert (refused.input_tokens, refused.context_tokens) == told
