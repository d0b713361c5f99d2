"""The fast path of chat: a plain call from its hold to its settlement by callbacks, without a task.

A call is plain where nothing has to be awaited but its engine's answer and its durable charge. Where it turns
out otherwise, `FastCall.resumed` goes on with the same call as `Chat.answer` does: the hold, the reservation
and the engine's answer are handed over, so that every failure and every hang-up has one road.
"""

from asyncio import Future
from collections.abc import AsyncGenerator, Callable
from typing import Final, Protocol

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.models.model import Model
from fondaco.domain.money.call import Call
from fondaco.domain.money.usage import Usage
from fondaco.ports import BegunAnswer, ChatEngine, Reservation
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.paid_call import PaidCall, PaidCalls
from fondaco.serving.billing.token_meter import TokenMeter
from fondaco.serving.chat.buffered import buffered
from fondaco.serving.chat.call.events import CallEvent, CallFinished, CallStarted
from fondaco.serving.chat.failover import ChatFailover


class FastCaller(Protocol):
    """The side of a call on the fast path that writes and sends its response."""

    def answered(self, started: CallStarted, batch: EventBatch, usage: Usage) -> bool:
        """Write the response; return whether it can be sent without waiting."""
        ...

    def settled(self) -> None:
        """Send the response, as its charge is durable."""
        ...

    def fall_back(self) -> None:
        """Have a task go on with `FastCall.resumed`."""
        ...


class FastCall:
    """One plain call; nothing has happened before `begin`."""

    __slots__ = (
        "_begun",
        "_caller",
        "_ceiling",
        "_engines",
        "_meter",
        "_model",
        "_paid",
        "_paid_calls",
        "_request",
        "_reserve",
        "_tokens",
    )

    def __init__(  # noqa: PLR0917 - names would cost a dict for each call
        self,
        paid_calls: PaidCalls,
        model: Model,
        begun: BegunAnswer,
        engines: tuple[ChatEngine, ...],
        request: ChatRequest,
        tokens: TokenMeter,
        ceiling: int,
        reserve: Callable[[], Reservation],
    ) -> None:
        """Prepare a call.

        Args:
            paid_calls: opens it.
            model: does the work.
            begun: the answer that the first engine can be asked for now.
            engines: the model's engines.
            request: as it is sent to the engine.
            tokens: counts the answer.
            ceiling: the most that the call can cost, which its account can pay.
            reserve: takes the call's share of the rate limits.
        """
        self._paid_calls = paid_calls
        self._model = model
        self._begun = begun
        self._engines = engines
        self._request = request
        self._tokens = tokens
        self._ceiling = ceiling
        self._reserve = reserve
        self._caller: FastCaller
        self._meter: CallMeter
        self._paid: PaidCall

    def begin(self, call: Call, caller: FastCaller) -> None:
        """Hold the call's funds, count it, and ask the engine."""
        paid_calls, model = self._paid_calls, self._model
        meter = self._meter = CallMeter(whole=True)
        meter.current = self._tokens
        hold = paid_calls.ledger.hold_now(call, model.id, self._ceiling, meter)
        self._paid = paid_calls.open(call, model, meter, estimated_tokens=0)
        self._paid.open_now(hold, self._reserve())
        self._caller = caller
        self._begun.send(self._answer_settled)

    def stop(self) -> None:
        """Call nothing back any more, as a task goes on with `resumed`."""
        self._caller = _GONE
        self._begun.forget()
        self._meter.withhold()
        self._tokens.restart()

    async def resumed(self) -> AsyncGenerator[CallEvent]:
        """Yield what `Chat.answer` does, of a call that was begun before.

        Raises:
            FondacoError: as `Chat.answer` does.
        """
        failover = ChatFailover(self._engines, self._model.id)
        failover.begun = self._begun
        async with self._paid as paid:
            batches = await buffered(self._request, failover, None, self._tokens, paid.server_stops)
            self._meter.deliver()
            yield self._started(failover.engine)
            for batch in batches:
                yield batch
        yield CallFinished(paid.usage)

    # A step that cannot be done, or meets a defect, is left to a task, which will meet and report it.

    def _answer_settled(self) -> None:
        try:
            done = self._charge()
        except Exception:  # noqa: BLE001
            done = False
        if not done:
            self._caller.fall_back()

    def _charge_settled(self, durable: Future[None]) -> None:
        caller = self._caller
        if caller is _GONE:
            return
        try:
            done = self._end(durable)
        except Exception:  # noqa: BLE001
            done = False
        if done:
            caller.settled()
        else:
            caller.fall_back()

    def _charge(self) -> bool:
        """Read the answer, have the response written, and begin the settlement; return whether that is possible."""
        batch = self._begun.batch()
        if not batch:
            return False
        batch = self._tokens.take(batch)
        self._meter.deliver()
        usage = self._meter.usage
        if not self._caller.answered(self._started(self._engines[0]), batch, usage):
            return False
        durable = self._paid.settle_now(usage)
        if durable is None:
            return False
        durable.add_done_callback(self._charge_settled)
        return True

    def _end(self, durable: Future[None]) -> bool:
        """End the call; return whether its charge is durable."""
        if durable.cancelled() or durable.exception() is not None:
            return False
        self._paid.settled_now()
        self._caller = _GONE
        return True

    def _started(self, engine: ChatEngine) -> CallStarted:
        quota, tokens = self._paid.quota, self._tokens
        return CallStarted(self._model, engine.name, quota, None, None, (), tokens.input_tokens)


class _Gone:
    """The caller of a call that has ended, or that a task goes on with."""

    def answered(self, _started: CallStarted, _batch: EventBatch, _usage: Usage) -> bool:
        return False

    def settled(self) -> None:
        pass

    def fall_back(self) -> None:
        pass


_GONE: Final = _Gone()
