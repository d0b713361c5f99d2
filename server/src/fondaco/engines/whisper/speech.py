"""Speech detection in a piece of sound, and the point where the piece can be cut.

Whisper invents words in silence, so it receives only speech.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from fondaco.domain.media.sound import SAMPLE_RATE

Samples: TypeAlias = NDArray[np.float32]
Span: TypeAlias = tuple[float, float]
"""From one second to another one."""

_VOICE = VadOptions(threshold=0.4, min_silence_duration_ms=400, speech_pad_ms=300)
_LONGEST_PAUSE_S = 5.0
"""Within Whisper's window; a longer one is skipped."""
_CUT_WITHIN_S = 30.0
"""The last seconds of a piece, within which it is cut."""
_QUIET_S = 0.2


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of audio, up to its cut."""

    speech: tuple[Span, ...]
    """Spans of speech, with short pauses."""
    until_s: float
    """Start of the next piece: in a pause, unless there is none."""


def piece_of(samples: Samples, *, last: bool) -> Piece:
    """Return the times of speech in a piece.

    Args:
        samples: of -1 to 1.
        last: whether this is the last piece, which is transcribed to its end.
    """
    spans = [
        (one["start"] / SAMPLE_RATE, one["end"] / SAMPLE_RATE)
        for one in get_speech_timestamps(samples, _VOICE)
    ]
    length_s = len(samples) / SAMPLE_RATE
    until_s = length_s if last else _cut(samples, spans, length_s)
    heard = [(start, min(end, until_s)) for start, end in spans if start < until_s]
    return Piece(tuple(_joined(heard)), until_s)


def _cut(samples: Samples, spans: Sequence[Span], length_s: float) -> float:
    """Return the middle of the longest pause at the end of a piece; without one, where it is quietest."""
    begins_s = max(0.0, length_s - _CUT_WITHIN_S)
    edges = [begins_s, *(at for span in spans for at in span if at > begins_s), length_s]
    speaking = any(start <= begins_s < end for start, end in spans)
    pauses = list(zip(edges[speaking::2], edges[1 + speaking :: 2], strict=False))
    start, end = max(pauses, key=lambda pause: pause[1] - pause[0], default=(0.0, 0.0))
    return (start + end) / 2 if end > start else _quietest(samples, begins_s)


def _quietest(samples: Samples, begins_s: float) -> float:
    frame = int(_QUIET_S * SAMPLE_RATE)
    at = int(begins_s * SAMPLE_RATE)
    frames = samples[at : at + (len(samples) - at) // frame * frame].reshape(-1, frame)
    if not len(frames):
        return len(samples) / SAMPLE_RATE
    return begins_s + (int(np.square(frames).mean(1).argmin()) + 0.5) * _QUIET_S


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Return spans of speech, those with a short pause between them as one."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start - joined[-1][1] <= _LONGEST_PAUSE_S:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
