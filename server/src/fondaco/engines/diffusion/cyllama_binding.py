"""stable-diffusion.cpp by the package `cyllama`, which needs Python 3.12 or newer."""

from collections.abc import Mapping
from threading import Event
from typing import Any

import numpy as np
from cyllama import sd

from fondaco.domain.media.picture import Pixels
from fondaco.domain.models.weights import WeightRole
from fondaco.engines.diffusion.binding import DiffusionRequest
from fondaco.workers.child import Advance

_FIELDS = {
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
_ERROR_LEVEL = int(sd.LogLevel.ERROR)


class CyllamaArtist:
    """A model that cyllama has loaded."""

    cancellable = True

    def __init__(self, context: Any, lora: str | None) -> None:
        self._context = context
        self._lora = lora

    def draw(self, drawing: DiffusionRequest, advance: Advance, cancelled: Event) -> Pixels:
        """Return the picture."""
        parameters = _parameters(drawing, self._lora)

        def told(step: int, steps: int, _seconds: float) -> None:
            advance(step, steps)
            if cancelled.is_set():
                self._context.cancel(sd.CancelMode.ALL)

        sd.set_progress_callback(told)
        self._context.cancel(sd.CancelMode.RESET)
        if cancelled.is_set():
            raise RuntimeError("cancelled")
        picture = self._context.generate_with_params(parameters)[0]
        rows = np.ascontiguousarray(picture.to_numpy()[..., :3])
        return Pixels(rows.shape[1], rows.shape[0], rows.tobytes())

    def cancel(self) -> None:
        """Have the drawing in hand stop early."""
        self._context.cancel(sd.CancelMode.ALL)


def open_model(files: Mapping[WeightRole, str], threads: int) -> CyllamaArtist:
    """Load a model."""
    said: list[str] = []
    sd.set_log_callback(lambda level, text: said.append(text) if level >= _ERROR_LEVEL else None)
    parameters = sd.SDContextParams()
    for role, file in files.items():
        if role in _FIELDS:
            setattr(parameters, _FIELDS[role], file)
    parameters.n_threads = threads
    parameters.eager_load = True
    # Other modes merge the LoRA into the weights and remove it again, with rounding errors.
    parameters.lora_apply_mode = sd.LoraApplyMode.AT_RUNTIME
    try:
        context = sd.SDContext(parameters)
    except RuntimeError as error:
        raise RuntimeError(" ".join("".join(said).split()) or str(error)) from error
    sd.set_log_callback(lambda _level, _text: None)  # later log lines would quote prompts
    return CyllamaArtist(context, files.get(WeightRole.LORA))


def _parameters(drawing: DiffusionRequest, lora: str | None) -> Any:
    parameters = sd.SDImageGenParams()
    parameters.prompt = drawing.prompt
    parameters.negative_prompt = drawing.negative_prompt
    parameters.width, parameters.height = drawing.width, drawing.height
    parameters.seed = drawing.seed
    sampling = parameters.sample_params
    sampling.sample_steps = drawing.steps
    if drawing.cfg_scale is not None:
        sampling.cfg_scale = drawing.cfg_scale
    if lora and drawing.lora_multiplier is not None:
        parameters.set_loras([{"path": lora, "multiplier": drawing.lora_multiplier}])
    if (canvas := drawing.canvas) is None:
        return parameters
    shape = canvas.height, canvas.width
    picture = sd.SDImage.from_numpy(np.frombuffer(canvas.rgb, np.uint8).reshape(*shape, 3).copy())
    if drawing.as_reference:
        parameters.set_ref_images([picture])
        return parameters
    parameters.set_init_image(picture)
    parameters.strength = drawing.strength
    mask = canvas.mask or b"\xff" * (canvas.width * canvas.height)
    parameters.set_mask_image(
        sd.SDImage.from_numpy(np.frombuffer(mask, np.uint8).reshape(*shape, 1).copy())
    )
    return parameters
