"""The child process of a Whisper model: transcribes a piece of audio, segment by segment.

A request with sound begins a piece; each further one asks for its next segment.
"""

import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.feature_extractor import FeatureExtractor

from fondaco.engines.whisper.speech import Samples, piece_of
from fondaco.workers.child import Advance, WorkerResponse, serve_long

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment

_ROOM_BYTES = 2**30
"""Of data beside the weights: what the longest piece takes several times over."""
_WEIGHTS, _VOCABULARY = "model.bin", "vocabulary.txt"
_FULL_SCALE = np.float32(32_768)
_HOTTER = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
"""Tried in turn until the text does not repeat itself and is likely enough. Source: POST
/audio/transcriptions, `temperature`: "if set to 0, the model will use log probability to automatically increase
the temperature"."""


def load(launch: Mapping[str, Any]) -> "Ears":
    """Bound the memory, and load the model."""
    files = {name: Path(path) for name, path in launch["files"].items()}
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        most = _ROOM_BYTES + 4 * files[_WEIGHTS].stat().st_size
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    model = _loaded(_named(files), launch["links"], launch["threads"])
    # The library reads this number from an optional file, and falls back to 80 bands; the weights are exact.
    model.feature_extractor = FeatureExtractor(feature_size=model.model.n_mels)
    return Ears(model)


def _named(files: Mapping[str, Path]) -> dict[str, Path]:
    """Return files by names that fit what is in them: the vocabulary of the largest models is JSON."""
    named = dict(files)
    with files[_VOCABULARY].open("rb") as file:
        if file.read(1) == b"[":
            named[Path(_VOCABULARY).with_suffix(".json").name] = named.pop(_VOCABULARY)
    return named


def _loaded(files: Mapping[str, Path], links: str, threads: int) -> WhisperModel:
    """Return a model. CTranslate2 wants its files in a folder of their own: one of links, for a moment.

    Where none can be made, it gets their content, which then stays in memory beside the model.
    """
    load = partial(WhisperModel, device="cpu", compute_type="int8", cpu_threads=threads)
    try:
        folder = TemporaryDirectory(prefix="fondaco-", dir=links)
    except OSError:
        return load("whisper", files={name: path.read_bytes() for name, path in files.items()})
    with folder:
        for name, path in files.items():
            Path(folder.name, name).symlink_to(path.absolute())
        return load(folder.name)


class Ears:
    """A model, and the piece of audio that it transcribes."""

    cancellable = True
    """At the end of the request in hand, which takes no longer than one segment."""

    def __init__(self, model: WhisperModel) -> None:
        self._model = model
        self._segments: Iterator[Segment] | None = None
        """Of the piece in hand; None: there is none."""

    def cancel(self) -> None:
        """Do nothing: the request in hand ends soon, and no other one follows it."""

    def handle(
        self, request: Mapping[str, Any], advance: Advance, cancelled: Event
    ) -> WorkerResponse:
        """Begin a piece, or return its next segment."""
        try:
            return self._answer(request), b""
        finally:
            if cancelled.is_set():
                self._segments = None  # the rest of the piece is no longer needed

    def _answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if "payload" in request:
            return self._begin(request)
        if self._segments is None:  # the piece was started in a previous child
            return {"fault": "lost"}
        segment = next(self._segments, None)
        return {"segment": None if segment is None else _shown(segment)}

    def _begin(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        language = request["language"]
        if language is not None and language not in self._model.supported_languages:
            return {"fault": "language"}
        samples = np.frombuffer(request["payload"], "<i2").astype(np.float32) / _FULL_SCALE
        piece = piece_of(samples, last=request["last"])
        self._segments = iter(())  # no speech unless detected below
        if piece.speech:
            language = self._hear(samples, piece.speech, request)
        return {"language": language, "until_s": piece.until_s}

    def _hear(
        self, samples: Samples, speech: tuple[tuple[float, float], ...], request: Mapping[str, Any]
    ) -> str:
        """Start the transcription; return the language."""
        temperature = request["temperature"]
        self._segments, info = self._model.transcribe(
            samples,
            language=request["language"],
            task=request["task"],
            initial_prompt=request["prompt"] or None,
            temperature=_HOTTER if temperature == 0 else temperature,
            word_timestamps=request["words"],
            clip_timestamps=[at for span in speech for at in span],
            condition_on_previous_text=False,
        )
        language: str = info.language
        return language


def _shown(segment: "Segment") -> Mapping[str, Any]:
    return {
        "text": segment.text,
        "start": segment.start,
        "end": segment.end,
        "words": [[word.word, word.start, word.end] for word in segment.words or ()],
        "tokens": segment.tokens,
        "temperature": segment.temperature,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": segment.no_speech_prob,
    }


if __name__ == "__main__":
    serve_long(load)
