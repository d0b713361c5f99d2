"""Neural styles by instruction."""

import numpy as np
import pytest

from engines.editor.measures import colourfulness, edit, mean
from engines.editor.scenes import landscape
from fondaco.engines.editor.editing import Networks

SCENE = landscape(128, 128)


@pytest.mark.parametrize(
    ("prompt", "warmest"),
    [
        ("in the style of Starry Night", 2),
        ("make it fiery", 0),
        ("as an impressionist painting", 0),
    ],
)
def test_a_style_brings_its_colours(networks: Networks, prompt: str, warmest: int) -> None:
    result = edit(SCENE, prompt, networks).rgb
    assert result.shape == SCENE.rgb.shape
    assert np.argmax(mean(result)) == warmest


def test_a_picture_may_keep_its_own_colours(networks: Networks) -> None:
    styled = edit(SCENE, "as a mosaic", networks).rgb.astype(int)
    own = edit(SCENE, "as a mosaic, keep the colors", networks).rgb.astype(int)
    assert np.abs(own - SCENE.rgb).mean() < 0.6 * np.abs(styled - SCENE.rgb).mean()
    assert np.abs(own - SCENE.rgb).mean() > 4


def test_an_oil_painting_has_the_colours_of_the_picture(networks: Networks) -> None:
    result = edit(SCENE, "oil painting", networks).rgb
    assert mean(result) == pytest.approx(mean(SCENE.rgb), abs=14)
    assert colourfulness(result) > 0.7 * colourfulness(SCENE.rgb)


def test_a_style_keeps_what_is_transparent(networks: Networks) -> None:
    cut = edit(SCENE, "crop it to a circle, then in the style of Hokusai", networks)
    assert cut.alpha is not None
    assert cut.alpha[0, 0] == 0
