"""The meter of images: counts them as each is complete."""

from zlib import crc32

from fondaco.domain.media.image_request import SEED_LIMIT
from fondaco.domain.money.call import Call
from fondaco.domain.money.usage import NO_USAGE, Usage


class ImageMeter:
    """Counts the images of one request, as each is complete."""

    __slots__ = ("most", "usage")

    def __init__(self, most: Usage) -> None:
        """Start at nothing, of at most so much."""
        self.most = most
        self.usage = NO_USAGE

    def take(self, image: Usage) -> None:
        """Count one image as what it is sold as."""
        self.usage = self.usage.plus(image)

    @property
    def produced(self) -> bool:
        """Whether any image is complete."""
        return self.usage is not NO_USAGE

    @property
    def exhausted(self) -> bool:
        """Return False: all images are held for before the first."""
        return False

    def fail(self) -> None:
        """Count nothing: where one image fails, none is delivered."""
        self.usage = NO_USAGE


def random_seed(call: Call) -> int:
    """Return a seed that differs from call to call, by the call's id."""
    return crc32(call.id.encode()) % SEED_LIMIT + 1
