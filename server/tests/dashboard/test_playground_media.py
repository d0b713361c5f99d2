"""Models of the playground that do not chat, with the engines that are built in."""

import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from dashboard.browser import Watch
from dashboard.playground import ANSWER_MS, Playground
from dashboard.served import Dashboard
from program import model_file


def result_of(page: Page) -> Locator:
    """Return the newest result, once it is there."""
    result = page.get_by_role("article", name="Result").first
    expect(result).to_be_visible(timeout=ANSWER_MS)
    return result


def saved(page: Page, result: Locator) -> tuple[str, bytes]:
    """Download a result's first file; return its name and content."""
    with page.expect_download() as download:
        result.get_by_role("link", name="Download").first.click()
    path = Path(download.value.path())
    return download.value.suggested_filename, path.read_bytes()


def picture(folder: Path) -> Path:
    path = folder / "picture.png"
    Image.radial_gradient("L").resize((320, 320)).save(path)
    return path


def test_an_image_is_generated_shown_and_saved(served: Dashboard, page: Page) -> None:
    pytest.importorskip("PIL")
    playground = Playground.of(page, served, model="fondaco-painter", account=served.account())
    playground.set("Width", "256")
    playground.set("Height", "128")
    playground.set("Variants", "2")
    playground.set("Format", "png")
    page.get_by_label("Prompt", exact=True).fill("A lighthouse at dusk")
    assert '"width": 256' in playground.code("curl")
    page.get_by_role("button", name="Generate").click()
    result = result_of(page)
    expect(result.get_by_role("img", name="A lighthouse at dusk")).to_have_count(2)
    expect(result).to_contain_text("$0.02")
    expect(result).to_contain_text("Seed")
    name, content = saved(page, result)
    assert name.endswith(".png")
    assert Image.open(BytesIO(content)).size == (256, 128)
    result.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("article", name="Result")).to_have_count(0)


def test_a_style_is_among_the_parameters(served: Dashboard, page: Page) -> None:
    playground = Playground.of(page, served, model="fondaco-painter", account=served.account())
    expect(page.get_by_label("Style", exact=True)).to_contain_text("Watercolor")
    expect(page.get_by_label("Steps", exact=True)).to_have_attribute("placeholder", "default: 20")
    assert playground.picker.input_value() == "fondaco-painter"


def test_a_text_is_read_aloud(served: Dashboard, page: Page) -> None:
    pytest.importorskip("hibari")
    playground = Playground.of(page, served, model="fondaco-voice", account=served.account())
    playground.set("Format", "wav")
    page.get_by_label("Text", exact=True).fill("Good evening.")
    page.get_by_role("button", name="Read aloud").click()
    result = result_of(page)
    player = result.locator("audio")
    page.wait_for_function("() => document.querySelector('.pg-result audio').duration > 0.3")
    expect(player).to_have_attribute("controls", "")
    expect(result).to_contain_text("Voice af_heart")
    name, content = saved(page, result)
    assert (name, content[:4]) == ("speech.wav", b"RIFF")


@pytest.mark.skipif(
    not model_file("all-MiniLM-L6-v2.int8.onnx").is_file(),
    reason="all-minilm-l6-v2 is not installed",
)
def test_texts_are_compared(served: Dashboard, page: Page) -> None:
    Playground.of(page, served, model="all-minilm-l6-v2", account=served.account())
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    page.get_by_label("Text 1").fill("The cat sleeps on the sofa.")
    page.get_by_label("Text 2").fill("A kitten is napping.")
    page.get_by_role("button", name="Add a text").click()
    page.get_by_label("Text 3", exact=True).fill("Interest rates rose again.")
    page.get_by_role("button", name="Compare").click()
    table = result_of(page).get_by_role("table")
    rows = [row.get_by_role("cell").all_inner_texts() for row in table.locator("tbody tr").all()]
    near, far = float(rows[0][1]), float(rows[0][2])
    assert near > far
    assert [rows[at][at] for at in range(3)] == ["1.000"] * 3


@pytest.mark.skipif(
    not model_file("whisper-tiny.en.bin").is_file(), reason="whisper-tiny.en is not installed"
)
def test_a_recording_is_written_down(served: Dashboard, page: Page, tmp_path: Path) -> None:
    spoken = served.program.client.audio.speech.create(
        model="tts-1", voice="alloy", input="The ship comes at noon.", response_format="flac"
    )
    recording = tmp_path / "ship.flac"
    recording.write_bytes(spoken.content)
    Playground.of(page, served, model="whisper-tiny.en", account=served.account())
    page.get_by_label("Recording").set_input_files(recording)
    page.get_by_role("button", name="Transcribe").click()
    expect(result_of(page)).to_contain_text("noon")
    expect(result_of(page)).to_contain_text("s of sound")


@pytest.mark.skipif(
    not model_file("u2netp.onnx").is_file(), reason="fondaco-editor is not installed"
)
def test_a_picture_is_edited(served: Dashboard, page: Page, tmp_path: Path) -> None:
    Playground.of(page, served, model="fondaco-editor", account=served.account())
    page.get_by_label("Picture").set_input_files(picture(tmp_path))
    page.get_by_label("Instruction").fill("rotate left")
    page.get_by_role("button", name="Edit", exact=True).click()
    _, content = saved(page, result_of(page))
    assert Image.open(BytesIO(content)).size == (320, 320)


@pytest.mark.skipif(
    not model_file("realesr-animevideov3-x4.bin").is_file(),
    reason="fondaco-upscaler is not installed",
)
def test_a_picture_is_enlarged(served: Dashboard, page: Page, tmp_path: Path) -> None:
    Playground.of(page, served, model="fondaco-upscaler", account=served.account())
    page.get_by_label("Picture").set_input_files(picture(tmp_path))
    page.get_by_role("button", name="Enlarge").click()
    _, content = saved(page, result_of(page))
    assert Image.open(BytesIO(content)).size == (640, 640)


@pytest.mark.skipif(
    not model_file("u2netp.onnx").is_file(), reason="fondaco-camera is not installed"
)
def test_a_video_is_quoted_then_made(served: Dashboard, page: Page, tmp_path: Path) -> None:
    playground = Playground.of(page, served, model="fondaco-camera", account=served.account())
    playground.set("Resolution", "480p")
    playground.set("Aspect ratio", "1:1")
    page.get_by_label("First picture").set_input_files(picture(tmp_path))
    page.get_by_label("Prompt", exact=True).fill("Zoom in")
    page.get_by_role("button", name="Quote").click()
    order = page.get_by_role("button", name=re.compile(r"Make it for \$\d"))
    expect(order).to_be_visible()
    order.click()
    expect(page.get_by_role("meter")).to_be_visible()
    page.reload()  # the job stays with the tab
    result = page.get_by_role("article", name="Result: Zoom in")
    expect(result).to_be_visible(timeout=2 * ANSWER_MS)
    _, content = saved(page, result)
    assert content[4:8] == b"ftyp"


@pytest.mark.skipif(
    not model_file("u2netp.onnx").is_file(), reason="fondaco-camera is not installed"
)
def test_an_order_that_is_sent_again_has_the_same_idempotency_key(
    served: Dashboard, page: Page, watch: Watch, tmp_path: Path
) -> None:
    watch.expect(503, "/api/v1/video/queue")
    keys: list[str | None] = []

    def busy(route: Route) -> None:
        keys.append(route.request.header_value("idempotency-key"))
        route.fulfill(status=503, json={"error": "The queue is full."})

    page.route("**/api/v1/video/queue", busy)
    playground = Playground.of(page, served, model="fondaco-camera", account=served.account())
    playground.set("Resolution", "480p")
    page.get_by_label("First picture").set_input_files(picture(tmp_path))
    page.get_by_label("Prompt", exact=True).fill("Zoom in")
    page.get_by_role("button", name="Quote").click()
    for _ in range(2):
        with page.expect_response("**/api/v1/video/queue"):
            page.get_by_role("button", name="Make it for").click()
        expect(page.get_by_role("alert")).to_be_visible()
    assert len(keys) == 2
    assert keys[0]
    assert keys[0] == keys[1]


@pytest.mark.skipif(
    not model_file("u2netp.onnx").is_file(), reason="fondaco-camera is not installed"
)
def test_who_logs_in_in_the_same_tab_sees_nothing_of_the_account_before(
    served: Dashboard, page: Page, tmp_path: Path
) -> None:
    before = served.account()
    job = {"model": "fondaco-camera", "queue_id": "1d822de5-0c3b-4247-8f78-fbb2824c65d4"}
    state = {"status": "PROCESSING", "average_execution_time": 9000, "execution_duration": 1}
    page.route("**/api/v1/video/queue", lambda route: route.fulfill(json=job))
    page.route("**/api/v1/video/retrieve", lambda route: route.fulfill(json=state))
    playground = Playground.of(page, served, model="fondaco-camera", account=before)
    page.get_by_label("First picture").set_input_files(picture(tmp_path))
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.fill("A secret harbour")
    page.get_by_role("button", name="Quote").click()
    page.get_by_role("button", name="Make it for").click()
    expect(page.get_by_role("meter", name="A secret harbour")).to_be_visible()
    page.get_by_role("button", name=before).click()
    page.get_by_role("button", name="Log out", exact=True).click()
    page.get_by_label("API key").fill(served.key(account=served.account()))
    page.get_by_role("button", name="Log in").click()
    expect(playground.picker).to_have_value("fondaco-camera")
    expect(prompt).to_have_value("")
    expect(page.get_by_role("meter", name="A secret harbour")).to_have_count(0)
    expect(page.get_by_text("A secret harbour")).to_have_count(0)


def test_a_refused_request_names_its_fault(
    served: Dashboard, page: Page, watch: Watch, tmp_path: Path
) -> None:
    watch.expect(400, "/api/v1/audio/transcriptions")
    nonsense = tmp_path / "nonsense.wav"
    nonsense.write_bytes(b64decode("AAAA"))
    Playground.of(page, served, model="whisper-tiny.en", account=served.account())
    page.get_by_label("Recording").set_input_files(nonsense)
    page.get_by_role("button", name="Transcribe").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Transcribe")).to_be_enabled()
