"""Known models: their files, and the packages or addresses that carry them.

Each file is pinned by its hash, so it does not matter who uploaded the packages.
"""

from fondaco.modelfiles.known.diffusion import SD_TURBO, Z_IMAGE_TURBO
from fondaco.modelfiles.known.pictures import CAMERA, EDITOR, OPENNSFW, UPSCALER
from fondaco.modelfiles.known.sound import (
    KOKORO,
    KOKORO_VOICES,
    WHISPER_BASE,
    WHISPER_TINY_EN,
)
from fondaco.modelfiles.known.texts import E5, MINILM, QWEN, SMOLLM2
from fondaco.modelfiles.pieces import KnownModel

__all__ = ["KNOWN", "KOKORO_VOICES", "source_of"]

KNOWN: dict[str, KnownModel] = {
    model.name: model
    for model in (
        *(SMOLLM2, QWEN, MINILM, E5, UPSCALER, EDITOR, CAMERA, OPENNSFW, KOKORO),
        *(WHISPER_BASE, WHISPER_TINY_EN),
        *(SD_TURBO, Z_IMAGE_TURBO),
    )
}
"""Name -> model."""


def source_of(model: str, file: str) -> str:
    """Return the argument of `fondaco models pull` for a model's files; a pattern where it is unknown."""
    known = KNOWN.get(model)
    return model if known is not None and known.file == file else f"PATH_OR_URL/{file}"
