"""What engines' refusals mean for the caller."""

import json

import pytest

from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
    InvalidRequestError,
)
from fondaco.engines.openai.errors import error_in_body, refusal


def _refused(status: int, reply: object, **headers: str) -> Exception:
    return refusal(status, headers, json.dumps(reply).encode(), output_tokens=12)


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


@pytest.mark.parametrize(
    "body", [b"", b"<html>oops</html>", b"[1]", b"{}", b'{"error": {"message": 3}}', b"null"]
)
def test_a_refusal_without_words_is_still_a_refusal(body: bytes) -> None:
    refused = refusal(400, {}, body)
    assert type(refused) is InvalidRequestError
    assert "no readable reason" in str(refused)


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


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("bad stop", "bad stop"),
        (
            {"detail": [{"loc": ["body", "top_p"], "msg": "too high", "type": "x"}]},
            "body.top_p: too high",
        ),
        (
            {"object": "error", "message": {"detail": [{"loc": ["body", 3], "msg": "odd"}]}},
            "body.3: odd",
        ),
        ({"error": {"message": {"message": {"message": "deep"}}}}, "deep"),
        ([{"error": {"code": 400, "message": "wrapped", "status": "INVALID_ARGUMENT"}}], "wrapped"),
        (
            {
                "error": {
                    "message": "Provider returned error",
                    "metadata": {"raw": '{"error": {"message": "bad stop"}}'},
                }
            },
            "Provider returned error bad stop",
        ),
        ({"error": {"message": "oops", "metadata": {"raw": "plain words"}}}, "oops plain words"),
    ],
    ids=str,
)
def test_the_reason_is_found_wherever_an_engine_puts_it(reply: object, reason: str) -> None:
    assert str(_refused(400, reply)).endswith(f"refused the request: {reason}")


def test_a_reason_that_is_no_json_is_one() -> None:
    assert str(refusal(400, {}, b"unknown field `top_k`")).endswith("unknown field `top_k`")


@pytest.mark.parametrize(
    ("status", "error", "meaning"),
    [
        (413, {"code": "rate_limit_exceeded", "message": "Request too large"}, EngineBusyError),
        (429, {"code": "insufficient_quota", "message": "pay"}, EngineRefusedError),
        (400, {"status": "INVALID_ARGUMENT", "message": "API key not valid."}, EngineRefusedError),
        (400, {"type": "invalid_request_error", "code": "model_not_found"}, EngineUnavailableError),
        (400, {"code": "invalid_api_key"}, EngineRefusedError),
        (408, {}, EngineUnavailableError),
        (529, {"type": "overloaded_error"}, EngineUnavailableError),
    ],
    ids=str,
)
def test_words_tell_more_exactly_than_a_status_whose_fault_it_is(
    status: int, error: object, meaning: type[EngineError]
) -> None:
    assert type(_refused(status, {"error": error})) is meaning


@pytest.mark.parametrize(
    ("chunk", "meaning"),
    [
        ({"error": {"message": "bad stop", "code": 400}}, InvalidRequestError),
        ({"error": {"message": "bad stop", "code": "400"}}, InvalidRequestError),
        ({"error": {"message": "bad stop", "code": 400.0}}, InvalidRequestError),
        ({"error": {"message": "bad stop", "type": "BadRequestError"}}, InvalidRequestError),
        ({"error": {"message": "bad stop", "status": "INVALID_ARGUMENT"}}, InvalidRequestError),
        ({"error": {"message": "bad stop", "code": "invalid_request_error"}}, InvalidRequestError),
        ({"object": "error", "message": "bad stop", "code": 400}, InvalidRequestError),
        ({"type": "error", "message": "bad stop", "code": 422}, InvalidRequestError),
        ({"detail": "bad stop", "status": 400}, InvalidRequestError),
        ({"message": "bad stop", "type": "invalid_request_error"}, InvalidRequestError),
        ({"error": {"message": "no", "code": 401}}, EngineRefusedError),
        ({"error": {"message": "no", "type": "authentication_error"}}, EngineRefusedError),
        ({"error": {"message": "no", "code": 429}}, EngineBusyError),
        ({"error": {"message": "no", "code": "rate_limit_exceeded"}}, EngineBusyError),
        ({"error": {"message": "no", "type": "overloaded_error"}}, EngineBusyError),
        ({"error": {"message": "no", "code": 404}}, EngineUnavailableError),
        ({"error": {"message": "no", "code": 502}}, EngineUnavailableError),
        ({"error": {"message": "no", "type": "server_error"}}, EngineUnavailableError),
        ({"error": {"message": "no"}}, EngineError),
        ({"error": {"message": "no", "code": None}}, EngineError),
        ({"error": {"message": "no", "code": 7}}, EngineError),
        ({"error": "no"}, EngineError),
        ({"error": ""}, EngineError),
        ({"error": {}}, EngineError),
        ({"object": "error"}, EngineError),
        ({"detail": "no"}, EngineError),
        ({"message": "no"}, EngineError),
        ({"choices": [], "error": {"code": 502, "message": "no"}}, EngineUnavailableError),
    ],
    ids=str,
)
def test_an_error_that_comes_with_status_200_is_one(
    chunk: dict[str, object], meaning: type[Exception]
) -> None:
    told = error_in_body(chunk)
    assert type(told) is meaning
    assert ("bad stop" in str(told)) == (meaning is InvalidRequestError)


@pytest.mark.parametrize(
    "chunk",
    [
        {},
        {"choices": []},
        {"choices": [], "error": None},
        {"choices": [{"index": 0}], "message": "hi"},
        {"usage": {}},
        {"message": {"content": "hi"}},
        {"error": None},
    ],
    ids=str,
)
def test_a_chunk_without_an_error_is_none(chunk: dict[str, object]) -> None:
    assert error_in_body(chunk) is None
