"""Rules for light, filters and the regions that they go for."""

import re
from collections.abc import Callable
from typing import TypeAlias

from fondaco.engines.editor.instructions.operations import (
    Filter,
    FilterName,
    Level,
    LevelName,
    Operation,
    Region,
    Within,
)
from fondaco.engines.editor.instructions.rule import Position, Rule
from fondaco.engines.editor.instructions.wording import (
    AFTER,
    BEFORE,
    IT,
    NUMBER,
    REGION,
    degree,
    percent,
)

_Made: TypeAlias = Level | Filter
_Make: TypeAlias = Callable[["re.Match[str]"], _Made]

_STEP = 0.25
"""Change of a level if no degree is named."""
_USUAL_PERCENT = 50.0
"""A filter of so many per cent has its usual strength."""


def _level(name: LevelName, sign: int) -> _Make:
    def make(found: "re.Match[str]") -> Level:
        how = degree(found)
        amount = _STEP * how if how is not None else min(percent(found), 100) / 100
        return Level(name, sign * amount)

    return make


def _filter(name: FilterName) -> _Make:
    def make(found: "re.Match[str]") -> Filter:
        how = degree(found)
        return Filter(name, min(percent(found) / _USUAL_PERCENT, 2.0) if how is None else how)

    return make


def _more(words: str) -> str:
    return f"(?:(?:much|a bit|a lot|slightly|a little) )?(?:more|higher|added|extra) (?:{words})"


def _less(words: str) -> str:
    return f"(?:less|lower|reduced) (?:{words})"


_GREY = "gray ?scale|gray scaled|black and white|black white|b and w|b w|bw|monochrome|monochromatic|colorless"
_NOTHING = "color(?:s|ing|ed)?"
_ADJECTIVES: tuple[tuple[str, _Make], ...] = (
    (f"brighter|lighter|brightened|{_more('bright|brightness|light|exposure|exposed|luminous')}", _level("brightness", 1)),
    (f"darker|dimmer|darkened|dim|{_more('dark')}|{_less('bright|brightness|light|exposure|exposed')}", _level("brightness", -1)),
    (f"contrastier|punchier|high contrast|higher in contrast|{_more('contrast|contrasty|punchy|contrasted')}", _level("contrast", 1)),
    (f"flatter|low contrast|softer contrast|{_less('contrast|contrasty|harsh')}", _level("contrast", -1)),
    (
        "vivid|vibrant|colorful|saturated|(?:richer|bolder|stronger|brighter|more vivid|vivid|more vibrant|vibrant) colors|"
        + _more("saturated|saturation|vivid|vibrant|vibrance|colorful|colors?|lively|intense colors"),
        _level("saturation", 1),
    ),
    (
        "muted|paler|duller|washed out|desaturated|faded|(?:muted|softer|paler) colors|"
        + _less("saturated|saturation|vivid|vibrant|colorful|colors?|intense"),
        _level("saturation", -1),
    ),
    (f"warmer|warm|warmed up|(?:warm|warmer) (?:tones?|colors?|light)|{_more('warm|warmth')}", _level("warmth", 1)),
    (f"cooler|colder|cooled down|(?:cool|cooler|cold) (?:tones?|colors?|light)|{_more('cool|cold')}|{_less('warm|warmth')}", _level("warmth", -1)),
    (
        f"(?:completely |fully |all |in )?(?:{_GREY})|(?:without|no) (?:any )?{_NOTHING}",
        _filter("greyscale"),
    ),
    (r"sepia(?: toned?s?| colored)?", _filter("sepia")),
    ("inverted|a negative|negative", _filter("invert")),
    ("blurry|blurred|blurrier|out of focus|fuzzy|softer|defocused|unfocused|bokeh|more blurry|more blurred", _filter("blur")),
    (
        f"sharper|crisper|sharp|crisp|sharpened|clearer|in focus|{_more('sharp|crisp|clear|sharpness|clarity')}|"
        + _less("blurry|blurred|blur|fuzzy|soft"),
        _filter("sharpen"),
    ),
    (f"smoother|smooth|noise free|cleaner|denoised|{_less('noisy|grainy|noise|grain')}", _filter("denoise")),
    (f"grainy|grainier|noisy|{_more('grain|grainy|noise|film grain')}", _filter("grain")),
    ("vintage|retro|old fashioned|antique|aged|nostalgic|(?:like |as )?an old (?:photo|photograph|picture)", _filter("vintage")),
    ("pixelated|pixelized|blocky|8 bit|px art|pixellated", _filter("pixelate")),
    ("posterized|poster like", _filter("posterise")),
    ("solarized", _filter("solarise")),
    ("embossed", _filter("emboss")),
    ("(?:like |as |into )?(?:a )?cartoon(?:s|ish|y| like)?|cartoonized|cartoonified", _filter("cartoon")),
    ("better|nicer|prettier|more beautiful|beautiful|good|great|professional", _filter("enhance")),
)  # fmt: skip
"""Qualities that a picture, or a region of it, can be given: pattern -> operation."""

_COMMANDS: tuple[tuple[str, _Make], ...] = (
    ("brighten|lighten|illuminate", _level("brightness", 1)),
    ("darken|dim", _level("brightness", -1)),
    ("saturate", _level("saturation", 1)),
    ("warm", _level("warmth", 1)),
    ("cool", _level("warmth", -1)),
    ("invert|negate", _filter("invert")),
    ("blur|defocus|soften", _filter("blur")),
    ("sharpen|unblur|deblur|focus", _filter("sharpen")),
    ("denoise|despeckle|smooth|smoothen|clean", _filter("denoise")),
    ("pixelate|pixelize|pixellate", _filter("pixelate")),
    ("posterize", _filter("posterise")),
    ("solarize", _filter("solarise")),
    ("emboss", _filter("emboss")),
    ("cartoonize|cartoonify|toonify", _filter("cartoon")),
    ("sketch", _filter("sketch")),
    ("age", _filter("vintage")),
    ("enhance|improve|auto ?enhance|auto ?correct|beautify|fix|optimize|normalize|equalize|auto ?fix|auto ?adjust", _filter("enhance")),
)  # fmt: skip
"""Commands on a picture, or a region of it: pattern -> operation."""

_LEVELS: dict[str, tuple[_Make, _Make]] = {
    "brightness|exposure|light|lightness|luminosity": (_level("brightness", 1), _level("brightness", -1)),
    "contrast": (_level("contrast", 1), _level("contrast", -1)),
    "saturation|vibrance|vibrancy|colors?|color saturation|color intensity": (_level("saturation", 1), _level("saturation", -1)),
    "warmth|temperature|color temperature|warm tones?": (_level("warmth", 1), _level("warmth", -1)),
    "sharpness|clarity|definition|crispness": (_filter("sharpen"), _filter("blur")),
    "blur|blurriness|softness": (_filter("blur"), _filter("sharpen")),
    "noise|grain|graininess": (_filter("grain"), _filter("denoise")),
}  # fmt: skip
"""Levels that go up and down: pattern -> operations."""
_UP = "increase|raise|boost|add|turn up|up|improve|enhance|strengthen|bring up|bump up|more|crank up|intensify|add more|give it more|amplify"
_DOWN = "decrease|reduce|lower|turn down|cut|drop|bring down|tone down|less|diminish|soften"

_EFFECTS: tuple[tuple[str, FilterName], ...] = (
    ("(?:gaussian |soft )?blur(?:ring)?", "blur"),
    ("vignett(?:e|ing)|dark(?:er|ened)? (?:corners|edges)", "vignette"),
    ("film grain|grain|noise|grain effect", "grain"),
    ("sepia tones?|sepia", "sepia"),
    ("pixelation|pixels", "pixelate"),
    ("posterization|poster(?: effect)|posterize", "posterise"),
    ("solarization|solarize", "solarise"),
    ("emboss|embossing|relief", "emboss"),
    ("noise reduction|denoising|smoothing", "denoise"),
    ("sharpening", "sharpen"),
    ("cartoon", "cartoon"),
    ("grayscale|black and white|monochrome|noir", "greyscale"),
    ("vintage|retro|old photo|(?:old |polaroid )?film(?= (?:look|effect|filter))", "vintage"),
    ("invert|negative|inversion", "invert"),
    ("edge detection|neon edges|glowing edges", "edges"),
    ("auto (?:contrast|levels?|tone|color|enhance(?:ment)?|correction|exposure)|autocontrast|auto ?levels", "enhance"),
    ("(?:a |an )?(?:(?:pencil|charcoal|graphite|line|hand drawn|simple|black and white|outline|contour) )*(?:sketch|line ?art|line drawing|pencil drawing|charcoal drawing|outline drawing|coloring page)", "sketch"),
)  # fmt: skip
"""Nouns that name a filter."""


def _place_of(found: "re.Match[str]", made: _Made) -> Operation:
    region = found.groupdict().get("region")
    return made if region is None else Within(_region(region), made)


def _region(word: str) -> Region:
    match word:
        case "sky":
            return "sky"
        case "subject" | "foreground":
            return "subject"
        case _:
            return "background"


def _built(make: _Make) -> Callable[["re.Match[str]"], tuple[Operation, ...]]:
    return lambda found: (_place_of(found, make(found)),)


def _joined(found: "re.Match[str]") -> tuple[Operation, ...]:
    """Return an operation for each of the levels that one verb stands before."""
    down = found["down"] is not None
    made = list[Operation]()
    for name in re.split(r"(?: ,)?(?: and)? (?:the )?", found["levels"]):
        for words, (raises, lowers) in _LEVELS.items():
            if re.fullmatch(words, name):
                made.append(_place_of(found, (lowers if down else raises)(found)))
    return tuple(made)


_LINK = r"(?: (?:be|look|appear|to|to be|into|in|is|a|more in))*"
_LEVEL = f"(?:{'|'.join(_LEVELS)})"

RULES: tuple[Rule, ...] = (
    *(Rule(rf"{BEFORE}(?:{words})(?:{AFTER})?", _built(make)) for words, make in _ADJECTIVES),
    *(
        Rule(rf"{REGION}{_LINK} {BEFORE}(?:{words})(?:{AFTER})?", _built(make))
        for words, make in _ADJECTIVES
    ),
    *(
        Rule(
            rf"{BEFORE}(?:{words})(?: (?:{IT}|{REGION}))?(?: up| down| out)?(?:{AFTER})?",
            _built(make),
            Position.VERB,
        )
        for words, make in _COMMANDS
    ),
    *(
        Rule(rf"{BEFORE}(?:{words})(?: (?:effect|filter|look|tone))?(?:{AFTER})?", _built(_filter(name)))
        for words, name in _EFFECTS
    ),
    Rule(
        rf"(?:(?P<down>{_DOWN})|{_UP}) (?:the |its |some |a bit of |all )*{BEFORE}(?P<levels>{_LEVEL}"
        rf"(?:(?: ,)?(?: and)? (?:the )?{_LEVEL})*)(?: (?:of|in|on) (?:{IT}|{REGION}))?(?:{AFTER})?",
        _joined,
        Position.VERB,
    ),
    Rule(
        r"(?:remove|take away|get rid of|delete|fix|clean up|eliminate)(?: all| the| its| any)* (?:(?P<blur>blur|blurriness)|noise|grain|graininess)",
        lambda found: (Filter("sharpen" if found["blur"] else "denoise"),),
        Position.VERB,
    ),
    Rule(
        r"(?:(?P<down>too bright|overexposed|over exposed)|too dark|underexposed|under exposed)",
        lambda found: (Level("brightness", -_STEP if found["down"] else _STEP),),
    ),
    Rule(
        rf"(?P<name>brightness|contrast|saturation|warmth)(?: by| at)? (?P<sign>plus|minus) (?P<amount>{NUMBER})(?: percent)?",
        lambda found: (_by_number(found),),
    ),
    Rule(
        r"(?:remove|drop|strip|take out|take away|get rid of|delete)(?: all| every| any)*(?: the| its)?(?: of the)? colors?",
        lambda _: (Filter("greyscale"),),
        Position.VERB,
    ),
    Rule(rf"(?:completely |fully |totally )desaturate(?: {IT})?", lambda _: (Filter("greyscale"),), Position.VERB),
    Rule(
        rf"{BEFORE}desaturate(?: (?:{IT}|{REGION}))?(?:{AFTER})?",
        lambda found: (_place_of(found, _desaturated(found)),),
        Position.VERB,
    ),
    Rule(
        r"(?:detect|find|trace|show|extract|highlight)(?: only)?(?: all)?(?: the| its)? (?:edges|outlines?|contours)(?: only)?",
        lambda _: (Filter("edges"),),
        Position.VERB,
    ),
    Rule(r"darken(?: the)? (?:corners|edges)", lambda _: (Filter("vignette"),), Position.VERB),
    Rule(
        rf"(?:make|let) (?:{IT}|(?:the |its )?colors) pop(?: more| out)?|color pop",
        lambda _: (Level("saturation", 1.8 * _STEP),),
        Position.VERB,
    ),
    Rule(
        r"(?:enhance|improve|fix|correct|adjust)(?: the| its)? (?:lighting|exposure|levels|tones|white balance|quality|image quality)",
        lambda _: (Filter("enhance"),),
        Position.VERB,
    ),
)  # fmt: skip


def _by_number(found: "re.Match[str]") -> Level:
    sign = -1 if found["sign"] == "minus" else 1
    amount = sign * min(float(found["amount"]), 100) / 100
    match found["name"]:
        case "brightness":
            return Level("brightness", amount)
        case "contrast":
            return Level("contrast", amount)
        case "saturation":
            return Level("saturation", amount)
        case _:
            return Level("warmth", amount)


def _desaturated(found: "re.Match[str]") -> Level:
    how = degree(found)
    return Level("saturation", -min(percent(found), 100) / 100 if how is None else -0.6 * how)
