"""The engines on this machine, opened together, which all configurations of a process share."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from fondaco.app.local.camera import camera_of
from fondaco.app.local.embeddings import EMBEDDING_LAUNCHES
from fondaco.app.local.models import run_by
from fondaco.app.local.pictures import (
    diffusion_launches,
    diffusion_of,
    editor_of,
    painter_of,
    upscaler_of,
)
from fondaco.app.local.sound import speakers_of, whisper_launches, whisper_of
from fondaco.app.local.texts import embedded_of, launches_of
from fondaco.configuration import (
    CAMERA,
    DIFFUSION,
    EDITOR,
    PAINTER,
    UPSCALER,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.engines.camera.engine import Camera
from fondaco.engines.common.speech.speaker import Speaker
from fondaco.engines.diffusion.engine import Diffusion
from fondaco.engines.editor.engine import Editor
from fondaco.engines.llamacpp.embedded import Embedded
from fondaco.engines.painter.engine import Painter
from fondaco.engines.upscaler.engine import Upscaler
from fondaco.engines.whisper.engine import Whisper
from fondaco.ports import ImageEditor, ImageUpscaler, LocalEngine, Templates
from fondaco.settings import Settings
from fondaco.workers.embedder import EmbeddingWorkers


@dataclass(frozen=True, slots=True)
class LocalEngines:
    """The engines that are built in: of chat, of embeddings, of images, and of transcription."""

    embedded: Embedded
    embeddings: Mapping[str, EmbeddingWorkers]
    """Those that embed texts, by their names."""
    painter: Painter
    editor: Editor
    upscaler: Upscaler
    diffusion: Diffusion
    whisper: Whisper
    image_editors: Mapping[str, ImageEditor] = field(default_factory=dict)
    """Those that edit pictures, by their names."""
    image_upscalers: Mapping[str, ImageUpscaler] = field(default_factory=dict)
    """Those that upscale pictures, by their names."""
    speakers: Mapping[str, Speaker] = field(default_factory=dict)
    """Those that speak, by their names."""
    cameras: Mapping[str, Camera] = field(default_factory=dict)
    """Those that make videos, by their names."""

    @property
    def by_name(self) -> Mapping[str, Sequence[LocalEngine]]:
        """All of them by their names in the configuration; several may share one."""
        engines: list[LocalEngine] = [
            self.embedded,
            *self.embeddings.values(),
            self.painter,
            self.editor,
            self.upscaler,
            self.diffusion,
            self.whisper,
            *self.speakers.values(),
            *self.cameras.values(),
        ]
        by_name: dict[str, list[LocalEngine]] = {}
        for engine in engines:
            by_name.setdefault(engine.name, []).append(engine)
        return by_name

    async def follow(self, settings: Settings, catalogue: Catalogue) -> Callable[[], None]:
        """Run the models of another configuration from now on.

        Returns:
            Ends the children of models that are no longer run, or run otherwise; to be called once
            the calls that they answer have ended.
        """
        self.painter.follow(run_by(PAINTER, catalogue))
        self.editor.follow(run_by(EDITOR, catalogue))
        self.upscaler.follow(run_by(UPSCALER, catalogue))
        for name, speaker in self.speakers.items():
            speaker.follow(run_by(name, catalogue))
        for name, camera in self.cameras.items():
            camera.follow(run_by(name, catalogue))
        self.diffusion.follow(diffusion_launches(settings, catalogue))
        self.whisper.follow(whisper_launches(settings, catalogue))
        ends = [
            await self.embedded.follow(launches_of(settings, catalogue)),
            *[
                await workers.follow(EMBEDDING_LAUNCHES[name](settings, catalogue))
                for name, workers in self.embeddings.items()
            ],
        ]

        def end() -> None:
            for one in ends:
                one()

        return end

    @contextlib.contextmanager
    def file_downloading(self, model_id: str) -> Generator[None]:
        """Mark a model's files as being downloaded, for the error of requests meanwhile."""
        with contextlib.ExitStack() as stack:
            engines: list[Embedded | EmbeddingWorkers | Whisper] = [
                *(self.embedded, self.whisper),
                *self.embeddings.values(),
            ]
            for engine in engines:
                if engine.runs(model_id):
                    stack.enter_context(engine.file_downloading(model_id))
            yield


@contextlib.asynccontextmanager
async def opened_local_engines(
    settings: Settings, catalogue: Catalogue, templates: Templates, *, warm_up: bool = True
) -> AsyncGenerator[LocalEngines]:
    """Open the engines that are built in; with `warm_up`, the default model starts to load at once."""
    diffusion = diffusion_of(settings, catalogue)
    editor = editor_of(settings, catalogue)
    upscaler = upscaler_of(settings, catalogue)
    painter = painter_of(settings, catalogue)
    local = LocalEngines(
        embedded_of(settings, catalogue, templates),
        {
            name: EmbeddingWorkers(launches(settings, catalogue), name=name)
            for name, launches in EMBEDDING_LAUNCHES.items()
        },
        painter,
        editor,
        upscaler,
        diffusion,
        whisper_of(settings, catalogue),
        image_editors={EDITOR: editor, DIFFUSION: diffusion},
        image_upscalers={UPSCALER: upscaler},
        speakers=speakers_of(settings, catalogue),
        cameras={CAMERA: camera_of(settings, run_by(CAMERA, catalogue), painter)},
    )
    async with anyio.create_task_group() as tasks:
        await tasks.start(local.embedded.run)
        for workers in local.embeddings.values():
            await tasks.start(workers.run)
        await tasks.start(local.painter.run)
        await tasks.start(local.editor.run)
        await tasks.start(local.upscaler.run)
        await tasks.start(local.diffusion.run)
        for speaker in local.speakers.values():
            await tasks.start(speaker.run)
        for camera in local.cameras.values():
            await tasks.start(camera.run)
        await tasks.start(local.whisper.run)
        if warm_up:
            tasks.start_soon(local.embedded.warm_up)
        try:
            yield local
        finally:
            tasks.cancel_scope.cancel()
