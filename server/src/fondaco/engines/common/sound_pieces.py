"""Sound for engines elsewhere: cut into pieces where it is quiet, each as a WAV file."""

import sys
from array import array

from fondaco.domain.media.sound import SAMPLE_RATE, Sound, wav_of

_CUT_WITHIN_S = 20.0
"""The last seconds of a piece, within which it is cut."""
_FRAME = SAMPLE_RATE // 5


def end_of_piece(sound: Sound, start_s: float, longest_s: float) -> float:
    """Return where a piece that starts there ends: where it is quietest, or at the end of the sound.

    >>> end_of_piece(Sound(bytes(64_000)), 0.5, 60)
    2.0
    """
    if sound.seconds - start_s <= longest_s:
        return sound.seconds
    begins_s = max(start_s, start_s + longest_s - _CUT_WITHIN_S)
    samples = array("h", sound.between(begins_s, start_s + longest_s).samples)
    if sys.byteorder == "big":
        samples.byteswap()
    frames = range(0, len(samples) - _FRAME + 1, _FRAME)
    quietest = min(frames, key=lambda at: sum(map(abs, samples[at : at + _FRAME])), default=0)
    return begins_s + (quietest + _FRAME / 2) / SAMPLE_RATE


def file_of(sound: Sound) -> bytes:
    """Return a sound as a WAV file."""
    return wav_of(sound.samples, rate=SAMPLE_RATE)
