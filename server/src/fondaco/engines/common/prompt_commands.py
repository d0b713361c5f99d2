"""Commands to an engine within a prompt of an image, which are never passed on."""

import re
from collections.abc import Mapping

from fondaco.domain.errors import InvalidRequestError

_COMMAND = re.compile(
    r"<\s*/?\s*(?:sd_cpp_extra_args|lora|lyco|loha|hypernet|ti|embedding)\b[^<]?", re.IGNORECASE
)
"""What some engines obey within a prompt: sd-server takes sizes, steps and files from it, others load weights."""


def expect_no_command(prompts: Mapping[str, str]) -> None:
    """Return if no prompt holds what an engine would obey; `prompts` are by the fields of the request.

    Raises:
        InvalidRequestError: one does.

    >>> expect_no_command({"prompt": "a cat <3 lora", "negative_prompt": ""})
    """
    faults = {
        field: (
            "Tags such as <lora:...> would command the engine and are not allowed; remove them.",
        )
        for field, text in prompts.items()
        if _COMMAND.search(text)
    }
    if faults:
        raise InvalidRequestError(faults=faults)
