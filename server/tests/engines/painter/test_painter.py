"""The built-in image model: what it paints, and that each parameter of a request matters."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from fondaco.domain.media.image_styles import STYLES
from fondaco.engines.common.style_network import STYLE_FILE, StyleNetwork
from fondaco.engines.painter.painting import PaintRequest, Picture, paint
from fondaco.engines.painter.prompts.grammar import read
from fondaco.engines.painter.scenes.index import SCENES
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.strokes.index import presets
from fondaco.engines.painter.subjects.placing import place
from program import model_file

SMALL = PaintRequest("a red fox in a birch forest", width=192, height=192, steps=20, seed=7)
HOSTILE = [
    "",
    " ",
    "\0",
    "\ud800",
    "\x1b[31m\r\n\t" * 20,
    "\u202eevil \u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627",
    "\N{FOX FACE}\N{ZERO WIDTH JOINER}\N{GIRL}" * 50,
    "<svg onload=alert(1)>{0}%s $(id) <sd_cpp_extra_args>{}</sd_cpp_extra_args>",
    "a cat and " * 1000,
    "x" * 10_000,
    ", ; . !" * 500,
    "999999999999 giant tiny red blue flying cats on dogs under birds over 7 fish",
]


def pixels(picture: Picture) -> NDArray[np.float32]:
    shape = (picture.height, picture.width, 3)
    return np.frombuffer(picture.rgb, np.uint8).reshape(shape).astype(np.float32)


def differ(one: Picture, other: Picture) -> float:
    """Return the mean difference of a channel, 0 to 255."""
    return float(np.abs(pixels(one) - pixels(other)).mean())


def fingerprint(picture: Picture) -> NDArray[np.float32]:
    """Return colour, contrast and texture of 8 x 8 squares: what a viewer sees at a glance."""
    height, width = picture.height // 8, picture.width // 8
    blocks = pixels(picture)[: height * 8, : width * 8].reshape(8, height, 8, width, 3)
    texture = np.abs(np.diff(blocks, axis=3)).mean((1, 3))
    parts = (blocks.mean((1, 3)), 2 * blocks.std((1, 3)), 3 * texture)
    return np.concatenate([part.ravel() for part in parts])


def test_the_same_request_gives_the_same_bytes() -> None:
    assert paint(SMALL).rgb == paint(SMALL).rgb


@pytest.mark.parametrize(("width", "height"), [(64, 64), (256, 128), (96, 232), (201, 133)])
def test_a_picture_has_the_size_that_was_asked_for(width: int, height: int) -> None:
    picture = paint(replace(SMALL, width=width, height=height))
    assert (picture.width, picture.height) == (width, height)
    assert len(picture.rgb) == width * height * 3


@pytest.mark.parametrize("side", [0, -1, 63, 2049, 10**9])
def test_a_side_out_of_bounds_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match="pixels"):
        paint(replace(SMALL, width=side))


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="style"):
        paint(replace(SMALL, style="No Such Style"))


@pytest.mark.parametrize(
    "changed",
    [
        replace(SMALL, seed=8),
        replace(SMALL, seed=-7),
        replace(SMALL, steps=2),
        replace(SMALL, cfg_scale=1.0),
        replace(SMALL, cfg_scale=18.0),
        replace(SMALL, negative_prompt="fox"),
        replace(SMALL, style="Woodcut"),
        replace(SMALL, prompt="a red fox in a snowy birch forest at night"),
    ],
)
def test_each_parameter_changes_what_is_seen(changed: PaintRequest) -> None:
    assert differ(paint(SMALL), paint(changed)) > 3


@pytest.mark.parametrize(("width", "height"), [(1024, 1024), (1280, 720), (720, 1280)])
def test_a_lighthouse_has_its_lamp_within_the_picture_whatever_the_seed(
    width: int, height: int
) -> None:
    prompt = "A huge lighthouse at dusk"
    for seed in range(60):
        (spot,) = place(Stage(read(prompt), width, height, seed, prompt))
        assert spot.y - spot.size > 0.05 * height


def test_a_negative_prompt_leaves_out_no_more_than_it_names() -> None:
    request = PaintRequest("a cat beside a dog in a meadow", width=128, height=128, style="Enhance")
    assert paint(request).rgb == paint(replace(request, negative_prompt="elephant, ugly")).rgb
    assert paint(request).rgb != paint(replace(request, negative_prompt="dog")).rgb


def test_a_colour_that_is_unwanted_fades() -> None:
    request = PaintRequest("a bowl of apples", width=128, height=128, seed=1)
    plain, without = pixels(paint(request)), pixels(paint(replace(request, negative_prompt="red")))
    assert (plain[..., 0] - plain[..., 1]).max() > (without[..., 0] - without[..., 1]).max()


@pytest.mark.parametrize("prompt", ["asdf qwer", "", "\N{FOX FACE}"])
def test_a_prompt_of_which_nothing_is_known_becomes_an_abstract_that_says_so(prompt: str) -> None:
    picture = paint(replace(SMALL, prompt=prompt))
    assert not picture.understood
    assert "abstract" in picture.notes[0]
    assert pixels(picture).std() > 10


def test_words_that_are_left_out_are_named() -> None:
    picture = paint(replace(SMALL, prompt="a cat with a zorgblat"))
    assert picture.understood
    assert "'zorgblat'" in picture.notes[0]


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_prompts_give_pictures_too(prompt: str) -> None:
    picture = paint(PaintRequest(prompt, negative_prompt=prompt[::-1], width=64, height=64))
    assert len(picture.rgb) == 64 * 64 * 3


@pytest.mark.parametrize("scene", sorted(SCENES))
@pytest.mark.parametrize("time", ["", " in a snowy, stormy night"])
def test_every_scene_can_be_painted_at_any_time(scene: str, time: str) -> None:
    words = {"still_life": "still life", "pines": "pine forest", "clouds": "above the clouds"}
    prompt = f"{words.get(scene, scene)} with a cat and a boat{time}"
    assert pixels(paint(PaintRequest(prompt, width=80, height=64, steps=1))).std() > 3


def test_there_is_a_preset_for_every_style_of_the_api() -> None:
    assert {one.name for one in STYLES} <= presets().keys()
    assert len(presets()) >= 60


def test_presets_with_a_neural_style_are_seen_to_be_repainted() -> None:
    pytest.importorskip("onnxruntime", reason="the extra `images` is not installed")
    file = model_file(STYLE_FILE)
    if not file.is_file():
        pytest.skip(f"{file} is missing: run `fondaco models pull fondaco-editor`")
    network = StyleNetwork(file)
    neural = [name for name, style in presets().items() if style.neural is not None]
    assert len(neural) >= 12
    request = PaintRequest("a sailboat at sunset by a village", width=96, height=96, seed=3)
    seen: dict[str, NDArray[np.float32]] = {}
    for name in neural:
        asked = replace(request, style=name)
        repainted = paint(
            asked,
            lambda picture, style, own: network.restyled(picture, style, own_colours=own),
        )
        seen[name] = fingerprint(repainted)
        assert float(np.abs(seen[name] - fingerprint(paint(asked))).mean()) > 3, name
    for one, other in combinations(seen, 2):
        assert float(np.abs(seen[one] - seen[other]).mean()) > 3, (one, other)


@pytest.mark.slow  # a hundred pictures
def test_no_two_presets_look_alike() -> None:
    request = PaintRequest("a sailboat at sunset by a village", width=96, height=96, seed=3)
    seen = {name: fingerprint(paint(replace(request, style=name))) for name in presets()}
    near = {
        (one, other): float(np.abs(seen[one] - seen[other]).mean())
        for one, other in combinations(seen, 2)
    }
    alike = {pair: distance for pair, distance in near.items() if distance < 3}
    assert alike == {}
