"""The embedded engine of text: how it starts its models."""

from fondaco.app.local.models import default_model, spare_cores
from fondaco.configuration import (
    EMBEDDED,
)
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import ModelType
from fondaco.engines.llamacpp.embedded import Embedded
from fondaco.engines.llamacpp.supervisor import Launch
from fondaco.modelfiles import source_of
from fondaco.ports import Templates
from fondaco.settings import Settings


def embedded_of(settings: Settings, catalogue: Catalogue, templates: Templates) -> Embedded:
    """Return the embedded engine of a configuration."""
    return Embedded(
        launches_of(settings, catalogue),
        name=EMBEDDED,
        first_byte_timeout_s=settings.embedded.first_byte_timeout_s,
        total_timeout_s=settings.embedded.total_timeout_s,
        templates=templates,
    )


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
            threads=chosen.threads or spare_cores(),
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
