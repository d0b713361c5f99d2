"""The engines on this machine, as the settings describe them."""

import os
from pathlib import Path

import pytest

from fondaco.app.engines import catalogue_here, opened_templates
from fondaco.app.local.embeddings import gguf_launches
from fondaco.app.local.pictures import upscaler_launch
from fondaco.app.local.sound import kokoro_launch, whisper_launches
from fondaco.app.local.texts import launches_of
from fondaco.app.local_engines import opened_local_engines
from fondaco.configuration import load
from fondaco.domain.embedding import EmbeddingRequest
from fondaco.domain.errors import EngineUnavailableError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_upscale import UpscaleTask
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.sound import Sound
from fondaco.domain.media.speech import SpeechTask
from fondaco.domain.media.transcription import TranscriptionTask
from fondaco.domain.media.video import VideoTask
from fondaco.engines.llamacpp.child import parameters
from fondaco.engines.llamacpp.embeddings import GgufProgram
from fondaco.engines.llamacpp.supervisor import launch_options
from fondaco.settings import Settings
from program import model_file

MINILM = "all-MiniLM-L6-v2.int8.onnx"
SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF = f"""
[embeddings]
threads = 1

[models.mine]
name = "Mine"
type = "embedding"
context_tokens = 128
engines = ["embedded"]
file = "{SMOLLM2}"
price = {{ input = 0.1 }}
embedding = {{ dimensions = 576, least_dimensions = 64, pooling = "mean" }}
"""


@pytest.fixture(autouse=True)
def installed() -> None:
    pytest.importorskip("onnxruntime", reason="the extra `embeddings` is not installed")
    for name in (MINILM, SMOLLM2):
        if not model_file(name).is_file():
            pytest.skip(f"{model_file(name)} is missing: run `make models`")


def settings(home: Path, text: str) -> Settings:
    (home / "fondaco.toml").write_text(text)
    folder = str(model_file(MINILM).parent)
    return load(environ={"FONDACO_HOME": str(home), "FONDACO_MODELS": folder}).settings


async def test_models_of_the_catalogue_and_of_ones_own_embed_texts(tmp_path: Path) -> None:
    chosen = settings(tmp_path, GGUF)
    async with (
        opened_templates() as templates,
        opened_local_engines(chosen, catalogue_here(chosen), templates) as local,
    ):
        of_onnx = EmbeddingRequest("all-minilm-l6-v2", ("hello",))
        of_gguf = EmbeddingRequest("mine", ("hello",), 64)
        assert len((await local.embeddings["onnx"].embed(of_onnx, None)).vectors[0]) == 4 * 384
        assert len((await local.embeddings["embedded"].embed(of_gguf, None)).vectors[0]) == 4 * 64


async def test_a_reload_ends_models_that_are_no_longer_offered(tmp_path: Path) -> None:
    chosen = settings(tmp_path, "[embeddings]\nthreads = 1\n")
    less = settings(tmp_path, "[embeddings]\nthreads = 1\nenabled = false\n")
    request = EmbeddingRequest("all-minilm-l6-v2", ("hello",))
    async with (
        opened_templates() as templates,
        opened_local_engines(chosen, catalogue_here(chosen), templates) as local,
    ):
        await local.embeddings["onnx"].embed(request, None)
        end = await local.follow(less, catalogue_here(less))
        end()
        with pytest.raises(EngineUnavailableError, match="does not run"):
            await local.embeddings["onnx"].embed(request, None)


async def test_the_editor_of_the_catalogue_edits_until_it_is_switched_off(tmp_path: Path) -> None:
    chosen, off = settings(tmp_path, ""), settings(tmp_path, "[editor]\nenabled = false\n")
    task = EditTask(
        model="fondaco-editor",
        prompt="invert the colours",
        picture=Pixels(1, 1, bytes((1, 2, 3))),
        width=1,
        height=1,
        seed=0,
    )
    async with (
        opened_templates() as templates,
        opened_local_engines(chosen, catalogue_here(chosen), templates) as local,
    ):
        edited = await local.image_editors["editor"].edit(task)
        assert edited.picture == Pixels(1, 1, bytes((254, 253, 252)))
        (await local.follow(off, catalogue_here(off)))()
        with pytest.raises(EngineUnavailableError, match="does not run"):
            await local.image_editors["editor"].edit(task)


async def test_the_upscaler_of_the_catalogue_upscales_until_it_is_switched_off(
    tmp_path: Path,
) -> None:
    pytest.importorskip("ncnn", reason="the extra `images` is not installed")
    chosen = settings(tmp_path, "[upscaler]\nthreads = 1\n")
    off = settings(tmp_path, "[upscaler]\nenabled = false\n")
    for file in upscaler_launch(chosen).files:
        if not file.is_file():
            pytest.skip(f"{file} is missing: run `fondaco models pull fondaco-upscaler`")
    task = UpscaleTask(
        model="fondaco-upscaler", picture=Pixels(1, 1, bytes((1, 2, 3))), width=2, height=2
    )
    async with (
        opened_templates() as templates,
        opened_local_engines(chosen, catalogue_here(chosen), templates) as local,
    ):
        upscaled = await local.image_upscalers["upscaler"].upscale(task)
        assert upscaled.picture == Pixels(2, 2, bytes((1, 2, 3)) * 4)
        (await local.follow(off, catalogue_here(off)))()
        with pytest.raises(EngineUnavailableError, match="does not run"):
            await local.image_upscalers["upscaler"].upscale(task)


async def test_the_ears_of_the_catalogue_hear_until_they_are_switched_off(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="the extra `transcription` is not installed")
    chosen = settings(tmp_path, "[whisper]\nthreads = 1\nidle_s = 9\n")
    off = settings(tmp_path, "[whisper]\nenabled = false\n")
    catalogue = catalogue_here(chosen)
    launch = whisper_launches(chosen, catalogue)["whisper-tiny.en"]
    assert (launch.threads, launch.source) == (1, "whisper-tiny.en")
    for file in launch.files.values():
        if not file.is_file():
            pytest.skip(f"{file} is missing: run `fondaco models pull whisper-tiny.en`")
    task = TranscriptionTask(model="whisper-tiny.en", sound=Sound(bytes(3_200)))
    async with (
        opened_templates() as templates,
        opened_local_engines(chosen, catalogue, templates) as local,
    ):
        assert [part.heard_s async for part in local.whisper.transcribe(task)] == [0.1]
        (await local.follow(off, catalogue_here(off)))()
        with pytest.raises(EngineUnavailableError, match="does not run"):
            await anext(local.whisper.transcribe(task))


async def test_the_voice_of_the_catalogue_speaks_until_it_is_switched_off(tmp_path: Path) -> None:
    pytest.importorskip("hibari", reason="the extra `speech` is not installed")
    chosen = settings(tmp_path, "")
    off = settings(tmp_path, "[speech]\nenabled = false\n")
    task = SpeechTask(model="fondaco-voice", text="Hello.", voice="af_heart")
    async with (
        opened_templates() as templates,
        opened_local_engines(chosen, catalogue_here(chosen), templates) as local,
    ):
        pieces = [piece async for piece in local.speakers["hibari"].speak(task)]
        assert [piece.characters for piece in pieces] == [6]
        (await local.follow(off, catalogue_here(off)))()
        with pytest.raises(EngineUnavailableError, match="does not run"):
            await anext(local.speakers["hibari"].speak(task))


async def test_the_camera_of_the_catalogue_films_what_is_painted_until_it_is_switched_off(
    tmp_path: Path,
) -> None:
    pytest.importorskip("av", reason="the extra `video` is not installed")
    pytest.importorskip("skia", reason="the extra `images` is not installed")
    chosen = settings(tmp_path, "")
    off = settings(tmp_path, "[camera]\nenabled = false\n")
    task = VideoTask(
        model="fondaco-camera", prompt="A lake, pan left", seconds=1, width=64, height=64
    )
    async with (
        opened_templates() as templates,
        opened_local_engines(chosen, catalogue_here(chosen), templates) as local,
    ):
        video = await local.cameras["camera"].generate(task, lambda _: None)
        assert (video.width, video.height, video.seconds) == (64, 64, 1)
        (await local.follow(off, catalogue_here(off)))()
        with pytest.raises(EngineUnavailableError, match="does not run"):
            await local.cameras["camera"].generate(task, lambda _: None)


async def test_without_the_painter_a_video_needs_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="the extra `video` is not installed")
    chosen = settings(tmp_path, "[painter]\nenabled = false\n")
    task = VideoTask(model="fondaco-camera", prompt="A lake", seconds=1, width=64, height=64)
    async with (
        opened_templates() as templates,
        opened_local_engines(chosen, catalogue_here(chosen), templates) as local,
    ):
        with pytest.raises(EngineUnavailableError, match="Send an image_url"):
            await local.cameras["camera"].generate(task, lambda _: None)


def test_settings_reach_kokoro(tmp_path: Path) -> None:
    launch = kokoro_launch(settings(tmp_path, "[speech]\ntimeout_s = 9\nthreads = 3"))
    assert launch.program.launch["threads"] == launch.program.threads == 3
    assert launch.program.answer_timeout_s == 9
    assert launch.names[3] == launch.program.launch["names"][3] == "af_heart"
    assert launch.voices.name == "kokoro-v1.0.voices.bin"


@pytest.mark.parametrize(("text", "threads"), [("threads = 3", 3), ("", None)])
def test_settings_reach_the_upscaler(tmp_path: Path, text: str, threads: int | None) -> None:
    launch = upscaler_launch(settings(tmp_path, f"[upscaler]\ntimeout_s = 9\n{text}"))
    assert launch.program.launch["threads"] == launch.program.threads
    assert launch.threads == (threads or max(1, (os.cpu_count() or 2) - 1))
    assert launch.program.answer_timeout_s == 9


async def test_a_call_during_a_download_is_refused_with_the_reason(tmp_path: Path) -> None:
    text = '[models.mine]\nfile = "none.onnx"\nembedding.tokenizer = "none.json"\n'
    text += 'engines = ["onnx"]\nembedding.dimensions = 4\ntype = "embedding"\nname = "Mine"\n'
    chosen = settings(tmp_path, text + "context_tokens = 64\nprice.input = 1")
    async with (
        opened_templates() as templates,
        opened_local_engines(chosen, catalogue_here(chosen), templates) as local,
    ):
        with (
            local.file_downloading("mine"),
            pytest.raises(EngineUnavailableError, match="being downloaded"),
        ):
            await local.embeddings["onnx"].embed(EmbeddingRequest("mine", ("hello",)), None)


@pytest.mark.parametrize(
    ("text", "layers"), [("", -1), ("gpu_layers = 0", 0), ("gpu_layers = 7", 7)]
)
def test_the_layers_of_a_gpu_reach_llama_cpp_for_every_model(
    tmp_path: Path, text: str, layers: int
) -> None:
    chosen = settings(tmp_path, f"[embedded]\n{text}\n{GGUF}")
    catalogue = catalogue_here(chosen)
    program = gguf_launches(chosen, catalogue)["mine"].program
    assert isinstance(program, GgufProgram)
    for launch in (*launches_of(chosen, catalogue).values(), program.launch):
        assert parameters({**launch_options(launch), "key": "key"}).n_gpu_layers == layers


def test_no_slot_is_longer_than_the_context_of_its_model(tmp_path: Path) -> None:
    chosen = settings(tmp_path, "[embedded]\ncontext_tokens = 32768\nslots = 2")
    catalogue = catalogue_here(chosen)
    launches = launches_of(chosen, catalogue)
    assert launches["smollm2-135m"].context_tokens == 8192
    assert launches["qwen2.5-coder-0.5b"].context_tokens == 32768
