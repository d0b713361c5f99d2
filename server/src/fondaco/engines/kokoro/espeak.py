"""eSpeak NG, which is under the GPL and installed by choice only: texts of four languages as phonemes."""

import re
from typing import Final

from fondaco.engines.common.speech.normalisation.letters import without_other_scripts
from fondaco.engines.common.speech.plain import plain

_VOICES: Final = {"fr": "fr-fr", "hi": "hi", "it": "it", "pt-BR": "pt-br"}
"""Language -> what eSpeak calls it."""
_SCRIPTS: Final = {"hi": ("DEVANAGARI",)}
"""Those besides the Latin one."""
_TIE: Final = "^"
_AS_KOKORO: Final = (
    *(
        ("a^\u026a", "I"),
        ("a^ʊ", "W"),
        ("e^\u026a", "A"),
        ("o^ʊ", "O"),
        ("ə^ʊ", "Q"),
        ("ɔ^\u026a", "Y"),
    ),
    *(("d^z", "ʣ"), ("d^ʒ", "ʤ"), ("s^s", "S"), ("t^s", "ʦ"), ("t^ʃ", "ʧ")),
    *((_TIE, ""), ("-", "")),
)
"""Diphthongs and affricates, which Kokoro was trained to read as one phoneme each."""
_MARKS = re.compile(r"(\s*[,.;:!?¡¿\u2026\u2014\u201c\u201d\u00ab\u00bb()\u0964\n]+\s*)")
"""Separators between the pieces that eSpeak gets; it would drop them."""
_SAID_AS = str.maketrans(
    {"\u00ab": "\u201c", "\u00bb": "\u201d", "¡": "", "¿": "", "\u0964": ".", "\n": " "}
)
_SWITCH = re.compile(r"\([a-z-]{2,8}\)")
"""Marker of a language switch: eSpeak took a word for one of another language."""


class Espeak:
    """Reads one language."""

    def __init__(self, language: str) -> None:
        """Load its rules.

        Raises:
            KeyError: the language is not supported.
        """
        import espeakng_loader  # noqa: PLC0415 - installed by choice
        from espeakng_runtime import EspeakRuntime  # noqa: PLC0415 - likewise

        self._voice = _VOICES[language]
        self._espeak = EspeakRuntime(
            mode="native",
            library=str(espeakng_loader.get_library_path()),
            data=str(espeakng_loader.get_data_path()),
        )

    def phonemes(self, sentence: str) -> str:
        """Return the phonemes of a sentence, in Kokoro's alphabet; empty: nothing can be read."""
        text = without_other_scripts(plain(sentence), *_SCRIPTS.get(self._voice, ()))
        pieces = _MARKS.split(text)
        read = "".join(
            piece.translate(_SAID_AS) if number % 2 else self._piece(piece)
            for number, piece in enumerate(pieces)
        ).strip()
        return read if any(map(str.isalpha, read)) else ""

    def _piece(self, piece: str) -> str:
        if not any(map(str.isalnum, piece)):
            return ""
        read = self._espeak.phonemize(piece, voice=self._voice, use_tie=True, tie_char=_TIE)
        for one, other in _AS_KOKORO:
            read = read.replace(one, other)
        return _SWITCH.sub("", read)
