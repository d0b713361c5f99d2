"""POST /image/generate, GET /image/styles and POST /images/generations: images of prompts."""

from collections.abc import Mapping
from typing import Literal

from venice_ai.resources._resource import APIResource, Client
from venice_ai.types.api.images import (
    GeneratedImages,
    ImageFormat,
    ImageList,
    ImageSize,
    ImageStyles,
)

__all__ = ["Image", "Images"]


class Image(APIResource[Client]):
    """Images, with all that the API has for them."""

    async def generate(
        self,
        *,
        model: str,
        prompt: str,
        negative_prompt: str | None = None,
        width: int | None = None,
        height: int | None = None,
        aspect_ratio: str | None = None,
        resolution: Literal["1K", "2K", "4K"] | None = None,
        steps: int | None = None,
        cfg_scale: float | None = None,
        seed: int | None = None,
        style_preset: str | None = None,
        lora_strength: int | None = None,
        variants: int | None = None,
        format: ImageFormat | None = None,
        embed_exif_metadata: bool | None = None,
        hide_watermark: bool | None = None,
        safe_mode: bool | None = None,
    ) -> GeneratedImages:
        """Generate an image, or up to four variants of one.

        Args:
            model: An image model by any name that the server resolves.
            prompt: What the image shows.
            negative_prompt: What it must not show.
            width: In pixels, a multiple of the model's divisor.
            height: Likewise.
            aspect_ratio: Width to height, such as `16:9`, in place of both.
            resolution: With an aspect ratio: as many pixels as a square of 1024, 2048 or 4096.
            steps: Inference steps, within the model's limit.
            cfg_scale: How closely the prompt is followed: above 0, up to 20.
            seed: The same seed gives the same image.
            style_preset: One of `styles()`.
            lora_strength: 0 to 100, for models that load LoRAs.
            variants: 1 to 4; each is charged.
            format: Of the files; WebP unless given.
            embed_exif_metadata: Write prompt and parameters into the files.
            hide_watermark: Leave a watermark out, where the server has one.
            safe_mode: Blur adult images, where the server can tell them.

        Raises:
            InvalidRequestError: A field is out of its bounds, or the style is unknown.
            NotFoundError: The server has no such image model.
            PaymentRequiredError: The account or the key cannot pay for all variants.

        Example:
            made = await client.image.generate(model="default", prompt="A heron", format="png")
            made.save("heron.png")
        """
        body = {
            "model": model,
            "prompt": prompt,
            "negative_prompt": negative_prompt,
            "width": width,
            "height": height,
            "aspect_ratio": aspect_ratio,
            "resolution": resolution,
            "steps": steps,
            "cfg_scale": cfg_scale,
            "seed": seed,
            "style_preset": style_preset,
            "lora_strength": lora_strength,
            "variants": variants,
            "format": format,
            "embed_exif_metadata": embed_exif_metadata,
            "hide_watermark": hide_watermark,
            "safe_mode": safe_mode,
        }
        return await self._post("/image/generate", GeneratedImages, _given(body), paid=True)

    async def styles(self) -> ImageStyles:
        """List the values of `style_preset`."""
        return await self._get("/image/styles", ImageStyles)


class Images(APIResource[Client]):
    """Images in the words of OpenAI's API."""

    async def generate(
        self,
        *,
        prompt: str,
        model: str | None = None,
        size: ImageSize | None = None,
        output_format: ImageFormat | None = None,
        output_compression: int | None = None,
        response_format: Literal["b64_json", "url"] | None = None,
        background: Literal["transparent", "opaque", "auto"] | None = None,
        moderation: Literal["low", "auto"] | None = None,
        user: str | None = None,
    ) -> ImageList:
        """Generate an image.

        Args:
            prompt: What the image shows.
            model: An image model; any name that the server does not know stands for its default one.
            size: Width and height.
            output_format: Of the file; PNG unless given.
            output_compression: Quality of JPEG and WebP, 0 to 100.
            response_format: Base64, or a data URL; `file` of an item reads both.
            background: Transparent where the model can.
            moderation: `low` turns safe mode off.
            user: Accepted for compatibility with OpenAI's API, and not used.

        Raises:
            InvalidRequestError: A field is out of its bounds.
            PaymentRequiredError: The account or the key cannot pay for it.

        Example:
            made = await client.images.generate(prompt="A heron", size="1024x1024")
            made.save("heron.png")
        """
        body = {
            "prompt": prompt,
            "model": model,
            "size": size,
            "output_format": output_format,
            "output_compression": output_compression,
            "response_format": response_format,
            "background": background,
            "moderation": moderation,
            "user": user,
        }
        return await self._post("/images/generations", ImageList, _given(body), paid=True)


def _given(body: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}
