"""Pages become text; what cannot be read is said so, and hurts nobody."""

import errno
from io import BytesIO

import anyio
import pytest

from fondaco.domain.errors import WebNotInstalledError
from fondaco.domain.web import MediaTypeError, Page, PageError, UnreadableError
from fondaco.web.extra import expect_installed
from fondaco.web.pages import WebPages
from web.site import http, site

ARTICLE = """<html><head><title> On
markets </title><script>var hidden = 1</script></head><body>
<nav><a href="/home">Home</a><a href="/about">About us</a></nav>
<article><h1>On markets</h1><p>A fondaco was the house where merchants of one nation lived, stored
their goods and traded under the eyes of the city that had let them in, for a fee on every bale.</p>
<ul><li>cloth</li><li>spices</li></ul>
<table><tr><th>ware</th><th>price</th></tr><tr><td>pepper</td><td>9</td></tr></table>
<p>In Venice the German one stood at the Rialto, and its accounts were kept by the republic itself,
which is why so much is known of what went through it in each year of its long and busy life.</p>
</article><footer>Imprint</footer></body></html>"""


async def page_of(reply: bytes, *, reading_timeout_s: float = 60.0) -> Page:
    async with site(most_bytes=3_000_000, total_timeout_s=60.0) as one:
        one.server.answer(reply, close=True)
        try:
            return await WebPages(lambda: one.egress, reading_timeout_s=reading_timeout_s).read(
                one.url()
            )
        except PageError as raised:
            error = raised
    raise error  # outside of the server's task group, which would wrap it


async def test_a_page_becomes_markdown_of_its_main_part() -> None:
    page = await page_of(http(ARTICLE.encode()))
    assert page.title == "On markets"
    assert "# On markets" in page.text
    assert "- cloth\n- spices" in page.text
    assert "| pepper | 9 |" in page.text
    assert "hidden" not in page.text
    assert "Imprint" not in page.text


async def test_a_page_too_short_for_an_article_is_taken_whole() -> None:
    assert (await page_of(http(b"<p>Only this.</p>"))).text == "Only this."


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown; charset=utf-8"])
async def test_plain_text_and_markdown_stay_as_they_are(media_type: str) -> None:
    text = "# A title\n\n<b>not</b> HTML"
    page = await page_of(http(text.encode(), media_type=media_type))
    assert (page.title, page.text) == ("A title", text)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ("Bär".encode("latin-1"), "text/plain; charset=iso-8859-1"),
        ("Bär".encode(), "text/plain; charset=no-such-charset"),
        (b"<p>B&auml;r</p>", "text/html"),
        ("<p>Bär</p>".encode("utf-16"), "text/html; charset=utf-16"),
        ("<meta charset=windows-1252><p>Bär</p>".encode("cp1252"), "text/html"),
    ],
)
async def test_letters_survive_in_whatever_charset_they_come(body: bytes, media_type: str) -> None:
    assert (await page_of(http(body, media_type=media_type))).text == "Bär"


async def test_a_pdf_becomes_text() -> None:
    page = await page_of(http(pdf_saying("A fondaco by the Rialto"), media_type="application/pdf"))
    assert page.text == "A fondaco by the Rialto"


async def test_a_very_long_page_is_cut() -> None:
    page = await page_of(http(b"long " * 100_000, media_type="text/plain"))
    assert len(page.text) == 199_999


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", "text/html"),
        (b"   ", "text/plain"),
        (b"%PDF-1.7 rubbish", "application/pdf"),
        (b"<div>" * 100_000 + b"deep", "text/html"),
    ],
)
async def test_what_has_no_text_is_said_so(body: bytes, media_type: str) -> None:
    with pytest.raises(UnreadableError):
        await page_of(http(body, media_type=media_type))


async def test_a_page_that_takes_too_long_to_read_is_given_up() -> None:
    with pytest.raises(UnreadableError, match=r"within 0\.01 seconds"), anyio.fail_after(10):
        await page_of(http(ARTICLE.encode()), reading_timeout_s=0.01)


async def test_a_machine_with_no_room_for_a_child_says_so_of_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(anyio, "open_process", none_left)
    with pytest.raises(UnreadableError, match="cannot be read now"):
        await page_of(http(ARTICLE.encode()))


def test_libraries_that_are_missing_are_said_with_the_command_that_brings_them() -> None:
    expect_installed()
    with pytest.raises(WebNotInstalledError, match=r"pip install './server\[web\]'"):
        expect_installed(("pypdf", "no_such_library"))


async def test_an_image_is_not_read() -> None:
    with pytest.raises(MediaTypeError, match="text/html"):
        await page_of(http(b"\x89PNG", media_type="image/png"))


def pdf_saying(text: str) -> bytes:
    """Return a PDF of one page, written by hand as the format wants it."""
    drawn = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    out, offsets = BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, content in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\n" % (len(objects) + 1))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()
