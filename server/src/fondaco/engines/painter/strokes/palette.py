"""Palettes: a picture reduced to few colours of its own."""

import numpy as np

from fondaco.engines.painter.surface.colour import Pixels

_SAMPLES = 4000
_ROUNDS = 7


def quantized(image: Pixels, colours: int, chance: np.random.Generator) -> Pixels:
    """Return the picture in so many colours, found by k-means."""
    flat = image.reshape(-1, 3)
    some = flat[chance.integers(0, len(flat), min(_SAMPLES, len(flat)))]
    centres = _spread(some, colours)
    for _ in range(_ROUNDS):
        nearest = _nearest(some, centres)
        for k in range(len(centres)):
            mine = some[nearest == k]
            if len(mine):
                centres[k] = mine.mean(0)
    parts = [
        centres[_nearest(part, centres)]
        for part in np.array_split(flat, max(1, len(flat) // 65536))
    ]
    return np.asarray(np.concatenate(parts).reshape(image.shape), np.float32)


def _spread(some: Pixels, colours: int) -> Pixels:
    """Return first centres, each as far from the others as may be."""
    centres = [some.mean(0)]
    distance = ((some - centres[0]) ** 2).sum(-1)
    for _ in range(colours - 1):
        centres.append(some[int(distance.argmax())])
        distance = np.minimum(distance, ((some - centres[-1]) ** 2).sum(-1))
    return np.array(centres, np.float32)


def _nearest(some: Pixels, centres: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    scores = some @ centres.T - (centres**2).sum(-1) / 2
    return np.asarray(scores.argmax(-1))
