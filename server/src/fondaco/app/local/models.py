"""Models of the engines on this machine, and their threads."""

import os

from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import AnyModel, EmbeddingModel, Model, ModelType


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


def run_by(engine: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the ids of the models that an engine runs."""
    return tuple(model.id for model in catalogue.models() if engine in model.engines)


def embedding_models(engine: str, catalogue: Catalogue) -> list[EmbeddingModel]:
    """Return the models of embeddings that an engine runs."""
    return [
        model
        for model in catalogue.models(ModelType.EMBEDDING)
        if isinstance(model, EmbeddingModel) and engine in model.engines
    ]


def spare_cores() -> int:
    """Return the threads of a model whose number nobody chose: all cores but one."""
    return max(1, (os.cpu_count() or 2) - 1)
