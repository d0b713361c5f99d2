"""Mixtures of Gaussians, which model the pixels of a region."""

import numpy as np

from fondaco.engines.editor.pixels.raster import Floats

_SAMPLES = 6_000
_ROUNDS = 6
_LEAST_MEMBERS = 20
_WIDENED = 2e-4


class Mixture:
    """A few Gaussians around the centres that k-means finds in a sample; the same for the same values."""

    def __init__(self, values: Floats, parts: int) -> None:
        """Learn.

        Args:
            values: [samples, features], at least one.
            parts: the most Gaussians.
        """
        chance = np.random.default_rng(0)
        if len(values) > _SAMPLES:
            values = values[chance.choice(len(values), _SAMPLES, replace=False)]
        centres = values[chance.choice(len(values), min(parts, len(values)), replace=False)]
        nearest = np.zeros(len(values), np.intp)
        for _ in range(_ROUNDS):
            nearest = ((values[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
            centres = np.stack(
                [
                    values[nearest == one].mean(0) if (nearest == one).any() else centre
                    for one, centre in enumerate(centres)
                ]
            )
        self._parts: list[tuple[float, Floats, Floats]] = []
        for one, centre in enumerate(centres):
            members = values[nearest == one]
            if len(members) >= _LEAST_MEMBERS:
                self._parts.append(_part(members, centre, len(members) / len(values)))

    def likelihood(self, values: Floats) -> Floats:
        """Return the logarithm of how likely values [..., features] are."""
        found = np.full(values.shape[:-1], -1e6, np.float32)
        for constant, centre, inverse in self._parts:
            away = values - centre
            distance = ((away @ inverse) * away).sum(-1)
            found = np.logaddexp(found, constant - distance / 2)
        return np.asarray(found, np.float32)


def _part(members: Floats, centre: Floats, share: float) -> tuple[float, Floats, Floats]:
    """Return the constant of a Gaussian's logarithm, its centre, and its inverse covariance."""
    covariance = np.cov(members.T) + np.eye(members.shape[1]) * _WIDENED
    constant = float(np.log(share) - np.linalg.slogdet(covariance)[1] / 2)
    inverse = np.asarray(np.linalg.inv(covariance), np.float32)
    return constant, np.asarray(centre, np.float32), inverse
