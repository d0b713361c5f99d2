"""Names of neural styles, in the spelling of normalized instructions."""

import re
from collections.abc import Mapping

from fondaco.engines.editor.instructions.operations import Restyle

_WORDS: Mapping[str, str] = {
    "pastel": r"(?:soft )?pastels?|chalk",
    "comic": r"(?:yellow )?comics?(?: book| strip)?|graphic novel|bold ink|graffiti",
    "ink wash": r"ink wash|ink and wash|brush and ink|brush ink",
    "travel poster": r"(?:travel|vintage|retro|art deco) poster|art deco|gouache",
    "expressionism": r"(?:edvard )?munch(?:s the scream)?|the scream|expressionis(?:m|t|tic)|fauvis(?:m|t)|fauve",
    "primary colours": r"(?:bold )?primary colors|bold primaries|abstract expressionis(?:m|t)",
    "coloured pencil": r"color(?:ed)? pencils?|pencil crayons?",
    "pointillism": r"(?:georges )?seurat|pointillis(?:m|t|tic)|stipple|stippled|dotted",
    "terracotta": r"terra ?cotta|copper ?plate|fresco",
    "pen and ink": r"pen and ink|pen ink|(?:ink|pen)(?= (?:drawing|sketch|illustration))|etching|engraving|parchment",
    "impressionism": r"(?:claude )?monet|impressionis(?:m|t|tic)",
    "psychedelic": r"psychedelic|psychedelia|trippy|blacklight",
    "watercolour": r"water ?colors?|aquarelle",
    "mosaic": r"mosaics?|stained glass|tiles|tiled",
    "crayon": r"(?:wax )?crayons?|oil pastels?",
    "woodcut": r"wood ?cut|lino ?cut|lino(?= print)|wood carving|wood engraving|carved wood",
    "starry night": r"(?:vincent )?van goghs? (?:the )?starry night|(?:the )?starry nights?|(?:vincent )?van gogh|post impressionis(?:m|t)",
    "crimson": r"crimson|inferno|fiery",
    "pop art": r"pop art",
    "cubism": r"(?:pablo )?picasso|(?:georges )?braque|cubis(?:m|t|tic)",
    "old master": r"old masters?|airbrush|airbrushed",
    "great wave": r"(?:the )?great wave(?: off kanagawa)?|(?:katsushika )?hokusai(?:s)?(?: (?:the )?(?:great )?wave)?|wood ?block|ukiyo ?e|japanese(?: wood ?block)?",
    "impasto": r"impasto|palette knife|thick (?:brush ?)?strokes|thick paint|brush ?strokes",
}
"""Style -> a pattern for what it is called: what it looks like, or whose pictures it was made of."""
_PAINTED = r"oil(?:s)?(?: paint)?|oil on canvas|painterly|painted|hand painted|classical"
_NOUN = (
    "(?: (?:painting|print|picture|drawing|artwork|art|image|illustration|canvas|sketch|mural|wave|poster|"
    "panel|scene|piece|portrait|work|strokes|book|page|window|glass|s))*"
)
_ARTICLE = (
    "(?:(?:a|an|the|some|one of|classic|beautiful|traditional|old|famous|typical|style of|style) )*"
)
_MANNER = "(?:style|effect|filter|look|version|manner|technique|aesthetic|vibe|theme)"
_KEEP = (
    r"(?: (?:,|and|but) |, | )(?:keep|keeping|with|in|preserve|preserving|using|retain|retaining|leave)(?: the| its| all)*"
    r"(?: original| own| same| real| natural)* colors?(?: as (?:they are|is)|of the (?:image|picture|photo))?"
)


def _groups() -> str:
    """Return a pattern for every style, each as a group of its own."""
    named = [f"(?P<style_{number}>(?:{words})s?)" for number, words in enumerate(_WORDS.values())]
    return f"(?:(?P<painted>{_PAINTED})|{'|'.join(named)})"


_STYLE = _groups()
_VERB = "(?:make|turn|convert|change|transform|paint|repaint|render|redraw|draw|restyle|stylize|do|show|recreate|reimagine)"
_IT = "(?: (?:it|this|that|everything|(?:(?:the|this|my|whole) )*(?:image|picture|photo|photograph|pic)))"
_AS = "(?: (?:look like|into|to look like|to|as|like|as if|as though|in|it were|it was|painted|drawn|made|done|by|with|being))"
_LIKE = "(?:in|with|using|into|to|as|like|as if|by|painted|drawn|made|done|were|was|it)"
_ENDS = rf"{_NOUN}(?: {_MANNER})*(?P<keep>{_KEEP})?"

PHRASES = (
    # in the style of Van Gogh; like a watercolour; as a woodblock print
    rf"(?:{_LIKE} )+{_ARTICLE}(?:{_MANNER} (?:of )?)?{_ARTICLE}{_STYLE}{_ENDS}",
    # style of Van Gogh; the style: mosaic
    rf"{_ARTICLE}style (?:of |like )?{_ARTICLE}{_STYLE}{_ENDS}",
    # Van Gogh style; a watercolour effect; mosaic filter
    rf"{_ARTICLE}{_STYLE}{_NOUN}(?: {_MANNER})+(?P<keep>{_KEEP})?",
)
"""Patterns for a style wherever they stand."""
COMMANDS = (
    # turn it into a mosaic; make it a watercolour; paint this like Monet
    rf"{_VERB}(?:{_IT}{_AS}*|{_AS}+) {_ARTICLE}{_STYLE}{_ENDS}",
    # make a mosaic of it
    rf"(?:make|create|paint|do|draw|render) {_ARTICLE}{_STYLE}{_NOUN} (?:of|from|out of|version of){_IT}",
)
"""Patterns for a style where a verb may stand."""
ALONE = (
    rf"{_ARTICLE}{_STYLE}{_ENDS}(?: (?:of|from){_IT})?",
    rf"{_VERB}{_IT}?(?: (?:into|to|look like|as|like))* a painting(?P<plain>)(?P<keep>{_KEEP})?",
)
"""Patterns for a style that is all that a part of an instruction says: `watercolor painting`."""


def restyle(found: "re.Match[str]") -> Restyle:
    """Return the operation that a match of one of these patterns names."""
    groups = found.groupdict()
    if groups.get("painted") is not None or groups.get("plain") is not None:
        return Restyle("impressionism", own_colours=True)
    style = next(
        style for number, style in enumerate(_WORDS) if groups.get(f"style_{number}") is not None
    )
    return Restyle(style, own_colours=groups.get("keep") is not None)
