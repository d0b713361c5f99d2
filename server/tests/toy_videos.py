"""Videos as sd-server sends them: AVI files of JPEG pictures, of one colour each, that depends on what was asked for."""

import base64
import hashlib
from io import BytesIO
from typing import Any

import av
import numpy as np
from av.video.stream import VideoStream


def avi(
    frames: int, width: int, height: int, *, fps: int = 16, seed: bytes = b"", codec: str = "mjpeg"
) -> bytes:
    """Return an AVI file whose frames turn from dark to bright; their left half is red, as far as `seed` says."""
    file = BytesIO()
    red = hashlib.sha256(seed).digest()[0]
    with av.open(file, "w", format="avi", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=fps, options={"qmin": "1", "qmax": "3"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(frames):
            picture = np.full((height, width, 3), 255 * number // max(1, frames - 1), np.uint8)
            picture[:, : width // 2, 0] = red
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def result(request: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a job: sides rounded up to 16, frames rounded down to one more than a multiple of 4."""
    width, height = (-(-request[side] // 16) * 16 for side in ("width", "height"))
    frames, fps = (request["video_frames"] - 1) // 4 * 4 + 1, request["fps"]
    seed = repr(sorted(request.items())).encode()
    return {
        "output_format": request["output_format"],
        "mime_type": "video/x-msvideo",
        "fps": fps,
        "frame_count": frames,
        "b64_json": base64.b64encode(avi(frames, width, height, fps=fps, seed=seed)).decode(),
    }
