"""Commands within prompts: syntax that an engine would execute or expand rather than draw.

A tenant's prompt must not choose sizes, steps, weights or files of an engine that others pay for and use.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.image_request import ImageTask


class Command(Enum):
    """A kind of command that some engines know."""

    TAG = auto()
    """`<sd_cpp_extra_args>{...}`, from which sd-server takes sizes, steps and files; `<lora:name:1>` and the like."""
    WILDCARD = auto()
    """`__name__`: a line of a file on the engine's disk. Source: Dynamic Prompts, SD.Next, Impact Pack."""
    VARIANT = auto()
    """`{a|b}`, `{2$$a|b}` and `${name}`: one of several at random, whatever the seed. Source: likewise."""
    EMBEDDING = auto()
    """`embedding:name`: a file of weights. Source: ComfyUI, `CLIPTextEncode`."""


_NAMED_TAG = re.compile(
    r"<\s*/?\s*(?:sd_cpp_extra_args|lora|lyco|loha|hypernet|ti|embedding)\b", re.IGNORECASE
)
_ANY_TAG = re.compile(r"<\s*\w+\s*:")
"""The start of a tag that needs its end. Source: stable-diffusion-webui, `extra_networks`; extensions add names."""
_UNDERSCORES = re.compile(r"__+")
_VARIANT = re.compile(r"\{[^{}]*\||[$%]\{")
_EMBEDDING = re.compile(r"(embedding):", re.IGNORECASE)
_NO_BRACKETS = str.maketrans(dict.fromkeys("<>{}", " "))
_EXAMPLES = {
    Command.TAG: "<lora:...>",
    Command.WILDCARD: "__name__",
    Command.VARIANT: "{a|b}",
    Command.EMBEDDING: "embedding:name",
}


@dataclass(frozen=True, slots=True)
class PromptRules:
    """Commands that an engine would obey, and the treatment of prompts that contain one."""

    commands: frozenset[Command] = frozenset({Command.TAG})
    strip: bool = False
    """Whether they are made plain words, instead of refusing the request."""

    def apply(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return the texts of a request's fields, without any command.

        Raises:
            InvalidRequestError: one holds a command, and commands are refused.
        """
        if self.strip:
            return {field: self._plain(text) for field, text in texts.items()}
        expect_no_command(texts, self.commands)
        return dict(texts)

    def _plain(self, text: str) -> str:
        """Return a text whose commands are plain words.

        Single characters are taken, so that nothing that is left can join to a command again.
        """
        if next(_commands_in(text, self.commands), None) is None:
            return text
        return _EMBEDDING.sub(r"\1 ", _UNDERSCORES.sub("_", text.translate(_NO_BRACKETS)))


def expect_no_command(
    texts: Mapping[str, str], commands: Collection[Command] = (Command.TAG,)
) -> None:
    """Return if no text holds what an engine would obey.

    Raises:
        InvalidRequestError: one does; the fields at fault are named.
    """
    faults = {
        field: (
            f"Tags such as {_EXAMPLES[found]} are instructions to the engine, which are not allowed. Remove them.",
        )
        for field, text in texts.items()
        if (found := next(_commands_in(text, commands), None)) is not None
    }
    if faults:
        raise InvalidRequestError(faults=faults)


def prompts_of(task: ImageTask, rules: PromptRules) -> tuple[str, str]:
    """Return the prompt and the negative prompt that an engine is sent, the style's words included.

    Raises:
        InvalidRequestError: one holds a command, and commands are refused.
    """
    texts = rules.apply({"prompt": task.prompt, "negative_prompt": task.negative_prompt})
    prompt, negative = texts["prompt"], texts["negative_prompt"]
    if (style := task.style) is not None:
        prompt, negative = style.styled(prompt), style.avoiding(negative)
    return unicode_of(prompt), unicode_of(negative)


def unicode_of(text: str) -> str:
    """Return a text with lone surrogates replaced, which no encoding has."""
    return text.encode("utf-8", "replace").decode()


def _commands_in(text: str, commands: Collection[Command]) -> Iterator[Command]:
    return (one for one in Command if one in commands and _holds(text, one))


def _holds(text: str, command: Command) -> bool:
    """Whether a text holds a command of a kind; in time that grows as the text does."""
    match command:
        case Command.TAG:
            ended = text[: text.rfind(">") + 1]
            return bool(_NAMED_TAG.search(text) or _ANY_TAG.search(ended))
        case Command.WILDCARD:
            _, *between = _UNDERSCORES.split(text)
            return any(name.strip() and "\n" not in name for name in between[:-1])
        case Command.VARIANT:
            return _VARIANT.search(text) is not None
        case Command.EMBEDDING:
            return _EMBEDDING.search(text) is not None
