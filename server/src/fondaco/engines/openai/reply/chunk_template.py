"""Chunk templates: parse chunks that differ from earlier ones only in their text, without JSON."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TypeAlias

from fondaco.domain.chat.events import Reasoning, Text

Kind: TypeAlias = type[Text] | type[Reasoning]

_KEYS = {Text: (b'"content":', b'"text":'), Reasoning: (b'"reasoning_content":', b'"reasoning":')}


class ChunkTemplate:
    r"""The bytes around the text of one chunk: a chunk with the same bytes differs in its text only.

    Measured, slicing out the text costs a fifth of parsing the chunk as JSON.

    >>> chunk_template = ChunkTemplate()
    >>> chunk_template.learn(b'{"index":0,"delta":{"content":"A"}}', Text, 0, "A")
    >>> chunk_template.text(b'{"index":0,"delta":{"content":" lamp"}}')
    ' lamp'
    >>> chunk_template.text(b'{"index":1,"delta":{"content":" lamp"}}'), chunk_template.text(b'{"error":{}}')
    ('', '')
    >>> chunk_template.run([b'{"index":0,"delta":{"content":" A"}}', b'{"error":{}}'])
    [' A']
    """

    __slots__ = (
        "_after",
        "_before",
        "_event_after",
        "_event_before",
        "_least",
        "choice",
        "kind",
    )

    def __init__(self) -> None:
        self.kind: Kind = Text
        """Event type of the learned chunk."""
        self.choice = 0
        """Its choice."""
        self.forget()

    def forget(self) -> None:
        """Forget the learned chunk."""
        self._before = self._after = b"\0"  # no JSON starts or ends with NUL
        self._event_before = self._event_after = b"\0"
        self._least = 0

    def learn(self, payload: bytes, kind: Kind, choice: int, text: str) -> None:
        """Learn a chunk that contains only `text`, if the text's position is unambiguous."""
        if payload.startswith(self._before):
            return  # already learned; this text contains escapes
        before, quoted, after = payload.partition(b'"%b"' % text.encode())
        if quoted and quoted not in after and before.rstrip(b" ").endswith(_KEYS[kind]):
            self._before, self._after = before + b'"', b'"' + after
            self._event_before, self._event_after = b"data: " + self._before, self._after + b"\n\n"
            self._least = len(self._before) + len(self._after)
            self.kind, self.choice = kind, choice

    def run(self, payloads: Sequence[bytes]) -> list[str]:
        """Return the texts of the leading chunks that match the template.

        Processed together, many take half as long as one by one.
        """
        before, after, least = self._before, self._after, self._least
        cut, end = len(before), -len(after)
        raw_texts: list[bytes] = []
        for payload in payloads:
            if not payload.startswith(before) or not payload.endswith(after):
                break
            if len(payload) <= least:
                break
            raw_texts.append(payload[cut:end])
        try:
            texts = [text.decode() for text in raw_texts]
        except UnicodeDecodeError:
            texts = _decoded(raw_texts)
        if not _plain("".join(texts)):
            return texts[: next(index for index, text in enumerate(texts) if not _plain(text))]
        return texts

    def text(self, payload: bytes) -> str:
        """Return the text of a chunk that matches the template; empty if it has to be parsed."""
        return _between(self._before, payload, self._after)

    def text_of_event(self, octets: bytes) -> str:
        """Return the text of a whole event with such a chunk, as it arrives; empty if it has to be parsed."""
        return _between(self._event_before, octets, self._event_after)


def _between(before: bytes, octets: bytes, after: bytes) -> str:
    """Return the plain text between two parts of some octets; empty if there is none."""
    if not octets.startswith(before) or not octets.endswith(after):
        return ""
    begin, end = len(before), len(octets) - len(after)
    if end <= begin:
        return ""
    try:
        text = octets[begin:end].decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() and '"' not in text and "\\" not in text else ""


def _decoded(raw_texts: Sequence[bytes]) -> list[str]:
    """Return the texts before the first that is not UTF-8."""
    texts: list[str] = []
    with suppress(UnicodeDecodeError):
        for text in raw_texts:
            texts.append(text.decode())  # noqa: PERF401 - those before the error are kept
    return texts


def _plain(text: str) -> bool:
    """Whether a text needs no escapes in JSON.

    A quote would end it, a backslash escape something; JSON forbids control characters.
    """
    return text.isprintable() and '"' not in text and "\\" not in text
