"""Sources of a request's picture: a file, base64, a data URL, or an address."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PictureSource:
    """A picture as its caller sent it: nothing in it is believed."""

    content: bytes | str = field(repr=False)
    """A file's bytes; as text base64, a data URL, or an `http` address."""
    field_path: str = "image"
    """The request's field, for errors."""
