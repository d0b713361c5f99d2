"""Sealed replies: model output, encrypted and hashed, as the bytes of a stream or of one body.

Each reply is written twice, in cleartext for the receipt's hash and encrypted for the caller, by two writers
of the same dialect.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from fondaco.domain.chat.events import (
    EventBatch,
    Finish,
    Opaque,
    PromptEcho,
    Reasoning,
    Refusal,
    Text,
    ToolPart,
    UsageReported,
)
from fondaco.domain.confidential.sealed import SealedCall
from fondaco.domain.money.usage import Usage
from fondaco.enclave.dialect import BodyWriter, ChunkWriter, ReadRequest, SealedDialect
from fondaco.enclave.opening import ResponseSealer
from fondaco.enclave.receipts import ReceiptBuilder

_CONTENT: Final = "content"
_REASONING: Final = "reasoning_content"


@dataclass(slots=True)
class _Piece:
    """Text of one field of one choice, received in pieces."""

    choice: int
    kind: str
    texts: list[str] = field(default_factory=list)

    def event(self, text: str) -> Text | Reasoning:
        """Return the event with a text instead of the pieces."""
        return (Text if self.kind == _CONTENT else Reasoning)(self.choice, text)


class Pieces:
    """Collects model output by choice and field; the rest waits for the end."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._latest: dict[int, _Piece] = {}
        self._finishes: dict[int, Finish] = {}

    def add(self, batch: EventBatch) -> None:
        """Add a batch; a refusal is sent as text, since it is content as well.

        Fields that only an engine reads are dropped: clients could not send them back in plain text.
        """
        for event in batch:
            match event:
                case Text() | Refusal():
                    self._say(event.choice, _CONTENT, event.text)
                case Reasoning():
                    self._say(event.choice, _REASONING, event.text)
                case Finish():
                    self._finishes[event.choice] = event
                case ToolPart() | Opaque() | PromptEcho() | UsageReported():
                    pass

    def taken(self) -> list[_Piece]:
        """Return the output collected since the last call."""
        taken, self._pieces = self._pieces, []
        self._latest.clear()
        return taken

    @property
    def finishes(self) -> tuple[Finish, ...]:
        """The ends of the choices, in their order."""
        return tuple(self._finishes[choice] for choice in sorted(self._finishes))

    def _say(self, choice: int, kind: str, text: str) -> None:
        latest = self._latest.get(choice)
        if latest is None or latest.kind != kind:
            latest = self._latest[choice] = _Piece(choice, kind)
            self._pieces.append(latest)
        latest.texts.append(text)


class SealedReply(Protocol):
    """A reply in the making."""

    def add(self, batch: EventBatch) -> None:
        """Add model output."""
        ...

    def flush(self) -> bytes:
        """Return the next bytes for the caller; perhaps none."""
        ...

    def end(self, usage: Usage) -> bytes:
        """Return the last bytes, once all was added."""
        ...


@dataclass(frozen=True, slots=True)
class Seal:
    """Cipher state that seals one reply."""

    sealer: ResponseSealer
    receipt: ReceiptBuilder

    def events(self, pieces: list[_Piece], place: str) -> Iterator[tuple[EventBatch, EventBatch]]:
        """Yield each piece in cleartext, and as sent.

        Args:
            pieces: of the reply.
            place: the member of a choice that holds them, `delta` or `message`.
        """
        for piece in pieces:
            text = "".join(piece.texts)
            path = f"choices.{piece.choice}.{place}.{piece.kind}"
            yield (piece.event(text),), (piece.event(self.sealer.seal(text, path)),)

    def record(self, cleartext: bytes, wire: bytes) -> bytes:
        """Hash the next bytes of a reply, and return those that are sent."""
        self.receipt.cleartext(cleartext)
        self.receipt.wire(wire)
        return wire


class StreamedReply:
    """A reply as a stream of events."""

    def __init__(
        self, seal: Seal, cleartext: ChunkWriter, wire: ChunkWriter, *, usage: bool, ending: bytes
    ) -> None:
        """Begin.

        Args:
            seal: what seals the reply.
            cleartext: writer of the cleartext.
            wire: writer of the encrypted response.
            usage: whether an event before the last one reports usage.
            ending: the last event.
        """
        self._seal = seal
        self._cleartext, self._wire = cleartext, wire
        self._usage, self._ending = usage, ending
        self._pieces = Pieces()
        self._said: set[int] = set()

    def add(self, batch: EventBatch) -> None:
        """As `SealedReply` says."""
        self._pieces.add(batch)

    def flush(self) -> bytes:
        """As `SealedReply` says."""
        return b"".join(self._written(self._pieces.taken()))

    def end(self, usage: Usage) -> bytes:
        """As `SealedReply` says; the choices' ends are among the last bytes."""
        pieces, finishes = self._pieces.taken(), self._pieces.finishes
        heard = self._said | {piece.choice for piece in pieces}
        # A choice without output starts with empty content, which is encrypted as well.
        pieces += [_Piece(one.choice, _CONTENT) for one in finishes if one.choice not in heard]
        written = list(self._written(pieces))
        last = self._ending
        if self._usage:
            last = self._wire.usage(usage) + last
        written.append(
            self._seal.record(
                self._cleartext.write(finishes) + last, self._wire.write(finishes) + last
            )
        )
        return b"".join(written)

    def _written(self, pieces: list[_Piece]) -> Iterator[bytes]:
        self._said.update(piece.choice for piece in pieces)
        for said, sent in self._seal.events(pieces, "delta"):
            yield self._seal.record(self._cleartext.write(said), self._wire.write(sent))


class WholeReply:
    """A reply as one body."""

    def __init__(
        self, seal: Seal, call: SealedCall, model: str, dialect: SealedDialect, read: ReadRequest
    ) -> None:
        """Start the response to a request; `model` is the id in the response."""
        self._seal, self._call, self._model, self._echo = seal, call, model, read.echo
        self._pieces = Pieces()
        self._choices = read.request.choices
        self._dialect = dialect

    def add(self, batch: EventBatch) -> None:
        """As `SealedReply` says."""
        self._pieces.add(batch)

    def flush(self) -> bytes:
        """As `SealedReply` says; the body is sent whole."""
        return b""

    def end(self, usage: Usage) -> bytes:
        """As `SealedReply` says."""
        said, sent = self._dialect.whole(self._choices), self._dialect.whole(self._choices)
        for one, other in self._seal.events(self._joined(), "message"):
            said.add(one)
            sent.add(other)
        finishes = self._pieces.finishes
        said.add(finishes)
        sent.add(finishes)
        return self._seal.record(self._body(said, usage), self._body(sent, usage))

    def _joined(self) -> list[_Piece]:
        """Return one piece for each choice's reasoning, where there is any, and one for its content."""
        joined = {(choice, _CONTENT): _Piece(choice, _CONTENT) for choice in range(self._choices)}
        for piece in self._pieces.taken():
            place = (piece.choice, piece.kind)
            joined.setdefault(place, _Piece(*place)).texts.extend(piece.texts)
        return list(joined.values())

    def _body(self, writer: BodyWriter, usage: Usage) -> bytes:
        writer.settle(usage)
        call = self._call
        return writer.body(call.completion_id, call.created, self._model, self._echo)


def reply_to(
    call: SealedCall, model: str, read: ReadRequest, dialect: SealedDialect, seal: Seal
) -> SealedReply:
    """Return the response to a request; `model` is the id in the response."""
    if not read.stream:
        return WholeReply(seal, call, model, dialect, read)
    cleartext, wire = (
        dialect.chunks(call.completion_id, call.created, model) for _ in ("said", "sent")
    )
    return StreamedReply(seal, cleartext, wire, usage=read.usage, ending=dialect.stream_end)
