"""Rules for colours: tints, one colour for another, backgrounds and skies."""

import re

from fondaco.engines.editor.instructions.colours import COLOURS, NAMED, SHADED, colour_of, family_of
from fondaco.engines.editor.instructions.operations import (
    CutOut,
    Duotone,
    FillBackground,
    Filter,
    KeepColour,
    Light,
    Operation,
    PaintSky,
    Recolour,
    Tint,
    Within,
)
from fondaco.engines.editor.instructions.rule import Position, Rule
from fondaco.engines.editor.instructions.wording import AFTER, BEFORE, IT, degree, percent

_A = "(?: (?:a|an|the|some|solid|plain|simple|clean|pure|nice|beautiful))*"
_COLOUR = f"(?P<colour>{SHADED})(?:ish)?"
_BACKGROUND = "(?:(?:the|its|this|my|whole|entire|image|picture|photo) )*(?:background|backdrop|bg)"
_SKY = r"(?:(?:the|its|whole|entire) )*sky"
_LINK = "(?: (?:to|into|with|by|in|be|look|look like|like|as|as if|for|become|of|at|it|was|were|color|colors?))*"
_PARTS = "(?: (?:colors?|colored|parts?|areas?|pixels|things|objects|bits|tones|ones|regions?|stuff|elements|hues?|shades))*"
_MAKE = "make|turn|change|set|paint|fill|color|recolor|replace|convert|transform|dye|give|tint|render|put"
_GREY = "gray|black and white|gray ?scale"
_REMOVE = "remove|delete|erase|cut|drop|take|get rid of|strip|clear|eliminate|cut away|take away|take out|wipe|discard"
_TINTED = (
    "tint|tone|tones|hue|cast|tinge|wash|filter|overlay|glow|color filter|color|light|tinted|toned"
)

_LIGHTS: tuple[tuple[str, Light], ...] = (
    ("sunrise|dawn|morning|sun rise|early morning|rising sun", "sunrise"),
    ("sunset|golden hour|evening|sun set|setting sun|sundown|golden sunset", "sunset"),
    ("dusk|twilight|blue hour|nightfall", "dusk"),
    ("night ?time|starry night|midnight|starry|night|stars|starlit", "night"),
    ("stormy|storm|thunderstorm|dramatic|more dramatic|dramatically dark|moody|threatening|dark and stormy|rainy", "storm"),
    ("overcast|cloudy|foggy|hazy|dull|misty", "overcast"),
    ("clear blue|bright blue|clear|sunny|blue and clear|sunny blue|summer|summery|cloudless|blue|daytime|midday|noon", "clear"),
)  # fmt: skip
_LIGHT = "|".join(f"(?P<{name}>{words})" for words, name in _LIGHTS)
_SKY_LOOK = rf"(?:(?:very|more|really|bright|dramatic|beautiful|nice|glowing|fiery|colorful|vivid|warm|deep|red|orange|pink|purple|golden) )*(?:{_LIGHT}|{_COLOUR})"


def _strength(found: "re.Match[str]") -> float:
    how = degree(found)
    return min(percent(found) / 50, 2.0) if how is None else how


def _colour(found: "re.Match[str]", group: str = "colour") -> tuple[int, int, int]:
    return colour_of(found[group])


def _tinted(found: "re.Match[str]") -> tuple[Operation, ...]:
    if found["colour"] == "gray":
        return (Filter("greyscale"),)
    return (Tint(_colour(found), _strength(found)),)


def _recoloured(found: "re.Match[str]") -> tuple[Operation, ...]:
    return (Recolour(family_of(found["source"]), _colour(found)),)


def _painted(found: "re.Match[str]") -> tuple[Operation, ...]:
    groups = found.groupdict()
    for _, name in _LIGHTS:
        if groups[name] is not None:
            return (PaintSky(name),)
    return (PaintSky(_colour(found)),)


def _toned(found: "re.Match[str]") -> tuple[Operation, ...]:
    """Return two tones, the darker one first, whichever was named first."""
    pair = sorted((_colour(found, "one"), _colour(found, "other")), key=sum)
    return (Duotone(pair[0], pair[1]),)


_SOURCE = rf"(?P<source>(?:(?:light|dark|pale|deep|bright) )*(?:{NAMED}))"
_OF_ALL = "(?: (?:all|of|the|every|everything|anything|whatever|any|that|is|thats|which|color|from|colors))*"

_TINTS = (
    # colorize
    Rule(
        rf"(?:automatically |auto )?colorize(?: {IT})?",
        lambda _: (Filter("colourise"),),
        Position.VERB,
    ),
    # add some colour to it
    Rule(
        r"(?:add|give|put|bring)(?: (?:it|the|this|my|image|picture|photo|in|back))*(?: some| a bit of| a little)? colors?(?: to| back)?",
        lambda _: (Filter("colourise"),),
        Position.VERB,
    ),
    # in full colour
    Rule("colorization|colorized|colored|in color|full color", lambda _: (Filter("colourise"),)),
    # tint it slightly blue
    Rule(
        rf"(?:tint|colorize|dye|tone|wash|shade|color)(?: {IT})?{_LINK}{_A} {BEFORE}{_COLOUR}(?: (?:{_TINTED}))?(?:{AFTER})?",
        _tinted,
        Position.VERB,
    ),
    # a strong blue tint
    Rule(
        rf"{BEFORE}{_COLOUR} (?:{_TINTED})(?: (?:effect|filter|overlay|look|tone))?(?:{AFTER})?",
        _tinted,
    ),
    # make it blue
    Rule(
        rf"(?:make|turn|paint|dye|color|change|convert)(?: (?:all|the|whole|of))* {IT}(?: (?:color|colors))?(?: (?:to|into|look|in|be|all|be all))* {BEFORE}(?:more )?{_COLOUR}(?:{AFTER})?",
        _tinted,
        Position.VERB,
    ),
    # duotone in navy and orange
    Rule(
        rf"duo ?tone(?: (?:effect|look|filter))?(?: (?:in|with|of|from))?{_A} (?P<one>{SHADED}) (?:and|to) (?P<other>{SHADED})",
        _toned,
    ),
    # a navy and orange duotone
    Rule(
        rf"(?P<one>{SHADED}) (?:and|to) (?P<other>{SHADED}) duo ?tone",
        _toned,
    ),
    Rule("duo ?tone", lambda _: (Duotone((24, 38, 96), (250, 214, 170)),)),
)

_SWAPS = (
    # change all the red parts to blue
    Rule(
        rf"(?:{_MAKE}){_OF_ALL} {_SOURCE}{_PARTS}(?: (?:to|into|with|by|in|for|and make (?:it|them)|become|be))+{_A} {_COLOUR}(?: (?:one|ones|instead|color))*",
        _recoloured,
        Position.VERB,
    ),
    # make the red parts blue
    Rule(
        rf"(?:make|turn|paint|color){_OF_ALL} {_SOURCE} (?:colors?|colored|parts?|areas?|pixels|things|objects|bits|tones|ones|regions?|stuff)(?: (?:parts?|areas?|things|objects))* {_COLOUR}",
        _recoloured,
        Position.VERB,
    ),
    # make the red blue
    Rule(
        rf"(?:make|turn|paint|color)(?: all)? the {_SOURCE} {_COLOUR}",
        _recoloured,
        Position.VERB,
    ),
    # change the colour from red to blue
    Rule(
        rf"(?:{_MAKE})(?: (?:the|its))? colors?(?: of it| of the (?:image|picture|photo))? from {_SOURCE} to {_COLOUR}",
        _recoloured,
        Position.VERB,
    ),
    # use blue instead of red
    Rule(
        rf"use {_COLOUR} instead of {_SOURCE}",
        _recoloured,
        Position.VERB,
    ),
    # red to blue
    Rule(rf"(?:the )?{_SOURCE} (?:to|into|becomes) {_COLOUR}", _recoloured, Position.ALONE),
    # remove the red
    Rule(
        rf"(?:remove|drop|take out|get rid of|delete|eliminate|desaturate)(?: all| the| any)* {_SOURCE}(?: (?:tones?|colors?|parts?|areas?|tints?|cast|hues?))*",
        lambda found: (Recolour(family_of(found["source"]), COLOURS["gray"]),),
        Position.VERB,
    ),
    # keep only the red
    Rule(
        rf"(?:keep|leave|show)(?: only| just)(?: the)? {_SOURCE}(?: (?:parts?|areas?|things|objects|tones?|color|colors|colored|in color))*",
        lambda found: (KeepColour(family_of(found["source"])),),
        Position.VERB,
    ),
    # make everything grey except the red
    Rule(
        rf"(?:(?:make |turn )?(?:it|everything|all)(?: (?:in|to|into))? )?(?:{_GREY}|(?:remove|drop) (?:all |the )*(?:other )?colors?)"
        rf"(?: ,)?(?: (?:except|but|apart|besides|other))(?: (?:for|from|than|the))* {_SOURCE}{_PARTS}",
        lambda found: (KeepColour(family_of(found["source"])),),
        Position.VERB,
    ),
    # colour splash in red
    Rule(
        rf"(?:color splash|selective color)(?: (?:in|of|on|for|with|with only|effect))*(?: the)? {_SOURCE}",
        lambda found: (KeepColour(family_of(found["source"])),),
    ),
)

_BACKGROUNDS = (
    # remove the background
    Rule(
        rf"(?:{_REMOVE})(?: (?:away|out|off))? {_BACKGROUND}(?: (?:out|away|off))?",
        lambda _: (CutOut(),),
        Position.VERB,
    ),
    # make the background transparent
    Rule(
        rf"(?:{_MAKE}){_A} {_BACKGROUND}{_LINK} (?:transparent|clear|see through|invisible|removed|gone|disappear)",
        lambda _: (CutOut(),),
        Position.VERB,
    ),
    # with a transparent background; without a background
    Rule(
        r"(?:on |with |has )?(?:a |an )?transparent (?:background|backdrop|bg)|(?:with |without |has )?(?:no|without a|without the|without) (?:background|backdrop|bg)"
        r"|background (?:remov(?:al|ed)|transparent)|transparent png",
        lambda _: (CutOut(),),
    ),
    # cut out the subject
    Rule(
        r"(?:cut out|isolate|extract|keep only|keep just|leave only|show only)(?: the| its)? (?:main )?(?:subject|foreground|main object)(?: only)?",
        lambda _: (CutOut(),),
        Position.VERB,
    ),
    # remove everything but the subject
    Rule(
        r"(?:remove|delete|erase)(?: everything| all)(?: (?:but|except|behind|around|for))+(?: the)? (?:main )?(?:subject|foreground)",
        lambda _: (CutOut(),),
        Position.VERB,
    ),
    # change the background to white; background blue
    Rule(
        rf"(?:(?:{_MAKE}) )?{_BACKGROUND}(?: color)?{_LINK}{_A} {_COLOUR}(?: (?:one|color|background|backdrop|instead))*",
        lambda found: (FillBackground(_colour(found)),),
        Position.VERB,
    ),
    # on a plain white background
    Rule(
        rf"(?:(?:on|with|against|in front of|onto|over) )*(?:(?:a|an|the|solid|plain|simple|clean|pure) )*{_COLOUR} (?:colored )?(?:background|backdrop|bg)",
        lambda found: (FillBackground(_colour(found)),),
    ),
    # a blurred background; portrait mode
    Rule(
        rf"{BEFORE}(?:blurry|blurred|soft|out of focus|defocused|bokeh) (?:background|backdrop|bg)|portrait mode|bokeh(?: effect)?|shallow depth of field|depth of field(?: effect)?",
        lambda found: (Within("background", Filter("blur", _strength(found))),),
    ),
    Rule(
        r"(?:black and white|gray ?scale|monochrome|desaturated|colorless) (?:background|backdrop|bg)",
        lambda _: (Within("background", Filter("greyscale")),),
    ),
)

_SKIES = (
    # change the colour of the sky to a sunrise; make the sky pink
    Rule(
        rf"(?:{_MAKE})(?: (?:the|its))?(?: colors?(?: of| in))?(?: the)? {_SKY}(?: colors?)?{_LINK}{_A} {_SKY_LOOK}(?: (?:sky|one|colors?|scene|light|instead|tones?))*",
        _painted,
        Position.VERB,
    ),
    # a stormy sky; under a pink sky
    Rule(
        rf"(?:(?:with|under|against|beneath|add|give it|has) )*(?:(?:a|an|the) )*{_SKY_LOOK}(?: (?:colored|lit))? (?:sky|skies)",
        _painted,
    ),
)

RULES: tuple[Rule, ...] = (*_SKIES, *_BACKGROUNDS, *_SWAPS, *_TINTS)
