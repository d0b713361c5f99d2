"""Known diffusion models."""

from fondaco.modelfiles.pieces import KnownFile, KnownModel, Licence, WebFile

_HUB = "https://huggingface.co"


def _on_hub(role: str, file: str, path: str, size_bytes: int, sha256: str) -> KnownFile:
    """Return a file that a repository of the hub has, at `OWNER/REPO/resolve/REVISION/PATH`."""
    return KnownFile(role, file, size_bytes, sha256, (WebFile(f"{_HUB}/{path}", size_bytes),))


SD_TURBO = KnownModel(
    name="sd-turbo",
    addable="SD-Turbo",
    files=(
        _on_hub(
            "model",
            "sd_turbo-f16-q8_0.gguf",
            "Green-Sky/SD-Turbo-GGUF/resolve/main/sd_turbo-f16-q8_0.gguf",
            2_023_745_376,
            "d50be7655f0a554cf8041c145d88b210bd5f3c545423119dee62ae08cae51580",
        ),
        _on_hub(
            "taesd",
            "taesd.safetensors",
            "madebyollin/taesd/resolve/614f76814bbe30edbe2e627ace1c2234c81a2c0e/"
            "diffusion_pytorch_model.safetensors",
            9_793_292,
            "db169d69145ec4ff064e49d99c95fa05d3eb04ee453de35824a6d0f325513549",
        ),
    ),
    licence=Licence(
        name="Stability AI Community License",
        url="https://stability.ai/license",
        says="Not an open source licence: companies with a revenue above a million dollars a year need a commercial one.",
    ),
)

Z_IMAGE_TURBO = KnownModel(
    name="z-image-turbo",
    addable="Z-Image-Turbo",
    files=(
        _on_hub(
            "diffusion_model",
            "z_image_turbo-Q4_K.gguf",
            "leejet/Z-Image-Turbo-GGUF/resolve/c61c0e422dc8b541b7548cf33a4ef8302b0f8085/"
            "z_image_turbo-Q4_K.gguf",
            3_864_250_304,
            "14b375ab4f226bc5378f68f37e899ef3c2242b8541e61e2bc1aff40976086fbd",
        ),
        _on_hub(
            "vae",
            "flux-ae.safetensors",
            "Comfy-Org/z_image_turbo/resolve/08d04455279082882deaabc8d0d09fc914c071e1/"
            "split_files/vae/ae.safetensors",
            335_304_388,
            "afc8e28272cd15db3919bacdb6918ce9c1ed22e96cb12c4d5ed0fba823529e38",
        ),
        _on_hub(
            "llm",
            "Qwen3-4B-Instruct-2507-Q4_K_M.gguf",
            "unsloth/Qwen3-4B-Instruct-2507-GGUF/resolve/a06e946bb6b655725eafa393f4a9745d460374c9/"
            "Qwen3-4B-Instruct-2507-Q4_K_M.gguf",
            2_497_281_120,
            "3605803b982cb64aead44f6c1b2ae36e3acdb41d8e46c8a94c6533bc4c67e597",
        ),
    ),
)
