"""The image engines: the painter, the editor, the upscaler, and the operator's diffusion models."""

from fondaco.app.local.models import run_by, spare_cores
from fondaco.configuration import (
    DIFFUSION,
    EDITOR,
    PAINTER,
    UPSCALER,
    weights_of,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.engines.diffusion.engine import Diffusion
from fondaco.engines.diffusion.launch import DiffusionLaunch, usual_memory_bytes
from fondaco.engines.editor.engine import Editor
from fondaco.engines.painter.engine import Painter
from fondaco.engines.upscaler.engine import Upscaler
from fondaco.engines.upscaler.launch import UpscalerLaunch
from fondaco.modelfiles import KNOWN
from fondaco.settings import Settings

_USUAL_DIVISOR = 64
"""Of sizes that any diffusion model draws."""


def painter_of(settings: Settings, catalogue: Catalogue) -> Painter:
    """Return the painter of a configuration."""
    return Painter(
        run_by(PAINTER, catalogue),
        name=PAINTER,
        styles=settings.models_folder / KNOWN["fondaco-upscaler"].file_for("styles").file,
        queue=settings.painter.queue,
        timeout_s=settings.painter.timeout_s,
        idle_s=settings.painter.idle_s,
    )


def editor_of(settings: Settings, catalogue: Catalogue) -> Editor:
    """Return the editor of a configuration."""
    return Editor(
        run_by(EDITOR, catalogue),
        name=EDITOR,
        models_folder=settings.models_folder,
        queue=settings.editor.queue,
        timeout_s=settings.editor.timeout_s,
        idle_s=settings.editor.idle_s,
    )


def upscaler_of(settings: Settings, catalogue: Catalogue) -> Upscaler:
    """Return the upscaler of a configuration."""
    return Upscaler(
        run_by(UPSCALER, catalogue),
        upscaler_launch(settings),
        name=UPSCALER,
        queue=settings.upscaler.queue,
        idle_s=settings.upscaler.idle_s,
    )


def diffusion_of(settings: Settings, catalogue: Catalogue) -> Diffusion:
    """Return the engine of one's own weights of a configuration."""
    return Diffusion(
        diffusion_launches(settings, catalogue),
        name=DIFFUSION,
        queue=settings.diffusion.queue,
        idle_s=settings.diffusion.idle_s,
        memory_bytes=settings.diffusion.memory_bytes or usual_memory_bytes(),
    )


def upscaler_launch(settings: Settings) -> UpscalerLaunch:
    """Return how the upscaler's child starts."""
    known, chosen = KNOWN["fondaco-upscaler"], settings.upscaler
    layers, weights, styles = (
        settings.models_folder / known.file_for(role).file for role in ("layers", "model", "styles")
    )
    return UpscalerLaunch(
        layers=layers,
        weights=weights,
        styles=styles,
        threads=chosen.threads or spare_cores(),
        timeout_s=chosen.timeout_s,
    )


def diffusion_launches(settings: Settings, catalogue: Catalogue) -> dict[str, DiffusionLaunch]:
    """Return how the engine `diffusion` starts each of its models."""
    chosen = settings.diffusion
    launches: dict[str, DiffusionLaunch] = {}
    for model in catalogue.models():
        if DIFFUSION not in model.engines:
            continue
        entry = settings.models[model.id]
        if not (weights := weights_of(entry)):
            continue
        launches[model.id] = DiffusionLaunch(
            files={role: settings.models_folder / one.file for role, one in weights},
            threads=chosen.threads or spare_cores(),
            source=None if weights[0][1].url else f"PATH_OR_URL/{weights[0][1].file}",
            divisor=entry.image.divisor if entry.image else _USUAL_DIVISOR,
            steps=entry.diffusion.steps,
            cfg_scale=entry.diffusion.cfg_scale,
            lora_strength=entry.diffusion.lora_strength,
            strength=entry.diffusion.strength,
            by_reference=entry.diffusion.by_reference,
            start_timeout_s=chosen.start_timeout_s,
            stall_timeout_s=chosen.step_timeout_s,
        )
    return launches
