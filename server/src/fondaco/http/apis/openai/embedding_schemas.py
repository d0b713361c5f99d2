"""The request and the response of POST /embeddings.

Source: POST /embeddings, `CreateEmbeddingRequestSchema`; OpenAI's API reference, "Create embeddings".
"""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag
from pydantic.config import JsonDict

from fondaco.domain.embedding import EmbeddingInput, EmbeddingRequest as DomainRequest
from fondaco.http.endpoint.fields import VARIANT, Open, Schema

_MOST_INPUTS = 2_048
_EXPECTED = (
    "Input should be a text, a list of texts, a list of token ids, or a list of such lists. "
    "It cannot be empty."
)
_TEXT, _TEXTS = f"{VARIANT}text", f"{VARIANT}texts"
_TOKENS, _TOKEN_LISTS = f"{VARIANT}tokens", f"{VARIANT}token lists"
_EXAMPLE: JsonDict = {
    "model": "text-embedding-3-small",
    "input": ["The ledger records every charge.", "Bread needs flour and water."],
}
_VARIANT_OF_ITEM = {str: _TEXTS, int: _TOKENS, list: _TOKEN_LISTS}

_Text = Annotated[str, Field(min_length=1)]
_Token = Annotated[int, Field(ge=0, lt=2**31)]
_Tokens = Annotated[list[_Token], Field(min_length=1, fail_fast=True)]
_AtMost = Field(min_length=1, max_length=_MOST_INPUTS, fail_fast=True)


def _variant(value: object) -> str | None:
    """Return the tag of an input's type; of a list, by its first item."""
    if isinstance(value, str):
        return _TEXT
    return _VARIANT_OF_ITEM.get(type(value[0])) if isinstance(value, list) and value else None


_Input: TypeAlias = Annotated[
    Annotated[_Text, Tag(_TEXT)]
    | Annotated[list[_Text], _AtMost, Tag(_TEXTS)]
    | Annotated[list[Annotated[_Token, Field(ge=1)]], _AtMost, Tag(_TOKENS)]
    | Annotated[list[_Tokens], _AtMost, Tag(_TOKEN_LISTS)],
    Discriminator(_variant, custom_error_type="embedding_input", custom_error_message=_EXPECTED),
]


class EmbeddingRequest(Open):
    """Texts to embed. Unknown fields are ignored and named in `x-fondaco-ignored-params`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    model: str = Field(
        min_length=1, max_length=1000, description="Id, trait or compatible name of the model."
    )
    input: _Input = Field(
        description="A text or up to 2,048 of them, each within the context of the model; or the "
        "token ids of one text, or of several, in the vocabulary of the model."
    )
    encoding_format: Literal["float", "base64"] | None = Field(
        "float",
        description="`float`: lists of numbers; `base64`: the same numbers as little-endian float32.",
    )
    dimensions: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        None,
        description="The length of the vectors: their first numbers, scaled to unit length again. "
        "Only for models that allow it.",
    )
    user: str | None = Field(None, description="Accepted and discarded.")

    @property
    def ignored(self) -> tuple[str, ...]:
        """The fields that the API does not know."""
        return tuple(self.model_extra or ())

    def to_domain(self, account_scope: str) -> DomainRequest:
        """Return the request that the platform serves."""
        inputs = (self.input,) if isinstance(self.input, str) else _inputs(self.input)
        return DomainRequest(self.model, inputs, self.dimensions, account_scope)


def _inputs(items: "Sequence[str | int | list[int]]") -> tuple[EmbeddingInput, ...]:
    tokens = tuple(item for item in items if isinstance(item, int))
    if tokens:
        return (tokens,)
    return tuple(
        item if isinstance(item, str) else tuple(item)
        for item in items
        if not isinstance(item, int)
    )


class _Shown(Schema):
    model_config = ConfigDict(extra="forbid")


class Embedding(_Shown):
    """The vector of one input."""

    object: Literal["embedding"]
    index: int = Field(description="Of the input, from 0.")
    embedding: list[float] | str = Field(
        description="A vector of unit length: numbers, or their float32 bytes as base64."
    )


class EmbeddingUsage(_Shown):
    """The tokens that are charged."""

    prompt_tokens: int
    total_tokens: int = Field(description="As prompt_tokens.")


class EmbeddingList(_Shown):
    """The vectors of all inputs, in their order."""

    object: Literal["list"]
    data: list[Embedding]
    model: str = Field(description="The id of the model that ran.")
    usage: EmbeddingUsage
