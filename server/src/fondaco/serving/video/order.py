"""Orders: what a worker needs to make a video, as bytes that can be sealed."""

import json
import struct
from dataclasses import asdict, dataclass, replace

from fondaco.domain.media.video import VideoTask

_LENGTHS = struct.Struct(">III")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class VideoOrder:
    """A task, with the file of its picture in place of the pixels, which take more room."""

    task: VideoTask
    """Without its picture."""
    picture: bytes | None = None
    """A PNG, JPEG, WebP or GIF file, as its caller sent it."""

    def packed(self) -> bytes:
        """Return it as bytes."""
        said = asdict(replace(self.task, picture=None, soundtrack=None))
        del said["picture"], said["soundtrack"]
        has = {
            "picture": self.picture is not None,
            "soundtrack": self.task.soundtrack is not None,
        }
        head = json.dumps({"version": _VERSION, "task": said, "has": has}).encode()
        parts = (head, self.picture or b"", self.task.soundtrack or b"")
        return _LENGTHS.pack(*map(len, parts)) + b"".join(parts)

    @classmethod
    def unpacked(cls, packed: bytes) -> "VideoOrder":
        """Return the order in such bytes.

        Raises:
            ValueError: another version of the program wrote it.
        """
        head_bytes, picture_bytes, _ = _LENGTHS.unpack_from(packed)
        start = _LENGTHS.size
        head = json.loads(packed[start : start + head_bytes])
        if head["version"] != _VERSION:
            raise ValueError("An order of another version")
        at = start + head_bytes
        picture, soundtrack = packed[at : at + picture_bytes], packed[at + picture_bytes :]
        task = VideoTask(**head["task"])
        if head["has"]["soundtrack"]:
            task = replace(task, soundtrack=soundtrack)
        return cls(task, picture if head["has"]["picture"] else None)
