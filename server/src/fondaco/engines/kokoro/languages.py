"""Languages: the packages that each needs, and how to install them."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from fondaco.domain.extras import Extra, how_to_install
from fondaco.domain.media.voices import Voice


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages that a language needs."""

    libraries: tuple[str, ...]
    extra: Extra

    @property
    def installed(self) -> bool:
        """Whether all packages are here."""
        return all(find_spec(library) for library in self.libraries)


_ENGLISH = Packages(("hibari",), "speech")
_SPANISH = Packages(("piper_plus_g2p", "unicode_rbnf"), "speech")
_ESPEAK = Packages(("espeakng_loader", "espeakng_runtime"), "espeak")
_CHINESE = Packages(("misaki", "cn2an", "jieba", "ordered_set", "pypinyin"), "chinese")
_JAPANESE = Packages(("misaki", "fugashi", "jaconv", "mojimoji", "unidic_lite"), "japanese")
READINGS: Final = {
    "en": _ENGLISH,
    "es": _SPANISH,
    "fr": _ESPEAK,
    "hi": _ESPEAK,
    "it": _ESPEAK,
    "ja": _JAPANESE,
    "pt": _ESPEAK,
    "zh": _CHINESE,
}
"""Language, without its region -> how it is read."""
_NAMES = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "pt": "Portuguese",
    "zh": "Chinese",
}


def why_not_read(voice: str) -> str:
    """Return why the language of a voice cannot be read here, and how to mend it; empty if it can."""
    known = Voice.named(voice)
    if known is None:
        return "The voice's name does not contain its language."
    language = known.base_language
    reading = READINGS[language]
    if reading.installed:
        return ""
    return f"The packages for {_NAMES[language]} are not installed. {how_to_install(reading.extra)}"
