"""Voices: the names that requests may give, and the nearest installed voice for each.

Source: POST /audio/speech, `voice`; OpenAI's API reference, "Create speech", `voice`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

_LANGUAGES = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es",
    "f": "fr",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-BR",
    "z": "zh",
}
"""The first letter of a voice's name -> its language."""
_SEXES = "fm"

DOCUMENTED_VOICES: Final = (
    "af_alloy",
    "af_aoede",
    "af_bella",
    "af_heart",
    "af_jadzia",
    "af_jessica",
    "af_kore",
    "af_nicole",
    "af_nova",
    "af_river",
    "af_sarah",
    "af_sky",
    "am_adam",
    "am_echo",
    "am_eric",
    "am_fenrir",
    "am_liam",
    "am_michael",
    "am_onyx",
    "am_puck",
    "am_santa",
    "bf_alice",
    "bf_emma",
    "bf_lily",
    "bm_daniel",
    "bm_fable",
    "bm_george",
    "bm_lewis",
    "zf_xiaobei",
    "zf_xiaoni",
    "zf_xiaoxiao",
    "zf_xiaoyi",
    "zm_yunjian",
    "zm_yunxi",
    "zm_yunxia",
    "zm_yunyang",
    "ff_siwis",
    "hf_alpha",
    "hf_beta",
    "hm_omega",
    "hm_psi",
    "if_sara",
    "im_nicola",
    "jf_alpha",
    "jf_gongitsune",
    "jf_nezumi",
    "jf_tebukuro",
    "jm_kumo",
    "pf_dora",
    "pm_alex",
    "pm_santa",
    "ef_dora",
    "em_alex",
    "em_santa",
)
"""Those of the API's document, in its order."""
DEFAULT_VOICE: Final = "af_sky"

OPENAI_VOICES: Final = {
    "alloy": "af_alloy",
    "ash": "am_michael",
    "ballad": "bm_george",
    "cedar": "am_fenrir",
    "coral": "af_bella",
    "echo": "am_echo",
    "fable": "bm_fable",
    "marin": "af_heart",
    "nova": "af_nova",
    "onyx": "am_onyx",
    "sage": "af_sarah",
    "shimmer": "af_sky",
    "verse": "am_puck",
}
"""OpenAI's name -> the voice that speaks for it: its namesake, else one of the same kind."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Facts in the name of a voice: `af_sky` is American English, and female.

    >>> Voice.named("bm_george")
    Voice(id='bm_george', language='en-GB', sex='m')
    """

    id: str
    language: str
    """A BCP 47 tag, such as `en-US`."""
    sex: str
    """`f` or `m`."""

    @classmethod
    def named(cls, name: str) -> "Voice | None":
        """Return the voice with a name; None where the name does not tell what it is."""
        kind, _, rest = name.partition("_")
        if not rest or len(kind) != len("af") or kind[0] not in _LANGUAGES or kind[1] not in _SEXES:
            return None
        return cls(name, _LANGUAGES[kind[0]], kind[1])

    @property
    def base_language(self) -> str:
        """The language without its region."""
        return self.language.partition("-")[0]


def documented(name: str) -> str | None:
    """Return the documented voice of a name; None if there is none.

    >>> documented("echo"), documented("af_sky"), documented("darth")
    ('am_echo', 'af_sky', None)
    """
    name = OPENAI_VOICES.get(name, name)
    return name if name in DOCUMENTED_VOICES else None


def speaks(name: str, among: Collection[str]) -> bool:
    """Return whether some voice may speak the language of a documented one.

    A voice whose name does not tell its language may speak any.

    >>> speaks("bm_lewis", ("af_heart",)), speaks("ff_siwis", ("af_heart",)), speaks("ff_siwis", ("coral",))
    (True, False, True)
    """
    wanted = Voice.named(name)
    others = [Voice.named(other) for other in among]
    return wanted is None or any(
        voice is None or voice.base_language == wanted.base_language for voice in others
    )


def nearest(name: str, among: Collection[str]) -> str:
    """Return the voice of some that is most like a documented one; of equals, the first.

    The language counts first, then its region, then the sex.

    >>> nearest("af_jadzia", ("am_adam", "af_heart", "af_sky")), nearest("bm_lewis", ("ff_siwis", "af_heart"))
    ('af_heart', 'af_heart')
    """
    if name in among:
        return name
    wanted = Voice.named(name)

    def likeness(other: str) -> tuple[bool, bool, bool]:
        voice = Voice.named(other)
        if voice is None or wanted is None:
            return False, False, False
        return (
            voice.base_language == wanted.base_language,
            voice.language == wanted.language,
            voice.sex == wanted.sex,
        )

    return max(among, key=likeness)
