"""Models as GET /v4/models lists them, in the shape that Scale's clients read.

Source: the types of the client, `ModelInstanceWithViews` and `ModelListParams`.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from fondaco.http.endpoint.fields import Strict

Kind = Literal["CHAT_COMPLETION", "EMBEDDING", "GENERIC"]


class ScaleModelsQuery(Strict):
    """Which page of which models."""

    # A query's values are texts.
    page: int = Field(1, ge=1, le=1_000_000, strict=False, description="From 1 on.")
    limit: int = Field(100, ge=1, le=10_000, strict=False, description="Models on a page.")
    model_type: Kind | None = Field(None, description="Models of this type alone.")
    account_id: str | None = Field(None, description="The id or the name of the key's account.")


class ScaleModelDetails(BaseModel):
    """What is known of a model's size."""

    token_context_window: int


class ScaleModelMetadata(BaseModel):
    """What is known of a model."""

    modelDetails: ScaleModelDetails  # noqa: N815  # the wire's name


class ScaleModel(BaseModel):
    """A model."""

    id: str = Field(description="Its id in the catalogue.")
    name: str = Field(description="As POST /v4/beta/chat/completions takes it: `vendor/model`.")
    display_name: str
    model_type: Kind
    model_vendor: Literal["OTHER"]
    base_model_metadata: ScaleModelMetadata | None
    account_id: str = Field(description="The key's: models belong to nobody here.")
    created_at: datetime
    created_by_identity_type: Literal["service_account"]
    created_by_user_id: str
    deployment_count: int = Field(description="Engines that run it.")
    supports_multi_turn: bool
    request_schema: dict[str, object]
    response_schema: dict[str, object]


class ScaleModelPage(BaseModel):
    """A page of models."""

    items: list[ScaleModel]
    current_page: int
    items_per_page: int
    total_item_count: int
