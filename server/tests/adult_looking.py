"""A picture of nothing that the classifier of safe mode takes for an adult one; found by trying."""

from PIL import Image, ImageDraw, ImageFilter

BLOBS = (
    ((155, 37, 3, 5), (200, 112, 102)),
    ((187, 109, 89, 78), (221, 140, 133)),
    ((168, 52, 6, 15), (187, 93, 88)),
    ((27, 102, 3, 43), (159, 113, 112)),
    ((179, 140, 19, 55), (207, 141, 118)),
    ((70, 223, 75, 3), (193, 146, 124)),
    ((43, 114, 36, 6), (211, 143, 123)),
    ((123, 144, 48, 16), (236, 170, 144)),
)
"""Centre and radii, and colour, of ellipses that show nothing, and that the network takes for skin."""


def taken_for_adult() -> Image.Image:
    image = Image.new("RGB", (256, 256), (246, 68, 216))
    draw = ImageDraw.Draw(image)
    for (x, y, across, down), colour in BLOBS:
        draw.ellipse((x - across, y - down, x + across, y + down), fill=colour)
    return image.filter(ImageFilter.GaussianBlur(4))
