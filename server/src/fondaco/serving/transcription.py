"""Transcriptions: the use case from a validated request to the last part of a transcript.

`Transcriber.answer` is the whole line, one step after the other:

    route -> admission -> hold of a second -> decoding -> hold of its length -> engine, with failover -> settlement
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeAlias

from fondaco.domain.errors import EngineError, FieldNotTakenError
from fondaco.domain.media.sound import charged_seconds
from fondaco.domain.media.transcription import (
    TranscriptionRequest,
    TranscriptionTask,
    TranscriptPart,
)
from fondaco.domain.models.catalogue import Catalogue, Route
from fondaco.domain.models.model import ModelType
from fondaco.domain.models.names import DeprecationNotice
from fondaco.domain.models.transcription_model import TranscriptionModel
from fondaco.domain.money.call import Call, CallKind
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.usage import NO_USAGE, Usage
from fondaco.ports import TranscriptionEngine
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.paid_call import PaidCall, PaidCalls
from fondaco.serving.inputs.sounds import Sounds
from fondaco.serving.routing.failover import BrokenOffError, Failover, ModelEngines

LEAST_S = 1
"""Seconds that are held for before a file is decoded, which shows how long its sound is."""
_UNCHARGED = "The engine ended the transcript early. Nothing was charged; please try again."


@dataclass(frozen=True, slots=True)
class TranscriptionStarted:
    """The first event of a call: the facts known once an engine has started."""

    model: TranscriptionModel
    engine: str
    quota: Quota
    sound_s: float
    """Duration of the recording."""
    notice: DeprecationNotice | None = None
    """The requested model's deprecation notice."""


@dataclass(frozen=True, slots=True)
class TranscriptionFinished:
    """The last event of a call: its charge is durable."""

    usage: Usage


TranscriptionEvent: TypeAlias = TranscriptionStarted | TranscriptPart | TranscriptionFinished
"""A call yields one `TranscriptionStarted`, then parts, then one `TranscriptionFinished`."""


class TranscriptionMeter:
    """Counts the seconds of a sound as an engine gets through it."""

    __slots__ = ("_sound_s", "most", "usage")

    def __init__(self, sound_s: float) -> None:
        """Start at nothing of a sound of this length."""
        self._sound_s = sound_s
        self.most = Usage(seconds=charged_seconds(sound_s))
        self.usage = NO_USAGE

    def take(self, part: TranscriptPart) -> TranscriptPart:
        """Count how far an engine has got; return its part, within the sound and no further."""
        heard_s = min(part.heard_s, self._sound_s)
        if (seconds := charged_seconds(heard_s)) > self.usage.seconds:
            self.usage = Usage(seconds=seconds)
        segments = tuple(segment.within(self._sound_s) for segment in part.segments)
        return TranscriptPart(heard_s, segments, part.language)

    def finish(self) -> None:
        """Count the whole sound, whatever the engine said."""
        self.usage = self.most

    @property
    def produced(self) -> bool:
        """Whether any of the audio was transcribed."""
        return self.usage.seconds > 0

    @property
    def exhausted(self) -> bool:
        """Return False: the whole sound is held for before its first second."""
        return False

    def fail(self) -> None:
        """Count nothing: half a transcript is of no use."""
        self.usage = NO_USAGE


class Transcriber:
    """Answers requests to write down recordings."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, TranscriptionEngine],
        sounds: Sounds,
        paid_calls: PaidCalls,
    ) -> None:
        """Prepare; `engines` are by their names in the configuration."""
        self._catalogue = catalogue
        self._engines = ModelEngines(catalogue, engines)
        self._sounds = sounds
        self._paid_calls = paid_calls

    async def answer(
        self, call: Call, request: TranscriptionRequest, *, stream: bool = False
    ) -> AsyncGenerator[TranscriptionEvent]:
        """Yield the transcript of a recording; what was made is charged when the generator ends.

        A disconnect cancels the task: the seconds transcribed by then are charged. Where an engine
        fails, nothing is.

        Args:
            call: the call.
            request: its model is any name that routes to a transcription model.
            stream: whether parts are delivered as they are made. Else all of them come once the last one
                is there, and another engine can still take over from one that fails.

        Raises:
            ModelNotFoundError: no transcription model has this name.
            InvalidRequestError: the model cannot do what is requested, or the file is not taken.
            FondacoError: as from every paid call. Nothing is charged.
        """
        route = self._catalogue.route(request.model, ModelType.ASR)
        model = route.model
        model.expect_able(request)
        failover = Failover(self._engines.of(model), model.id)
        self._sounds.expect_readable()
        call, meter = replace(call, kind=CallKind.TRANSCRIPTION), CallMeter(whole=not stream)
        async with self._paid_calls.open(call, model, meter, estimated_tokens=0) as paid:
            meter.current = TranscriptionMeter(LEAST_S)
            await paid.hold()
            with self._sounds.memory(call.account_id) as memory:
                sound = await self._sounds.decoded(request.file, model.longest_s, memory)
                meter.current = heard = TranscriptionMeter(sound.seconds)
                await paid.hold()
                task = TranscriptionTask.of(request, model.id, sound, str(call.account_id))
                if not stream:
                    parts = await whole(failover, task, heard)
                    meter.deliver()
                    yield _started(route, failover, paid, task)
                    for part in parts:
                        yield part
                else:
                    async with aclosing(_streamed(failover, task, heard)) as delivered:
                        first = await anext(delivered)
                        yield _started(route, failover, paid, task)
                        yield first
                        async for part in delivered:
                            yield part
        yield TranscriptionFinished(paid.usage)


async def whole(
    failover: Failover[TranscriptionEngine], task: TranscriptionTask, meter: TranscriptionMeter
) -> list[TranscriptPart]:
    """Return all parts of the first engine that completes a transcript.

    Raises:
        EngineError, FieldNotTakenError: none does.
    """

    async def heard(engine: TranscriptionEngine) -> list[TranscriptPart]:
        meter.fail()  # discards the parts of a failed engine
        async with aclosing(engine.transcribe(task)) as parts:
            return [meter.take(part) async for part in parts]

    parts = await failover.first(heard)
    meter.finish()
    return parts


async def _streamed(
    failover: Failover[TranscriptionEngine], task: TranscriptionTask, meter: TranscriptionMeter
) -> AsyncGenerator[TranscriptPart]:
    """Yield the parts of the first engine that begins a transcript.

    Raises:
        BrokenOffError: it failed after that.
        EngineError, FieldNotTakenError: none begins.
    """
    first, rest = await failover.first(lambda engine: _begun(engine, task))
    async with aclosing(rest):
        yield meter.take(first)
        try:
            async for part in rest:
                yield meter.take(part)
        except (EngineError, FieldNotTakenError) as error:
            try:
                failover.end(error)
            except BrokenOffError:
                raise BrokenOffError(_UNCHARGED) from error
            raise
    meter.finish()


async def _begun(
    engine: TranscriptionEngine, task: TranscriptionTask
) -> tuple[TranscriptPart, AsyncGenerator[TranscriptPart]]:
    """Return the first part of an engine, and its own generator of the rest.

    Raises:
        EngineError: it ended without any.
    """
    parts = engine.transcribe(task)
    if (first := await anext(parts, None)) is None:
        raise EngineError("The model's engine ended without a transcript.")
    return first, parts


def _started(
    route: Route[TranscriptionModel],
    failover: Failover[TranscriptionEngine],
    paid: PaidCall,
    task: TranscriptionTask,
) -> TranscriptionStarted:
    return TranscriptionStarted(
        route.model, failover.engine.name, paid.quota, task.sound.seconds, route.notice
    )
