"""A streaming parser of `<think>` tags that separates reasoning from text."""

from fondaco.domain.chat.events import Reasoning, Text, TokenLogprob

OPENING, CLOSING = "<think>", "</think>"
_BETWEEN = "\n\n"
"""Between the reasoning of two blocks."""
_MOST_BLANKS = 1024
"""Limit of white space that is held until the following text shows where it belongs."""


class ThinkTagParser:
    r"""Takes the pieces of a choice's text as they come, however they are cut.

    Blocks count at the beginning of an answer: once something has been said outside of them, tags
    are text, as a model may be asked about them. White space around reasoning, and before the text
    after them, belongs to the tags. A reasoning that is never closed stays one.

    >>> parser = ThinkTagParser()
    >>> [parser.feed(Text(0, piece)) for piece in ("<thi", "nk>\nAh", "a.</think>", "\n\nYes.")]
    [(), (Reasoning(choice=0, text='Ah', tokens=2),), (Reasoning(choice=0, text='a.', tokens=1),), (Text(choice=0, text='Yes.', tokens=1, logprobs=None),)]
    """

    __slots__ = (
        "_after",
        "_fresh",
        "_held",
        "_inside",
        "_logprobs",
        "_pending_tokens",
        "_seen",
        "_text_seen",
    )

    def __init__(self, *, inside: bool = False) -> None:
        """Expect output; `inside` says that it starts inside the `<think>` tag."""
        self._inside = inside
        """Whether what comes next is within a block."""
        self._fresh = True
        """Whether that block had no reasoning in it yet."""
        self._seen = False
        """Whether any block had reasoning in it."""
        self._after = False
        """Whether a block has ended."""
        self._text_seen = False
        """Whether the text has started, which ends the parsing."""
        self._held = ""
        """Text that cannot be classified yet, or white space that may end the reasoning."""
        self._pending_tokens = 0
        """Tokens that have not been handed on."""
        self._logprobs: list[TokenLogprob] = []
        """Of the tokens of the text that is held."""

    def feed(self, piece: Text) -> tuple[Text | Reasoning, ...]:
        """Return the settled part of all pieces so far, with its tokens.

        Tokens of tags, and of white space that belongs to them, are reasoning, if need be without text.
        """
        if self._text_seen:
            return (piece,)
        unparsed, tokens = self._held + piece.text, self._pending_tokens + piece.tokens
        self._logprobs += piece.logprobs or ()
        reasoning_text, text, self._held = self._parse(unparsed)
        self._pending_tokens = 0 if reasoning_text or text else tokens
        if not text:
            self._keep_logprobs(len(self._held))
            return (Reasoning(piece.choice, reasoning_text, tokens),) if reasoning_text else ()
        text_tokens = tokens
        if self._after:
            own = len(piece.text)
            text_tokens = -(-piece.tokens * min(len(text), own) // own)
        logprobs = None
        if piece.logprobs is not None:
            self._keep_logprobs(len(text))
            logprobs = tuple(self._logprobs)
        text_event = Text(piece.choice, text, text_tokens, logprobs)
        if reasoning_text or text_tokens < tokens:
            return (Reasoning(piece.choice, reasoning_text, tokens - text_tokens), text_event)
        return (text_event,)

    def interrupt(self, choice: int) -> tuple[Text | Reasoning, ...]:
        """Return what was held back: something else comes now, such as the end.

        Tokens that left no text count as reasoning without text.
        """
        held, pending_tokens = self._held, self._pending_tokens
        self._held, self._pending_tokens = "", 0
        if self._inside:
            reasoning_text = self._next(held.rstrip())
            return (
                (Reasoning(choice, reasoning_text, pending_tokens),)
                if reasoning_text or pending_tokens
                else ()
            )
        if self._after:
            held = held.lstrip()
        if not held:
            return (Reasoning(choice, "", pending_tokens),) if pending_tokens else ()
        self._text_seen = True
        return (Text(choice, held, pending_tokens, tuple(self._logprobs) or None),)

    def end_block(self) -> None:
        """Note that the engine reports reasoning by itself, so that the answer is not within a block."""
        self._inside, self._after = False, True

    def _parse(self, unparsed: str) -> tuple[str, str, str]:
        """Return the reasoning in unparsed text, the text after it, and what must be held."""
        reasoning = ""
        while unparsed:
            if self._inside:
                reasoning_text, unparsed = self._inner(unparsed)
                reasoning += self._next(reasoning_text)
                if self._inside:
                    break
            else:
                stripped = unparsed.lstrip()
                if not stripped.startswith(OPENING):
                    if self._after:
                        unparsed = stripped
                    if (
                        OPENING.startswith(stripped)
                        and len(unparsed) - len(stripped) <= _MOST_BLANKS
                    ):
                        break
                    self._text_seen = True
                    return reasoning, unparsed, ""
                self._inside = self._fresh = True
                unparsed = stripped[len(OPENING) :]
        return reasoning, "", unparsed

    def _inner(self, unparsed: str) -> tuple[str, str]:
        """Return what is certain of the reasoning that `unparsed` starts within, and what follows it."""
        if self._fresh:
            unparsed = unparsed.lstrip()
            while unparsed.startswith(OPENING):  # some models repeat the opening tag
                unparsed = unparsed[len(OPENING) :].lstrip()
            if OPENING.startswith(unparsed):
                return "", unparsed
        reasoning_text, closing, rest = unparsed.partition(CLOSING)
        if closing:
            self._inside, self._after = False, True
            return reasoning_text.rstrip(), rest
        last = unparsed.rfind("<")
        certain = unparsed[:last] if last >= 0 and CLOSING.startswith(unparsed[last:]) else unparsed
        stripped = certain.rstrip()
        if len(certain) - len(stripped) <= _MOST_BLANKS:
            certain = stripped
        return certain, unparsed[len(certain) :]

    def _next(self, reasoning_text: str) -> str:
        """Return the next piece of all reasoning together."""
        if not reasoning_text:
            return ""
        joint = _BETWEEN if self._fresh and self._seen else ""
        self._fresh, self._seen = False, True
        return joint + reasoning_text

    def _keep_logprobs(self, characters: int) -> None:
        """Forget those of all tokens but the last ones, which spell so many characters."""
        at = len(self._logprobs)
        while at and characters > 0:
            at -= 1
            characters -= len(self._logprobs[at].token)
        del self._logprobs[:at]
