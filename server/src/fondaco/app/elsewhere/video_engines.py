"""Opens the engines elsewhere that make videos and nothing else."""

from dataclasses import dataclass
from functools import partial

from fondaco.clients.client import HttpClient
from fondaco.engines.videoqueue.engine import VideoQueue
from fondaco.engines.videoqueue.listing import names_listed
from fondaco.engines.videoqueue.order import QueuedModel
from fondaco.sections import EngineVideos, VideoLimits
from fondaco.serving.routing.reachability import Look
from fondaco.settings import CatalogueModel, Engine, Settings


@dataclass(frozen=True, slots=True)
class VideoUpstream:
    """An engine of videos that is reached over HTTP."""

    client: HttpClient
    engine: VideoQueue
    look: Look
    """Probe that shows whether it answers, and the names that it lists."""


def opened_video_engine(
    name: str, row: Engine, client: HttpClient, settings: Settings
) -> VideoUpstream:
    """Open an engine of videos at its address."""
    videos = row.videos or EngineVideos()
    omitted = frozenset(videos.omit)
    models = {
        model_id: _queued(row.models.get(model_id, model_id), model, omitted)
        for model_id, model in settings.models.items()
        if name in model.engines
    }
    engine = VideoQueue(
        name, client, models, poll_s=videos.poll_s, total_timeout_s=row.total_timeout_s
    )
    return VideoUpstream(client, engine, partial(names_listed, client))


def _queued(upstream_name: str, model: CatalogueModel, omitted: frozenset[str]) -> QueuedModel:
    limits = model.video or VideoLimits()
    return QueuedModel(upstream_name, limits.aspect_ratios, limits.audio_configurable, omitted)
