"""Embeddings rank texts by their meaning."""

import pytest

from contracts.embedding_engine import similarity
from engines.embeddings.conftest import E5, MINILM
from fondaco.domain.embedding import EmbeddingRequest
from fondaco.ports import EmbeddingEngine

PASSAGES = (
    "Paris is the capital of France and lies on the Seine.",
    "Photosynthesis turns light, water and carbon dioxide into sugar.",
    "A mutex keeps two threads from entering a critical section at once.",
    "Bread dough rises because yeast makes carbon dioxide.",
    "Inflation is the rate at which prices rise over time.",
    "The heart pumps blood through arteries and veins.",
)
ENGLISH = {
    "which city governs France?": 0,
    "how do plants make food": 1,
    "prevent race conditions in code": 2,
    "why does my loaf get bigger in the oven": 3,
    "money is worth less every year": 4,
    "circulation in the human body": 5,
}
FRENCH = {
    "Quelle est la capitale de la France ?": 0,
    "Comment les plantes se nourrissent-elles ?": 1,
    "éviter que deux fils d'exécution modifient la même donnée": 2,
    "Pourquoi la pâte à pain lève-t-elle ?": 3,
    "la hausse des prix": 4,
    "le sang circule dans le corps": 5,
}
CHINESE = {
    "法国的首都是哪里": 0,
    "植物如何利用阳光": 1,
    "多线程如何避免竞争": 2,
    "面团为什么会发酵膨胀": 3,
    "物价上涨": 4,
    "血液循环": 5,
}


async def ranked(engine: EmbeddingEngine, model: str, questions: dict[str, int]) -> list[str]:
    """Return the questions whose nearest passage is another one than it should be."""
    passages = (await engine.embed(EmbeddingRequest(model, PASSAGES), None)).vectors
    asked = (await engine.embed(EmbeddingRequest(model, tuple(questions)), None)).vectors
    nearest = [
        max(range(len(passages)), key=lambda index, q=question: similarity(q, passages[index]))  # type: ignore[misc]
        for question in asked
    ]
    return [q for q, found in zip(questions, nearest, strict=True) if found != questions[q]]


async def test_minilm_ranks_english(minilm: EmbeddingEngine) -> None:
    assert await ranked(minilm, MINILM, ENGLISH) == []


@pytest.mark.parametrize("questions", [ENGLISH, FRENCH, CHINESE], ids=["en", "fr", "zh"])
async def test_e5_ranks_across_languages(e5: EmbeddingEngine, questions: dict[str, int]) -> None:
    assert await ranked(e5, E5, questions) == []


async def test_e5_takes_a_text_that_says_what_it_is_at_its_word(e5: EmbeddingEngine) -> None:
    inputs = ("rain", "query: rain", "passage: rain")
    plain, query, passage = (await e5.embed(EmbeddingRequest(E5, inputs), None)).vectors
    assert plain == query
    assert similarity(plain, passage) < 0.99
