"""Content blocks of a request: text, images, documents, tool calls and their results, thinking.

Source: Anthropic's API reference, "Create a message", `messages`.
"""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from fondaco.http.apis.openai.chat.parts import CacheControl
from fondaco.http.endpoint.fields import Many, Open, Untouched

_CACHED = Field(
    None,
    description="On text: passed on where the engine supports it. Prompt caching needs no hint.",
)


class TextBlock(Open):
    """A piece of text."""

    type: Literal["text"]
    text: str = Field(min_length=1)
    cache_control: CacheControl | None = _CACHED


class Base64Image(Open):
    """An image within the request."""

    type: Literal["base64"]
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
    data: str = Field(min_length=1, description="The file as base64.")


class UrlImage(Open):
    """An image at a public address."""

    type: Literal["url"]
    url: str = Field(min_length=1)


class ImageBlock(Open):
    """An image."""

    type: Literal["image"]
    source: Annotated[Base64Image | UrlImage, Field(discriminator="type")]
    cache_control: CacheControl | None = None


class TextSource(Open):
    """A document as plain text."""

    type: Literal["text"]
    media_type: Literal["text/plain"] = "text/plain"
    data: str


class BlocksSource(Open):
    """A document as blocks."""

    type: Literal["content"]
    content: str | Many[Annotated[TextBlock | ImageBlock, Field(discriminator="type")]]


class FileSource(Open):
    """A document as a file, which is refused."""

    type: Literal["base64", "url", "file"]

    @model_validator(mode="after")
    def _refuse(self) -> Self:
        raise ValueError(
            "PDFs and stored files are not supported. Send the document's text: "
            '{"type": "text", "media_type": "text/plain", "data": "..."}.'
        )


class DocumentBlock(Open):
    """A document: its text becomes part of the message, within tags."""

    type: Literal["document"]
    source: Annotated[TextSource | BlocksSource | FileSource, Field(discriminator="type")]
    title: str | None = None
    context: str | None = Field(None, description="What the document is.")
    cache_control: CacheControl | None = None


class SearchResultBlock(Open):
    """A result of a search by the caller: its text becomes part of the message, within tags."""

    type: Literal["search_result"]
    source: str
    title: str
    content: Many[TextBlock]
    cache_control: CacheControl | None = None


class ToolUseBlock(Open):
    """A tool call of an earlier response."""

    type: Literal["tool_use"]
    id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    input: dict[str, Any]
    cache_control: CacheControl | None = None


ResultBlock: TypeAlias = Annotated[
    TextBlock | ImageBlock | DocumentBlock | SearchResultBlock, Field(discriminator="type")
]


class ToolResultBlock(Open):
    """The result of a tool call."""

    type: Literal["tool_result"]
    tool_use_id: str = Field(min_length=1)
    content: str | Many[ResultBlock] | None = None
    is_error: bool | None = Field(None, description="Whether the tool failed.")
    cache_control: CacheControl | None = None


class ThinkingBlock(Open):
    """Reasoning of an earlier response."""

    type: Literal["thinking"]
    thinking: str
    signature: str = Field("", description="As received.")


class RedactedThinkingBlock(Open):
    """Reasoning of an earlier response that only its engine can read."""

    type: Literal["redacted_thinking"]
    data: str = Field(description="As received.")


class SearchBlock(Untouched):
    """A web search of an earlier response: it is accepted, and the model does not see it again."""

    type: Literal["server_tool_use", "web_search_tool_result"]


UserBlock: TypeAlias = Annotated[
    TextBlock | ImageBlock | DocumentBlock | SearchResultBlock | ToolResultBlock,
    Field(discriminator="type"),
]
AssistantBlock: TypeAlias = Annotated[
    TextBlock | ToolUseBlock | ThinkingBlock | RedactedThinkingBlock | SearchBlock,
    Field(discriminator="type"),
]


class UserTurn(Open):
    """A turn of the user, with the results of tools."""

    role: Literal["user"]
    content: str | Many[UserBlock]


class AssistantTurn(Open):
    """An earlier response; as the last message, the beginning of the requested one."""

    role: Literal["assistant"]
    content: str | Many[AssistantBlock]


class SystemTurn(Open):
    """Instructions in the course of a conversation."""

    role: Literal["system"]
    content: str | Many[TextBlock]


InputMessage: TypeAlias = Annotated[
    UserTurn | AssistantTurn | SystemTurn, Field(discriminator="role")
]
