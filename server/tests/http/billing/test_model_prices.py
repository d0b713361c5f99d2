"""GET /models shows each model's price in the shape of its type."""

import pytest

from fondaco.domain.models.model import AnyModel, EmbeddingModel, ModelType
from fondaco.domain.models.picture_models import EditModel, UpscaleModel
from fondaco.domain.money.money import nano
from fondaco.domain.money.price import EmbeddingPrice, ImagePrice, Price, SpeechPrice
from fondaco.http.apis.venice.models.schemas import ModelList
from house import TOY, house

PAINTER = ImagePrice(nano("0.01"), nano("0.02"), nano("0.08"), nano("0.04"))


def both(usd: float) -> dict[str, float]:
    return {"usd": usd, "diem": usd}


IMAGES = {
    "generation": both(0.01),
    "upscale": {"2x": both(0.02), "4x": both(0.08)},
    "inpaint": both(0.04),
}


@pytest.mark.parametrize(
    ("kind", "price", "pricing"),
    [
        (ModelType.EMBEDDING, EmbeddingPrice(nano("0.15")), {"input": both(0.15)}),
        (ModelType.TTS, SpeechPrice(nano("3.5")), {"input": both(3.5)}),
        (ModelType.IMAGE, PAINTER, IMAGES),
        (ModelType.UPSCALE, PAINTER, IMAGES),
        (ModelType.INPAINT, PAINTER, IMAGES),
    ],
)
async def test_each_type_has_its_own_pricing(
    kind: ModelType, price: Price, pricing: dict[str, object]
) -> None:
    other = AnyModel(id="other", name="Other", type=kind, price=price, offline=True)
    async with house(models=(TOY, other)) as one:
        reply = await one.client.get("/api/v1/models", params={"type": kind})
        ModelList.model_validate_json(reply.content)
        [shown] = reply.json()["data"]
        assert shown["model_spec"]["pricing"] == pricing
        assert shown["model_spec"]["offline"]
        assert "capabilities" not in shown["model_spec"]
        refused = await one.chat(model="other")
        assert (refused.status_code, refused.json()["code"]) == (404, "MODEL_NOT_FOUND")


@pytest.mark.parametrize(
    ("least", "about"),
    [
        (None, "Vectors of 384 dimensions; inputs of up to 512 tokens."),
        (
            64,
            "Vectors of 384 dimensions; `dimensions` may be from 64; inputs of up to 512 tokens.",
        ),
    ],
)
async def test_an_embedding_model_tells_its_vectors_and_its_limit(
    least: int | None, about: str
) -> None:
    model = EmbeddingModel(
        id="other",
        name="Other",
        price=EmbeddingPrice(nano("0.15")),
        context_tokens=512,
        dimensions=384,
        least_dimensions=least,
        offline=True,
    )
    async with house(models=(TOY, model)) as one:
        reply = await one.client.get("/api/v1/models", params={"type": "embedding"})
        ModelList.model_validate_json(reply.content)
        [shown] = reply.json()["data"]
        assert shown["model_spec"]["description"] == about
        assert shown["model_spec"]["availableContextTokens"] == 512


async def test_models_that_take_a_picture_tell_what_they_take() -> None:
    editor = EditModel(id="editor", name="Editor", price=PAINTER, traits=("default",))
    upscaler = UpscaleModel(id="upscaler", name="Upscaler", price=PAINTER, traits=("default",))
    async with house(models=(TOY, editor, upscaler)) as one:
        told = {}
        for kind in ("inpaint", "upscale"):
            reply = await one.client.get("/api/v1/models", params={"type": kind})
            ModelList.model_validate_json(reply.content)
            [shown] = reply.json()["data"]
            assert (shown["type"], shown["model_spec"]["pricing"]) == (kind, IMAGES)
            told[kind] = shown["model_spec"]["description"]
            traits = await one.client.get("/api/v1/models/traits", params={"type": kind})
            assert traits.json()["data"] == {"default": shown["id"]}
    assert told == {
        "inpaint": "Changes pictures by instructions of up to 1,500 characters; results have at most "
        "4,194,304 pixels.",
        "upscale": "Enlarges pictures by a factor of 1 to 4.",
    }
