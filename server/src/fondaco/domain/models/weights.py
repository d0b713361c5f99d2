"""Roles of the files that a model consists of."""

from enum import StrEnum


class WeightRole(StrEnum):
    """Role of a model's file in its engine; the value is its name in the configuration."""

    MODEL = "model"
    """A checkpoint: the diffusion model with its autoencoder, and mostly with its text encoders."""
    DIFFUSION_MODEL = "diffusion_model"
    """The diffusion model alone."""
    VAE = "vae"
    """The autoencoder between pixels and latents."""
    TAESD = "taesd"
    """A tiny autoencoder: far quicker, a little coarser."""
    CLIP_L = "clip_l"
    CLIP_G = "clip_g"
    T5XXL = "t5xxl"
    LLM = "llm"
    """A language model as the text encoder."""
    LLM_VISION = "llm_vision"
    """Its projector for pictures."""
    LORA = "lora"
    """Small weights that change the diffusion model, more or less strongly."""


TEXT_ENCODERS = frozenset({WeightRole.CLIP_L, WeightRole.CLIP_G, WeightRole.T5XXL, WeightRole.LLM})
