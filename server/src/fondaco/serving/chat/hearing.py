"""Hearing for models without ears: recordings of a chat, written down by another model before it begins."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace

from fondaco.domain.chat.message import Audio, Message, Part
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import InvalidAudioFormatError
from fondaco.domain.media.sound import wav_of
from fondaco.domain.media.transcription import TranscriptionRequest, TranscriptionTask
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import Model, ModelType
from fondaco.ports import TranscriptionEngine
from fondaco.serving.admission.memory_budget import MemoryShare
from fondaco.serving.billing.paid_call import PaidCall
from fondaco.serving.inputs.images import base64_of
from fondaco.serving.inputs.sounds import Sounds
from fondaco.serving.routing.failover import Failover, ModelEngines
from fondaco.serving.transcription import LEAST_S, TranscriptionMeter, whole

_PCM_RATE = 24_000
_PCM_BYTES = {"pcm16": 2, "pcm24": 3}
"""Formats that are samples without a head. Source: OpenAI's API reference, audio formats."""
_NOTHING = "[A recording in which nobody speaks.]"


class ChatHearing:
    """Writes down the recordings of chats."""

    def __init__(
        self,
        catalogue: Catalogue,
        engines: Mapping[str, TranscriptionEngine],
        sounds: Sounds,
        hear_with: str,
    ) -> None:
        """Prepare.

        Args:
            catalogue: has the model, too.
            engines: by their names in the configuration.
            sounds: reads recordings.
            hear_with: the id of the transcription model; empty: none.
        """
        self._catalogue = catalogue
        self._engines = ModelEngines(catalogue, engines)
        self._sounds = sounds
        self._hear_with = hear_with

    def hears_for(self, model: Model) -> bool:
        """Whether recordings are written down for a model."""
        return bool(self._hear_with) and not model.capabilities.audio_input

    async def heard(self, model: Model, request: ChatRequest, paid: PaidCall) -> ChatRequest:
        """Return the request with the text of its recordings in their place; their seconds are charged.

        Raises:
            InvalidAudioFormatError, CorruptedAudioError, AudioTooLongError: one of them is not taken.
            InsufficientBalanceError: the funds do not cover them.
            EngineError: every engine of the transcription model failed.
        """
        if not self.hears_for(model) or not any(map(_has_recording, request.messages)):
            return request
        ears = self._catalogue.route(self._hear_with, ModelType.ASR).model
        engines = self._engines.of(ears)
        self._sounds.expect_readable()
        paid.meter.current = TranscriptionMeter(LEAST_S)
        await paid.hold()
        messages: list[Message] = []
        for message in request.messages:
            if isinstance(message.content, tuple) and _has_recording(message):
                parts: list[Part] = []
                for part in message.content:
                    if isinstance(part, Audio):
                        with self._sounds.memory(paid.account_id) as memory:
                            failover = Failover(engines, ears.id)
                            part = await self._text(part, ears.longest_s, failover, memory, paid)  # noqa: PLW2901
                    parts.append(part)
                message = message.with_content(tuple(parts))  # noqa: PLW2901
            messages.append(message)
        options = request.options
        if not any(map(_has_media, messages)):
            options = replace(options, media=False)  # text-only engines can now serve the request
        return replace(request, messages=tuple(messages), options=options)

    async def _text(
        self,
        recording: Audio,
        longest_s: float,
        failover: Failover[TranscriptionEngine],
        memory: MemoryShare,
        paid: PaidCall,
    ) -> str:
        file, path = _file(recording), recording.field_path
        sound = await self._sounds.decoded(file, longest_s, memory, path)
        paid.meter.current = seconds = TranscriptionMeter(sound.seconds)
        await paid.hold()
        request = TranscriptionRequest(model=failover.model_id, file=b"")
        task = TranscriptionTask.of(request, failover.model_id, sound, str(paid.account_id))
        parts = await whole(failover, task, seconds)
        paid.meter.complete()
        text = "".join(segment.text for part in parts for segment in part.segments).strip()
        return text or _NOTHING


def _has_media(message: Message) -> bool:
    content = message.content
    return isinstance(content, tuple) and not all(isinstance(part, str) for part in content)


def _has_recording(message: Message) -> bool:
    content = message.content
    return isinstance(content, tuple) and any(isinstance(part, Audio) for part in content)


def _file(recording: Audio) -> bytes:
    """Return the file of a recording; plain samples get a head.

    Raises:
        InvalidAudioFormatError: it is no base64.
    """
    raw = base64_of(recording.content)
    if raw is None:
        what = "It is not base64. URLs are not accepted."
        raise InvalidAudioFormatError(
            f"`input_audio.data` cannot be used. {what}", faults={recording.field_path: (what,)}
        )
    content = b64decode(raw)
    size = _PCM_BYTES.get(recording.format)
    return content if size is None else wav_of(content, rate=_PCM_RATE, sample_bytes=size)
