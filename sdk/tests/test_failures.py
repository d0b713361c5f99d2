"""What goes wrong: which error is raised, and what is tried again."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpx2
import pytest

from house import SECRET, House
from upstream.raw_server import RawServer
from venice_ai import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    InvalidResponseError,
    ModelGoneError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    UserMessage,
    VeniceClient,
    exceptions,
)
from venice_ai.types.api.chat import ChatCompletionResponse

QUESTION = [UserMessage(content="Count!")]
GOOD: dict[str, object] = {"choices": [{"index": 0, "message": {"content": "Hi"}}]}


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("venice_ai._http.transport._FIRST_WAIT_S", 0.001)


async def ask(
    raw: RawServer, *, max_retries: int = 2, timeout_s: float = 600
) -> ChatCompletionResponse:
    url = f"http://127.0.0.1:{raw.port}/api/v1"
    async with VeniceClient(
        base_url=url, api_key="k", max_retries=max_retries, timeout=timeout_s
    ) as client:
        return await client.chat.completions.create(model="toy", messages=QUESTION)


def reply(status: int = 200, body: object = GOOD, head: str = "") -> bytes:
    text = body if isinstance(body, str) else json.dumps(body)
    return (
        f"HTTP/1.1 {status} X\r\n{head}Content-Length: {len(text.encode())}\r\n\r\n{text}".encode()
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, AuthenticationError),
        (402, PaymentRequiredError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (408, APITimeoutError),
        (409, ConflictError),
        (410, ModelGoneError),
        (413, InvalidRequestError),
        (429, RateLimitError),
        (500, APIError),
        (503, ServiceUnavailableError),
        (504, APITimeoutError),
    ],
)
async def test_each_status_has_its_error(raw: RawServer, status: int, kind: type[APIError]) -> None:
    body = {"error": "It is so.", "code": "WORD", "details": {"_errors": []}}
    raw.answer(reply(status, body, "CF-RAY: r1\r\n"))
    with pytest.raises(kind, match="It is so") as told:
        await ask(raw, max_retries=0)
    error = told.value
    assert type(error) is kind
    assert (error.status, error.code, error.request_id) == (status, "WORD", "r1")
    assert error.details == {"_errors": []}
    assert error.body == body
    assert str(error) == f"It is so. ({status}, WORD, request r1)"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "Too long.", "code": "context_length_exceeded"}}, "Too long."),
        ({"message": "By a message."}, "By a message."),
        ({"detail": "By a detail."}, "By a detail."),
        ("<h1>Bad gateway</h1>", "Bad gateway"),
        ("", "answered 400 and did not say why"),
        ([1], "answered 400 and did not say why"),
    ],
)
async def test_errors_are_understood_in_other_shapes(
    raw: RawServer, body: object, message: str
) -> None:
    raw.answer(reply(400, body))
    with pytest.raises(InvalidRequestError, match=message):
        await ask(raw)


async def test_faults_of_fields_are_told(client: VeniceClient) -> None:
    with pytest.raises(InvalidRequestError) as told:
        await client.chat.completions.create(model="toy", messages=QUESTION, temperature=9)
    assert told.value.code == "INVALID_REQUEST"
    assert isinstance(told.value.details, dict)
    assert "temperature" in told.value.details


async def test_faults_of_fields_are_named(client: VeniceClient) -> None:
    with pytest.raises(InvalidRequestError, match=r"temperature: .* top_p: ") as told:
        await client.chat.completions.create(
            model="toy", messages=QUESTION, temperature=9, top_p="x"
        )
    assert {*told.value.faults} == {"temperature", "top_p"}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            {"error": "Bad.", "details": {"_errors": ["Odd"], "a": {"0": {"_errors": ["x", "y"]}}}},
            "Bad. Odd; a.0: x y (400)",
        ),
        (
            {"error": "Bad.", "details": [{"path": ["messages", 0], "message": "No role"}]},
            "Bad. messages.0: No role (400)",
        ),
        (
            {"detail": [{"loc": ["body", "n"], "msg": "Too large"}]},
            "The request is not valid. body.n: Too large (400)",
        ),
        ({"error": {"message": "Too long.", "param": "messages"}}, "Too long. messages (400)"),
        ({"error": {"message": "'n' is odd.", "param": "n"}}, "'n' is odd. (400)"),
        ({"error": "Bad.", "details": {"a": 1, "b": [2], "c": {"_errors": [3]}}}, "Bad. (400)"),
        ({"error": "Bad.", "details": "x"}, "Bad. (400)"),
    ],
)
async def test_faults_of_fields_are_named_in_whatever_shape_they_come(
    raw: RawServer, body: object, text: str
) -> None:
    raw.answer(reply(400, body))
    with pytest.raises(InvalidRequestError) as told:
        await ask(raw)
    assert str(told.value) == text


async def test_faults_of_any_number_and_depth_can_be_told(raw: RawServer) -> None:
    deep: dict[str, object] = {"_errors": ["Deep"]}
    for _ in range(500):
        deep = {"x": deep}
    many = {f"f{number}": {"_errors": ["Odd"]} for number in range(60)}
    raw.answer(reply(400, {"error": "Bad.", "details": {**many, "y": deep}}))
    with pytest.raises(InvalidRequestError, match="f49: Odd; and 11 more") as told:
        await ask(raw)
    assert len(told.value.faults) == 61


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirection_is_told_and_not_followed(raw: RawServer, status: int) -> None:
    raw.answer(reply(status, "", "Location: https://api.example/api/v1/chat/completions\r\n"))
    with pytest.raises(APIError, match=r"'https://api.example/api/v1/chat.*`base_url`") as told:
        await ask(raw)
    assert told.value.status == status
    assert len(raw.heads) == 1


async def test_no_key_at_all_is_told_with_what_to_do(home: House) -> None:
    async with VeniceClient(base_url=f"{home.url}/api/v1") as client:
        with pytest.raises(AuthenticationError, match=r"VENICE_API_KEY.*`api_key`") as told:
            await client.chat.completions.create(model="toy", messages=QUESTION)
    assert told.value.status == 401


@pytest.mark.parametrize("name", ["Authorization", "x-api-key"])
async def test_a_key_in_a_header_is_one(raw: RawServer, name: str) -> None:
    raw.answer(reply(401, {"error": "Authentication failed"}))
    url = f"http://127.0.0.1:{raw.port}"
    async with VeniceClient(base_url=url, default_headers={name: "wrong"}) as client:
        with pytest.raises(AuthenticationError) as told:
            await client.models.list()
    assert "VENICE_API_KEY" not in str(told.value)


async def test_a_wrong_key_is_an_authentication_error(home: House) -> None:
    async with VeniceClient(api_key="wrong", base_url=f"{home.url}/api/v1") as client:
        with pytest.raises(AuthenticationError):
            await client.chat.completions.create(model="toy", messages=QUESTION)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_what_may_pass_is_tried_again_with_the_same_key(raw: RawServer, status: int) -> None:
    raw.answer(reply(status, {"error": "Not now."}))
    raw.answer(reply(status, {"error": "Not now."}))
    raw.answer(reply())
    answer = await ask(raw)
    assert answer.choices[0].message.content == "Hi"
    assert len(raw.heads) == 3
    assert len({*keys(raw)}) == 1


async def test_each_call_has_a_key_of_its_own(raw: RawServer) -> None:
    for _ in range(2):
        raw.answer(reply())
        await ask(raw)
    assert len({*keys(raw)}) == 2


async def test_a_call_that_is_not_tried_again_has_no_key(raw: RawServer) -> None:
    raw.answer(reply())
    await ask(raw, max_retries=0)
    assert [*keys(raw)] == [""]


async def test_the_callers_own_key_is_kept(raw: RawServer) -> None:
    raw.answer(reply())
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}") as client:
        await client.chat.completions.create(
            model="toy", messages=QUESTION, extra_headers={"Idempotency-Key": "mine"}
        )
    assert [*keys(raw)] == ["mine"]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 410])
async def test_what_will_not_pass_is_not_tried_again(raw: RawServer, status: int) -> None:
    raw.answer(reply(status, {"error": "No."}))
    with pytest.raises(APIError, match="No"):
        await ask(raw)
    assert len(raw.heads) == 1


async def test_a_lock_is_tried_again(raw: RawServer) -> None:
    raw.answer(reply(409, {"error": "Locked.", "code": "CONFLICT"}))
    raw.answer(reply())
    assert (await ask(raw)).choices


async def test_it_waits_as_long_as_it_is_told(raw: RawServer) -> None:
    raw.answer(reply(429, {"error": "Slowly."}, "Retry-After: 1\r\n"))
    raw.answer(reply())
    began = anyio.current_time()
    await ask(raw)
    assert anyio.current_time() - began >= 1


async def test_it_does_not_wait_for_longer_than_a_minute(raw: RawServer) -> None:
    raw.answer(reply(429, {"error": "Tomorrow."}, "Retry-After: 86400\r\n"))
    with pytest.raises(RateLimitError) as told:
        await ask(raw)
    assert told.value.retry_after_seconds == 86400
    assert len(raw.heads) == 1


async def test_a_broken_connection_is_tried_again(raw: RawServer) -> None:
    raw.answer(b"", close=True)
    raw.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", close=True)
    raw.answer(reply())
    assert (await ask(raw)).choices
    assert len({*keys(raw)}) == 1


async def test_a_call_that_ran_although_its_connection_broke_is_told_by_its_charge(
    raw: RawServer,
) -> None:
    raw.answer(b"", close=True)
    raw.answer(
        reply(409, {"error": "It ran.", "code": "IDEMPOTENT_REPLAY", "chargeId": "chatcmpl-1"})
    )
    with pytest.raises(ConflictError, match="It ran") as told:
        await ask(raw)
    assert told.value.charge_id == "chatcmpl-1"
    assert len(raw.heads) == 2


async def test_a_failure_that_was_charged_is_told_as_it_was(raw: RawServer) -> None:
    raw.answer(reply(500, {"error": "Broke off.", "code": "INFERENCE_FAILED"}))
    raw.answer(reply(409, {"error": "It ran.", "code": "IDEMPOTENT_REPLAY"}))
    with pytest.raises(APIError, match="Broke off"):
        await ask(raw)


async def test_nobody_there_is_a_connection_error() -> None:
    async with VeniceClient(base_url="http://127.0.0.1:9", max_retries=1) as client:
        with pytest.raises(APIConnectionError, match="Is the server running"):
            await client.chat.completions.create(model="toy", messages=QUESTION)


async def test_silence_is_a_timeout(raw: RawServer) -> None:
    raw.silence()
    with pytest.raises(APITimeoutError, match="Stream the reply"):
        await ask(raw, max_retries=0, timeout_s=0.05)


async def test_a_single_call_can_have_less_patience(raw: RawServer) -> None:
    raw.silence()
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}", max_retries=0) as client:
        with pytest.raises(APITimeoutError):
            await client.chat.completions.create(model="toy", messages=QUESTION, timeout=0.05)


@pytest.mark.parametrize("body", ["<html>", "[]", '{"choices": 7}'])
async def test_a_reply_that_is_none_is_told(raw: RawServer, body: str) -> None:
    raw.answer(reply(200, body))
    with pytest.raises(InvalidResponseError, match="not a valid ChatCompletionResponse") as told:
        await ask(raw)
    assert told.value.body == body
    assert len(raw.heads) == 1


async def test_a_stream_is_tried_again_only_before_it_begins(raw: RawServer) -> None:
    raw.answer(reply(503, {"error": "Loading."}))
    raw.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n: ping\n\n", close=True)
    async with VeniceClient(base_url=f"http://127.0.0.1:{raw.port}") as client:
        stream = await client.chat.completions.stream(model="toy", messages=QUESTION)
        with pytest.raises(APIConnectionError):
            await stream.collect()
    assert len(raw.heads) == 2


async def test_a_thousand_calls_at_a_time_leave_no_connection_behind(home: House) -> None:
    async with VeniceClient(api_key=SECRET, base_url=f"{home.url}/api/v1") as client:
        asked = {"model": "toy", "messages": QUESTION, "max_completion_tokens": 1}
        replies = await client.chat.completions.batch([asked] * 1000, max_concurrency=200)
        assert {type(one) for one in replies} == {ChatCompletionResponse}
        pool = client._transport._connections.http()._transport._pool  # type: ignore[attr-defined]  # a look inside
        assert all(connection.is_idle() for connection in pool.connections)


def test_every_error_of_the_api_is_one() -> None:
    kinds = [getattr(exceptions, name) for name in exceptions.__all__]
    assert all(issubclass(kind, exceptions.VeniceError) for kind in kinds)


HEADERS = {"cf-ray": "r1", "retry-after": "3"}
TOLD: dict[str, Any] = {
    "status": 409,
    "code": "WORD",
    "details": {"n": {"_errors": ["Odd"]}},
    "body": {"error": "It is so."},
    "headers": httpx2.Headers(HEADERS),
    "charge_id": "chatcmpl-1",
}


@pytest.mark.parametrize("name", exceptions.__all__)
@pytest.mark.parametrize(
    "carried",
    [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy],  # noqa: S301 - ours
    ids=["pickle", "copy", "deepcopy"],
)
def test_an_error_stays_what_it_is_wherever_it_is_carried(
    name: str, carried: Callable[[Exception], Exception]
) -> None:
    kind = getattr(exceptions, name)
    told = TOLD if issubclass(kind, APIError) else {}
    error = kind(3) if kind is exceptions.MaxIterationsExceededError else kind("It is so.", **told)
    error.add_note("In the morning.")
    for other in (carried(error), carried(carried(error))):
        assert type(other) is kind
        assert (str(other), repr(other), other.args) == (str(error), repr(error), error.args)
        assert vars(other) == vars(error)


def test_a_client_of_no_patience_is_refused() -> None:
    with pytest.raises(ValueError, match="timeout=0"):
        VeniceClient(timeout=0)
    with pytest.raises(ValueError, match="max_retries=-1"):
        VeniceClient(max_retries=-1)


def keys(raw: RawServer) -> Iterator[str]:
    for head in raw.heads:
        yield head.lower().partition("idempotency-key: ")[2].partition("\r\n")[0]
