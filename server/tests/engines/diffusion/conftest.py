"""Real weights, as small as they can be, and launches of them."""

from pathlib import Path

import pytest

import tiny_diffusion
from fondaco.domain.models.weights import WeightRole
from fondaco.engines.diffusion.binding import installed_binding
from fondaco.engines.diffusion.launch import DiffusionLaunch


@pytest.fixture(scope="session")
def tiny_files(tmp_path_factory: pytest.TempPathFactory) -> dict[WeightRole, Path]:
    return tiny_diffusion.write_model(tmp_path_factory.mktemp("tiny-diffusion"))


@pytest.fixture(scope="session")
def tiny_launch(tiny_files: dict[WeightRole, Path]) -> DiffusionLaunch:
    """The tiny model, where stable-diffusion.cpp is installed."""
    if installed_binding() is None:
        pytest.skip(
            "stable-diffusion.cpp is not installed: its wheel, cyllama, needs Python 3.12 or newer, and "
            "stable-diffusion-cpp-python is built from source (docs/how-to/diffusion.md)"
        )
    return DiffusionLaunch(files=tiny_files, threads=1, divisor=64, cfg_scale=1.0, steps=2)
