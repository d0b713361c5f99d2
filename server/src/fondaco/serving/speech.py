"""Speech: the use case from a validated request to the last byte of sound.

A stream is charged as it is produced; a file once it is complete.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from fondaco.domain.errors import (
    EngineError,
    FieldNotTakenError,
    InferenceFailedError,
    InvalidRequestError,
)
from fondaco.domain.media.speech import SpeechRequest, SpeechTask, SpokenPiece
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import ModelType
from fondaco.domain.models.names import DeprecationNotice
from fondaco.domain.models.speech_model import SpeechModel
from fondaco.domain.money.call import Call, CallKind
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.usage import NO_USAGE, Usage
from fondaco.ports import SoundCodec, SpeechEngine
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.paid_call import PaidCalls
from fondaco.serving.routing.failover import Failover, ModelEngines

LONGEST_WHOLE_S = 1_200
"""Of a file that is not streamed, and so kept in memory: a text of the most characters, read slowly."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The first event of a call: the facts known once an engine has started to speak."""

    model: SpeechModel
    engine: str
    """The name of the engine that speaks."""
    voice: str
    """The voice in use: differs from the requested one if that is not installed."""
    ignored: tuple[str, ...]
    """Fields of the request that mean nothing to the model."""
    quota: Quota
    notice: DeprecationNotice | None = None
    """The model's deprecation notice."""


@dataclass(frozen=True, slots=True)
class SpeechFinished:
    """The last event of a call: its charge is durable."""

    usage: Usage


SpeechEvent: TypeAlias = SpeechStarted | bytes | SpeechFinished
"""A call yields one `SpeechStarted`, then the bytes of a file, then one `SpeechFinished`; an error may end it
anywhere."""
_Speech: TypeAlias = tuple[SpokenPiece, AsyncGenerator[SpokenPiece]]
"""The first piece of an engine's speech, and the engine's own generator of the rest."""


class SpeechMeter:
    """Counts the characters of one text as they are spoken."""

    __slots__ = ("_delivered", "_made", "most")

    def __init__(self, characters: int) -> None:
        """Start at nothing, for a text of so many characters."""
        self.most = Usage(characters=characters)
        self._made = self._delivered = 0

    @property
    def usage(self) -> Usage:
        """Usage so far; never more than the text has."""
        spoken = min(self._made, self.most.characters)
        return Usage(characters=spoken) if spoken else NO_USAGE

    def make(self, characters: int) -> None:
        """Count the text that an engine has spoken."""
        self._made += max(0, characters)

    def deliver(self) -> None:
        """Know that all that was spoken so far was sent to the caller."""
        self._delivered = self._made

    def restart(self) -> None:
        """Count from nothing again, as another engine begins at the first word."""
        self._made = self._delivered = 0

    @property
    def produced(self) -> bool:
        """Whether anything was spoken."""
        return self._made > 0

    @property
    def exhausted(self) -> bool:
        """Return False: the whole text is held for before the first word."""
        return False

    def fail(self) -> None:
        """Count only what was delivered, as the engine failed."""
        self._made = self._delivered


class Speech:
    """Answers requests to read a text aloud."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, SpeechEngine],
        codec: SoundCodec,
        paid_calls: PaidCalls,
    ) -> None:
        """Prepare; `engines` are by their names in the configuration."""
        self._catalogue = catalogue
        self._engines = ModelEngines(catalogue, engines)
        self._codec = codec
        self._paid_calls = paid_calls

    def expect_able(self, request: SpeechRequest) -> str:
        """Return the voice that would speak, whatever the text, as far as that shows without any work.

        Raises:
            ModelNotFoundError: no speech model has this name.
            InvalidRequestError: the voice does not exist.
            EngineUnavailableError: the model is offline, or the packages are not installed.
        """
        model = self._catalogue.route(request.model, ModelType.TTS).model
        self._engines.of(model)
        self._codec.expect_installed()
        return model.task(request).voice

    async def answer(self, call: Call, request: SpeechRequest) -> AsyncGenerator[SpeechEvent]:
        """Yield the file as it is made, or in one piece; it is charged by the characters that were spoken.

        A disconnect stops the engine, and what it had spoken by then is charged. Where an engine fails, only
        what was delivered is.

        Args:
            call: the call.
            request: its model is any name that routes to a speech model.

        Raises:
            ModelNotFoundError: no speech model has this name.
            InvalidRequestError: the voice does not exist, or a file that is not streamed would be too long.
            NothingToReadError: nothing of the text can be read aloud.
            BrokenOffError: the engine failed after the first event.
            FondacoError: as from every paid call. Nothing is charged.
        """
        route = self._catalogue.route(request.model, ModelType.TTS)
        model = route.model
        task = replace(model.task(request), account_scope=str(call.account_id))
        failover = Failover(self._engines.of(model), model.id)
        self._codec.expect_installed()
        call, meter = replace(call, kind=CallKind.SPEECH), CallMeter(whole=not request.stream)
        async with self._paid_calls.open(call, model, meter, estimated_tokens=0) as paid:
            meter.current = spoken = SpeechMeter(len(task.text))
            await paid.hold()

            def started() -> SpeechStarted:
                name, ignored = failover.engine.name, model.ignored(request)
                return SpeechStarted(model, name, task.voice, ignored, paid.quota, route.notice)

            if request.stream:
                async with (
                    self._codec.encoder(
                        request.format, speed=request.speed, account_id=call.account_id
                    ) as encoder,
                    _speech(failover, task) as pieces,
                ):
                    yield started()
                    async for piece in pieces:
                        spoken.make(piece.characters)
                        if sound := await encoder.encode(piece):
                            yield sound
                        spoken.deliver()
                    yield await encoder.finish()
            else:
                work = partial(
                    self._whole,
                    request=request,
                    task=task,
                    spoken=spoken,
                    account_id=call.account_id,
                )
                file = await failover.first(work)
                meter.deliver()
                yield started()
                yield file
        yield SpeechFinished(paid.usage)

    async def _whole(
        self,
        engine: SpeechEngine,
        *,
        request: SpeechRequest,
        task: SpeechTask,
        spoken: SpeechMeter,
        account_id: int,
    ) -> bytes:
        """Return the whole file as one engine speaks it."""
        spoken.restart()
        file, seconds = bytearray(), 0.0
        async with (
            self._codec.encoder(
                request.format, speed=request.speed, whole=True, account_id=account_id
            ) as encoder,
            aclosing(engine.speak(task)) as pieces,
        ):
            async for piece in pieces:
                seconds += piece.seconds / request.speed
                if seconds > LONGEST_WHOLE_S:
                    raise _too_long()
                file += await encoder.encode(piece)
                spoken.make(piece.characters)
            if not spoken.produced:
                raise _silent()
            file += await encoder.finish()
        return bytes(file)


@asynccontextmanager
async def _speech(
    failover: Failover[SpeechEngine], task: SpeechTask
) -> AsyncGenerator[AsyncGenerator[SpokenPiece]]:
    """Begin the speech of the first engine that can, as a context; once it has started, there is no failover.

    Raises:
        EngineError, FieldNotTakenError: none can.
        BrokenOffError: the engine failed after it had started.
    """
    first, rest = await failover.first(partial(_begun, task=task))

    async def pieces() -> AsyncGenerator[SpokenPiece]:
        yield first
        async for piece in rest:
            yield piece

    try:
        async with aclosing(rest), aclosing(pieces()) as speech:
            yield speech
    except (InferenceFailedError, FieldNotTakenError) as error:
        failover.end(error)
        raise


async def _begun(engine: SpeechEngine, *, task: SpeechTask) -> _Speech:
    pieces = engine.speak(task)
    first = await anext(pieces, None)
    if first is None:
        raise _silent()
    return first, pieces


def _silent() -> EngineError:
    return EngineError("The model's engine ended without output.")


def _too_long() -> InvalidRequestError:
    reason = f"It would take more than {LONGEST_WHOLE_S // 60} minutes to read"
    return InvalidRequestError(
        faults={"input": (f"{reason}. Set `streaming` to true, or send a shorter text.",)}
    )
