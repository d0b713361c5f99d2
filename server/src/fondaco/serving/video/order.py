"""Orders: a worker's input for a video, as bytes that can be sealed."""

import json
import struct
from dataclasses import asdict, dataclass, replace

from fondaco.domain.media.video import VideoTask

_LENGTHS = struct.Struct(">IIII")
_VERSION = 2


@dataclass(frozen=True, slots=True)
class VideoOrder:
    """A task, with the file of its picture instead of the pixels, which take more room."""

    task: VideoTask
    """Without its picture."""
    picture: bytes | None = None
    """A PNG, JPEG, WebP or GIF file, as its caller sent it."""

    def packed(self) -> bytes:
        """Return it as bytes."""
        task = self.task
        said = asdict(replace(task, picture=None, soundtrack=None, reference=None))
        del said["picture"], said["soundtrack"], said["reference"]
        files = (self.picture, task.soundtrack, task.reference)
        has = [file is not None for file in files]
        head = json.dumps({"version": _VERSION, "task": said, "has": has}).encode()
        parts = (head, *(file or b"" for file in files))
        return _LENGTHS.pack(*map(len, parts)) + b"".join(parts)

    @classmethod
    def unpacked(cls, packed: bytes) -> "VideoOrder":
        """Return the order in such bytes.

        Raises:
            ValueError: another version of the program wrote it.
        """
        parts, at = list[bytes](), _LENGTHS.size
        for length in _LENGTHS.unpack_from(packed):
            parts.append(packed[at : at + length])
            at += length
        head = json.loads(parts[0])
        if head["version"] != _VERSION:
            raise ValueError("An order of another version")
        picture, soundtrack, reference = (
            file if has else None for file, has in zip(parts[1:], head["has"], strict=True)
        )
        task = VideoTask(**head["task"], soundtrack=soundtrack, reference=reference)
        return cls(task, picture)
