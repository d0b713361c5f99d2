"""The relay of a streamed call: text goes from engine to caller where it arrives, counted on its way."""

from typing import Protocol

from fondaco.domain.chat.events import EventBatch
from fondaco.serving.billing.token_meter import TokenMeter


class StreamSink(Protocol):
    """The caller's side of a stream."""

    @property
    def ready(self) -> bool:
        """Whether the stream has begun."""
        ...

    def send(self, batch: EventBatch) -> bool:
        """Send events; return whether the caller keeps up with them."""
        ...


class MeteredRelay:
    """Counts text on its way from the engine to the caller, and stops where its limit is."""

    __slots__ = ("_meter", "_sink")

    def __init__(self, meter: TokenMeter, sink: StreamSink) -> None:
        """Relay to `sink` what `meter` counts."""
        self._meter = meter
        self._sink = sink

    @property
    def ready(self) -> bool:
        """Whether text can be taken."""
        return self._sink.ready

    def take(self, batch: EventBatch) -> bool:
        """Count and send text; return whether more can be taken."""
        meter = self._meter
        return self._sink.send(meter.take(batch)) and not meter.cut_off


def relay_of(meter: TokenMeter, sink: StreamSink | None) -> MeteredRelay | None:
    """Return the relay to a sink, if there is one."""
    return None if sink is None else MeteredRelay(meter, sink)
