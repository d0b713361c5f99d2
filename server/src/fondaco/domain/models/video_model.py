"""Video models: their limits, and the task that a request within these limits becomes."""

from dataclasses import dataclass
from enum import StrEnum

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.video import (
    LONGEST_PROMPT,
    VideoRequest,
    VideoTask,
    nearest_ratio,
    video_size,
)
from fondaco.domain.models.model import AnyModel, ModelType
from fondaco.domain.money.price import VideoPrice


class VideoKind(StrEnum):
    """Input that a video model starts from. Source: GET /models, `constraints.model_type`."""

    IMAGE_TO_VIDEO = "image-to-video"
    TEXT_TO_VIDEO = "text-to-video"
    VIDEO = "video"
    """Another video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoModel(AnyModel):
    """A model that generates videos. Source: GET /models, `model_spec.constraints` of videos."""

    price: VideoPrice
    type: ModelType = ModelType.VIDEO
    kind: VideoKind = VideoKind.IMAGE_TO_VIDEO
    prompt_limit: int = LONGEST_PROMPT
    """The most characters of a prompt, and of a negative prompt."""
    durations: tuple[int, ...] = (5, 10)
    """In seconds."""
    aspect_ratios: tuple[str, ...] = ("16:9", "9:16", "1:1")
    """The first is that of requests without one and without a picture."""
    resolutions: tuple[str, ...] = ("1080p", "720p", "480p")
    audio: bool = False
    """Whether its videos have sound."""
    audio_configurable: bool = False
    """Whether a request may leave the sound out."""
    needs_picture: bool = True
    """Whether a request must have a picture; a model of another kind takes none."""
    takes_soundtrack: bool = False
    """Whether a request may have a soundtrack."""

    def expect_within(self, request: VideoRequest) -> None:
        """Check a request against the model's limits.

        Raises:
            InvalidRequestError: it exceeds one; all that it exceeds are named.
        """
        faults: dict[str, tuple[str, ...]] = {}
        for field, text in (
            ("prompt", request.prompt),
            ("negative_prompt", request.negative_prompt),
        ):
            if (length := len(text)) > self.prompt_limit:
                reason = f"{self.id!r} accepts at most {self.prompt_limit:,} characters"
                faults[field] = (f"{reason} (got {length:,}).",)
        if request.seconds not in self.durations:
            faults["duration"] = (self._one_of(f"{request.seconds}s", self.shown_durations),)
        if request.resolution not in self.resolutions:
            faults["resolution"] = (self._one_of(request.resolution, self.resolutions),)
        if request.aspect_ratio is not None and request.aspect_ratio not in self.aspect_ratios:
            faults["aspect_ratio"] = (self._one_of(request.aspect_ratio, self.aspect_ratios),)
        if request.audio is not None and request.audio is not self.sound_of(request):
            which = "always have" if self.audio else "never have"
            faults["audio"] = (f"The videos of {self.id!r} {which} sound.",)
        faults |= self._media_faults(request)
        if faults:
            raise InvalidRequestError(faults=faults)

    def sound_of(self, request: VideoRequest) -> bool:
        """Return whether the video of a request has sound."""
        if request.audio is None or not self.audio_configurable:
            return self.audio
        return self.audio and request.audio

    @property
    def shown_durations(self) -> tuple[str, ...]:
        """The durations as requests name them."""
        return tuple(f"{seconds}s" for seconds in self.durations)

    def task(
        self,
        request: VideoRequest,
        picture: Pixels | None,
        soundtrack: bytes | None,
        seed: int,
        reference: bytes | None = None,
    ) -> VideoTask:
        """Return the task of a request that is within the limits.

        Args:
            request: what the caller asks for.
            picture: its picture, where it has one.
            soundtrack: the file of its soundtrack, where it has one.
            seed: of the video.
            reference: the file of the source video, if any.
        """
        ratio = request.aspect_ratio or self.aspect_ratios[0]
        if request.aspect_ratio is None and picture is not None:
            ratio = nearest_ratio(picture.width, picture.height, self.aspect_ratios)
        width, height = video_size(ratio, request.resolution)
        return VideoTask(
            model=self.id,
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            seconds=request.seconds,
            width=width,
            height=height,
            audio=self.sound_of(request),
            picture=picture,
            soundtrack=soundtrack,
            reference=reference,
            seed=seed,
        )

    def _media_faults(self, request: VideoRequest) -> dict[str, tuple[str, ...]]:
        faults: dict[str, tuple[str, ...]] = {}
        takes_picture = self.kind is VideoKind.IMAGE_TO_VIDEO
        if request.picture is None and takes_picture and self.needs_picture:
            faults["image_url"] = (f"{self.id!r} needs an image. Send a URL or a data URL.",)
        if request.picture is not None and not takes_picture:
            faults["image_url"] = (f"{self.id!r} accepts no image. Leave it out.",)
        if request.soundtrack is not None and not self.takes_soundtrack:
            faults["audio_url"] = (f"{self.id!r} accepts no soundtrack. Leave it out.",)
        elif request.soundtrack is not None and not self.sound_of(request):
            faults["audio_url"] = (
                "A video without sound cannot have a soundtrack. Leave one of the two out.",
            )
        goes_by_video = self.kind is VideoKind.VIDEO
        if request.reference is not None and not goes_by_video:
            faults["video_url"] = (f"{self.id!r} accepts no video. Leave it out.",)
        if request.reference is None and goes_by_video:
            faults["video_url"] = (f"{self.id!r} needs a video. Send a URL or a data URL.",)
        return faults

    def _one_of(self, got: str, allowed: tuple[str, ...]) -> str:
        return f"{self.id!r} takes {', '.join(allowed)} (got {got})."
