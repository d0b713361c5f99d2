"""Image styles: named presets, each a recipe of words that any image model understands.

Source: GET /image/styles, whose names the names here follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class ImageStyle:
    """A preset: what it adds to a prompt, and what it keeps out of the image."""

    name: str
    words: str
    """Follow the prompt, after a comma."""
    avoided: str = ""
    """Follow the negative prompt."""

    def styled(self, prompt: str) -> str:
        """Return a prompt in this style.

        >>> style("origami").styled("A heron")
        'A heron, origami, folded paper, crisp creases, pleated facets, studio light'
        """
        return f"{prompt}, {self.words}"

    def avoiding(self, negative_prompt: str) -> str:
        """Return a negative prompt that keeps out what does not go with this style."""
        return ", ".join(part for part in (negative_prompt, self.avoided) if part)


_PHOTO, _DRAWN = "photo, photorealistic", "drawing, painting, cartoon"

STYLES: tuple[ImageStyle, ...] = tuple(
    ImageStyle(*row)
    for row in (
        ("3D Model", "3D render, clean geometry, soft studio light, octane", "sketch, flat, grain"),
        ("Abstract", "abstract art, shapes and colour fields, no literal subject", _PHOTO),
        ("Advertising", "advertising poster, glossy product shot, clean backdrop", "clutter"),
        ("Alien", "alien world, otherworldly, bioluminescent, strange flora", "mundane, ordinary"),
        ("Analog Film", "analog film photograph, grain, faded colours, 35mm, light leak", _DRAWN),
        ("Anime", "anime, cel shading, clean outlines, vivid colours", _PHOTO),
        ("Architectural", "architectural rendering, straight lines, glass, concrete", "people"),
        (
            "Art Deco",
            "art deco, gold on black, symmetrical ornament, elegant lines",
            "rough, messy",
        ),
        ("Art Nouveau", "art nouveau, flowing organic lines, floral ornament, muted gold", _PHOTO),
        ("Blueprint", "blueprint, white technical lines on blue paper, annotations", "colourful"),
        ("Chalk", "chalk drawing on a blackboard, dusty strokes", _PHOTO),
        ("Charcoal", "charcoal drawing, smudged black strokes on rough paper", "colour, glossy"),
        ("Cinematic", "cinematic still, shallow depth of field, teal and orange, 2.39:1", _DRAWN),
        (
            "Collage",
            "collage of torn magazine paper, mixed textures, glue edges",
            "smooth gradient",
        ),
        ("Comic Book", "comic book, bold ink outlines, halftone dots, flat colours", _PHOTO),
        ("Craft Clay", "clay figure, claymation, fingerprints, soft light", "sharp, glossy"),
        ("Cubist", "cubist painting, fragmented planes, several viewpoints at once", _PHOTO),
        ("Digital Art", "digital painting, detailed, vibrant, concept art", _PHOTO),
        ("Disco", "disco, mirror balls, neon pink and purple, glitter, 1970s", "rustic, dull"),
        ("Dreamscape", "dreamscape, soft haze, floating forms, pastel glow", "realistic, harsh"),
        ("Dystopian", "dystopian, bleak, smog, ruins, desaturated", "cheerful, bright"),
        ("Engraving", "copperplate engraving, fine parallel hatching, black ink", "colour, smooth"),
        ("Enhance", "highly detailed, sharp focus, balanced light", "blurry, noisy, low quality"),
        ("Expressionist", "expressionist painting, distorted forms, raw strong colours", _PHOTO),
        ("Fairy Tale", "fairy tale illustration, magical, storybook, warm glow", "modern, ugly"),
        ("Fantasy Art", "fantasy art, epic, magical, detailed, dramatic light", "modern, mundane"),
        ("Fauvist", "fauvist painting, wild unnatural colours, loose brushwork", "grey, realistic"),
        ("Film Noir", "film noir, black and white, hard shadows, smoke, venetian blinds", "colour"),
        ("Flat Papercut", "flat papercut, layered coloured paper, simple silhouettes", _PHOTO),
        ("Food Photography", "food photograph, appetizing, macro, soft window light", _DRAWN),
        ("Gothic", "gothic, dark, ornate, pointed arches, candlelight", "bright, cheerful"),
        ("Gouache", "gouache painting, matte opaque colours, visible flat strokes", _PHOTO),
        (
            "Graffiti",
            "graffiti, spray paint on a wall, drips, bold lettering forms",
            "clean, subtle",
        ),
        ("Grunge", "grunge, distressed texture, dirty, torn, muted", "clean, smooth"),
        ("HDR", "HDR photograph, extreme dynamic range, crisp detail", "flat, low contrast"),
        ("Horror", "horror, eerie, dark, fog, unsettling", "cheerful, bright"),
        ("Hyperrealism", "hyperrealistic, extreme detail, lifelike texture", _DRAWN),
        ("Impressionist", "impressionist painting, dabs of colour, play of light", _PHOTO),
        (
            "Infrared",
            "infrared photograph, white foliage, dark sky, false colour",
            "normal colours",
        ),
        ("Isometric Style", "isometric view, miniature, clean edges, game asset", "perspective"),
        ("Kirigami", "kirigami, cut and folded paper in relief, soft shadows", _PHOTO),
        ("Line Art", "line art, thin black lines on white, no shading", "colour, shading, photo"),
        ("Linocut", "linocut print, carved bold shapes, two inks, paper texture", "smooth, photo"),
        ("Long Exposure", "long exposure photograph, light trails, silky water", _DRAWN),
        ("Lowpoly", "low poly, flat shaded triangles, simple forms", "smooth, noisy, detailed"),
        (
            "Minimalist",
            "minimalist, few shapes, much empty space, restrained palette",
            "clutter, busy",
        ),
        ("Monochrome", "monochrome, shades of one colour, strong contrast", "colourful"),
        ("Mosaic", "mosaic of small ceramic tiles, grout lines", "smooth, photo"),
        (
            "Nautical",
            "nautical, sea, ropes, brass, weathered wood, blue and white",
            "desert, urban",
        ),
        (
            "Neon Noir",
            "neon noir, rainy night street, neon signs, deep shadows",
            "daylight, pastel",
        ),
        ("Neon Punk", "neonpunk, cyberpunk, glowing magenta and cyan", "dull, natural"),
        ("Oil Painting", "oil painting, thick impasto strokes on canvas", _PHOTO),
        ("Origami", "origami, folded paper, crisp creases, pleated facets, studio light", "noisy"),
        ("Paper Mache", "papier-mache sculpture, rough pulp texture, painted", "smooth, metal"),
        ("Paper Quilling", "paper quilling, rolled paper strips, spirals", "flat, photo"),
        ("Papercut Collage", "papercut collage, overlapping textured papers", _PHOTO),
        ("Papercut Shadow Box", "papercut shadow box, deep layers, backlit paper", "flat, photo"),
        ("Pastel", "soft pastel drawing, powdery strokes, gentle colours", "harsh, photo"),
        ("Pencil Sketch", "pencil sketch, graphite hatching on paper", "colour, photo"),
        ("Photographic", "photograph, natural light, sharp, 50mm", _DRAWN),
        (
            "Pixel Art",
            "pixel art, low resolution, 8-bit palette, hard pixels",
            "smooth, blurry, photo",
        ),
        ("Pointillism", "pointillist painting of many small dots of pure colour", "lines, smooth"),
        ("Pop Art", "pop art, screen print, flat bright colours, repetition", "muted, realistic"),
        ("Psychedelic", "psychedelic, swirling patterns, saturated rainbow colours", "plain, dull"),
        ("Real Estate", "real estate photograph, wide angle, bright, tidy", "dark, clutter"),
        (
            "Renaissance",
            "renaissance painting, sfumato, warm varnish, balanced composition",
            "modern",
        ),
        ("Retro Arcade", "retro arcade game screen, 16-bit sprites, scanlines", "modern, photo"),
        ("Retro Game", "retro video game art, limited palette, dithering", "modern, photo"),
        ("RPG Fantasy Game", "role-playing game art, armour, magic, painterly", "modern, photo"),
        ("Sepia", "sepia toned old photograph, faded, vignette", "colourful, modern"),
        ("Silhouette", "black silhouettes against a bright backdrop", "detail, texture"),
        ("Space", "outer space, nebulae, stars, planets", "indoor, daylight"),
        ("Stained Glass", "stained glass window, lead lines, glowing colour panes", "photo, matte"),
        ("Steampunk", "steampunk, brass gears, steam, leather, victorian", "modern, minimal"),
        ("Surrealist", "surrealist painting, dreamlike, impossible juxtapositions", "ordinary"),
        ("Texture", "seamless close-up texture, surface detail, top down", "subject, horizon"),
        ("Thick Layered Papercut", "thick layered papercut, foam-like depth, shadows", _PHOTO),
        (
            "Tilt-Shift",
            "tilt-shift photograph, miniature look, selective focus",
            "flat, deep focus",
        ),
        ("Tribal", "tribal art, bold geometric patterns, earthy pigments", "modern, realistic"),
        ("Typography", "typographic art, the subject formed by letters", "photo"),
        ("Ukiyo-e", "ukiyo-e woodblock print, flat colours, fine outlines", _PHOTO),
        ("Vaporwave", "vaporwave, pastel neon, grid horizon, 1980s statues", "natural, muted"),
        ("Watercolor", "watercolor painting, wet washes, bleeding edges, paper grain", _PHOTO),
        ("Woodcut", "woodcut print, coarse carved lines, black ink on paper", "smooth, photo"),
        ("Zentangle", "zentangle, intricate black and white repeating patterns", "colour, photo"),
    )
)
"""All presets, by name."""

_BY_NAME: Mapping[str, ImageStyle] = {one.name.casefold(): one for one in STYLES}
_NEAR = 3


def style(name: str) -> ImageStyle:
    """Return the preset with a name, in upper or lower case.

    Raises:
        LookupError: there is none; the message names the nearest.
    """
    if (found := _BY_NAME.get(name.casefold())) is not None:
        return found
    near = get_close_matches(name.casefold()[:100], _BY_NAME, n=_NEAR, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(_BY_NAME[one].name) for one in near)}?" if near else ""
    raise LookupError(
        f"There is no style {name[:100]!r}.{hint} GET /api/v1/image/styles lists all."
    )
