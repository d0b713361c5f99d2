"""A video engine of the tests: files whose boxes are right, with bytes by the task in place of pictures."""

import hashlib
import struct
from dataclasses import replace

import anyio
import anyio.lowlevel

from fondaco.domain.errors import EngineError, FondacoError, InvalidRequestError
from fondaco.domain.media.video import VideoTask
from fondaco.domain.models.video_model import VideoModel
from fondaco.domain.money.price import VideoPrice
from fondaco.ports import GeneratedVideo, Progress, RemoteJob

A_SECOND = 10_000_000
"""Nano-dollars, at 480p."""
TOY_VIDEOS = VideoModel(
    id="toy-camera",
    name="Toy camera",
    price=VideoPrice(1_000_000, A_SECOND, 2 * A_SECOND, 4 * A_SECOND, 3_333),
    durations=(5, 10),
    audio=True,
    audio_configurable=True,
    needs_picture=False,
    takes_soundtrack=True,
    traits=("default",),
    rate_class="image",
    engines=("toy-lens",),
)


class ToyCamera:
    """Makes videos at once, or does what is put into `next`: raises, returns something else, or waits."""

    def __init__(self, name: str = "toy-lens", models: tuple[str, ...] = ("toy-camera",)) -> None:
        self.name = name
        self.models = models
        self.asked: list[VideoTask] = []
        self.next: list[FondacoError | GeneratedVideo | None] = []
        self.filming = anyio.Event()
        """Set once one of them waits, until `released`."""
        self.cancelled = 0
        """How many were cancelled while they waited."""
        self.waits_from = -1
        """The number of the task from which on they wait, from 0."""
        self.released = anyio.Event()

    async def generate(
        self, task: VideoTask, progress: Progress, remote: RemoteJob | None = None, /
    ) -> GeneratedVideo:
        if task.model not in self.models:
            raise EngineError
        self.asked.append(task)
        progress(0.0)
        await anyio.lowlevel.checkpoint()
        if 0 <= self.waits_from < len(self.asked):
            await self._wait(progress)
        if task.soundtrack is not None and task.soundtrack[8:12] != b"WAVE":
            raise InvalidRequestError(faults={"audio_url": ("It is neither WAV nor MP3.",)})
        scripted = self.next.pop(0) if self.next else None
        if isinstance(scripted, FondacoError):
            raise scripted
        progress(1.0)
        return scripted or filmed(task)

    async def _wait(self, progress: Progress) -> None:
        progress(0.25)
        self.filming.set()
        try:
            await self.released.wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise

    async def probe(self) -> None:
        return


def filmed(task: VideoTask) -> GeneratedVideo:
    """Return the video of a task."""
    file = mp4_file(task.seconds, task.width, task.height, sound=task.audio, content=content(task))
    return GeneratedVideo(file, task.seconds, task.width, task.height, "qwrtp" not in task.prompt)


def content(task: VideoTask) -> bytes:
    """Return the bytes that stand in a task's file for its pictures."""
    said = replace(task, picture=None, soundtrack=None)
    picture = b"" if task.picture is None else task.picture.data
    told = repr(said).encode("utf-8", "replace") + picture + (task.soundtrack or b"")
    return hashlib.sha512(told).digest() * 8


def mp4_file(
    seconds: float, width: int, height: int, *, sound: bool = False, content: bytes = b"\0"
) -> bytes:
    """Return an MP4 file that says so of itself."""
    duration = round(seconds * 1000)
    header = struct.pack(">IIIII", 0, 0, 0, 1000, duration) + bytes(80)
    tracks = _track(b"vide", width, height) + (_track(b"soun", 0, 0) if sound else b"")
    moov = _box(b"moov", _box(b"mvhd", header) + tracks)
    return _box(b"ftyp", b"isom\0\0\2\0isommp41") + moov + _box(b"mdat", content)


def _track(kind: bytes, width: int, height: int) -> bytes:
    header = bytes(76) + struct.pack(">II", width << 16, height << 16)
    handler = _box(b"hdlr", bytes(8) + kind + bytes(13))
    return _box(b"trak", _box(b"tkhd", header) + _box(b"mdia", handler))


def _box(name: bytes, inside: bytes) -> bytes:
    return struct.pack(">I", 8 + len(inside)) + name + inside
