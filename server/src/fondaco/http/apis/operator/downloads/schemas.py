"""Downloads as the server's operator sees and begins them."""

from pydantic import ConfigDict, Field

from fondaco.http.endpoint.fields import Schema, Strict
from fondaco.ports import DownloadState


class DownloadRequest(Strict):
    """The model to fetch."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"model": "smollm2-135m"}]})

    model: str = Field(
        description="Name of a known model, as GET /api/v1/operator/downloads lists it.",
        max_length=100,
        examples=["smollm2-135m"],
    )


class DownloadEntry(Schema):
    """A known model, and how the download of its files gets on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "qwen2.5-coder-0.5b",
                    "state": "running",
                    "bytes": 104857600,
                    "totalBytes": 491400032,
                    "error": None,
                }
            ]
        }
    )

    model: str
    state: DownloadState
    bytes: int = Field(description="What has arrived.")
    totalBytes: int = Field(description="What there is to fetch.")  # noqa: N815  # the wire's name
    error: str | None = Field(description="Why the last download failed; it may be begun again.")


class DownloadList(Schema):
    """The models that can be fetched by name."""

    data: list[DownloadEntry]
