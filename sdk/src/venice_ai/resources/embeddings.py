"""POST /embeddings: vectors of texts, for search, clustering and classification."""

from typing import Literal

from venice_ai.resources._resource import APIResource, Client
from venice_ai.types.api.embeddings import EmbeddingInput, EmbeddingResponse

__all__ = ["Embeddings"]

_PATH = "/embeddings"


class Embeddings(APIResource[Client]):
    """Vectors of texts."""

    async def create(
        self,
        *,
        input: EmbeddingInput,
        model: str,
        encoding_format: Literal["float", "base64"] = "base64",
        dimensions: int | None = None,
        user: str | None = None,
    ) -> EmbeddingResponse:
        """Embed texts.

        Args:
            input: A text, or up to 2,048 of them; token ids of the model stand for a text, too.
            model: An embedding model by any name that the server resolves.
            encoding_format: Encoding of the vectors. Base64 takes about half the bytes and keeps every
                bit; the response holds lists of floats either way.
            dimensions: A shorter length of the vectors, where the model allows it.
            user: Accepted for compatibility with OpenAI's API, and not used.

        Raises:
            InvalidRequestError: An input is empty or too long for the model, or `dimensions`
                is a length that the model does not have.
            NotFoundError: The server does not have this embedding model.
            PaymentRequiredError: The account or the key cannot pay for it.

        Example:
            response = await client.embeddings.create(
                model="text-embedding-bge-m3", input=["How much is a hold?", "What is an epoch?"]
            )
            vectors = [item.embedding for item in response.data]
        """
        body = {
            "input": input,
            "model": model,
            "encoding_format": encoding_format,
            "dimensions": dimensions,
            "user": user,
        }
        return await self._post(
            _PATH,
            EmbeddingResponse,
            {name: value for name, value in body.items() if value is not None},
            paid=True,
        )
