"""Messages of a request as a conversation of the domain.

Anthropic's turns differ from those that engines take: results of tools stand in a user's turn, where
engines want a message for each, at once after its call; and turns of one role in a row are one turn.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias, assert_never

import orjson

from fondaco.domain.chat import message as domain
from fondaco.domain.chat.message import CACHE_CONTROL, PREFIX, Image, MarkedText, Role, ToolUse
from fondaco.domain.chat.opaque import merge
from fondaco.http.apis.anthropic.blocks import (
    AssistantTurn,
    Base64Image,
    BlocksSource,
    DocumentBlock,
    FileSource,
    ImageBlock,
    InputMessage,
    RedactedThinkingBlock,
    ResultBlock,
    SearchBlock,
    SearchResultBlock,
    SystemTurn,
    TextBlock,
    TextSource,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserBlock,
    UserTurn,
)
from fondaco.http.apis.anthropic.sealed_fields import SealedFields, opened

_THINKING = "thinking_blocks"
BILLING_HEADER = "x-anthropic-billing-header:"
"""Prefix of the block in Claude Code's system prompt that is for Anthropic's billing and not for the model.

It differs from request to request, so that no prompt cache would ever hold what follows it.
"""
_Content: TypeAlias = str | tuple[domain.Part, ...]


def system_of(system: str | Sequence[TextBlock] | None) -> Iterator[domain.Message]:
    """Yield the system prompt as a message, if there is one."""
    if isinstance(system, str) or system is None:
        if system:
            yield domain.Message(Role.SYSTEM, system)
        return
    texts = [_text(block) for block in system if not is_billing_header(block)]
    if texts:
        yield domain.Message(Role.SYSTEM, _content(texts))


def is_billing_header(block: TextBlock) -> bool:
    """Whether a block of the system prompt is not for the model."""
    return block.text.startswith(BILLING_HEADER)


def turns(messages: Iterable[InputMessage]) -> Iterator[domain.Message]:
    """Yield a conversation; messages of one role in a row are one."""
    said = (
        message
        for place, given in enumerate(messages)
        for message in _messages(given, f"messages.{place}.content")
    )
    for role, row in groupby(said, key=attrgetter("role")):
        if role in _JOINED:
            yield _joined(tuple(row))
        else:
            yield from row


_JOINED = frozenset({Role.USER, Role.ASSISTANT})


def hints_of(
    system: str | Sequence[TextBlock] | None,
    messages: Sequence[InputMessage],
    conversation: Sequence[domain.Message],
) -> dict[str, object]:
    """Return what only some engines support, as `ChatOptions.hints` has it."""
    hints = dict[str, object]()
    for block in _marked(system, messages):
        hints[CACHE_CONTROL] = block.type == "text" and hints.get(CACHE_CONTROL, True)
    for message in conversation:
        for name in message.opaque or ():
            hints[f"messages.{name}"] = True
        for use in message.tool_calls:
            for name in use.opaque or ():
                hints[f"messages.tool_calls.{name}"] = True
    if conversation[-1].role is Role.ASSISTANT:
        hints[PREFIX] = True
    return hints


def _marked(
    system: str | Sequence[TextBlock] | None, messages: Iterable[InputMessage]
) -> "Iterator[UserBlock | ToolUseBlock]":
    """Yield the blocks with a prompt-cache breakpoint."""
    contents = [system, *(message.content for message in messages)]
    for content in contents:
        for block in content if isinstance(content, list) else ():
            if isinstance(block, ThinkingBlock | RedactedThinkingBlock | SearchBlock):
                continue
            if block.cache_control is not None:
                yield block


def _messages(given: InputMessage, place: str) -> Iterator[domain.Message]:
    match given:
        case AssistantTurn():
            yield _assistant(given)
        case UserTurn(content=str(text)):
            yield domain.Message(Role.USER, text)
        case UserTurn(content=list(blocks)):
            yield from _user(blocks, place)
        case SystemTurn(content=str(text)):
            yield domain.Message(Role.SYSTEM, text)
        case SystemTurn(content=list(texts)):
            yield domain.Message(Role.SYSTEM, _content([_text(block) for block in texts]))


def _user(blocks: Iterable[UserBlock], place: str) -> Iterator[domain.Message]:
    """Yield the results of tools, then what else the turn says; images of results belong to that.

    Engines take results as text alone.
    """
    said: list[domain.Part] = []
    for index, block in enumerate(blocks):
        if isinstance(block, ToolResultBlock):
            texts, images = _result(block, f"{place}.{index}.content")
            yield domain.Message(Role.TOOL, texts, tool_call_id=block.tool_use_id)
            if images:
                said += [f"Images that {block.tool_use_id} returned:", *images]
        else:
            said += _parts(block, f"{place}.{index}")
    if said:
        yield domain.Message(Role.USER, _content(said))


def _result(block: ToolResultBlock, place: str) -> tuple[str, list[Image]]:
    """Return the text and the images of a tool's result."""
    given = block.content
    parts: list[domain.Part] = []
    if isinstance(given, str):
        parts.append(given)
    else:
        for index, one in enumerate(given or ()):
            parts += _parts(one, f"{place}.{index}")
    text = "\n".join(part for part in parts if isinstance(part, str))
    images = [part for part in parts if isinstance(part, Image)]
    if block.is_error:
        text = f"Error: {text}" if text else "Error"
    return text or ("See the images below." if images else ""), images


def _parts(block: ResultBlock, place: str) -> Iterator[domain.Part]:
    match block:
        case TextBlock():
            yield _text(block)
        case ImageBlock():
            yield _image(block, place)
        case DocumentBlock():
            yield from _document(block, place)
        case SearchResultBlock(source=source, title=title, content=content):
            text = "\n".join(one.text for one in content)
            yield _tagged("search_result", text, source=source, title=title)
        case _:
            assert_never(block)


def _text(block: TextBlock) -> str:
    if block.cache_control is None:
        return block.text
    return MarkedText.of(block.text, block.cache_control.model_dump(exclude_none=True))


def _image(block: ImageBlock, place: str) -> Image:
    source = block.source
    if isinstance(source, Base64Image):
        url = f"data:{source.media_type};base64,{source.data}"
        return Image(url, field_path=f"{place}.source.data")
    return Image(source.url, field_path=f"{place}.source.url")


def _document(block: DocumentBlock, place: str) -> Iterator[domain.Part]:
    source = block.source
    images: list[domain.Part] = []
    match source:
        case TextSource(data=text):
            pass
        case BlocksSource(content=str(text)):
            pass
        case BlocksSource(content=blocks):
            text = "\n".join(one.text for one in blocks if isinstance(one, TextBlock))
            images += [
                _image(one, f"{place}.source.content.{index}")
                for index, one in enumerate(blocks)
                if isinstance(one, ImageBlock)
            ]
        case FileSource():
            raise AssertionError("A file is refused by its schema.")
    yield _tagged("document", text, title=block.title, context=block.context)
    yield from images


def _tagged(tag: str, text: str, **fields: str | None) -> str:
    """Return a text within tags, with what is known of it before it."""
    known = [f"<{name}>{value}</{name}>" for name, value in fields.items() if value]
    return "\n".join([f"<{tag}>", *known, text, f"</{tag}>"])


def _assistant(given: AssistantTurn) -> domain.Message:
    """Return an earlier response; its signed reasoning is sent back unchanged."""
    if isinstance(given.content, str):
        return domain.Message(Role.ASSISTANT, given.content)
    said: list[domain.Part] = []
    uses: list[ToolUseBlock] = []
    thoughts: list[ThinkingBlock | RedactedThinkingBlock] = []
    sealed = SealedFields()
    for block in given.content:
        match block:
            case TextBlock():
                said.append(_text(block))
            case ToolUseBlock():
                uses.append(block)
            case RedactedThinkingBlock(data=data) if (fields := opened(data)) is not None:
                sealed = fields
            case ThinkingBlock() | RedactedThinkingBlock():
                thoughts.append(block)
            case SearchBlock():
                pass
            case _:
                assert_never(block)
    reasoning, opaque = _reasoning(thoughts)
    opaque |= sealed.message
    return domain.Message(
        Role.ASSISTANT,
        _content(said) if said or not uses else None,
        tool_calls=tuple([_use(use, sealed) for use in uses]),
        reasoning=reasoning,
        opaque=opaque or None,
    )


def _reasoning(
    thoughts: Sequence[ThinkingBlock | RedactedThinkingBlock],
) -> tuple[str | None, dict[str, object]]:
    """Return reasoning as text; or, where any of it is signed, all of it as its engine wants it back."""
    if all(isinstance(one, ThinkingBlock) and not one.signature for one in thoughts):
        texts = [one.thinking for one in thoughts if isinstance(one, ThinkingBlock)]
        return "\n\n".join(texts) or None, {}
    return None, {_THINKING: [one.model_dump() for one in thoughts]}


def _use(use: ToolUseBlock, sealed: SealedFields) -> ToolUse:
    arguments = orjson.dumps(use.input).decode()
    return ToolUse(use.id, use.name, arguments, sealed.calls.get(use.id))


def _content(parts: Sequence[domain.Part]) -> _Content:
    """Return the content of a message; a plain text stays one."""
    if not parts:
        return ""
    first = parts[0]
    return first if len(parts) == 1 and first.__class__ is str else tuple(parts)


def _joined(row: Sequence[domain.Message]) -> domain.Message:
    """Return messages of one role as one, in linear time: a body may have 100,000 in a row."""
    first, *others = row
    if not others:
        return first
    opaque = dict[str, object]()
    for message in row:
        merge(opaque, message.opaque or {})
    parts = [part for message in row for part in _each(message.content)]
    return domain.Message(
        first.role,
        _content(parts) if parts else first.content,
        tool_calls=tuple([call for message in row for call in message.tool_calls]),
        reasoning="\n\n".join([one.reasoning for one in row if one.reasoning]) or None,
        opaque=opaque or None,
    )


def _each(content: _Content | None) -> Iterable[domain.Part]:
    if isinstance(content, tuple):
        return content
    return (content,) if content else ()
