"""stable-diffusion.cpp by the package `stable-diffusion-cpp-python`; it has no way to cancel."""

from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

import stable_diffusion_cpp as library
from PIL import Image

from fondaco.domain.media.picture import Pixels
from fondaco.domain.models.weights import WeightRole
from fondaco.engines.diffusion.binding import DiffusionRequest
from fondaco.workers.child import Advance

_ARGUMENTS = {
    WeightRole.MODEL: "model_path",
    WeightRole.DIFFUSION_MODEL: "diffusion_model_path",
    WeightRole.VAE: "vae_path",
    WeightRole.TAESD: "taesd_path",
    WeightRole.CLIP_L: "clip_l_path",
    WeightRole.CLIP_G: "clip_g_path",
    WeightRole.T5XXL: "t5xxl_path",
    WeightRole.LLM: "llm_path",
    WeightRole.LLM_VISION: "llm_vision_path",
}

_ERROR_LEVEL = 3
_SILENT = library.sd_log_callback(lambda _level, _text, _data: None)


class SdcppArtist:
    """A model that the package has loaded."""

    cancellable = False

    def __init__(self, model: library.StableDiffusion, lora: str) -> None:
        self._model = model
        self._lora = lora

    def draw(self, drawing: DiffusionRequest, advance: Advance, cancelled: Event) -> Pixels:
        """Return the picture."""
        prompt = drawing.prompt
        if self._lora and drawing.lora_multiplier is not None:
            # The library selects a LoRA by this tag only; callers' prompts cannot contain one.
            prompt += f"<lora:{self._lora}:{drawing.lora_multiplier:.4f}>"
        pictures = self._model.generate_image(
            prompt=prompt,
            negative_prompt=drawing.negative_prompt,
            width=drawing.width,
            height=drawing.height,
            seed=drawing.seed,
            sample_steps=drawing.steps,
            progress_callback=lambda step, steps, _seconds: advance(step, steps),
            **_chosen(drawing),
        )
        picture = pictures[0].convert("RGB")
        return Pixels(picture.width, picture.height, picture.tobytes())

    def cancel(self) -> None:
        """Do nothing: it cannot."""


class _Errors:
    """Notes the library's messages while it loads a model: the package reports a failed one as loaded."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._callback = library.sd_log_callback(self._note)
        library.sd_set_log_callback(self._callback, None)

    def _note(self, level: int, text: bytes, _data: object) -> None:
        if level == _ERROR_LEVEL:
            self._said.append(text.decode(errors="replace"))

    def expect_model(self, model: library.StableDiffusion) -> None:
        """Note no more, as what follows would quote prompts.

        Raises:
            RuntimeError: the model is not loaded.
        """
        library.sd_set_log_callback(_SILENT, None)
        if not model.model:
            raise RuntimeError(" ".join("".join(self._said).split()) or "no reason given")


def open_model(files: Mapping[WeightRole, str], threads: int) -> SdcppArtist:
    """Load a model."""
    paths = {_ARGUMENTS[role]: file for role, file in files.items() if role in _ARGUMENTS}
    lora = Path(files.get(WeightRole.LORA, ""))
    errors = _Errors()
    model = library.StableDiffusion(
        **paths,
        lora_model_dir=str(lora.parent),
        lora_apply_mode="at_runtime",  # others merge and remove it, with rounding errors
        n_threads=threads,
        verbose=False,
    )
    errors.expect_model(model)
    return SdcppArtist(model, lora.name)


def _chosen(drawing: DiffusionRequest) -> dict[str, Any]:
    """Return the arguments that only some drawings have."""
    chosen: dict[str, Any] = {}
    if drawing.cfg_scale is not None:
        chosen["cfg_scale"] = drawing.cfg_scale
    if (canvas := drawing.canvas) is None:
        return chosen
    size = canvas.width, canvas.height
    picture = Image.frombytes("RGB", size, canvas.rgb)
    if drawing.as_reference:
        return chosen | {"ref_images": [picture]}
    chosen |= {"init_image": picture, "strength": drawing.strength}
    if canvas.mask is not None:
        chosen["mask_image"] = Image.frombytes("L", size, canvas.mask)
    return chosen
