"""Endpoints of OpenAI's API, in the order in which the documentation lists them."""

from fondaco.http.apis.openai import embeddings
from fondaco.http.apis.openai.chat import chat_completions
from fondaco.http.edge.routes import AnyEndpoint

ENDPOINTS: tuple[AnyEndpoint, ...] = (chat_completions.ENDPOINT, embeddings.ENDPOINT)
