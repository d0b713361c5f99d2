"""Writer of models: OpenAI's fields, and Venice's specification beside them."""

from datetime import UTC, datetime, time

from fondaco.domain.models.image_model import ImageModel
from fondaco.domain.models.model import AnyModel, EmbeddingModel, Model
from fondaco.domain.models.names import announced
from fondaco.domain.models.picture_models import EditModel, UpscaleModel
from fondaco.domain.models.speech_model import SpeechModel
from fondaco.domain.models.transcription_model import TranscriptionModel
from fondaco.domain.models.video_model import VideoModel
from fondaco.domain.money.epoch import starts_at
from fondaco.domain.money.money import NANO
from fondaco.domain.money.price import (
    EmbeddingPrice,
    ImagePrice,
    Price,
    SpeechPrice,
    TokenPrice,
    TranscriptionPrice,
    VideoPrice,
)
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.serving.platform import Platform


def model_entry(model: AnyModel, platform: Platform) -> dict[str, object]:
    """Return a model as the list and `GET /models/{id}` show it."""
    offline = not (model.available and platform.reachability.serves(model.engines))
    return {
        "id": model.id,
        "object": "model",
        "created": int(datetime.combine(model.released, time(), UTC).timestamp()),
        "owned_by": "venice.ai",
        "type": model.type,
        "model_spec": {
            "name": model.name,
            "privacy": model.privacy,
            **_type_fields(model),
            **_prices(model.price),
            "traits": model.traits,
            "modelSource": model.source,
            "offline": offline,
            **({"offlineReason": _why_offline(model)} if offline else {}),
            "beta": False,
            "betaModel": model.beta,
            **_ending(model, platform.clock.now()),
        },
    }


def _why_offline(model: AnyModel) -> str:
    if model.available:
        return "unreachable"
    return "not_installed" if not model.installed else "withdrawn"


def _ending(model: AnyModel, now: float) -> dict[str, object]:
    end = announced(model, now)
    return {} if end is None else {"deprecation": {"date": timestamp(starts_at(end.sunset))}}


def _type_fields(model: AnyModel) -> dict[str, object]:
    """Return the fields that only models of this type have."""
    shown: dict[str, object] = {}
    match model:
        case Model():
            shown = _text(model)
        case EmbeddingModel():
            shown = _vectors(model)
        case ImageModel():
            shown = _images(model)
        case SpeechModel():
            shown = {"voices": model.voices}
        case VideoModel():
            shown = _videos(model)
        case EditModel() | UpscaleModel() | TranscriptionModel():
            shown = {"description": _about(model)}
        case _:
            pass
    return shown


def _vectors(model: EmbeddingModel) -> dict[str, object]:
    shorter = f"; `dimensions` may be from {least}" if (least := model.least_dimensions) else ""
    about = f"Vectors of {model.dimensions} dimensions{shorter}; inputs of up to {model.context_tokens} tokens."
    return {"availableContextTokens": model.context_tokens, "description": about}


def _images(model: ImageModel) -> dict[str, object]:
    return {
        "constraints": {
            "promptCharacterLimit": model.prompt_limit,
            "steps": {"default": model.steps.default, "max": model.steps.most},
            "widthHeightDivisor": model.divisor,
        }
    }


def _videos(model: VideoModel) -> dict[str, object]:
    return {
        "constraints": {
            "aspect_ratios": model.aspect_ratios,
            "resolutions": model.resolutions,
            "durations": model.shown_durations,
            "model_type": model.kind,
            "audio": model.audio,
            "audio_configurable": model.audio_configurable,
        }
    }


def _about(model: EditModel | UpscaleModel | TranscriptionModel) -> str:
    """Return the constraints of a model: those of the contract are for generated images."""
    if isinstance(model, UpscaleModel):
        return "Enlarges pictures by a factor of 1 to 4."
    if isinstance(model, TranscriptionModel):
        return _hearing(model)
    limit = f"Changes pictures by instructions of up to {model.prompt_limit:,} characters"
    return f"{limit}; results have at most {model.most_pixels:,} pixels."


def _hearing(model: TranscriptionModel) -> str:
    known = f" in {', '.join(sorted(model.languages))}" if model.languages else ""
    translates = ", and translates to English" if model.translates else ""
    return f"Writes down recordings{known} of up to {model.longest_s:,} seconds{translates}."


def _text(model: Model) -> dict[str, object]:
    return {
        "availableContextTokens": model.context_tokens,
        "capabilities": _capabilities(model),
        "constraints": {
            "temperature": {"default": model.defaults.temperature},
            "top_p": {"default": model.defaults.top_p},
        },
    }


def _capabilities(model: Model) -> dict[str, object]:
    able = model.capabilities
    shown: dict[str, object] = {
        "optimizedForCode": able.optimized_for_code,
        "quantization": able.quantization,
        "supportsFunctionCalling": able.function_calling,
        "supportsReasoning": able.reasoning,
        "supportsResponseSchema": able.response_schema,
        "supportsVision": able.vision,
        "supportsWebSearch": able.web_search,
        "supportsLogProbs": able.log_probs,
    }
    if able.e2ee:  # not in the published contract, so plain models omit it
        shown |= {"supportsE2EE": True, "supportsTeeAttestation": True}
    return shown


def _prices(price: Price) -> dict[str, object]:
    """Return a model's prices; `pricing` is absent for videos, as no shape of the contract fits."""
    if not isinstance(price, VideoPrice):
        return {"pricing": _pricing(price)}
    return {
        "videoPricing": {
            "video": _amount(price.video),
            "second": {
                "480p": _amount(price.second_480p),
                "720p": _amount(price.second_720p),
                "1080p": _amount(price.second_1080p),
            },
            "soundSecond": _amount(price.sound_second),
        }
    }


def _pricing(price: Price) -> dict[str, object]:
    match price:
        case TokenPrice():
            pricing: dict[str, object] = {
                "input": _amount(price.input),
                "output": _amount(price.output),
            }
            if price.cached_input is not None:
                pricing["cache_input"] = _amount(price.cached_input)
            return pricing
        case EmbeddingPrice() | SpeechPrice():
            return {"input": _amount(price.input)}
        case TranscriptionPrice():
            return {"per_audio_second": _amount(price.second)}
        case ImagePrice():
            return {
                "generation": _amount(price.generation),
                "upscale": {"2x": _amount(price.upscale_2x), "4x": _amount(price.upscale_4x)},
                "inpaint": _amount(price.inpaint),
            }
        case _:
            return {}


def _amount(nano: int) -> dict[str, float]:
    """Return a price for display; charges are never computed from floats."""
    return {"usd": nano / NANO, "diem": nano / NANO}
