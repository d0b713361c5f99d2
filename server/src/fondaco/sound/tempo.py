"""Tempo: PCM made faster or slower without a change of pitch, by FFmpeg's filter `atempo`."""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from fondaco.domain.media.speech import SAMPLE_BYTES

RATE = 24_000
"""Samples a second of all that comes out."""
_FASTEST_STEP, _SLOWEST_STEP = 2.0, 0.5
"""Range of one filter; beyond it sound skips, or stutters."""


class Tempo:
    """Changes the tempo of a stream of PCM, and brings it to `RATE`."""

    def __init__(self, rate: int, speed: float) -> None:
        """Prepare for samples of this rate; a speed of 2 halves the time."""
        self._rate, self._speed = rate, speed
        self._taken = self._given = 0
        graph = av.filter.Graph()
        graph.threads = 1  # more threads would wait for little work, each with its own stack
        nodes = [
            graph.add_abuffer(
                sample_rate=rate, format="s16", layout="mono", time_base=Fraction(1, rate)
            )
        ]
        if rate != RATE:
            nodes.append(graph.add("aresample", str(RATE)))
        nodes += [graph.add("atempo", f"{step:.6f}") for step in steps(speed)]
        nodes.append(
            graph.add("aformat", f"sample_fmts=s16:sample_rates={RATE}:channel_layouts=mono")
        )
        nodes.append(graph.add("abuffersink"))
        graph.link_nodes(*nodes).configure()
        self._graph = graph

    def take(self, pcm: bytes) -> bytes:
        """Return the samples that follow from some more."""
        if not pcm:
            return b""
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(pcm, np.int16).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = self._rate
        frame.pts = self._taken
        frame.time_base = Fraction(1, self._rate)
        self._taken += frame.samples
        self._graph.push(frame)
        ready = b"".join(self._ready())
        self._given += len(ready) // SAMPLE_BYTES
        return ready

    def finish(self) -> bytes:
        """Return the last samples, as many as the speed asks for: the filter is off by some milliseconds."""
        if not self._taken:
            return b""
        self._graph.push(None)
        missing = round(self._taken * RATE / self._rate / self._speed) - self._given
        rest = b"".join(self._ready())[: max(0, missing) * SAMPLE_BYTES]
        return rest + bytes(max(0, missing) * SAMPLE_BYTES - len(rest))

    def _ready(self) -> Iterator[bytes]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            yield frame.to_ndarray().tobytes()


def steps(speed: float) -> tuple[float, ...]:
    """Return tempos between 0.5 and 2 whose product is a speed.

    >>> steps(1), steps(4), steps(0.25), steps(3)
    ((), (2.0, 2.0), (0.5, 0.5), (2.0, 1.5))
    """
    found: list[float] = []
    while speed > _FASTEST_STEP:
        found.append(_FASTEST_STEP)
        speed /= _FASTEST_STEP
    while speed < _SLOWEST_STEP:
        found.append(_SLOWEST_STEP)
        speed /= _SLOWEST_STEP
    return (*found, speed) if speed != 1 else tuple(found)
