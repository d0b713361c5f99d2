"""What the first and last bytes of an image file tell."""

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.media.image_file import (
    Format,
    Header,
    UnreadableImageError,
    format_of,
    header_of,
    is_complete,
)
from pictures import gif, jpeg, png, webp

KINDS = [
    (Format.PNG, png(640, 480)),
    (Format.JPEG, jpeg(640, 480)),
    (Format.JPEG, jpeg(640, 480, notes=b"\xff\xd9" * 10)),
    (Format.GIF, gif(640, 480)),
    *[(Format.WEBP, webp(640, 480, kind)) for kind in (b"VP8X", b"VP8L", b"VP8 ")],
]


@pytest.mark.parametrize(("kind", "body"), KINDS)
def test_format_and_size_are_read_from_the_content(kind: Format, body: bytes) -> None:
    assert format_of(body) is kind
    header = header_of(body, kind)
    assert (header.format, header.width, header.height) == (kind, 640, 480)


@pytest.mark.parametrize(("kind", "body"), KINDS)
def test_a_whole_file_is_complete_and_a_cut_one_does_not(kind: Format, body: bytes) -> None:
    assert is_complete(kind, body, body, len(body))
    cut = body[:-3]
    assert not is_complete(kind, cut, cut[-20:], len(cut))


@pytest.mark.parametrize("body", [b"", b"<svg/>", b"BM" + bytes(60), b"%PDF-1.7", b"RIFF0000WAVE"])
def test_anything_else_is_none_of_the_formats(body: bytes) -> None:
    assert format_of(body) is None


@pytest.mark.parametrize(("kind", "body"), KINDS)
def test_a_file_that_stops_before_its_size_is_unreadable(kind: Format, body: bytes) -> None:
    with pytest.raises(UnreadableImageError):
        header_of(body[:9], kind)


def test_a_jpeg_whose_picture_comes_before_its_size_is_unreadable() -> None:
    with pytest.raises(UnreadableImageError):
        header_of(b"\xff\xd8\xff\xda\0\2" + bytes(100), Format.JPEG)


def test_fill_bytes_and_bare_markers_of_a_jpeg_are_passed_over() -> None:
    body = jpeg(300, 200)
    padded = body[:2] + b"\xff\xff\xff\x01\xff\xd0" + body[2:]
    assert header_of(padded, Format.JPEG) == Header(Format.JPEG, 300, 200, length=10)


@pytest.mark.parametrize("piece", [b"\xff", b"\xff\xd0", b"\xff\xe1\0\2"])
def test_a_jpeg_that_goes_on_and_on_is_given_up(piece: bytes) -> None:
    body = jpeg(300, 200)
    with pytest.raises(UnreadableImageError):
        header_of(body[:2] + piece * 1_000 + body[2:], Format.JPEG)


@given(st.sampled_from([body for _, body in KINDS]), st.data())
def test_whatever_is_changed_in_a_file_it_is_read_or_unreadable(
    body: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, min(60, len(body) - 1)))
    changed = body[:at] + data.draw(st.binary(min_size=1, max_size=8)) + body[at + 1 :]
    kind = format_of(changed)
    if kind is not None:
        try:
            header = header_of(changed, kind)
        except UnreadableImageError:
            return
        assert header.width >= 0
        assert header.height >= 0
