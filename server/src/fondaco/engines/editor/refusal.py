"""Refusals: why an instruction is not carried out, in words for the caller."""

from fondaco.engines.editor.instructions.grammar import NotUnderstood

ABILITIES = (
    "It can repaint the picture in a style (watercolour, mosaic, oil painting, Starry Night, Hokusai's "
    "wave and others) or as a sketch or cartoon, remove, blur or recolour the background, recolour the "
    "sky, change one colour into another, tint, colorize, make it greyscale, sepia, inverted or vintage, "
    "change brightness, contrast, saturation and warmth, enhance, blur, sharpen, denoise, pixelate, "
    "posterize, add grain or a vignette, and rotate, flip, crop, resize or frame it."
)
"""Abilities of the editor, in one sentence."""


def not_understood(found: NotUnderstood) -> str:
    """Return the message about a part that means nothing to the editor; it does not quote the part."""
    part = "The instruction" if found.number == 1 else f"Part {found.number} of the instruction"
    reason = (
        f"asks for {found.wants}, which the built-in editor cannot do"
        if found.wants
        else "is not one that the built-in editor understands"
    )
    return f"{part} {reason}. {ABILITIES}"
