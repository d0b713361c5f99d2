"""Videos: quoted, queued, retrieved and deleted, or all of it in one call.

Source: POST /video/quote, /video/queue, /video/retrieve, /video/complete; GET /video/jobs.
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from venice_ai._http.request import Request
from venice_ai.exceptions import APITimeoutError
from venice_ai.resources._resource import APIResource, Client, as_json
from venice_ai.types.api.video import (
    QueuedVideo,
    VideoCompletion,
    VideoFile,
    VideoInput,
    VideoJobList,
    VideoQuote,
    VideoResolution,
    VideoStatus,
)

__all__ = ["Video"]

_JSON = "application/json"
_SOONEST_S, _LATEST_S = 0.5, 10.0


class Video(APIResource[Client]):
    """Videos, made by a queue."""

    async def quote(
        self,
        *,
        model: str,
        prompt: str,
        duration: str,
        negative_prompt: str | None = None,
        aspect_ratio: str | None = None,
        resolution: VideoResolution | None = None,
        audio: bool | None = None,
        image_url: VideoInput | None = None,
        audio_url: VideoInput | None = None,
        video_url: VideoInput | None = None,
    ) -> VideoQuote:
        """Return the exact price of a video.

        Args:
            model: As in `queue`.
            prompt: As in `queue`.
            duration: As in `queue`.
            negative_prompt: As in `queue`.
            aspect_ratio: As in `queue`.
            resolution: As in `queue`.
            audio: As in `queue`.
            image_url: As in `queue`.
            audio_url: As in `queue`.
            video_url: As in `queue`.

        Raises:
            InvalidRequestError: The model cannot make it.
            NotFoundError: The server does not have this video model.

        Example:
            quoted = await client.video.quote(model="default", prompt="A heron", duration="5s")
            print(quoted.quote)
        """
        body = {
            "model": model,
            "prompt": prompt,
            "duration": duration,
            "negative_prompt": negative_prompt,
            "aspect_ratio": aspect_ratio,
            "resolution": resolution,
            "audio": audio,
            "image_url": await _sent(image_url),
            "audio_url": await _sent(audio_url),
            "video_url": await _sent(video_url),
        }
        return await self._post("/video/quote", VideoQuote, _given(body))

    async def queue(
        self,
        *,
        model: str,
        prompt: str,
        duration: str,
        negative_prompt: str | None = None,
        aspect_ratio: str | None = None,
        resolution: VideoResolution | None = None,
        audio: bool | None = None,
        image_url: VideoInput | None = None,
        audio_url: VideoInput | None = None,
        video_url: VideoInput | None = None,
    ) -> QueuedVideo:
        """Queue a video. Its price is held from now on, and charged once it is complete.

        Args:
            model: A video model by any name that the server resolves.
            prompt: Description of the video, at most 2,500 characters.
            duration: Such as `5s` or `10s`.
            negative_prompt: Description of content to avoid.
            aspect_ratio: Width to height, such as `16:9`.
            resolution: Its shorter side; 720p unless given.
            audio: Whether it has sound, for models with this option.
            image_url: The first frame, for models that accept an image.
            audio_url: Its music, for models that take some: WAV or MP3 of at most 30 seconds.
            video_url: The source video, for models that accept one.

        Raises:
            InvalidRequestError: The model cannot make it, or a file cannot be used.
            NotFoundError: The server does not have this video model.
            PaymentRequiredError: The account or the key cannot pay for it.
            FileNotFoundError: There is no file at a path; nothing is sent.

        Example:
            queued = await client.video.queue(model="default", prompt="A heron", duration="5s")
        """
        body = {
            "model": model,
            "prompt": prompt,
            "duration": duration,
            "negative_prompt": negative_prompt,
            "aspect_ratio": aspect_ratio,
            "resolution": resolution,
            "audio": audio,
            "image_url": await _sent(image_url),
            "audio_url": await _sent(audio_url),
            "video_url": await _sent(video_url),
        }
        return await self._post("/video/queue", QueuedVideo, _given(body), paid=True)

    async def retrieve(
        self, *, model: str, queue_id: str, delete_media_on_completion: bool = False
    ) -> VideoStatus | VideoFile:
        """Return a video, or its progress.

        Args:
            model: The model that makes it.
            queue_id: As `queue` returned it.
            delete_media_on_completion: Whether the server deletes the video once all of it was sent.

        Raises:
            NotFoundError: The account does not have this video, or it was deleted.
            APIError: It failed; nothing was charged.

        Example:
            found = await client.video.retrieve(model=queued.model, queue_id=queued.queue_id)
            if isinstance(found, VideoFile):
                found.save("heron.mp4")
        """
        body = {
            "model": model,
            "queue_id": queue_id,
            "delete_media_on_completion": delete_media_on_completion,
        }
        response = await self._send(Request("POST", "/video/retrieve", body=as_json(body)))
        meta = self._transport.metadata(response)
        media_type = response.headers.get("content-type", "").partition(";")[0]
        if media_type != _JSON:
            return VideoFile(content=response.content, media_type=media_type).with_meta(meta)
        status = VideoStatus.model_validate_json(response.content)
        progress = response.headers.get("x-fondaco-progress")
        status.progress = None if progress is None else float(progress)
        queued = response.headers.get("x-fondaco-queued")
        status.waits = None if queued is None else queued == "true"
        return status.with_meta(meta)

    async def jobs(self, *, limit: int = 100) -> VideoJobList:
        """List the account's videos, the newest first, until they are deleted.

        Args:
            limit: How many at most, up to 500.
        """
        return await self._get("/video/jobs", VideoJobList, query={"limit": limit})

    async def complete(self, *, model: str, queue_id: str) -> VideoCompletion:
        """Delete a video from the server, once it has been retrieved.

        Args:
            model: The model that made it.
            queue_id: As `queue` returned it.

        Raises:
            NotFoundError: The account does not have this video, or it was deleted.

        Example:
            await client.video.complete(model=queued.model, queue_id=queued.queue_id)
        """
        body = {"model": model, "queue_id": queue_id}
        return await self._post("/video/complete", VideoCompletion, body)

    async def run(
        self,
        *,
        model: str,
        prompt: str,
        duration: str,
        negative_prompt: str | None = None,
        aspect_ratio: str | None = None,
        resolution: VideoResolution | None = None,
        audio: bool | None = None,
        image_url: VideoInput | None = None,
        audio_url: VideoInput | None = None,
        video_url: VideoInput | None = None,
        save_to: str | os.PathLike[str] | None = None,
        on_progress: Callable[[VideoStatus], object] | None = None,
        timeout_s: float = 1_800.0,
        delete: bool = True,
    ) -> VideoFile:
        """Queue a video, wait until it is complete, and return it.

        Args:
            model: As in `queue`.
            prompt: As in `queue`.
            duration: As in `queue`.
            negative_prompt: As in `queue`.
            aspect_ratio: As in `queue`.
            resolution: As in `queue`.
            audio: As in `queue`.
            image_url: As in `queue`.
            audio_url: As in `queue`.
            video_url: As in `queue`.
            save_to: Where to write the file.
            on_progress: Called after each look at a video that is not complete.
            timeout_s: How long to wait. The video is made all the same, and its `queue_id` is in the
                error's message.
            delete: Whether the server deletes the video once it is here, and saved.

        Raises:
            APITimeoutError: It is not complete yet.
            APIError: As `queue` and `retrieve`.

        Example:
            await client.video.run(
                model="default", prompt="Pan over a lagoon", duration="5s", save_to="lagoon.mp4"
            )
        """
        queued = await self.queue(
            model=model,
            prompt=prompt,
            duration=duration,
            negative_prompt=negative_prompt,
            aspect_ratio=aspect_ratio,
            resolution=resolution,
            audio=audio,
            image_url=image_url,
            audio_url=audio_url,
            video_url=video_url,
        )
        video = await self._waited(queued, on_progress, timeout_s)
        if save_to is not None:
            await asyncio.to_thread(video.save, Path(save_to))
        if delete:  # only now: a file that could not be saved can be retrieved again
            await self.complete(model=queued.model, queue_id=queued.queue_id)
        return video

    async def _waited(
        self,
        queued: QueuedVideo,
        on_progress: Callable[[VideoStatus], object] | None,
        timeout_s: float,
    ) -> VideoFile:
        deadline = time.monotonic() + timeout_s
        pause_s = _SOONEST_S
        while True:
            found = await self.retrieve(model=queued.model, queue_id=queued.queue_id)
            if isinstance(found, VideoFile):
                return found
            if on_progress is not None:
                on_progress(found)
            if time.monotonic() >= deadline:
                raise APITimeoutError(
                    f"The video is not complete after {timeout_s:g} s. It is made all the same: retrieve "
                    f"it later, by queue_id={queued.queue_id!r}."
                )
            await asyncio.sleep(min(pause_s, max(0.0, deadline - time.monotonic())))
            pause_s = min(_LATEST_S, max(_SOONEST_S, found.execution_duration / 10_000))


def _given(body: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}


async def _sent(file: VideoInput | None) -> str | None:
    """Return the value to send: text unchanged, files as a data URL."""
    if file is None or isinstance(file, str):
        return file
    return await asyncio.to_thread(_data_url, file)


def _data_url(file: bytes | os.PathLike[str]) -> str:
    content = file if isinstance(file, bytes) else Path(file).read_bytes()
    # The server detects the type from the bytes.
    return f"data:application/octet-stream;base64,{base64.b64encode(content).decode()}"
