"""Calls whose reply was lost: which error tells so, and what is known of the charge.

How each attempt fails is scripted, so that nothing here waits.
"""

from collections.abc import AsyncIterator

import pytest
from httpx2 import (
    AsyncBaseTransport,
    AsyncByteStream,
    AsyncClient,
    ConnectError,
    ConnectTimeout,
    MockTransport,
    PoolTimeout,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    Response,
    TransportError,
    WriteTimeout,
)

from venice_ai import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConflictError,
    PaymentRequiredError,
    RateLimitError,
    ServiceUnavailableError,
    UserMessage,
    VeniceClient,
)

REPLAY = {"error": "It ran.", "code": "IDEMPOTENT_REPLAY", "chargeId": "chatcmpl-1"}
GOOD = Response(200, json={"choices": [{"index": 0, "message": {"content": "Hi"}}]})
RAN = Response(409, json=REPLAY)
RUNS = Response(409, json=REPLAY, headers={"Retry-After": "0"})
TIMEOUT = ReadTimeout("")
BROKEN = [ReadError(""), RemoteProtocolError("")]
NEVER_SENT = [ConnectError(""), ConnectTimeout(""), PoolTimeout("")]
PERHAPS = "may have been carried out and charged"


class Script(AsyncBaseTransport):
    """A connection on which each request gets the next outcome: a reply, or how it fails."""

    def __init__(self, outcomes: tuple[Response | TransportError, ...]) -> None:
        self._outcomes = [*outcomes]
        self.keys: list[str] = []
        """The Idempotency-Key of each request."""

    @property
    def played(self) -> bool:
        """Whether every outcome was asked for."""
        return not self._outcomes

    async def handle_async_request(self, request: Request) -> Response:
        self.keys.append(request.headers.get("idempotency-key", ""))
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Response):
            return Response(outcome.status_code, headers=outcome.headers, content=outcome.content)
        raise type(outcome)(str(outcome))


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("venice_ai._http.transport._FIRST_WAIT_S", 0)


async def ask(
    *outcomes: Response | TransportError, max_retries: int = 2, key: str | None = None
) -> object:
    """Make a call that costs money, and return what the model said."""
    script = Script(outcomes)
    async with AsyncClient(transport=script) as http:
        client = VeniceClient(http_client=http, max_retries=max_retries)
        headers = {"Idempotency-Key": key} if key else None
        try:
            answer = await client.chat.completions.create(
                model="toy", messages=[UserMessage(content="Count!")], extra_headers=headers
            )
            return answer.choices[0].message.content
        finally:
            assert script.played
            assert len({*script.keys}) == 1


async def failure(
    *outcomes: Response | TransportError, max_retries: int = 2, key: str | None = None
) -> APIError:
    with pytest.raises(APIError) as told:
        await ask(*outcomes, max_retries=max_retries, key=key)
    return told.value


async def test_a_call_that_timed_out_and_ran_is_a_timeout_with_its_charge() -> None:
    error = await failure(TIMEOUT, RAN)
    assert type(error) is APITimeoutError
    assert isinstance(error.__cause__, ReadTimeout)
    assert error.charge_id == "chatcmpl-1"
    assert "was carried out" in str(error)
    assert "'chatcmpl-1'" in str(error)


async def test_a_replay_that_names_no_charge_is_understood() -> None:
    told = Response(409, json={"error": "Seen."}, headers={"Idempotent-Replayed": "true"})
    error = await failure(TIMEOUT, told)
    assert type(error) is APITimeoutError
    assert "was carried out" in str(error)
    assert error.charge_id is None


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_call_that_ran_although_its_connection_broke_is_a_conflict(
    broken: TransportError,
) -> None:
    error = await failure(broken, RAN)
    assert type(error) is ConflictError
    assert type(error.__cause__) is APIConnectionError
    assert error.charge_id == "chatcmpl-1"


@pytest.mark.parametrize("lost", [TIMEOUT, *BROKEN, Response(502), Response(504)])
async def test_a_call_that_still_runs_is_waited_for(lost: Response | TransportError) -> None:
    assert await ask(lost, RUNS, GOOD) == "Hi"


async def test_a_call_that_runs_for_longer_than_it_is_waited_for_is_told() -> None:
    error = await failure(TIMEOUT, RUNS, RUNS)
    assert type(error) is APITimeoutError
    assert "is still running" in str(error)
    assert error.charge_id == "chatcmpl-1"


async def test_a_call_that_ran_while_it_was_waited_for_is_told() -> None:
    error = await failure(TIMEOUT, RUNS, RAN)
    assert type(error) is APITimeoutError
    assert "was carried out" in str(error)


@pytest.mark.parametrize("lost", [TIMEOUT, WriteTimeout(""), *BROKEN])
@pytest.mark.parametrize("max_retries", [0, 2])
async def test_a_call_of_which_nothing_is_known_may_have_been_charged(
    lost: TransportError, max_retries: int
) -> None:
    error = await failure(*[lost] * (max_retries + 1), max_retries=max_retries)
    assert isinstance(error, APIConnectionError)
    assert PERHAPS in str(error)
    assert error.charge_id is None


@pytest.mark.parametrize("never_sent", NEVER_SENT)
async def test_a_call_that_was_never_sent_was_not_charged(never_sent: TransportError) -> None:
    assert "charged" not in str(await failure(never_sent, max_retries=0))


async def test_a_call_that_was_lost_before_the_server_went_may_have_been_charged() -> None:
    error = await failure(TIMEOUT, ConnectError(""), ConnectError(""))
    assert type(error) is APIConnectionError
    assert PERHAPS in str(error)


async def test_what_costs_nothing_is_not_said_to_have_been_charged() -> None:
    async with AsyncClient(transport=Script((TIMEOUT,))) as http:
        with pytest.raises(APITimeoutError) as told:
            await VeniceClient(http_client=http, max_retries=0).models.list()
    assert "charged" not in str(told.value)


async def test_what_comes_after_a_timeout_does_not_hide_it() -> None:
    error = await failure(TIMEOUT, Response(402, json={"error": "Too little."}))
    assert type(error) is PaymentRequiredError
    assert "Too little." in str(error)
    assert PERHAPS in str(error)
    assert isinstance(error.__cause__, APITimeoutError)


async def test_a_call_that_ran_is_told_by_how_its_last_attempt_failed() -> None:
    error = await failure(TIMEOUT, Response(503, json={"error": "Loading."}), RAN)
    assert type(error) is ServiceUnavailableError
    assert "Loading. The call was carried out" in str(error)


@pytest.mark.parametrize(
    "before",
    [
        (),
        (Response(429, headers={"Retry-After": "0"}),),
        (Response(409, json={"code": "CONFLICT"}),),
        *((one,) for one in NEVER_SENT),
    ],
)
@pytest.mark.parametrize("replay", [RAN, RUNS])
async def test_a_conflict_of_the_callers_own_key_stays_one(
    before: tuple[Response | TransportError, ...], replay: Response
) -> None:
    error = await failure(*before, replay, key="mine")
    assert type(error) is ConflictError
    assert error.message == "It ran."
    assert error.charge_id == "chatcmpl-1"


async def test_a_key_that_came_with_another_body_is_never_a_lost_reply() -> None:
    reused = Response(409, json={"error": "Another one.", "code": "IDEMPOTENCY_KEY_REUSED"})
    error = await failure(TIMEOUT, reused, key="mine")
    assert type(error) is ConflictError
    assert isinstance(error.__cause__, APITimeoutError)


async def test_a_refusal_after_all_attempts_says_what_it_said() -> None:
    slowly = Response(429, json={"error": "Slowly."}, headers={"Retry-After": "0"})
    error = await failure(slowly, slowly, slowly)
    assert (type(error), str(error)) == (RateLimitError, "Slowly. (429)")


async def test_the_advice_after_a_timeout_helps_who_gets_it() -> None:
    assert "Stream the reply" in str(await failure(TIMEOUT, max_retries=0))
    assert "server running" in str(await failure(ConnectTimeout(""), max_retries=0))
    assert "fewer calls" in str(await failure(PoolTimeout(""), max_retries=0))


async def test_the_advice_after_a_stream_timed_out_is_not_to_stream() -> None:
    class Silence(AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b": ping\n\n"
            raise TIMEOUT

    async with AsyncClient(
        transport=MockTransport(lambda _: Response(200, stream=Silence()))
    ) as http:
        client = VeniceClient(http_client=http)
        stream = await client.chat.completions.stream(model="toy", messages=[])
        with pytest.raises(APITimeoutError, match=r"\(ReadTimeout\). Allow more with `timeout`"):
            await stream.collect()
