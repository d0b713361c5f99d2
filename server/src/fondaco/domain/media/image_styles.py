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
        ("Analog Film", "analog film photograph, grain, faded colours, 35mm, light leak", _DRAWN),
        ("Anime", "anime, cel shading, clean outlines, vivid colours", _PHOTO),
        ("Cinematic", "cinematic still, shallow depth of field, teal and orange, 2.39:1", _DRAWN),
        ("Comic Book", "comic book, bold ink outlines, halftone dots, flat colours", _PHOTO),
        ("Craft Clay", "clay figure, claymation, fingerprints, soft light", "sharp, glossy"),
        ("Digital Art", "digital painting, detailed, vibrant, concept art", _PHOTO),
        ("Enhance", "highly detailed, sharp focus, balanced light", "blurry, noisy, low quality"),
        ("Fantasy Art", "fantasy art, epic, magical, detailed, dramatic light", "modern, mundane"),
        ("Isometric Style", "isometric view, miniature, clean edges, game asset", "perspective"),
        ("Line Art", "line art, thin black lines on white, no shading", "colour, shading, photo"),
        ("Lowpoly", "low poly, flat shaded triangles, simple forms", "smooth, noisy, detailed"),
        ("Neon Punk", "neonpunk, cyberpunk, glowing magenta and cyan", "dull, natural"),
        ("Origami", "origami, folded paper, crisp creases, pleated facets, studio light", "noisy"),
        ("Photographic", "photograph, natural light, sharp, 50mm", _DRAWN),
        (
            "Pixel Art",
            "pixel art, low resolution, 8-bit palette, hard pixels",
            "smooth, blurry, photo",
        ),
        ("Texture", "seamless close-up texture, surface detail, top down", "subject, horizon"),
        ("Advertising", "advertising poster, glossy product shot, clean backdrop", "clutter"),
        ("Food Photography", "food photograph, appetizing, macro, soft window light", _DRAWN),
        ("Real Estate", "real estate photograph, wide angle, bright, tidy", "dark, clutter"),
        ("Abstract", "abstract art, shapes and colour fields, no literal subject", _PHOTO),
        ("Cubist", "cubist painting, fragmented planes, several viewpoints at once", _PHOTO),
        (
            "Graffiti",
            "graffiti, spray paint on a wall, drips, bold lettering forms",
            "clean, subtle",
        ),
        ("Hyperrealism", "hyperrealistic, extreme detail, lifelike texture", _DRAWN),
        ("Impressionist", "impressionist painting, dabs of colour, play of light", _PHOTO),
        ("Pointillism", "pointillist painting of many small dots of pure colour", "lines, smooth"),
        ("Pop Art", "pop art, screen print, flat bright colours, repetition", "muted, realistic"),
        ("Psychedelic", "psychedelic, swirling patterns, saturated rainbow colours", "plain, dull"),
        (
            "Renaissance",
            "renaissance painting, sfumato, warm varnish, balanced composition",
            "modern",
        ),
        ("Steampunk", "steampunk, brass gears, steam, leather, victorian", "modern, minimal"),
        ("Surrealist", "surrealist painting, dreamlike, impossible juxtapositions", "ordinary"),
        ("Watercolor", "watercolor painting, wet washes, bleeding edges, paper grain", _PHOTO),
        ("Retro Arcade", "retro arcade game screen, 16-bit sprites, scanlines", "modern, photo"),
        ("Retro Game", "retro video game art, limited palette, dithering", "modern, photo"),
        ("RPG Fantasy Game", "role-playing game art, armour, magic, painterly", "modern, photo"),
        (
            "Strategy Game",
            "strategy game art, seen from above, miniature landscape, clear shapes",
            "close-up, photo",
        ),
        ("Architectural", "architectural rendering, straight lines, glass, concrete", "people"),
        ("Disco", "disco, mirror balls, neon pink and purple, glitter, 1970s", "rustic, dull"),
        ("Dreamscape", "dreamscape, soft haze, floating forms, pastel glow", "realistic, harsh"),
        ("Dystopian", "dystopian, bleak, smog, ruins, desaturated", "cheerful, bright"),
        ("Fairy Tale", "fairy tale illustration, magical, storybook, warm glow", "modern, ugly"),
        ("Gothic", "gothic, dark, ornate, pointed arches, candlelight", "bright, cheerful"),
        ("Grunge", "grunge, distressed texture, dirty, torn, muted", "clean, smooth"),
        ("Horror", "horror, eerie, dark, fog, unsettling", "cheerful, bright"),
        (
            "Minimalist",
            "minimalist, few shapes, much empty space, restrained palette",
            "clutter, busy",
        ),
        ("Monochrome", "monochrome, shades of one colour, strong contrast", "colourful"),
        (
            "Nautical",
            "nautical, sea, ropes, brass, weathered wood, blue and white",
            "desert, urban",
        ),
        ("Space", "outer space, nebulae, stars, planets", "indoor, daylight"),
        ("Stained Glass", "stained glass window, lead lines, glowing colour panes", "photo, matte"),
        ("Tribal", "tribal art, bold geometric patterns, earthy pigments", "modern, realistic"),
        ("Zentangle", "zentangle, intricate black and white repeating patterns", "colour, photo"),
        (
            "Collage",
            "collage of torn magazine paper, mixed textures, glue edges",
            "smooth gradient",
        ),
        ("Flat Papercut", "flat papercut, layered coloured paper, simple silhouettes", _PHOTO),
        ("Kirigami", "kirigami, cut and folded paper in relief, soft shadows", _PHOTO),
        ("Paper Mache", "papier-mache sculpture, rough pulp texture, painted", "smooth, metal"),
        ("Papercut Shadow Box", "papercut shadow box, deep layers, backlit paper", "flat, photo"),
        ("Stacked Papercut", "stacked papercut, many thin layers, deep shadows", "flat, photo"),
        ("Alien", "alien world, otherworldly, bioluminescent, strange flora", "mundane, ordinary"),
        ("Film Noir", "film noir, black and white, hard shadows, smoke, venetian blinds", "colour"),
        ("HDR", "HDR photograph, extreme dynamic range, crisp detail", "flat, low contrast"),
        ("Long Exposure", "long exposure photograph, light trails, silky water", _DRAWN),
        (
            "Neon Noir",
            "neon noir, rainy night street, neon signs, deep shadows",
            "daylight, pastel",
        ),
        ("Silhouette", "black silhouettes against a bright backdrop", "detail, texture"),
        (
            "Tilt-Shift",
            "tilt-shift photograph, miniature look, selective focus",
            "flat, deep focus",
        ),
        ("Oil Painting", "oil painting, thick impasto strokes on canvas", _PHOTO),
        ("Impasto", "impasto painting, very thick paint, palette knife ridges", _PHOTO),
        ("Gouache", "gouache painting, matte opaque colours, visible flat strokes", _PHOTO),
        ("Pencil Sketch", "pencil sketch, graphite hatching on paper", "colour, photo"),
        ("Coloured Pencil", "coloured pencil drawing, layered strokes, paper tooth", _PHOTO),
        ("Charcoal", "charcoal drawing, smudged black strokes on rough paper", "colour, glossy"),
        ("Pastel", "soft pastel drawing, powdery strokes, gentle colours", "harsh, photo"),
        ("Engraving", "copperplate engraving, fine parallel hatching, black ink", "colour, smooth"),
        ("Woodcut", "woodcut print, coarse carved lines, black ink on paper", "smooth, photo"),
        ("Linocut", "linocut print, carved bold shapes, two inks, paper texture", "smooth, photo"),
        ("Ink Wash", "ink wash painting, diluted black ink, soft edges", "colour, photo"),
        (
            "Sumi-e",
            "sumi-e, few confident brush strokes, black ink, much empty paper",
            "colour, detail, photo",
        ),
        ("Mosaic", "mosaic of small ceramic tiles, grout lines", "smooth, photo"),
        (
            "Cross-Stitch",
            "cross-stitch embroidery, small crossed threads on cloth",
            "smooth, photo",
        ),
        (
            "Travel Poster",
            "vintage travel poster, flat shapes, bold colours, lithograph",
            "photo, detail",
        ),
        ("Blueprint", "blueprint, white technical lines on blue paper, annotations", "colourful"),
        ("Cyanotype", "cyanotype print, prussian blue and white, soft detail", "other colours"),
        ("Sepia", "sepia toned old photograph, faded, vignette", "colourful, modern"),
        ("Golden Hour", "golden hour, low warm sun, long shadows, glow", "cold light, noon"),
        ("Jade", "carved jade tones, muted green light, quiet", "red, garish"),
        ("Synthwave", "synthwave, neon sunset, grid, purple and pink, 1980s", "natural, muted"),
        ("Voxels", "voxel art, small cubes, isometric, bright", "smooth, photo"),
        (
            "Art Deco",
            "art deco, gold on black, symmetrical ornament, elegant lines",
            "rough, messy",
        ),
        ("Art Nouveau", "art nouveau, flowing organic lines, floral ornament, muted gold", _PHOTO),
        ("Chalk", "chalk drawing on a blackboard, dusty strokes", _PHOTO),
        ("Expressionist", "expressionist painting, distorted forms, raw strong colours", _PHOTO),
        ("Fauvist", "fauvist painting, wild unnatural colours, loose brushwork", "grey, realistic"),
        (
            "Infrared",
            "infrared photograph, white foliage, dark sky, false colour",
            "normal colours",
        ),
        ("Paper Quilling", "paper quilling, rolled paper strips, spirals", "flat, photo"),
        ("Papercut Collage", "papercut collage, overlapping textured papers", _PHOTO),
        ("Thick Layered Papercut", "thick layered papercut, foam-like depth, shadows", _PHOTO),
        ("Typography", "typographic art, the subject formed by letters", "photo"),
        ("Ukiyo-e", "ukiyo-e woodblock print, flat colours, fine outlines", _PHOTO),
        ("Vaporwave", "vaporwave, pastel neon, grid horizon, 1980s statues", "natural, muted"),
    )
)
"""All presets, in the order in which they are listed."""

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
