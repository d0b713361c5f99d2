"""The engines that speak, and the one that writes down speech."""

from fondaco.app.local.models import run_by, spare_cores
from fondaco.configuration import (
    HIBARI,
    KOKORO,
    WHISPER,
    whisper_files,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import ModelType
from fondaco.engines.common.speech.speaker import Speaker
from fondaco.engines.hibari.launch import HibariLaunch
from fondaco.engines.kokoro.engine import Kokoro
from fondaco.engines.kokoro.launch import KokoroLaunch
from fondaco.engines.whisper.engine import Whisper
from fondaco.engines.whisper.launch import WhisperLaunch
from fondaco.modelfiles import KNOWN, source_of
from fondaco.modelfiles.known import KOKORO_VOICES
from fondaco.settings import Settings


def whisper_of(settings: Settings, catalogue: Catalogue) -> Whisper:
    """Return the engine of transcription of a configuration."""
    return Whisper(
        whisper_launches(settings, catalogue),
        name=WHISPER,
        queue=settings.whisper.queue,
        idle_s=settings.whisper.idle_s,
    )


def speakers_of(settings: Settings, catalogue: Catalogue) -> dict[str, Speaker]:
    """Return the engines that speak."""
    chosen = settings.speech
    threads = chosen.threads or spare_cores()
    return {
        HIBARI: Speaker(
            run_by(HIBARI, catalogue),
            HibariLaunch(threads=threads, timeout_s=chosen.timeout_s),
            name=HIBARI,
            queue=chosen.queue,
            idle_s=chosen.idle_s,
        ),
        KOKORO: Kokoro(
            run_by(KOKORO, catalogue),
            kokoro_launch(settings),
            name=KOKORO,
            queue=chosen.queue,
            idle_s=chosen.idle_s,
        ),
    }


def kokoro_launch(settings: Settings) -> KokoroLaunch:
    """Return how Kokoro's child starts."""
    known, chosen = KNOWN["kokoro-82m"], settings.speech
    model, vocabulary, voices = (
        settings.models_folder / known.file_for(role).file
        for role in ("model", "vocabulary", "voices")
    )
    return KokoroLaunch(
        model,
        vocabulary,
        voices,
        KOKORO_VOICES,
        threads=chosen.threads or spare_cores(),
        timeout_s=chosen.timeout_s,
    )


def whisper_launches(settings: Settings, catalogue: Catalogue) -> dict[str, WhisperLaunch]:
    """Return how the engine `whisper` starts each of its models."""
    chosen = settings.whisper
    return {
        model.id: WhisperLaunch(
            files={
                name: settings.models_folder / path for name, path in whisper_files(file).items()
            },
            source=source_of(model.id, file),
            threads=chosen.threads or spare_cores(),
            start_timeout_s=chosen.start_timeout_s,
            step_timeout_s=chosen.step_timeout_s,
        )
        for model in catalogue.models(ModelType.ASR)
        if WHISPER in model.engines and (file := settings.models[model.id].file)
    }
