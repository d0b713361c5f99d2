"""Images: of prompts, changed by an instruction, and enlarged.

Source: POST /image/generate, /image/upscale, /image/edit, /images/generations, /images/edits,
GET /image/styles.
"""

import asyncio
import base64
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from venice_ai._http.request import Request
from venice_ai.resources._resource import APIResource, Client, as_json
from venice_ai.types.api.images import (
    GeneratedImages,
    ImageFile,
    ImageFormat,
    ImageList,
    ImageSize,
    ImageStyles,
    PictureSource,
    SavesItself,
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
            prompt: Description of the image.
            negative_prompt: Description of content to avoid.
            width: In pixels, a multiple of the model's divisor.
            height: In pixels, a multiple of the model's divisor.
            aspect_ratio: Width to height, such as `16:9`, instead of both.
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
            NotFoundError: The server does not have this image model.
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

    async def upscale(
        self,
        *,
        image: PictureSource,
        scale: float | None = None,
        enhance: bool | None = None,
        enhance_creativity: float | None = None,
        enhance_prompt: str | None = None,
        replication: float | None = None,
    ) -> ImageFile:
        """Enlarge a picture, redraw its details, or both.

        Args:
            image: The picture, of at least 65,536 pixels; no address.
            scale: 1 to 4, 2 unless given; lowered where the result would exceed 16,777,216 pixels.
            enhance: Redraw details; must be true at a scale of 1.
            enhance_creativity: How far the result may depart from the picture, 0 to 1.
            enhance_prompt: The style to move towards, such as `gold`.
            replication: How strongly the picture's own lines and noise are kept, 0 to 1.

        Raises:
            InvalidRequestError: A field is out of its bounds, or the picture cannot be read.
            PaymentRequiredError: The account or the key cannot pay for it.
            FileNotFoundError: There is no file at the path; nothing is sent.

        Example:
            larger = await client.image.upscale(image=Path("heron.png"), scale=4)
            larger.save("large-heron.png")
        """
        body = {
            "image": await _sent(image),
            "scale": scale,
            "enhance": enhance,
            "enhanceCreativity": enhance_creativity,
            "enhancePrompt": enhance_prompt,
            "replication": replication,
        }
        return await self._file("/image/upscale", body)

    async def edit(self, *, image: PictureSource, prompt: str) -> ImageFile:
        """Change a picture by an instruction.

        Args:
            image: The picture, of 65,536 to 33,177,600 pixels, or its address.
            prompt: The instruction, such as `remove the background`.

        Raises:
            InvalidRequestError: The picture cannot be read, or the model cannot do that: the message
                lists what it can do.
            PaymentRequiredError: The account or the key cannot pay for it.
            FileNotFoundError: There is no file at the path; nothing is sent.

        Example:
            grey = await client.image.edit(image=Path("heron.png"), prompt="make it black and white")
            grey.save("grey-heron.png")
        """
        return await self._file("/image/edit", {"image": await _sent(image), "prompt": prompt})

    async def _file(self, path: str, body: Mapping[str, object]) -> ImageFile:
        request = Request("POST", path, body=as_json(_given(body)), paid=True)
        response = await self._send(request)
        media_type = response.headers.get("content-type", "")
        made = ImageFile(content=response.content, media_type=media_type)
        return made.with_meta(self._transport.metadata(response))

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
            prompt: Description of the image.
            model: An image model; unknown names select the server's default.
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

    async def edit(
        self,
        *,
        image: PictureSource,
        prompt: str,
        mask: PictureSource | None = None,
        model: str | None = None,
        n: int | None = None,
        size: str | None = None,
        output_format: ImageFormat | None = None,
        output_compression: int | None = None,
        response_format: Literal["b64_json", "url"] | None = None,
        background: Literal["transparent", "opaque", "auto"] | None = None,
        user: str | None = None,
    ) -> ImageList:
        """Change a picture by an instruction.

        Args:
            image: The picture, or its address.
            prompt: The instruction.
            mask: A picture of the same size: only where it is transparent may the other one change.
            model: A model that edits; unknown names select the server's default.
            n: How many, 1 to 4; each is charged.
            size: Width and height, such as `512x512`; default: those of the picture.
            output_format: Of the files; PNG unless given.
            output_compression: Quality of JPEG and WebP, 0 to 100.
            response_format: Base64, or a data URL; `file` of an item reads both.
            background: Transparent where the model can.
            user: Accepted for compatibility with OpenAI's API, and not used.

        Raises:
            InvalidRequestError: As `client.image.edit`.
            PaymentRequiredError: The account or the key cannot pay for it.
            FileNotFoundError: There is no file at the path; nothing is sent.

        Example:
            made = await client.images.edit(image=Path("heron.png"), prompt="mirror it")
            made.save("mirrored-heron.png")
        """
        body = {
            "image": await _sent(image),
            "prompt": prompt,
            "mask": None if mask is None else await _sent(mask),
            "model": model,
            "n": n,
            "size": size,
            "output_format": output_format,
            "output_compression": output_compression,
            "response_format": response_format,
            "background": background,
            "user": user,
        }
        return await self._post("/images/edits", ImageList, _given(body), paid=True)


def _given(body: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}


async def _sent(picture: PictureSource) -> str:
    """Return the value to send: text unchanged, files as base64."""
    if isinstance(picture, str):
        return picture
    return await asyncio.to_thread(_base64, picture)


def _base64(picture: bytes | os.PathLike[str] | SavesItself) -> str:
    match picture:
        case bytes():
            file = picture
        case os.PathLike():
            file = Path(picture).read_bytes()
        case _:
            out = io.BytesIO()
            picture.save(out, "PNG")
            file = out.getvalue()
    return base64.b64encode(file).decode()
