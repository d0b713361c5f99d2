"""Endpoints of OpenAI's API, in the order in which the documentation lists them."""

from dataclasses import replace

from fondaco.http.apis.openai import embeddings
from fondaco.http.apis.openai.chat import chat_completions
from fondaco.http.apis.openai.completions import completions
from fondaco.http.apis.openai.dialect import at_v1
from fondaco.http.apis.openai.images import image_edits, image_generations
from fondaco.http.apis.openai.responses import nothing_stored, responses
from fondaco.http.apis.openai.speech import create_speech
from fondaco.http.apis.openai.transcription import transcriptions, translations
from fondaco.http.apis.venice.models import list_models, show_model
from fondaco.http.apis.venice.models.schemas import AllModelsQuery
from fondaco.http.edge.routes import AnyEndpoint

_LISTED: tuple[AnyEndpoint, ...] = (
    chat_completions.ENDPOINT,
    completions.ENDPOINT,
    responses.ENDPOINT,
    embeddings.ENDPOINT,
    image_generations.ENDPOINT,
    image_edits.ENDPOINT,
    create_speech.ENDPOINT,
    transcriptions.ENDPOINT,
    translations.ENDPOINT,
)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    *_LISTED,
    *nothing_stored.ENDPOINTS,
    *(at_v1(one) for one in (*_LISTED, *nothing_stored.ENDPOINTS, show_model.ENDPOINT)),
    replace(at_v1(list_models.ENDPOINT), query=AllModelsQuery),
)
"""Those below `/api/v1`, then the same and those of models below `/v1`."""
