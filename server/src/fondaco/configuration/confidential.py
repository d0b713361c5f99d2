"""Twins of text models that take encrypted content only, which an enclave runs."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from importlib.util import find_spec

from fondaco.configuration.built_in import EMBEDDED, ENCLAVE
from fondaco.configuration.schema import dotted
from fondaco.domain.models.model import AnyModel, Capabilities, Deprecation, Model, ModelType
from fondaco.domain.models.names import SEALED
from fondaco.settings import CatalogueModel, Engine, Settings

_LIBRARIES = {"cryptography": "cryptography", "pycryptodome": "Crypto", "rfc8785": "rfc8785"}
"""Libraries that an enclave needs beyond a server's, the extra `confidential`: package -> its module."""


def twins_of(settings: Settings, models: Collection[AnyModel]) -> Iterator[Model]:
    """Yield the twin of each model that has one.

    It has the plain model's price, context and rate class, no trait, and none of the capabilities whose
    input or output would pass the gateway in plain.
    """
    if not is_offered(settings):
        return
    plain = {model.id: model for model in models if isinstance(model, Model)}
    ids = [model_id for model_id in plain if has_twin(settings, model_id)]
    for model_id in ids:
        if SEALED + model_id not in settings.models:
            of_files = enclave_engine(settings, model_id) == EMBEDDED and is_here(settings)
            yield _twin(plain[model_id], ids, of_files=of_files)


def is_offered(settings: Settings) -> bool:
    """Whether encrypted content can be taken: it is switched on, and what it needs is installed."""
    return settings.enclave.enabled and not (is_here(settings) and missing_libraries())


def is_here(settings: Settings) -> bool:
    """Whether the enclave is a process of this machine, which the server starts itself."""
    return not settings.enclave.base_url


def missing_libraries() -> tuple[str, ...]:
    """Return the libraries that an enclave on this machine lacks."""
    return tuple(name for name, module in _LIBRARIES.items() if find_spec(module) is None)


def has_twin(settings: Settings, model_id: str) -> bool:
    """Whether a model of the configuration has a twin for encrypted content."""
    entry = settings.models[model_id]
    if entry.type is not ModelType.TEXT or entry.e2ee is False:
        return False
    if enclave_engine(settings, model_id) is not None:
        return True
    return entry.e2ee is True and not is_here(settings)


def enclave_engine(settings: Settings, model_id: str) -> str | None:
    """Return the engine that runs a model in an enclave of this configuration, if any.

    One of `enclave.engines` that names the model comes before the built-in engine.
    """
    for name, engine in settings.enclave.engines.items():
        if model_id in engine.models:
            return name
    if settings.embedded.enabled and EMBEDDED in settings.models[model_id].engines:
        return EMBEDDED
    return None


def faults(settings: Settings) -> Iterator[str]:
    """Yield a line for each thing about encrypted content that does not fit together."""
    if ENCLAVE in settings.engines:
        name = dotted(("engines", ENCLAVE))
        yield f"{name}: this name belongs to the enclave; see [enclave]."
    if not is_here(settings) and not settings.enclave.token:
        yield "enclave.token is missing: an enclave at another address requires it."
    for engine_name, engine in settings.enclave.engines.items():
        yield from _engine_faults(dotted(("enclave", "engines", engine_name)), engine, settings)
    for model_id, entry in settings.models.items():
        yield from _model_faults(settings, model_id, entry)


def _engine_faults(name: str, engine: Engine, settings: Settings) -> Iterator[str]:
    for model_id in engine.models:
        entry = settings.models.get(model_id)
        if entry is None or entry.type is not ModelType.TEXT:
            yield f"{name}.models names {model_id!r}, which is not a model of type 'text'."
    if engine.discover:
        yield f"{name}.discover: the models of the enclave's engines are those that `models` names."


def _model_faults(settings: Settings, model_id: str, entry: CatalogueModel) -> Iterator[str]:
    name = dotted(("models", model_id, "e2ee"))
    if entry.e2ee and entry.type is not ModelType.TEXT:
        yield f"{name}: only models of type 'text' accept encrypted content."
    elif entry.e2ee and settings.enclave.enabled and not has_twin(settings, model_id):
        yield (
            f"{name}: no engine of the enclave runs it. Add it to `models` of an [enclave.engines.NAME], or "
            "set enclave.base_url."
        )


def _twin(model: Model, ids: Collection[str], *, of_files: bool) -> Model:
    able = model.capabilities
    return replace(
        model,
        id=SEALED + model.id,
        name=f"{model.name} (encrypted)",
        traits=(),
        engines=(ENCLAVE,),
        deprecation=_end(model.deprecation, ids),
        installed=model.installed or not of_files,
        system_prompt=False,
        capabilities=Capabilities(
            optimized_for_code=able.optimized_for_code,
            reasoning=able.reasoning,
            e2ee=True,
            quantization=able.quantization,
        ),
    )


def _end(end: Deprecation | None, ids: Collection[str]) -> Deprecation | None:
    """Return the end of a twin, which another twin replaces or none."""
    if end is None or end.replacement is None:
        return end
    return replace(end, replacement=SEALED + end.replacement if end.replacement in ids else None)
