"""Items of a conversation, as a request to the Responses API brings them.

Source: POST /responses of OpenAI's API, `input`.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from fondaco.http.apis.openai.chat.parts import InputAudio
from fondaco.http.apis.openai.responses.request.variants import (
    LIST,
    TEXT,
    by_type,
    refusing,
    tags_of,
    text_or_list,
)
from fondaco.http.endpoint.fields import VARIANT, Many, Open, Untouched

NOTHING_STORED = "Nothing is stored here"
_CALL_ID = "The id of the call, which its output names."
_RESENT = "Accepted, as responses have it."
_NO_FILES = f"{NOTHING_STORED}, files neither: put the text of the file into an `input_text` part."
_NO_IMAGES = "The output of a tool is text: put the image into a message of the user."
_HOSTED = (
    "{} belongs to a tool that OpenAI hosts, and this server does not: leave the item out, or offer a "
    "function of your own in its place."
)


class ItemText(Open):
    """A piece of text, of a request or of an earlier response."""

    type: Literal["input_text", "output_text"]
    text: str
    annotations: list[Any] | None = Field(None, description=_RESENT)
    logprobs: list[Any] | None = Field(None, description=_RESENT)


class ItemImage(Open):
    """An image: PNG, JPEG, WEBP or GIF, at least 64 pixels on each side."""

    type: Literal["input_image"]
    image_url: str = Field(
        min_length=1, description="A data URL with a base64 encoded image, or a public URL."
    )
    detail: Literal["auto", "low", "high", "original"] | None = Field(
        None,
        description="Resolution at which the model looks at it, where the engine has a choice.",
    )
    file_id: None = Field(None, description=f"{NOTHING_STORED}: give `image_url`.")


class ItemAudio(Open):
    """A recording, for models with audio input."""

    type: Literal["input_audio"]
    input_audio: InputAudio


class ItemRefusal(Open):
    """A refusal of the model in an earlier response."""

    type: Literal["refusal"]
    refusal: str


_PART_TAGS = {
    **tags_of("input_text", "input_image", "input_audio", "refusal"),
    "output_text": f"{VARIANT}input_text",
}
ItemPart: TypeAlias = Annotated[
    Annotated[ItemText, Tag(f"{VARIANT}input_text")]
    | Annotated[ItemImage, Tag(f"{VARIANT}input_image")]
    | Annotated[ItemAudio, Tag(f"{VARIANT}input_audio")]
    | Annotated[ItemRefusal, Tag(f"{VARIANT}refusal")],
    Discriminator(
        by_type(_PART_TAGS),
        custom_error_type="item_part",
        custom_error_message="Its type should be one of 'input_text', 'output_text', 'input_image', "
        "'input_audio', 'refusal'",
    ),
    refusing({"input_file": _NO_FILES}),
]
_OutputPart: TypeAlias = Annotated[
    ItemText, refusing({"input_file": _NO_FILES, "input_image": _NO_IMAGES})
]
_ToolOutput: TypeAlias = Annotated[
    Annotated[str, Tag(TEXT)] | Annotated[Many[_OutputPart], Tag(LIST)],
    Discriminator(
        text_or_list,
        custom_error_type="tool_output",
        custom_error_message="Input should be a text, or a list of `input_text` parts",
    ),
]


class MessageItem(Open):
    """A message of the user, of the developer or of the model."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: Annotated[
        Annotated[str, Tag(TEXT)] | Annotated[Many[ItemPart], Tag(LIST)],
        Discriminator(
            text_or_list,
            custom_error_type="item_content",
            custom_error_message="Input should be a text, or a list of parts",
        ),
    ]
    id: str | None = Field(None, description=_RESENT)
    status: str | None = Field(None, description=_RESENT)
    phase: str | None = Field(None, description=_RESENT)


class FunctionCallItem(Open):
    """A call of a function by the model."""

    type: Literal["function_call"]
    call_id: str = Field(description=_CALL_ID)
    name: str
    namespace: str | None = Field(None, description="Of the tool, where it has one.")
    arguments: str = Field(description="JSON text.")
    id: str | None = Field(None, description=_RESENT)
    status: str | None = Field(None, description=_RESENT)


class CustomCallItem(Open):
    """A call of a custom tool by the model."""

    type: Literal["custom_tool_call"]
    call_id: str = Field(description=_CALL_ID)
    name: str
    namespace: str | None = Field(None, description="Of the tool, where it has one.")
    input: str
    id: str | None = Field(None, description=_RESENT)
    status: str | None = Field(None, description=_RESENT)


class CallOutputItem(Open):
    """Result of a function or a custom tool."""

    type: Literal["function_call_output", "custom_tool_call_output"]
    call_id: str
    output: _ToolOutput
    id: str | None = Field(None, description=_RESENT)
    status: str | None = Field(None, description=_RESENT)


class ReasoningText(Open):
    """A piece of reasoning, or of its summary."""

    type: Literal["reasoning_text", "summary_text"]
    text: str


class ReasoningItem(Open):
    """Reasoning of the model in an earlier response."""

    type: Literal["reasoning"]
    content: Many[ReasoningText] | None = None
    summary: Many[ReasoningText] | None = Field(
        None, description="Given to the model where there is no `content`."
    )
    encrypted_content: str | None = Field(
        None, description="As received; what another server made is ignored."
    )
    id: str | None = Field(None, description=_RESENT)
    status: str | None = Field(None, description=_RESENT)


class WebSearchItem(Untouched):
    """A web search of an earlier response; the model is not told of it."""

    type: Literal["web_search_call"]


_REFUSED = {
    "item_reference": f"{NOTHING_STORED}, so there is no item to refer to: send the item itself. The AI "
    "SDK does with `providerOptions: {openai: {store: false}}`.",
    **{
        kind: _HOSTED.format(f"`{kind}`")
        for kind in (
            *("apply_patch_call", "apply_patch_call_output", "code_interpreter_call"),
            *("compaction", "computer_call", "computer_call_output", "file_search_call"),
            *("image_generation_call", "local_shell_call", "local_shell_call_output", "mcp_call"),
            *("mcp_approval_request", "mcp_approval_response", "mcp_list_tools"),
            *("shell_call", "shell_call_output", "tool_search_call", "tool_search_output"),
        )
    },
}
_KNOWN = (
    *("message", "function_call", "function_call_output", "custom_tool_call"),
    *("custom_tool_call_output", "reasoning", "web_search_call"),
)
Item: TypeAlias = Annotated[
    Annotated[MessageItem, Tag(f"{VARIANT}message")]
    | Annotated[FunctionCallItem, Tag(f"{VARIANT}function_call")]
    | Annotated[CallOutputItem, Tag(f"{VARIANT}function_call_output")]
    | Annotated[CustomCallItem, Tag(f"{VARIANT}custom_tool_call")]
    | Annotated[CallOutputItem, Tag(f"{VARIANT}custom_tool_call_output")]
    | Annotated[ReasoningItem, Tag(f"{VARIANT}reasoning")]
    | Annotated[WebSearchItem, Tag(f"{VARIANT}web_search_call")],
    Discriminator(
        by_type(tags_of(*_KNOWN), default="message"),
        custom_error_type="item",
        custom_error_message=f"Its type should be one of {', '.join(map(repr, _KNOWN))}",
    ),
    refusing(_REFUSED),
]
