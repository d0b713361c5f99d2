"""GET /api/v1/models."""

from datetime import UTC, datetime, time

from fondaco.domain.model import Model
from fondaco.domain.money import NANO
from fondaco.http.endpoint import Access, Ask, Content, Endpoint
from fondaco.http.replies import Whole, json_reply
from fondaco.http.schemas.models import ModelList, ModelsQuery, kind_of


async def run(ask: Ask[None, ModelsQuery]) -> Whole:
    """List models of a type."""
    wanted = ask.query.type
    models = [
        _entry(model)
        for model in ask.platform.catalogue.models(kind_of(wanted))
        if wanted != "code" or model.capabilities.optimized_for_code
    ]
    return json_reply({"object": "list", "type": wanted, "data": models})


def _entry(model: Model) -> dict[str, object]:
    return {
        "id": model.id,
        "object": "model",
        "created": int(datetime.combine(model.released, time(), UTC).timestamp()),
        "owned_by": "venice.ai",
        "type": model.type,
        "model_spec": {
            "name": model.name,
            "privacy": model.privacy,
            "availableContextTokens": model.context_tokens,
            "capabilities": _capabilities(model),
            "constraints": {
                "temperature": {"default": model.defaults.temperature},
                "top_p": {"default": model.defaults.top_p},
            },
            "pricing": _pricing(model),
            "traits": model.traits,
            "modelSource": model.source,
            "offline": not model.available,
            "beta": model.beta,
            "betaModel": model.beta,
        },
    }


def _capabilities(model: Model) -> dict[str, object]:
    able = model.capabilities
    return {
        "optimizedForCode": able.optimized_for_code,
        "quantization": able.quantization,
        "supportsFunctionCalling": able.function_calling,
        "supportsReasoning": able.reasoning,
        "supportsResponseSchema": able.response_schema,
        "supportsVision": able.vision,
        "supportsWebSearch": able.web_search,
        "supportsLogProbs": able.log_probs,
    }


def _pricing(model: Model) -> dict[str, object]:
    price = model.price
    pricing: dict[str, object] = {"input": _amount(price.input), "output": _amount(price.output)}
    if price.cached_input is not None:
        pricing["cache_input"] = _amount(price.cached_input)
    return pricing


def _amount(nano: int) -> dict[str, float]:
    """Return a price for reading; charges never pass through floats."""
    return {"usd": nano / NANO, "diem": nano / NANO}


ENDPOINT = Endpoint(
    method="GET",
    path="/api/v1/models",
    run=run,
    summary="List models with capabilities, prices and context",
    tag="Models",
    access=Access.ANYBODY,
    query=ModelsQuery,
    replies={200: Content("The models", ModelList)},
)
