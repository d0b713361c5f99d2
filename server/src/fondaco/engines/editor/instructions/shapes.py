"""Rules for operations that move pixels: turns, crops, sizes and frames."""

import re

from fondaco.engines.editor.instructions.colours import COLOURS, SHADED, colour_of
from fondaco.engines.editor.instructions.operations import (
    Border,
    Crop,
    CropTo,
    CropToSize,
    Flip,
    Operation,
    Resize,
    Rotate,
    RoundCorners,
    Scale,
)
from fondaco.engines.editor.instructions.rule import Position, Rule
from fondaco.engines.editor.instructions.wording import IT, NUMBER

_IT = f"(?: (?:{IT}))?"
_MOST_SIDE = 100_000
_QUARTER, _HALF, _WHOLE = 90.0, 180.0, 360.0
_USUAL_CROP = 0.15
"""Of each side: what a crop to the middle takes away if no number is named."""
_RATIOS = {
    "square": (1, 1),
    "portrait": (3, 4),
    "landscape": (4, 3),
    "widescreen": (16, 9),
    "panorama": (21, 9),
    "banner": (3, 1),
}
_FACTORS = {
    "half": 0.5, "a half": 0.5, "a third": 1 / 3, "a quarter": 0.25, "double": 2.0, "twice": 2.0, "triple": 3.0,
}  # fmt: skip
_FACTOR = "|".join(sorted(_FACTORS, key=len, reverse=True))
_DIRECTION = (
    "(?:(?:to|towards|on)(?: the)? )?(?:(?P<left>left|counter ?clockwise|anti ?clockwise|ccw|counter clock wise)|"
    "(?P<right>right|clockwise|cw|clock wise))"
)
_ANGLE = rf"(?P<minus>minus )?(?P<angle>{NUMBER})(?: degrees)?"
_TURNS = "rotate|turn|spin|rotated"
_CROPS = "crop|trim|cut|cropped"
_RESIZES = "resize|scale|rescale|shrink|enlarge|reduce|downscale|downsize|upsize|make|resized|upscale|scaled|size"
_SIZE = r"(?P<width>\d{1,6})x(?P<height>\d{1,6})(?: px)?"
_RATIO = rf"(?P<across>{NUMBER})(?::| to )(?P<down>{NUMBER})"
_TO = "(?: (?:to|into|as|at|down to|up to|in|be|become|it|with|by|down|up))*"
_A = "(?: (?:a|an|the|its|size|of|aspect|ratio|format|shape|exactly|about|dimensions?|resolution))*"
_NAMED_RATIO = "|".join(_RATIOS)
_WIDTHS = {"thin": 0.02, "narrow": 0.02, "small": 0.025, "slim": 0.02, "thick": 0.09, "wide": 0.09, "big": 0.09, "large": 0.09, "broad": 0.09, "heavy": 0.09}  # fmt: skip
_USUAL_BORDER = 0.05
_SIDES = {
    "left": (0.0, 0.0, 0.5, 1.0),
    "right": (0.5, 0.0, 1.0, 1.0),
    "top": (0.0, 0.0, 1.0, 0.5),
    "upper": (0.0, 0.0, 1.0, 0.5),
    "bottom": (0.0, 0.5, 1.0, 1.0),
    "lower": (0.0, 0.5, 1.0, 1.0),
}


def _turned(found: "re.Match[str]") -> tuple[Operation, ...]:
    groups = found.groupdict()
    degrees = float(groups.get("angle") or _QUARTER) % _WHOLE
    if (groups.get("left") is not None) != (groups.get("minus") is not None):
        degrees = _WHOLE - degrees
    return (Rotate(degrees % _WHOLE),)


def _flipped(found: "re.Match[str]") -> tuple[Operation, ...]:
    return (Flip("vertical" if found.groupdict().get("vertical") else "horizontal"),)


def _to_ratio(found: "re.Match[str]") -> tuple[Operation, ...]:
    groups = found.groupdict()
    if name := groups.get("ratio"):
        across, down = map(float, _RATIOS[name])
    else:
        across, down = float(groups["across"]), float(groups["down"])
    sensible = across > 0 and down > 0 and 1 / 20 <= across / down <= 20
    return (CropTo(across, down),) if sensible else ()


def _pixels(text: str) -> int | None:
    return int(float(text)) if 1 <= float(text) <= _MOST_SIDE else None


def _cropped_to_size(found: "re.Match[str]") -> tuple[Operation, ...]:
    width, height = _pixels(found["width"]), _pixels(found["height"])
    return (CropToSize(width, height),) if width and height else ()


def _cropped_to_middle(found: "re.Match[str]") -> tuple[Operation, ...]:
    share = found["share"]
    kept = 1 - 2 * _USUAL_CROP if share is None else float(share) / 100
    if not 0 < kept <= 1:
        return ()
    cut = (1 - kept) / 2
    return (Crop(cut, cut, 1 - cut, 1 - cut),)


def _trimmed(found: "re.Match[str]") -> tuple[Operation, ...]:
    cut = float(found["share"]) / 100
    side = found.groupdict().get("side")
    if not 0 < cut < (1 if side else 0.5):
        return ()
    left, top, right, bottom = 0.0, 0.0, 1.0, 1.0
    if side in (None, "left"):
        left = cut
    if side in (None, "right"):
        right = 1 - cut
    if side in (None, "top"):
        top = cut
    if side in (None, "bottom"):
        bottom = 1 - cut
    return (Crop(left, top, right, bottom),)


def _half(found: "re.Match[str]") -> tuple[Operation, ...]:
    return (Crop(*_SIDES[found["side"]]),)


def _zoomed(found: "re.Match[str]") -> tuple[Operation, ...]:
    groups = found.groupdict()
    factor = 1.5
    if groups.get("factor"):
        factor = float(groups["factor"])
    elif groups.get("more"):
        factor = 1 + float(groups["more"]) / 100
    if not 1 < factor <= 10:
        return ()
    cut = (1 - 1 / factor) / 2
    return Crop(cut, cut, 1 - cut, 1 - cut), Scale(factor)


def _resized(found: "re.Match[str]") -> tuple[Operation, ...]:
    groups = found.groupdict()
    if groups.get("height") and groups.get("width"):
        width, height = _pixels(groups["width"]), _pixels(groups["height"])
        return (Resize(width, height),) if width and height else ()
    if side := groups.get("side_px") or groups.get("side_of"):
        pixels = _pixels(side)
        tall = groups.get("tall") or groups.get("tall_of")
        if pixels is None:
            return ()
        return (Resize(None, pixels) if tall else Resize(pixels, None),)
    return _scaled(groups)


def _scaled(groups: "dict[str, str | None]") -> tuple[Operation, ...]:
    if share := groups.get("share"):
        factor = float(share) / 100
    elif word := groups.get("factor_word"):
        factor = _FACTORS[word]
    elif times := groups.get("times"):
        factor = float(times)
    else:
        factor = 0.5 if groups.get("smaller") is not None else 2.0
    return (Scale(factor),) if 0.001 <= factor <= 100 else ()


def _shrunk(found: "re.Match[str]") -> tuple[Operation, ...]:
    share = float(found["share"]) / 100
    factor = 1 - share if "smaller" in found.groupdict() else 1 + share
    return (Scale(factor),) if 0.001 <= factor <= 100 else ()


def _framed(found: "re.Match[str]") -> tuple[Operation, ...]:
    groups = found.groupdict()
    colour = colour_of(groups["colour"]) if groups.get("colour") else COLOURS["white"]
    share = _WIDTHS.get(groups.get("width_word") or "", _USUAL_BORDER)
    pixels = int(groups.get("pixels") or 0)
    return (Border(colour, share, pixels=pixels or None),)


RULES: tuple[Rule, ...] = (
    # turns
    Rule(rf"(?:{_TURNS}){_IT}(?: by)? {_ANGLE}(?:,? {_DIRECTION})?", _turned, Position.VERB),
    Rule(rf"(?:{_TURNS}){_IT} {_DIRECTION}(?: by)?(?: {_ANGLE})?", _turned, Position.VERB),
    Rule(rf"(?:a )?quarter turn(?: {_DIRECTION})?", _turned),
    Rule(rf"(?:{_TURNS}){_IT}(?: by)? (?:a )?(?:quarter|1 quarter)(?: of a)?(?: turn)?(?: {_DIRECTION})?", _turned, Position.VERB),
    Rule(rf"(?:{_TURNS}){_IT}(?: by)? (?:a |0.5 )?(?:half )?turn", lambda _: (Rotate(_HALF),), Position.VERB),
    Rule(rf"(?:make|turn|rotate|put|flip over){_IT} (?:upside down|on its head)", lambda _: (Rotate(_HALF),), Position.VERB),
    Rule(rf"rotate{_IT}", _turned, Position.VERB),
    Rule(rf"{_ANGLE} rotation(?: {_DIRECTION})?", _turned),
    Rule("upside down", lambda _: (Rotate(_HALF),), Position.ALONE),
    # mirrors
    Rule(
        rf"(?:flip|mirror|reflect|flop){_IT}(?: over)?(?: (?:horizontally|horizontal|sideways|left to right|left right|left and right|right to left|from left to right|along the vertical axis|on the vertical axis))?",
        _flipped,
        Position.VERB,
    ),
    Rule(
        rf"(?:flip|mirror|reflect|flop){_IT}(?: over)? (?P<vertical>vertically|vertical|upside down|top to bottom|top and bottom|from top to bottom|along the horizontal axis|on the horizontal axis)",
        _flipped,
        Position.VERB,
    ),
    Rule("(?:horizontal(?:ly)? )(?:flip|mirror|flipped|mirrored)|mirrored|mirror image|mirror effect|flipped", _flipped),
    Rule("(?P<vertical>vertical(?:ly)? )(?:flip|mirror|flipped|mirrored)", _flipped),
    # crops
    Rule(rf"(?:{_CROPS}){_IT}{_TO}{_A} (?P<ratio>{_NAMED_RATIO})(?: (?:shape|format|orientation|crop|aspect ratio|image|picture|photo|ratio))*", _to_ratio, Position.VERB),
    Rule(rf"make{_IT}{_TO}{_A} (?P<ratio>square|widescreen)(?: (?:shape|format|crop|aspect ratio|image|picture|photo))*", _to_ratio, Position.VERB),
    Rule(rf"(?P<ratio>{_NAMED_RATIO}) (?:crop|format|orientation|aspect ratio|shape)", _to_ratio),
    Rule(rf"(?:{_CROPS}|make|change|set|convert|turn){_IT}(?: (?:the )?(?:aspect ratio|ratio|format))?{_TO}{_A} {_RATIO}(?: (?:aspect ratio|ratio|format|crop|shape))*", _to_ratio, Position.VERB),
    Rule(rf"{_RATIO} (?:crop|format|aspect ratio|ratio)", _to_ratio),
    Rule(rf"(?:{_CROPS}){_IT}{_TO}{_A} {_SIZE}(?: (?:from|in|at) the (?:center|middle))?", _cropped_to_size, Position.VERB),
    Rule(rf"(?:{_CROPS}|zoom){_IT}{_TO}{_A}(?: (?:inner|central))? (?:center|middle)(?: (?P<share>{NUMBER}) percent)?(?: (?:part|area|portion|of it))*", _cropped_to_middle, Position.VERB),
    Rule(rf"(?:{_CROPS}){_IT}{_TO}{_A}(?: (?:center|central|middle|inner))? (?P<share>{NUMBER}) percent(?: (?:of|in|at|from) the (?:center|middle))?", _cropped_to_middle, Position.VERB),
    Rule(rf"(?:{_CROPS})(?: away| off| out)?(?: the)? (?P<share>{NUMBER}) percent (?:off|from|of|on|at)(?: of)?(?: each| all| every| both| the)*(?: (?:side|sides|edge|edges|border|borders|around))", _trimmed, Position.VERB),
    Rule(rf"(?:{_CROPS})(?: away| off| out)?(?: the)? (?P<share>{NUMBER}) percent (?:off|from|of|on|at)(?: the)? (?P<side>left|right|top|bottom)(?: side| edge)?", _trimmed, Position.VERB),
    Rule(rf"(?:{_CROPS})(?: away| off)?(?: the)? (?P<side>left|right|top|bottom)(?: side)?(?: by)? (?P<share>{NUMBER}) percent", _trimmed, Position.VERB),
    Rule(rf"(?:(?:{_CROPS}){_IT}{_TO}|keep|keep only|show|show only|take)(?: (?:only|just))?(?: the)? (?P<side>left|right|top|bottom|upper|lower) (?:half|part)", _half, Position.VERB),
    Rule(rf"zoom(?: in)?(?: on| into)?{_IT}(?:(?: by)?(?: (?P<factor>{NUMBER})(?: ?x| times)| (?P<more>{NUMBER}) percent))?", _zoomed, Position.VERB),
    Rule(rf"(?:crop{_IT}|make{_IT})?{_TO}{_A} ?(?:circle|circular|round)(?: (?:crop|shape|cutout))?", lambda _: (CropTo(1, 1), RoundCorners(0.5)), Position.VERB),
    # sizes
    Rule(rf"(?:{_RESIZES}|change(?: the)? size(?: of)?){_IT}{_TO}{_A}{_TO} {_SIZE}", _resized, Position.VERB),
    Rule(rf"(?:{_RESIZES}){_IT}{_TO}{_A} (?P<side_px>\d{{1,6}})(?: px)?(?: (?:wide|in width|width|(?P<tall>tall|high|in height|height)))", _resized, Position.VERB),
    Rule(rf"(?:{_RESIZES}){_IT}{_TO}{_A} (?:width|(?P<tall_of>height))(?: (?:of|to))? (?P<side_of>\d{{1,6}})(?: px)?", _resized, Position.VERB),
    Rule(rf"(?:resize|scale|rescale|downscale|upscale|shrink|enlarge|reduce){_IT}{_TO}{_A} (?P<side_px>\d{{1,6}}) px", _resized, Position.VERB),
    Rule(rf"(?:{_RESIZES}){_IT}(?: (?:to|down to|up to|at))+{_A} (?P<share>{NUMBER}) percent(?: (?:of|its|the|original|size))*", _resized, Position.VERB),
    Rule(rf"(?:shrink|scale down|downscale|reduce the size|make it){_IT}(?: down)?(?: by)? (?P<share>{NUMBER}) percent(?P<smaller>)(?: smaller)?", _shrunk, Position.VERB),
    Rule(rf"(?:enlarge|scale up|upscale){_IT}(?: up)?(?: by)? (?P<share>{NUMBER}) percent", _shrunk, Position.VERB),
    Rule(rf"(?:{_RESIZES}){_IT}{_TO}{_A} (?P<factor_word>{_FACTOR})(?: (?:the|its|of|size|original|as|large|big|resolution|dimensions))*", _resized, Position.VERB),
    Rule(rf"(?:{_RESIZES}){_IT}{_TO}{_A} (?P<times>{NUMBER})(?: ?x| times)(?: (?:the|its|size|original|as|large|big|bigger|larger))*", _resized, Position.VERB),
    Rule("(?:half|halve)(?: the)? (?:size|resolution)(?P<smaller>)", _resized, Position.VERB),
    Rule("double(?: the)? (?:size|resolution)", _resized, Position.VERB),
    Rule(rf"(?:upscale|enlarge){_IT}", _resized, Position.VERB),
    Rule(rf"make{_IT}(?: (?:much|a bit|a lot|slightly))? (?:(?P<smaller>smaller)|bigger|larger)", _resized, Position.VERB),
    Rule(rf"(?P<factor_word>{_FACTOR}) (?:as (?:large|big)|the size|its size)", _resized, Position.ALONE),
    # frames
    Rule("polaroid(?: (?:frame|border|style|look|effect|photo))*", lambda _: (Border((250, 249, 244), 0.06, bottom=3.5),)),
    Rule(
        rf"(?:(?P<width_word>{'|'.join(_WIDTHS)})(?: ,)? |(?P<pixels>\d{{1,4}}) px (?:wide |thick )?)?(?:(?P<colour>{SHADED}) )?(?:(?:picture|photo|simple|outer|solid) )*(?:border|frame|borders|edge border)(?: around(?: (?:{IT}))?)?",
        _framed,
    ),
    Rule(
        rf"(?:border|frame)(?: around(?: (?:{IT}))?)?(?: (?:in|of|with))*(?: (?:a|the))? (?P<colour>{SHADED})(?: border| frame| color)?",
        _framed,
    ),
    Rule(rf"frame{_IT}(?: (?:in|with)(?: a| an)? (?:(?P<width_word>{'|'.join(_WIDTHS)}) )?(?P<colour>{SHADED})(?: frame| border)?)?", _framed, Position.VERB),
    Rule("(?:round|rounded|soft|curved)(?: (?:off|the|its|all))* (?:corners|edges)|(?:round|curve)(?: (?:off|the|its|all|four))* (?:corners|edges)", lambda _: (RoundCorners(0.08),)),
)  # fmt: skip
"""Left and right, and so on, are those of who looks at the picture."""
