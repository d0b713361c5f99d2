"""The forms that texts of the configuration have, and how an error describes each of them."""

import re
from collections.abc import Mapping

NAME = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$"
MODEL_ID = r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,99}$"
"""With colons, as Ollama's names have them."""
ALIAS = r"^[A-Za-z0-9*][A-Za-z0-9._/:*-]{0,99}$"
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""Of a file in the models folder."""
HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"
SECRET = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:(/|~/).+)?$"  # noqa: S105 - a reference
ENGINE_URL = r"^https?://[^/@\s?#]+(/[^@\s?#]*)?$"
ENCLAVE_URL = SEARCH_URL = r"^(https?://[^/@\s?#]+(/[^@\s?#]*)?)?$"
FILE_URL = r"^(https?://[^@\s]+)?$"
NODE_URL = r"^(https?://[^@\s?#]+|env:[A-Za-z_][A-Za-z0-9_]*|file:(/|~/).+)?$"
SHA256 = r"^[0-9a-f]{64}$"
CONTRACT = r"^(0x[0-9a-fA-F]{40})?$"
ASPECT_RATIO = r"^[1-9][0-9]?:[1-9][0-9]?$"
VOICE = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"
LANGUAGE = r"^[a-z]{2,3}$"
STAKER = r"^(\*|0x[0-9a-fA-F]{40})$"

_BEGINS = "the first one a letter or digit"
_ADDRESS = "an address such as http://127.0.0.1:8000/v1, without a user, a query or blanks"
DESCRIPTIONS: Mapping[str, str] = {
    NAME: f"1 to 100 letters, digits, dots, dashes, underscores or slashes, {_BEGINS}",
    MODEL_ID: f"1 to 100 letters, digits, dots, dashes, underscores, slashes or colons, {_BEGINS}",
    ALIAS: "1 to 100 letters, digits, dots, dashes, underscores, slashes, colons or asterisks",
    FILE_NAME: f"a file name without a folder: letters, digits, dots, dashes and underscores, {_BEGINS}",
    HEADER_NAME: "the name of a header",
    SECRET: "a reference to a secret: env:NAME, file:/PATH or file:~/PATH",
    ENGINE_URL: _ADDRESS,
    SEARCH_URL: f"{_ADDRESS}, or empty",
    FILE_URL: "an address that begins with https://, without a user or blanks, or empty",
    NODE_URL: "an address that begins with https://, or env:NAME or file:PATH with one",
    SHA256: "64 hexadecimal digits in lower case",
    CONTRACT: "0x and 40 hexadecimal digits, or empty",
    ASPECT_RATIO: "width to height, such as 16:9",
    VOICE: f"1 to 64 letters, digits, dots, dashes, underscores or plus signs, {_BEGINS}",
    LANGUAGE: "a language's ISO 639 code of two or three letters, such as en",
    STAKER: "0x and 40 hexadecimal digits, or *",
}


def fits(pattern: str, text: str) -> bool:
    r"""Whether a text has a form.

    >>> fits(MODEL_ID, "qwen3:8b"), fits(MODEL_ID, "my model"), fits(MODEL_ID, "a\n")
    (True, False, False)
    """
    return re.fullmatch(pattern, text) is not None and not text.endswith("\n")


_USERINFO = re.compile(r"//[^/@\s]*@")


def without_credentials(text: str) -> str:
    """Return a text without the user and password of any address in it.

    >>> without_credentials("Could not fetch https://ada:secret@host/file: no such file")
    'Could not fetch https://host/file: no such file'
    """
    return _USERINFO.sub("//", text)
