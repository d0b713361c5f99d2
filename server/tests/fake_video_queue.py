"""A fake upstream that queues videos by Venice's API: files whose boxes are right, in the size that was asked for."""

import base64
import hashlib
import json
from typing import Any

from fake_upstream import Asked, FakeUpstream, Inbox, Script, Wire, raw, refusing, replying
from fondaco.domain.media.video import video_size
from toy_camera import mp4_file

QUEUE, RETRIEVE, COMPLETE = "/v1/video/queue", "/v1/video/retrieve", "/v1/video/complete"
MODELS = "/v1/models?type=video"
PROCESSING = {
    "status": "PROCESSING",
    "average_execution_time": 145_000,
    "execution_duration": 53_200,
}


def body_of(kind: str, body: bytes) -> Script:
    """Answer with a body of a media type."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return raw(head.encode() + body)


def refused(status: int, **details: str) -> Script:
    """Refuse as Venice does, for these fields."""
    said = {name: {"_errors": [reason]} for name, reason in details.items()}
    body = json.dumps({"error": "Invalid request: A heron", "details": said}).encode()
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return raw(head.encode() + b"\r\n\r\n" + body)


class FakeVideoQueue(FakeUpstream):
    """The engine; an async context that listens while it is entered."""

    def __init__(self, *, key: str = "", looks: int = 1, holds: bool = False) -> None:
        """Prepare.

        Args:
            key: that it wants.
            looks: how often a video is looked at before it is complete.
            holds: whether none is ever complete.
        """
        super().__init__(key=key)
        self.looks = looks
        self.holds = holds
        self.left: dict[str, int] = {}
        """Id -> looks that are left."""
        self.requests: dict[str, dict[str, Any]] = {}
        self._others = {
            QUEUE: Inbox(self._queue),
            RETRIEVE: Inbox(self._retrieve),
            COMPLETE: Inbox(self._complete),
            MODELS: Inbox(replying({"data": [{"id": "wan-2.5"}, {"id": 7}], "type": "video"})),
        }

    def asked_at(self, path: str) -> list[Asked]:
        return self._others[path].asked

    def script(self, path: str, *scripts: Script) -> None:
        """Answer the next requests to a path by these."""
        self._others[path].scripts.extend(scripts)

    async def _queue(self, wire: Wire, asked: Asked) -> bool:
        sound = asked.body.get("audio_url")
        if sound is not None and b"WAVE" not in base64.b64decode(sound.partition(",")[2]):
            return await refused(400, audio_url="It is neither WAV nor MP3.")(wire, asked)
        queue_id = f"q-{len(self.requests)}"
        self.requests[queue_id], self.left[queue_id] = asked.body, self.looks
        await wire.whole(200, {"model": asked.body["model"], "queue_id": queue_id})
        return True

    async def _retrieve(self, wire: Wire, asked: Asked) -> bool:
        queue_id = asked.body["queue_id"]
        if queue_id not in self.left:
            return await refusing(404, "Media could not be found.")(wire, asked)
        if self.holds or self.left[queue_id]:
            self.left[queue_id] -= 1
            return await replying(PROCESSING)(wire, asked)
        return await body_of("video/mp4", self.film(queue_id))(wire, asked)

    def film(self, queue_id: str) -> bytes:
        """Return the file of an order."""
        body = self.requests[queue_id]
        width, height = _size(body["aspect_ratio"], int(body["resolution"].removesuffix("p")))
        said = hashlib.sha256(json.dumps(body).encode()).digest()
        seconds = int(body["duration"].removesuffix("s"))
        return mp4_file(seconds, width, height, sound=bool(body.get("audio")), content=said)

    async def _complete(self, wire: Wire, asked: Asked) -> bool:
        known = self.left.pop(asked.body["queue_id"], None) is not None
        await wire.whole(200, {"success": known})
        return True


def _size(aspect_ratio: str, short: int) -> tuple[int, int]:
    """Return the size of a video, also of fewer lines than any resolution has."""
    if f"{short}p" in {"480p", "720p", "1080p"}:
        return video_size(aspect_ratio, f"{short}p")
    across, down = map(int, aspect_ratio.split(":"))
    long = 2 * round(short * max(across, down) / min(across, down) / 2)
    return (long, short) if across >= down else (short, long)
