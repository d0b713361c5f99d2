"""The grammar: an instruction's parts, each understood wholly or not at all, as operations in their order."""

import re
from dataclasses import dataclass

from fondaco.engines.editor.instructions import hues, shapes, styles, tones
from fondaco.engines.editor.instructions.operations import Operation
from fondaco.engines.editor.instructions.rule import Position, Rule
from fondaco.engines.editor.instructions.wording import IT, normalized

MOST_OPERATIONS = 12
LONGEST = 1_500
"""Characters of an instruction."""
_LONGEST_PHRASE = 200
"""Characters that a rule looks at: beyond them, patterns of words that repeat would take seconds to fail."""

_SEPARATOR = re.compile(
    r"(?:(?:,|and then|and also|and finally|and|then|plus|also|next|finally|first|firstly|second|secondly|lastly|"
    r"after that|afterwards?|followed by|as well as|while also|\d{1,2} ,)(?: |$))+"
)
"""Separators between the parts of an instruction."""
_POLITE = re.compile(
    r"(?:please|kindly|just|now|hey|hi|hello|can you|could you|would you|will you|can we|can i|could i|i|you|we|want|need|"
    r"would like|d like|id like|like|would love|to|lets|let us|go ahead|try|try to|maybe|perhaps|for me|me|simply|"
    r"edit|edit it|edit the|it should be|it should|should|have|get|thanks|thank|so that|so|"
    r"do the following|the following|my image|this image|this picture|this photo|photo|image|picture|the image|the picture|"
    r"the photo|it|its|this|a|ok|okay)(?= |$)"
)
"""Words that may stand before the verb of a part."""
_FILLER = re.compile(
    rf"(?:{IT}|have|has|having|make|turn|convert|change|transform|apply|add|give|set|do|use|create|put|render|show|see|generate|adjust|edit|adding|"
    r"applying|making|using|perform|insert|it|its|this|that|me|my|the|a|an|some|image|picture|photo|photograph|pic|"
    r"shot|whole|entire|overall|everything|all|look|looks|looking|appear|be|become|is|being|are|into|to|in|with|of|"
    r"on|for|from|around|across|over|effect|effects|filter|filters|version|style|tones?|art|mode|thing|colors?|please|thanks|thank|you|"
    r"now|too|as|well|also|more like|like|kind|sort|bit|please|so|really|very|little)(?= |$)"
)
"""Words that say nothing of their own, between and behind those that do."""
_JOINING = ("with", "using")
"""Of these, those that join a further wish to a command: `crop to a square with a white border`."""
_WANTS = (
    ("something added", r"add|insert|include|place|put|draw|attach|paste|append|give"),
    ("something taken out", r"remove|delete|erase|take|get rid of|eliminate|clean"),
    ("text", r"write|caption|label|sign|translate|text|type"),
    ("something replaced", r"replace|swap|exchange|substitute|switch"),
    ("something moved or shaped anew", r"move|open|close|bend|lift|stretch|straighten|shift|tilt|extend|expand|zoom out"),
)  # fmt: skip

_STYLES = (
    *(Rule(pattern, lambda found: (styles.restyle(found),)) for pattern in styles.PHRASES),
    *(
        Rule(pattern, lambda found: (styles.restyle(found),), Position.VERB)
        for pattern in styles.COMMANDS
    ),
    *(
        Rule(pattern, lambda found: (styles.restyle(found),), Position.ALONE)
        for pattern in styles.ALONE
    ),
)
RULES: tuple[Rule, ...] = (*hues.RULES, *shapes.RULES, *tones.RULES, *_STYLES)
"""All rules: where several match as many characters, the first wins."""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """The first part of an instruction that means nothing here."""

    number: int
    """Of the part, from 1."""
    wants: str
    """Likely class of the request; empty if unknown."""


class _Reader:
    """Reads one instruction from its beginning to its end; each position is looked at once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._part = 1
        self._operations: list[Operation] = []
        self._begins()

    def read(self) -> tuple[Operation, ...] | NotUnderstood:
        while self._at < len(self._text):
            if self._separated() or self._understood() or self._polite() or self._filled():
                continue
            return NotUnderstood(self._part, self._wants())
        if not self._operations or len(self._operations) > MOST_OPERATIONS:
            return NotUnderstood(self._part, self._wants())
        return tuple(self._operations)

    def _begins(self) -> None:
        """Begin a part at the present position."""
        self._part_at = self._at
        self._verb = self._fresh = True
        """Whether this part has no verb yet, and only polite phrases."""
        self._closed = False
        """Whether this part has a command: following words belong to it, or are not understood."""

    def _separated(self) -> bool:
        found = _SEPARATOR.match(self._text, self._at)
        if found is None:
            return False
        self._at = found.end()
        if not self._fresh:
            self._part += 1
        self._begins()
        return True

    def _understood(self) -> bool:
        if self._closed:
            return False
        best: re.Match[str] | None = None
        commands = False
        operations: tuple[Operation, ...] = ()
        end = self._phrase_end()
        for rule in RULES:
            if not self._allowed(rule.position):
                continue
            found = rule.compiled.match(self._text, self._at, end)
            if found is None or (best is not None and found.end() <= best.end()):
                continue
            if rule.position is Position.ALONE and not self._ends(found.end()):
                continue
            if built := rule.build(found):
                best, operations = found, built
                commands = rule.position is Position.VERB
        if best is None:
            return False
        self._operations += operations
        self._advance(best.end())
        self._verb = self._fresh = False
        self._closed = commands
        return True

    def _phrase_end(self) -> int:
        """Return the end of the last word that a rule looks at from here."""
        furthest = self._at + _LONGEST_PHRASE
        if furthest >= len(self._text):
            return len(self._text)
        return max(self._text.rfind(" ", self._at, furthest), self._at)

    def _allowed(self, position: Position) -> bool:
        match position:
            case Position.ANYWHERE:
                return True
            case Position.VERB | Position.ALONE:
                return self._verb

    def _ends(self, at: int) -> bool:
        """Whether a part of the instruction ends here."""
        rest = at + 1
        return rest >= len(self._text) or _SEPARATOR.match(self._text, rest) is not None

    def _polite(self) -> bool:
        found = _POLITE.match(self._text, self._at) if self._verb else None
        if found is None:
            return False
        self._advance(found.end())
        return True

    def _filled(self) -> bool:
        found = _FILLER.match(self._text, self._at)
        if found is None:
            return False
        self._advance(found.end())
        self._verb = self._fresh = False
        self._closed = self._closed and found[0] not in _JOINING
        return True

    def _advance(self, to: int) -> None:
        self._at = min(to + 1, len(self._text))

    def _wants(self) -> str:
        part = self._text[self._part_at :]
        for wants, verbs in _WANTS:
            if re.match(
                rf"(?:(?:please|can|could|you|i|want|to|now|also|would|like) )*(?:{verbs})(?: |$)",
                part,
            ):
                return wants
        return ""


def read(prompt: str) -> tuple[Operation, ...] | NotUnderstood:
    """Return the operations that an instruction asks for, in its order.

    Every word must be understood, or be one that says nothing: no part of an instruction is left out.
    """
    if len(prompt) > LONGEST:
        return NotUnderstood(1, "")
    return _Reader(normalized(prompt)).read()
