"""Values of placeholders that the configuration sets, whatever a request says."""

from fondaco.engines.comfyui.workflow import Placeholder
from fondaco.engines.common.images.options import ImageOptions

_USUAL_CFG_SCALE, _USUAL_SAMPLER, _USUAL_SCHEDULER = 7.0, "euler", "normal"
"""Of rows that do not say it: a workflow has no defaults of its own."""


def sampling_of(options: ImageOptions) -> dict[Placeholder, object]:
    """Return the values of a row."""
    cfg_scale = options.cfg_scale
    return {
        Placeholder.STEPS: options.edit_steps,
        Placeholder.CFG_SCALE: _USUAL_CFG_SCALE if cfg_scale is None else cfg_scale,
        Placeholder.LORA_STRENGTH: 1.0,
        Placeholder.TRANSPARENT: False,
        Placeholder.SAMPLER: options.sampler or _USUAL_SAMPLER,
        Placeholder.SCHEDULER: options.scheduler or _USUAL_SCHEDULER,
        Placeholder.STRENGTH: options.edit_strength,
    }
