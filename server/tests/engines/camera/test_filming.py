"""Videos of stills: their codec, size and duration, and that they show the moves that were asked for."""

from io import BytesIO
from itertools import pairwise

import av
import numpy as np
import pytest

from fondaco.engines.camera.depth import Depth, depth_of
from fondaco.engines.camera.filming import Filming, filmed
from fondaco.engines.camera.frames import frames_of
from fondaco.engines.camera.path import path_of
from fondaco.engines.camera.shot import Ease, Motion, Move, Shot
from fondaco.engines.common.videos.planes import planes_of
from fondaco.engines.common.videos.soundtrack import (
    UnreadableSoundError,
    silence,
    soundtrack_of,
)

from .conftest import drift, frames, loudness, shift, textured, tone

STILL = textured()


def made(
    *moves: Move,
    size: tuple[int, int] = (128, 96),
    seconds: int = 1,
    still: "np.typing.NDArray[np.uint8]" = STILL,
    ease: Ease = Ease.NONE,
) -> bytes:
    order = Filming(Shot((moves,), ease), *size, seconds)
    return filmed(still, order, None, lambda _done, _total: None)


@pytest.mark.parametrize(
    ("size", "seconds"), [((128, 72), 1), ((72, 128), 1), ((64, 64), 2), ((86, 48), 5)]
)
def test_a_video_is_h264_of_the_size_and_duration_that_were_asked_for(
    size: tuple[int, int], seconds: int
) -> None:
    file = made(Move(Motion.PAN), size=size, seconds=seconds)
    with av.open(BytesIO(file), "r") as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == size
        assert stream.average_rate == 24
        assert container.duration == seconds * 1_000_000
        assert len(list(container.decode(stream))) == 24 * seconds
    assert file.index(b"moov") < file.index(b"mdat")


@pytest.mark.parametrize(
    ("motion", "direction", "right", "down"),
    [
        (Motion.PAN, 1, -1, 0),
        (Motion.PAN, -1, 1, 0),
        (Motion.TILT, 1, 0, 1),
        (Motion.TILT, -1, 0, -1),
        (Motion.TRUCK, 1, -1, 0),
        (Motion.TRUCK, -1, 1, 0),
        (Motion.PEDESTAL, 1, 0, 1),
        (Motion.PEDESTAL, -1, 0, -1),
    ],
)
def test_what_is_seen_moves_against_the_camera(
    motion: Motion, direction: int, right: int, down: int
) -> None:
    seen = frames(made(Move(motion, 1 if direction > 0 else -1)))
    across, along = shift(seen[4], seen[16])
    for found, expected in ((across, right), (along, down)):
        assert abs(found) < 0.6 if expected == 0 else found * expected > 1.4


@pytest.mark.parametrize("motion", [Motion.ZOOM, Motion.DOLLY])
@pytest.mark.parametrize("direction", [1, -1])
def test_what_is_seen_grows_or_shrinks_around_the_middle(motion: Motion, direction: int) -> None:
    seen = frames(made(Move(motion, 1 if direction > 0 else -1)))
    left, _ = shift(seen[4][:, :64], seen[16][:, :64])
    right, _ = shift(seen[4][:, 64:], seen[16][:, 64:])
    assert left * direction < -0.7
    assert right * direction > 0.7


def test_around_a_subject_what_is_near_stays_and_what_is_far_moves() -> None:
    seen = frames(made(Move(Motion.ORBIT)))
    far, near = (shift(seen[2][rows], seen[21][rows])[0] for rows in (slice(48), slice(72, 96)))
    assert far > 1.5
    assert far > near + 1


@pytest.mark.parametrize("depth", [None, depth_of(None)], ids=["flat", "deep"])
def test_a_move_never_trembles(depth: Depth | None) -> None:
    """Each frame shows the picture the same fraction of a pixel further."""
    path = path_of(Shot(((Move(Motion.TRUCK),),), Ease.NONE), 48, 2.0, (160, 120), (128, 96))
    drawn = frames_of(planes_of(STILL, (160, 120)), path, (128, 96), depth)
    seen = [np.asarray(frame.light, np.float32) for frame in drawn]
    steps = [drift(one, other) for one, other in pairwise(seen)]
    assert -0.5 < float(np.median(steps)) < -0.1
    assert max(steps) - min(steps) < 0.02


def test_a_move_starts_and_ends_gently_unless_it_is_to_have_one_speed() -> None:
    def paces(ease: Ease) -> list[float]:
        seen = frames(made(Move(Motion.PAN, 1, 1.5), ease=ease))
        return [abs(shift(seen[at], seen[at + 3])[0]) for at in (0, 10, 20)]

    start, middle, end = paces(Ease.BOTH)
    assert max(start, end) < 0.5 * middle
    start, middle, end = paces(Ease.NONE)
    assert min(start, end) > 0.8 * middle


def test_a_still_camera_shows_one_picture() -> None:
    seen = frames(made())
    assert float(np.abs(seen[0] - seen[-1]).mean()) < 2


def test_over_a_panorama_a_pan_goes_from_one_end_to_the_other() -> None:
    still = np.repeat(textured(260, 96)[..., :1], 3, axis=2)
    seen = frames(made(Move(Motion.PAN, 1, 2.3), still=still))
    for frame, part in ((seen[0], still[:, :128]), (seen[-1], still[:, -128:])):
        assert float(np.abs(frame - part.mean(2)).mean()) < 8


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (4_000, 9), (31, 77)])
def test_stills_of_any_size_are_filmed(size: tuple[int, int]) -> None:
    width, height = size
    still = np.full((height, width, 3), 90, np.uint8)
    for motion in (Motion.PAN, Motion.DOLLY):
        assert len(frames(made(Move(motion), still=still, size=(64, 48)))) == 24


def test_moves_that_go_too_far_together_are_shortened() -> None:
    far = [Move(motion, 1, 1.6) for motion in (Motion.DOLLY, Motion.ZOOM, Motion.TRUCK)]
    order = Filming(Shot((tuple(far),) * 4), 64, 48, 10)
    told: list[int] = []
    filmed(STILL, order, None, lambda done, _total: told.append(done))
    assert told[0] == 0
    assert told[-1] == 240


def test_the_same_still_gives_the_same_bytes() -> None:
    assert made(Move(Motion.ORBIT)) == made(Move(Motion.ORBIT))


def with_sound(file: bytes, seconds: int = 2) -> bytes:
    order = Filming(Shot(((),)), 64, 48, seconds, soundtrack_of(file, seconds))
    return filmed(STILL, order, None, lambda _done, _total: None)


def test_a_soundtrack_is_aac_as_long_as_the_video_and_fades_out() -> None:
    file = with_sound(tone(4.0))
    with av.open(BytesIO(file), "r") as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "aac"
        assert stream.duration is not None
        assert stream.time_base is not None
        assert float(stream.duration * stream.time_base) == 2.0
        assert container.duration == 2_000_000
    loud = loudness(file)
    assert loud[5] > 0.1
    assert loud[18] < 0.05


def test_after_a_soundtrack_that_is_shorter_there_is_silence() -> None:
    loud = loudness(with_sound(tone(0.5)))
    assert loud[3] > 0.1
    assert max(loud[8:20]) < 0.01


def test_a_video_to_which_nobody_gave_sound_is_silent() -> None:
    order = Filming(Shot(((),)), 64, 48, 1, silence(1))
    assert max(loudness(filmed(STILL, order, None, lambda _done, _total: None))) < 1e-3


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "neither a WAV nor an MP3"),
        (b"\0" * 99, "neither a WAV nor an MP3"),
        (b"#EXTM3U\nhttp://127.0.0.1/a.mp3", "neither a WAV nor an MP3"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", "damaged"),
        (b"ID3" + b"\0" * 200, "damaged"),
        (tone(0.0), "no sound"),
        (tone(32.0, rate=8_000), "longer than 30 seconds"),
    ],
)
def test_what_is_no_soundtrack_is_refused_with_the_reason(file: bytes, said: str) -> None:
    with pytest.raises(UnreadableSoundError, match=said):
        soundtrack_of(file, 2)


def test_a_wav_that_claims_four_gigabytes_gives_what_it_has() -> None:
    file = bytearray(tone(1.0))
    file[4:8] = file[40:44] = b"\xff\xff\xff\x7f"
    assert soundtrack_of(bytes(file), 2).length == 96_000


@pytest.mark.parametrize("motion", [Motion.ZOOM, Motion.DOLLY])
def test_a_camera_that_comes_closer_keeps_its_subject_where_it_is_in_the_frame(
    motion: Motion,
) -> None:
    shot, picture, aim = Shot(((Move(motion),),)), (400, 300), (0.3, 0.7)
    path = path_of(shot, 24, 5.0, picture, (64, 48), aim=aim)
    places = []
    for pose in (path.poses[0], path.poses[-1]):
        box = path.box(pose, 1.0)
        assert box.left >= -0.01
        assert box.bottom <= 300.01
        across, down = (aim[0] * 400 - box.left), (aim[1] * 300 - box.top)
        places += [(across / (box.right - box.left), down / (box.bottom - box.top))]
    assert places[0] == pytest.approx(places[1], abs=0.01)


def test_an_mp3_is_a_soundtrack_too() -> None:
    out = BytesIO()
    wave = (0.3 * np.sin(np.arange(22_050) / 22_050 * 2_764)).astype(np.float32)
    with av.open(out, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=22_050, layout="mono")
        frame = av.AudioFrame.from_ndarray(wave[None], "fltp", "mono")
        frame.sample_rate = 22_050
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    loud = loudness(with_sound(out.getvalue()))
    assert loud[5] > 0.1
    assert max(loud[13:]) < 0.01
