"""Requests for videos, their tasks, and what an MP4 file says of itself."""

import io
from contextlib import suppress
from dataclasses import replace
from typing import Any

import av
import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.mp4_file import UnreadableVideoError, VideoHeader, video_header
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.picture_source import PictureSource
from fondaco.domain.media.video import SHORT_SIDES, MediaSource, VideoRequest, video_size
from fondaco.domain.models.video_model import VideoKind
from toy_camera import TOY_VIDEOS, mp4_file

ASKED = VideoRequest(model="toy-camera", prompt="Pan over it", seconds=5)
PICTURE = PictureSource("data:image/png;base64,AAAA", "image_url")
SOUND = MediaSource("data:audio/mpeg;base64,AAAA", "audio_url")
FILM = MediaSource("data:video/mp4;base64,AAAA", "video_url")


def faults(request: VideoRequest, **fields: Any) -> list[str]:
    try:
        replace(TOY_VIDEOS, **fields).expect_within(request)
    except InvalidRequestError as error:
        return sorted(error.faults)
    return []


def test_a_request_within_the_limits_becomes_a_task() -> None:
    TOY_VIDEOS.expect_within(ASKED)
    task = TOY_VIDEOS.task(ASKED, None, None, 7)
    assert (task.width, task.height, task.seconds, task.audio) == (1280, 720, 5, True)
    assert task.model == "toy-camera"


def test_without_a_ratio_a_video_has_the_one_nearest_to_its_picture() -> None:
    tall = TOY_VIDEOS.task(ASKED, Pixels(600, 1000, b""), None, 7)
    assert (tall.width, tall.height) == (720, 1280)
    told = TOY_VIDEOS.task(replace(ASKED, aspect_ratio="1:1"), Pixels(600, 1000, b""), None, 7)
    assert (told.width, told.height) == (720, 720)


def test_each_limit_that_is_exceeded_is_named() -> None:
    request = replace(
        ASKED,
        prompt="x" * 2501,
        negative_prompt="x" * 2501,
        seconds=7,
        resolution="480p",
        aspect_ratio="21:9",
        picture=PICTURE,
        soundtrack=SOUND,
        reference=FILM,
    )
    named = faults(
        request, kind=VideoKind.TEXT_TO_VIDEO, resolutions=("720p",), takes_soundtrack=False
    )
    assert named == [
        *("aspect_ratio", "audio_url", "duration", "image_url", "negative_prompt", "prompt"),
        *("resolution", "video_url"),
    ]


def test_a_model_says_whether_it_needs_a_picture() -> None:
    assert faults(ASKED, needs_picture=True) == ["image_url"]
    assert faults(replace(ASKED, picture=PICTURE), needs_picture=True) == []
    assert faults(ASKED, needs_picture=True, kind=VideoKind.TEXT_TO_VIDEO) == []
    assert faults(ASKED, needs_picture=True, kind=VideoKind.VIDEO) == ["video_url"]


SOUNDS = [
    # the model has sound, and lets it be chosen; what is asked for; what the video has, None: refused
    (True, True, None, True),
    (True, True, True, True),
    (True, True, False, False),
    (True, False, None, True),
    (True, False, False, None),
    (False, False, None, False),
    (False, False, False, False),
    (False, False, True, None),
]


@pytest.mark.parametrize("row", SOUNDS)
def test_sound_is_there_unless_the_request_or_the_model_leaves_it_out(
    row: tuple[bool, bool, bool | None, bool | None],
) -> None:
    audio, configurable, wanted, sound = row
    request = replace(ASKED, audio=wanted)
    model = replace(TOY_VIDEOS, audio=audio, audio_configurable=configurable)
    refused = faults(request, audio=audio, audio_configurable=configurable)
    assert refused == (["audio"] if sound is None else [])
    assert sound is None or model.sound_of(request) is sound


def test_a_silent_video_has_no_soundtrack() -> None:
    assert faults(replace(ASKED, audio=False, soundtrack=SOUND)) == ["audio_url"]


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(sorted(SHORT_SIDES)))
def test_both_sides_of_a_video_are_even(across: int, down: int, resolution: str) -> None:
    width, height = video_size(f"{across}:{down}", resolution)
    assert width % 2 == height % 2 == 0
    assert min(width, height) == SHORT_SIDES[resolution]


def encoded(sound_samples: int) -> bytes:
    """Return a second of video, as an encoder writes it, perhaps with sound."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sounds = container.add_stream("aac", rate=8000) if sound_samples else None
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode(None))
        if sounds is not None:
            frame = av.AudioFrame("fltp", "stereo", sound_samples)
            frame.sample_rate = 8000
            for plane in frame.planes:  # new frames have whatever was in memory: NaN, at times
                plane.update(bytes(plane.buffer_size))
            container.mux([*sounds.encode(frame), *sounds.encode(None)])
    return out.getvalue()


@pytest.mark.parametrize("sound_samples", [0, 4096])
def test_the_header_of_an_encoders_file_is_read(sound_samples: int) -> None:
    header = video_header(encoded(sound_samples))
    assert header == VideoHeader(1.0, 64, 48, sound=bool(sound_samples))


def test_large_boxes_and_64_bit_times_are_read_too() -> None:
    file = mp4_file(5, 64, 48)
    mdat = file.index(b"mdat") - 4
    large = b"\0\0\0\1mdat" + (16 + len(file) - mdat - 8).to_bytes(8, "big") + file[mdat + 8 :]
    assert video_header(file[:mdat] + large) == video_header(file)
    endless = b"\0\0\0\0" + file[mdat + 4 :]
    assert video_header(file[:mdat] + endless) == video_header(file)
    header = b"mvhd\1\0\0\0" + bytes(16) + (1000).to_bytes(4, "big") + (5000).to_bytes(8, "big")
    moov = file[file.index(b"moov") + 4 : mdat]
    old = 8 + 100
    new = (len(header) + 4 + 80).to_bytes(4, "big") + header + bytes(80)
    inside = new + moov[old:]
    whole = file[: file.index(b"moov") - 4] + (len(inside) + 8).to_bytes(4, "big") + b"moov"
    assert video_header(whole + inside + file[mdat:]) == video_header(file)


@given(st.binary(max_size=300))
def test_other_files_are_none(file: bytes) -> None:
    with pytest.raises(UnreadableVideoError):
        video_header(file)


@given(st.data())
def test_damaged_files_are_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    file = bytearray(mp4_file(5, 64, 48, sound=True))
    for _ in range(data.draw(st.integers(1, 6))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(file[: data.draw(st.integers(0, len(file)))])
    with suppress(UnreadableVideoError):
        assert video_header(cut).width > 0
