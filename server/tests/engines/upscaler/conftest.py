"""The real networks, and pictures to enlarge."""

import pytest

pytest.importorskip("ncnn", reason="the extra `images` is not installed")

import numpy as np
from PIL import Image, ImageDraw

from fondaco.engines.common.style_network import STYLE_FILE, StyleNetwork
from fondaco.engines.upscaler.launch import UpscalerLaunch
from fondaco.engines.upscaler.network import Network, UpscalerNetworks
from fondaco.engines.upscaler.planes import Pixels
from fondaco.modelfiles import KNOWN
from program import model_file


@pytest.fixture(scope="session")
def launch() -> UpscalerLaunch:
    known = KNOWN["fondaco-upscaler"]
    layers, weights, styles = (
        model_file(known.file_for(role).file) for role in ("layers", "model", "styles")
    )
    launch = UpscalerLaunch(layers, weights, styles)
    for file in launch.files:
        if not file.is_file():
            pytest.skip(f"{file} is missing: run `fondaco models pull fondaco-upscaler`")
    return launch


@pytest.fixture(scope="session")
def networks(launch: UpscalerLaunch) -> UpscalerNetworks:
    styles = StyleNetwork(model_file(STYLE_FILE))
    return UpscalerNetworks(Network(launch.layers, launch.weights), styles.restyled)


@pytest.fixture(scope="session")
def picture() -> Pixels:
    """A scene of 96 x 72 pixels with edges, thin lines, a gradient and some noise."""
    image = Image.new("RGB", (384, 288))
    draw = ImageDraw.Draw(image)
    for row in range(288):
        draw.line((0, row, 384, row), (90 + row // 4, 150 - row // 8, 220 - row // 3))
    draw.ellipse((60, 40, 180, 160), (236, 196, 60), (90, 40, 20), 6)
    draw.polygon([(200, 250), (290, 70), (370, 250)], (60, 110, 70))
    for start in range(20, 180, 24):
        draw.line((start, 280, start + 60, 190), (30, 30, 40), 4)
    small = np.asarray(image.resize((96, 72), Image.Resampling.LANCZOS), np.float32)
    noise = np.random.default_rng(5).normal(0, 4, small.shape)
    return np.clip(small + noise, 0, 255).astype(np.uint8)
