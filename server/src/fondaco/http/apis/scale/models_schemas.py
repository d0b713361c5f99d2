"""The query and the response of GET /v4/models.

Source: the types of the client, `ModelInstanceWithViews` and `ModelListParams`.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from fondaco.http.endpoint.fields import Schema, Strict

Kind = Literal["CHAT_COMPLETION", "EMBEDDING", "GENERIC"]


class ScaleModelsQuery(Strict):
    """Selects a page of models."""

    # The values of a query are strings.
    page: int = Field(
        1, ge=1, le=1_000_000, strict=False, description="Number of the page, from 1."
    )
    limit: int = Field(100, ge=1, le=10_000, strict=False, description="Models per page.")
    model_type: Kind | None = Field(None, description="Only models of this type.")
    account_id: str | None = Field(None, description="The id or the name of the key's account.")


class ScaleModelDetails(Schema):
    """Details of a text model."""

    token_context_window: int


class ScaleModelMetadata(Schema):
    """Metadata of a text model."""

    modelDetails: ScaleModelDetails  # noqa: N815  # the wire's name


class ScaleModel(Schema):
    """A model."""

    id: str = Field(description="Id of the model in the catalogue.")
    name: str = Field(description="Name for POST /v4/beta/chat/completions: `vendor/model`.")
    display_name: str
    model_type: Kind
    model_vendor: Literal["OTHER"]
    base_model_metadata: ScaleModelMetadata | None
    account_id: str = Field(description="The account of the key; models belong to no account.")
    created_at: datetime
    created_by_identity_type: Literal["service_account"]
    created_by_user_id: str
    deployment_count: int = Field(description="How many engines run it.")
    supports_multi_turn: bool
    request_schema: dict[str, object]
    response_schema: dict[str, object]


class ScaleModelPage(Schema):
    """A page of models."""

    items: list[ScaleModel]
    current_page: int
    items_per_page: int
    total_item_count: int
