"""Instructions as people write them: what they ask for, and what is refused."""

import re
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, strategies as st

from fondaco.engines.common.style_network import STYLES
from fondaco.engines.editor.instructions.colours import COLOURS
from fondaco.engines.editor.instructions.grammar import (
    LONGEST,
    MOST_OPERATIONS,
    NotUnderstood,
    read,
)
from fondaco.engines.editor.instructions.operations import (
    Border,
    Crop,
    CropTo,
    CropToSize,
    CutOut,
    Duotone,
    FillBackground,
    Filter,
    Flip,
    KeepColour,
    Level,
    Operation,
    PaintSky,
    Recolour,
    Resize,
    Restyle,
    Rotate,
    RoundCorners,
    Scale,
    Tint,
    Within,
)
from fondaco.engines.editor.refusal import ABILITIES, not_understood

RED, BLUE, WHITE, BLACK = (COLOURS[name] for name in ("red", "blue", "white", "black"))
GREY, BLUR = Filter("greyscale"), Filter("blur")
LEFT, RIGHT = Rotate(270), Rotate(90)
BRIGHTER, DARKER = Level("brightness", 0.25), Level("brightness", -0.25)
CIRCLE = (CropTo(1, 1), RoundCorners(0.5))

ASKED: dict[str, tuple[Operation, ...]] = {
    # the examples of the API's documentation
    "Colorize": (Filter("colourise"),),
    "Change the color of the sky to a sunrise": (PaintSky("sunrise"),),
    "change the sky to a sunrise": (PaintSky("sunrise"),),
    # styles
    "in the style of Starry Night": (Restyle("starry night"),),
    "In the style of Van Gogh's Starry Night": (Restyle("starry night"),),
    "make it look like a Van Gogh painting": (Restyle("starry night"),),
    "van gogh style, please": (Restyle("starry night"),),
    "as a woodblock print": (Restyle("great wave"),),
    "as a Hokusai wave": (Restyle("great wave"),),
    "turn it into a Japanese woodblock print": (Restyle("great wave"),),
    "turn into a mosaic": (Restyle("mosaic"),),
    "Please could you turn this photo into a stained glass window?": (Restyle("mosaic"),),
    "a mosaic of it": (Restyle("mosaic"),),
    "Watercolor": (Restyle("watercolour"),),
    "make a watercolour painting of this photo": (Restyle("watercolour"),),
    "paint it like Monet": (Restyle("impressionism"),),
    "as if painted by Munch": (Restyle("expressionism"),),
    "in the manner of Picasso": (Restyle("cubism"),),
    "like a comic book": (Restyle("comic"),),
    "make it pop art": (Restyle("pop art"),),
    "apply the pen and ink effect": (Restyle("pen and ink"),),
    "oil painting": (Restyle("impressionism", own_colours=True),),
    "turn it into a painting": (Restyle("impressionism", own_colours=True),),
    "watercolor, with the original colors": (Restyle("watercolour", own_colours=True),),
    "in the style of Starry Night but keep the original colours": (
        Restyle("starry night", own_colours=True),
    ),
    # backgrounds
    "Remove the background": (CutOut(),),
    "please remove the background from this image": (CutOut(),),
    "make the background transparent": (CutOut(),),
    "cut out the subject": (CutOut(),),
    "with no background": (CutOut(),),
    "make the background white": (FillBackground(WHITE),),
    "change the background to blue": (FillBackground(BLUE),),
    "put it on a plain white background": (FillBackground(WHITE),),
    "change the background colour to #FF8800": (FillBackground((255, 136, 0)),),
    "blur the background": (Within("background", BLUR),),
    "make the background blurred": (Within("background", BLUR),),
    "portrait mode": (Within("background", BLUR),),
    "make the background grey": (FillBackground(COLOURS["gray"]),),
    "make the background black and white": (Within("background", GREY),),
    "darken the background": (Within("background", DARKER),),
    "make the subject brighter": (Within("subject", BRIGHTER),),
    # the sky
    "make the sky sunset": (PaintSky("sunset"),),
    "turn the sky into a dramatic sunset": (PaintSky("sunset"),),
    "make the sky orange": (PaintSky(COLOURS["orange"]),),
    "give it a stormy sky": (PaintSky("storm"),),
    "change the sky to a starry night": (PaintSky("night"),),
    "make the sky darker": (Within("sky", DARKER),),
    # colours
    "change the red to blue": (Recolour("red", BLUE),),
    "replace red with blue": (Recolour("red", BLUE),),
    "turn everything red into blue": (Recolour("red", BLUE),),
    "make the red parts blue": (Recolour("red", BLUE),),
    "change black to white": (Recolour("black", WHITE),),
    "remove the red": (Recolour("red", COLOURS["gray"]),),
    "keep only the red": (KeepColour("red"),),
    "remove all colors except red": (KeepColour("red"),),
    "black and white except the red": (KeepColour("red"),),
    "make everything black and white except the red": (KeepColour("red"),),
    "make it blue": (Tint(BLUE),),
    "make it grey": (GREY,),
    "colorize it blue": (Tint(BLUE),),
    "tint it slightly purple": (Tint(COLOURS["purple"], 0.5),),
    "add a strong red tint": (Tint(RED, 1.8),),
    "duotone in orange and navy": (Duotone(COLOURS["navy"], COLOURS["orange"]),),
    # light
    "make it brighter": (BRIGHTER,),
    "brighten it by 20%": (Level("brightness", 0.2),),
    "30 percent darker": (Level("brightness", -0.3),),
    "a bit brighter": (Level("brightness", 0.125),),
    "a lot more contrast": (Level("contrast", 0.45),),
    "increase the brightness and contrast": (BRIGHTER, Level("contrast", 0.25)),
    "reduce the saturation a bit": (Level("saturation", -0.125),),
    "brightness -15": (Level("brightness", -0.15),),
    "make the colors more vivid": (Level("saturation", 0.25),),
    "warm it up": (Level("warmth", 0.25),),
    "cooler": (Level("warmth", -0.25),),
    "it's too dark": (BRIGHTER,),
    # filters
    "Make it black & white": (GREY,),
    "greyscale": (GREY,),
    "convert to B/W": (GREY,),
    "remove all colour": (GREY,),
    "give me a black and white version of this picture": (GREY,),
    "apply a sepia filter": (Filter("sepia"),),
    "invert the colors": (Filter("invert"),),
    "enhance": (Filter("enhance"),),
    "Improve this old photo": (Filter("enhance"),),
    "auto-contrast": (Filter("enhance"),),
    "sharpen this blurry photo": (Filter("sharpen"),),
    "colorize this black and white photo": (Filter("colourise"),),
    "blur it slightly": (Filter("blur", 0.5),),
    "blur by 25%": (Filter("blur", 0.5),),
    "heavily pixelate it": (Filter("pixelate", 1.8),),
    "remove the noise": (Filter("denoise"),),
    "add film grain": (Filter("grain"),),
    "add a vignette": (Filter("vignette"),),
    "posterise": (Filter("posterise"),),
    "turn it into a pencil sketch": (Filter("sketch"),),
    "make it a cartoon": (Filter("cartoon"),),
    "detect the edges": (Filter("edges"),),
    "make it look like an old photo": (Filter("vintage"),),
    # shapes
    "rotate 90 degrees": (RIGHT,),
    "rotate it 90\N{DEGREE SIGN} to the left": (LEFT,),
    "rotate by -90 degrees": (LEFT,),
    "rotate it by ninety degrees counter-clockwise": (LEFT,),
    "rotate right by 30 degrees": (Rotate(30),),
    "turn it upside down": (Rotate(180),),
    "a quarter turn to the left": (LEFT,),
    "flip it vertically": (Flip("vertical"),),
    "mirror the image": (Flip("horizontal"),),
    "crop to a square": (CropTo(1, 1),),
    "make it 16:9": (CropTo(16, 9),),
    "crop to 800 x 600": (CropToSize(800, 600),),
    "crop the left half": (Crop(0, 0, 0.5, 1),),
    "crop 10% from each side": (Crop(0.1, 0.1, 0.9, 0.9),),
    "crop 20% off the top": (Crop(0, 0.2, 1, 1),),
    "crop to the centre": (Crop(0.15, 0.15, 0.85, 0.85),),
    "crop it to a circle": CIRCLE,
    "zoom in 2x": (Crop(0.25, 0.25, 0.75, 0.75), Scale(2)),
    "resize to 800 by 600 pixels": (Resize(800, 600),),
    "make it 512 pixels wide": (Resize(512, None),),
    "resize to a height of 300px": (Resize(None, 300),),
    "resize it to 50%": (Scale(0.5),),
    "make it half the size": (Scale(0.5),),
    "twice as large, please": (Scale(2),),
    "add a white border": (Border(WHITE, 0.05),),
    "add a thick black frame": (Border(BLACK, 0.09),),
    "put a 10px red border around it": (Border(RED, 0.05, pixels=10),),
    "polaroid": (Border((250, 249, 244), 0.06, bottom=3.5),),
    "round the corners": (RoundCorners(0.08),),
    # several
    "make it grayscale and rotate 90 degrees left": (GREY, LEFT),
    "crop to a square with a white border": (CropTo(1, 1), Border(WHITE, 0.05)),
    "warm vivid colors": (Level("warmth", 0.25), Level("saturation", 0.25)),
    "make it a vintage sepia photo": (Filter("vintage"), Filter("sepia")),
    "remove the background, then add a blue background": (CutOut(), FillBackground(BLUE)),
    "Crop to a square. Make it warmer; add a vignette!": (
        CropTo(1, 1),
        Level("warmth", 0.25),
        Filter("vignette"),
    ),
    "1. Make it grey-scale\n2. Blur it": (GREY, BLUR),
}  # fmt: skip

GUIDE = (Path(__file__).parents[4] / "docs/how-to/images.md").read_text(encoding="utf-8")
_, _, _SECTION = GUIDE.partition("### The built-in editor")
EXAMPLES = [
    example
    for row in re.findall(r"^\|[^|]+\| (`.+) \|$", _SECTION.partition("\n* ")[0], re.MULTILINE)
    for example in re.findall(r"`([^`]+)`", row)
]

REFUSED = (
    "add a dog", "remove the person", "write Hello on it", "add text saying hi", "make the dog brown",
    "make the car red", "change the red car to blue", "make it look like a dog", "turn it into a cat",
    "make him smile", "open the door", "replace the sky with a castle", "replace the background with a beach",
    "add clouds to the sky", "draw a great wave", "draw a mosaic", "paint a sketch of a cat", "add a mirror",
    "remove the shadows", "remove the watermark", "don't make it grayscale", "do not blur it",
    "make it brighter but not warmer", "make it brighter without changing the background", "blur the face",
    "make everything but the flower grey", "rotate the dog", "crop to the dog", "make it winter", "add snow",
    "make it more realistic", "in the style of Rembrandt", "anime style", "crop", "resize", "rotate it to the dog",
    "change the color", "give her red hair", "change the color of the dress to red", "make the grass greener",
    "put a hat on the cat", "extend the image to the left", "zoom out", "remove red eyes", "turn day into night",
    "make the subject disappear", "hello", "", " ", ".", "make it", "add", "blue", "red and blue",
    "write red border", "add a red dress", "make a red house", "a brighter dog", "restore this old photo",
    "what is in this picture?", "paint it red and black", "make the white dog black", "crop to 0:5",
    "resize to 0x0", "resize to 0%", "crop 60% from each side", "crop to 1:100", "\N{CJK UNIFIED IDEOGRAPH-9ED1}",
    "convertir en noir et blanc", "make it grayscale, then teleport it", "blur it and add a dog",
    "remove the red border", "remove the white frame", "make it a red car", "turn it into a blue house",
    "add a golden crown", "remove the blue car", "replace the background with blue flowers",
    "frame the picture on a wall", "make it look like winter", "sharpen the pencil", "light the candle",
    "blur out faces", "cut the tree", "give her a crop top", "paint the town red", "rotate the wheels",
    "warm the soup", "make it cool", "make a film", "make it a film", "make it a portrait", "make it a landscape",
    "swap red with blue", "swap red and blue", "make the subject red", "lift it", "add a red hat with a white border",
    "make a bigger dog", "make the dog bigger", "zoom in on the dog", "crop out the person", "crop the person out",
    "remove the text and make it gray", "make the sky bigger", "add a sunset", "add a sunset in the sky",
    "make it sunset", "put a moon in the night sky", "remove the clouds from the sky", "remove the sky",
    "make the background a sunset sky", "blur everything except the face", "make the black dog white",
    "turn the lights on", "turn right the head", "flip the switch", "flip the table", "enlarge the eyes",
    "shrink the nose", "resize the dog", "round the edges of the table", "make the corners dark", "invert the order",
    "tile it", "mirror the text", "double the people", "half of the picture in gray", "make half of it gray",
    "left half black and white", "focus on the dog", "color by numbers", "a photo of a mosaic", "write it in crayon",
)  # fmt: skip


@pytest.mark.parametrize("prompt", ASKED)
def test_an_instruction_is_understood(prompt: str) -> None:
    found = read(prompt)
    assert isinstance(found, tuple), found
    assert [exact(one) for one in found] == [exact(one) for one in ASKED[prompt]]


def exact(operation: Operation) -> object:
    """Return an operation to be compared; the edges of a crop are shares, which may be a rounding apart."""
    if isinstance(operation, Crop):
        edges = operation.left, operation.top, operation.right, operation.bottom
        return tuple(round(edge, 6) for edge in edges)
    return operation


@pytest.mark.parametrize("prompt", EXAMPLES)
def test_what_the_guide_says_is_understood(prompt: str) -> None:
    assert len(EXAMPLES) > 50
    assert isinstance(read(prompt), tuple)


@pytest.mark.parametrize("prompt", REFUSED)
def test_what_is_not_understood_wholly_is_refused(prompt: str) -> None:
    assert isinstance(read(prompt), NotUnderstood)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_goes_by_its_own_name(style: str) -> None:
    for prompt in (f"in the style of {style}", f"{style} style", f"repaint it in {style} style"):
        assert read(prompt) == (Restyle(style),)


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_is_taken_for_a_tint_and_a_border(colour: str) -> None:
    tint = GREY if colour == "gray" else Tint(COLOURS[colour])
    assert read(f"tint it {colour}") == (tint,)
    assert read(f"add a {colour} border") == (Border(COLOURS[colour], 0.05),)


def test_shades_are_mixed_with_white_and_black() -> None:
    light, dark = read("tint it light blue"), read("tint it dark blue")
    assert isinstance(light, tuple)
    assert isinstance(dark, tuple)
    assert isinstance(light[0], Tint)
    assert isinstance(dark[0], Tint)
    assert sum(dark[0].colour) < sum(BLUE) < sum(light[0].colour)


@pytest.mark.parametrize(
    ("prompt", "part", "wants"),
    [
        ("Add a dog", 1, "something added"),
        ("grayscale, then please remove the dog", 2, "something taken out"),
        ("blur it and rotate it and write Hello", 3, "text"),
        ("sharpen it, then frobnicate", 2, ""),
    ],
)
def test_a_refusal_names_the_part_and_its_class(prompt: str, part: int, wants: str) -> None:
    found = read(prompt)
    assert found == NotUnderstood(part, wants)
    assert isinstance(found, NotUnderstood)
    message = not_understood(found)
    assert message.endswith(ABILITIES)
    assert wants in message
    assert not re.search("dog|hello|frobnicate", message, re.IGNORECASE)


def test_only_so_many_operations_are_done_at_once() -> None:
    assert isinstance(read(", ".join(["brighter"] * MOST_OPERATIONS)), tuple)
    assert isinstance(read(", ".join(["brighter"] * (MOST_OPERATIONS + 1))), NotUnderstood)
    assert isinstance(read("brighter, " * 200), NotUnderstood)
    assert isinstance(read("brighter" + " " * LONGEST), NotUnderstood)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    read(text)


_WORDS = st.sampled_from(
    [
        "make",
        "it",
        "the",
        "a",
        "brighter",
        "slightly",
        "very",
        "red",
        "to",
        "blue",
        "and",
        "then",
        "not",
        "rotate",
        "90",
        "degrees",
        "left",
        "crop",
        "16:9",
        "style",
        "of",
        "mosaic",
        "sky",
        "sunset",
        "background",
        "white",
        "remove",
        "blur",
        ",",
        ".",
        "by",
        "20%",
        "change",
        "border",
        "keep",
        "only",
    ]
)


@given(st.lists(_WORDS, max_size=24).map(" ".join))
def test_any_order_of_known_words_is_read_or_refused(text: str) -> None:
    found = read(text)
    assert isinstance(found, NotUnderstood) or 0 < len(found) <= MOST_OPERATIONS


@pytest.mark.parametrize(
    "text",
    [
        "please " * 200,
        "the " * 300,
        "make it look like " * 80,
        "slightly very " * 100,
        "in the style of " * 90,
        "style " * 250,
        "change all the red to " * 60,
        "brightness and contrast and " * 50,
        "crop to the " * 120,
        "1 " * 700,
    ],
)
def test_reading_takes_little_time_whatever_the_text(text: str) -> None:
    read("grayscale")
    began = process_time()
    read(text[:LONGEST])
    assert process_time() - began < 1
