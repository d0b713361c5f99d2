"""What engines' refusals mean for the caller."""

import json

import pytest

from fondaco.domain.errors import (
    ContextTooLongError,
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
    InvalidRequestError,
)
from fondaco.upstream.refusals import refusal

_OVERFLOWS = [
    (
        {"n_prompt_tokens": 9031, "n_ctx": 2048, "message": "request (9031 tokens) exceeds"},
        9031,
        2048,
    ),
    (
        {
            "message": "This model's maximum context length is 8192 tokens. However, you requested "
            "9012 tokens (9000 in the messages, 12 in the completion). Please reduce the length."
        },
        9000,
        8192,
    ),
    (
        {
            "message": "You passed 5000 input tokens and requested 100 output tokens. However, the "
            "model's context length is only 4096 tokens, resulting in a maximum input length of "
            "3996 tokens."
        },
        5000,
        4096,
    ),
    (
        {
            "message": "'max_tokens' is too large: 1000. This model's maximum context length is 40 "
            "tokens and your request has 30 input tokens (1000 > 40 - 30)."
        },
        30,
        40,
    ),
    (
        {
            "message": "The decoder prompt (length 5000) is longer than the maximum model length "
            "of 4096."
        },
        5000,
        4096,
    ),
    (
        {
            "code": "context_length_exceeded",
            "message": "This model's maximum context length is 128000 tokens. However, your "
            "messages resulted in 130000 tokens.",
        },
        130000,
        128000,
    ),
    (
        {
            "message": "Input tokens exceed the configured limit of 272000 tokens. Your messages "
            "resulted in 300000 tokens."
        },
        300000,
        272000,
    ),
    (
        {
            "message": "request (9031 tokens) exceeds the available context size (2048 tokens), "
            "try increasing it"
        },
        9031,
        2048,
    ),
]


def _refused(status: int, reply: object, **headers: str) -> Exception:
    return refusal(status, headers, json.dumps(reply).encode(), output_tokens=12)


@pytest.mark.parametrize(("error", "prompt", "context"), _OVERFLOWS)
def test_every_engines_words_for_a_full_context_are_understood(
    error: dict[str, object], prompt: int, context: int
) -> None:
    refused = _refused(400, {"error": error})
    assert isinstance(refused, ContextTooLongError)
    assert (refused.input_tokens, refused.context_tokens) == (prompt, context)
    assert "12 in the completion" in str(refused)


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize(
    "reply",
    [
        {"error": "bad stop"},
        {"error": {"message": "bad stop"}},
        {"object": "error", "message": "bad stop"},
        {"detail": "bad stop"},
    ],
)
def test_a_request_at_fault_is_refused_in_the_engines_words(status: int, reply: object) -> None:
    refused = _refused(status, reply)
    assert type(refused) is InvalidRequestError
    assert "bad stop" in str(refused)


def test_the_engines_words_are_kept_short() -> None:
    assert len(str(_refused(400, {"error": "x" * 100_000}))) < 1_100


@pytest.mark.parametrize("body", [b"", b"oops", b"[1]", b"{}", b'{"error": {"message": 3}}'])
def test_a_refusal_without_words_is_still_a_refusal(body: bytes) -> None:
    refused = refusal(400, {}, body)
    assert type(refused) is InvalidRequestError
    assert "no reason" in str(refused)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, EngineRefusedError),
        (402, EngineRefusedError),
        (403, EngineRefusedError),
        (404, EngineUnavailableError),
        (429, EngineBusyError),
        (500, EngineUnavailableError),
        (503, EngineUnavailableError),
        (302, EngineError),
        (418, EngineError),
    ],
)
def test_whatever_is_not_the_requests_fault_is_the_engines(
    status: int, error: type[EngineError]
) -> None:
    assert type(_refused(status, {"error": "the secret is hunter2"})) is error


def test_only_a_complaint_about_the_request_is_repeated() -> None:
    assert "hunter2" not in str(_refused(500, {"error": "the secret is hunter2"}))


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("7", 7),
        ("0.2", 1),
        ("-3", 1),
        ("1e9", 3600),
        ("inf", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("", None),
    ],
)
def test_an_engine_that_is_full_says_when_to_come_back(told: str, kept: int | None) -> None:
    refused = _refused(429, {}, **{"retry-after": told})
    assert isinstance(refused, EngineUnavailableError)
    assert refused.retry_after_s == kept
