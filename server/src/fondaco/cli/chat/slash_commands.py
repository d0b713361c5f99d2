"""The commands of a chat, which begin with a slash."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, auto
from pathlib import Path
from typing import Protocol

import orjson

from fondaco.cli.chat.charges import Spent, dollars
from fondaco.cli.chat.conversation import Dialogue
from fondaco.cli.chat.files import image_url
from fondaco.cli.chat.screen import Screen
from fondaco.cli.exits import FailedError
from fondaco.cli.made_files import expect_writable, write_made

_COMMAND = re.compile(r"/([a-z?]+)(?:\s+(.*))?", re.DOTALL)


class Takes(Enum):
    """The kind of a command's argument, by which it is completed."""

    NOTHING = auto()
    TEXT = auto()
    MODEL = auto()
    FILE = auto()
    WEB = auto()


class Chatting(Protocol):
    """The chat that commands change."""

    screen: Screen
    conversation: Dialogue

    @property
    def spent(self) -> Spent:
        """The sum of the answers so far."""
        ...

    @property
    def charges(self) -> bool:
        """Whether answers may be charged."""
        ...

    async def answer(self) -> None:
        """Have the last question answered."""
        ...

    async def list_models(self) -> None:
        """Show the models that answer."""
        ...

    async def expect_model(self, name: str) -> None:
        """Raise `FailedError` unless a model has this name."""
        ...

    def leave(self) -> None:
        """End the chat."""
        ...


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command of a chat."""

    name: str
    run: Callable[[Chatting, str], Awaitable[None]]
    help: str
    takes: Takes = Takes.NOTHING
    argument: str = ""
    """As the help shows it."""


async def run_command(chat: Chatting, line: str) -> bool:
    """Run the command of a line; False: it is none, but a question.

    Raises:
        FailedError: the command fails, or no command is called so.
    """
    found = _COMMAND.fullmatch(line.strip())
    if found is None:
        return False
    name, argument = found[1], (found[2] or "").strip()
    command = _BY_NAME.get(name)
    if command is None:
        near = get_close_matches(name, _BY_NAME, 1)
        hint = f" Did you mean /{near[0]}?" if near else ""
        raise FailedError(
            f"No command is called /{name}.{hint} /help lists all; a blank before the slash sends it as text."
        )
    await command.run(chat, argument)
    return True


async def _help(chat: Chatting, _: str) -> None:
    heads = [f"/{one.name} {one.argument}".strip() for one in COMMANDS]
    width = max(map(len, heads))
    lines = [f"{head:<{width}}  {one.help}" for head, one in zip(heads, COMMANDS, strict=True)]
    chat.screen.say("\n".join([*lines, "", *_KEYS]))


async def _model(chat: Chatting, name: str) -> None:
    if not name:
        chat.screen.say(f"Model: {chat.conversation.model}")
        await chat.list_models()
        return
    await chat.expect_model(name)
    chat.conversation.model = name
    chat.screen.say(f"Model: {name}")


async def _system(chat: Chatting, text: str) -> None:
    if text:
        chat.conversation.system = "" if text == "none" else text
    chat.screen.say(f"System prompt: {chat.conversation.system or 'none'}")


async def _save(chat: Chatting, name: str) -> None:
    if not name:
        raise FailedError("Name a file: /save chat.md, or chat.json for the messages alone.")
    if not chat.conversation.messages:
        raise FailedError("There is nothing to save yet.")
    file = _path(name)
    expect_writable(file, force=False)
    if file.suffix == ".json":
        content = orjson.dumps(
            {"model": chat.conversation.model, "messages": chat.conversation.request()["messages"]},
            option=orjson.OPT_INDENT_2,
        )
    else:
        content = chat.conversation.as_markdown().encode()
    write_made(file, content)
    chat.screen.say(f"Saved: {file}")


async def _retry(chat: Chatting, _: str) -> None:
    if not chat.conversation.take_back_answer():
        raise FailedError("There is no answer to try again.")
    await chat.answer()


async def _clear(chat: Chatting, _: str) -> None:
    chat.conversation.clear()
    chat.screen.say("The conversation is forgotten; model, system prompt and options stay.")


async def _image(chat: Chatting, name: str) -> None:
    if not name:
        raise FailedError("Name a file: /image photo.jpg")
    chat.conversation.images.append(image_url(_path(name)))
    chat.screen.say("The image goes along with your next message.")


async def _web(chat: Chatting, mode: str) -> None:
    options = chat.conversation.options
    if mode and mode not in ("auto", "on", "off"):
        raise FailedError("/web takes auto, on or off.")
    options.web = mode or options.web
    chat.screen.say(f"Web search: {options.web or 'off'}")


async def _usage(chat: Chatting, _: str) -> None:
    spent = chat.spent
    counts = (
        f"{spent.answers} answer{'s' * (spent.answers != 1)}, {spent.prompt_tokens:,} tokens of prompts, "
        f"{spent.output_tokens:,} of answers"
    )
    if not chat.charges:
        chat.screen.say(f"{counts}; no charge")
    elif spent.is_priced:
        chat.screen.say(f"{counts}; {dollars(spent.usd)} by list price")
    else:
        chat.screen.say(counts)


async def _exit(chat: Chatting, _: str) -> None:
    chat.leave()


def _path(name: str) -> Path:
    return Path(name).expanduser()


COMMANDS = (
    SlashCommand("help", _help, "Show this."),
    SlashCommand("model", _model, "Show or change the model.", Takes.MODEL, "[NAME]"),
    SlashCommand("system", _system, "Show or set the system prompt.", Takes.TEXT, "[TEXT|none]"),
    SlashCommand("image", _image, "Send an image along.", Takes.FILE, "FILE"),
    SlashCommand("web", _web, "Let the model search the web.", Takes.WEB, "[auto|on|off]"),
    SlashCommand("retry", _retry, "Ask the last question again."),
    SlashCommand("clear", _clear, "Forget the conversation."),
    SlashCommand("save", _save, "Write it to a file.", Takes.FILE, "FILE"),
    SlashCommand("usage", _usage, "Show tokens and charges."),
    SlashCommand("exit", _exit, "End; so does Ctrl-D."),
)
_BY_NAME = {one.name: one for one in COMMANDS} | {
    alias: one
    for one in COMMANDS
    for alias in {"help": ("?", "h"), "exit": ("quit", "bye", "q")}.get(one.name, ())
}
_KEYS = (
    "Enter sends, Alt-Enter breaks the line, Tab completes,",
    "Ctrl-C stops an answer or clears the line.",
)
