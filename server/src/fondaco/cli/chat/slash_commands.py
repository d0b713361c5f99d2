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
            f"Unknown command: /{name}.{hint} Type /help for all commands, or start the line with a "
            "space to send it as text."
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
        raise FailedError(
            "No file given. Type /save chat.md, or /save chat.json for the messages as JSON."
        )
    if not chat.conversation.messages:
        raise FailedError("The conversation is empty: nothing to save.")
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
    if not chat.conversation.messages:
        raise FailedError("No answer to retry yet.")
    with chat.conversation.without_answer():
        await chat.answer()


async def _clear(chat: Chatting, _: str) -> None:
    chat.conversation.clear()
    chat.screen.say("Conversation cleared; the model, system prompt and options are kept.")


async def _image(chat: Chatting, name: str) -> None:
    if not name:
        raise FailedError("No file given. Type /image photo.jpg")
    chat.conversation.images.append(image_url(_path(name)))
    chat.screen.say("The image will be sent with your next message.")


async def _web(chat: Chatting, mode: str) -> None:
    options = chat.conversation.options
    if mode and mode not in ("auto", "on", "off"):
        raise FailedError("Unknown mode: /web takes auto, on or off.")
    options.web = mode or options.web
    chat.screen.say(f"Web search: {options.web or 'off'}")


async def _usage(chat: Chatting, _: str) -> None:
    spent = chat.spent
    counts = (
        f"{spent.answers} answer{'s' * (spent.answers != 1)}, {spent.prompt_tokens:,} prompt tokens, "
        f"{spent.output_tokens:,} output tokens"
    )
    if not chat.charges:
        chat.screen.say(f"{counts}; no charge")
    elif spent.is_priced:
        chat.screen.say(f"{counts}; {dollars(spent.usd)} at list price")
    else:
        chat.screen.say(counts)


async def _exit(chat: Chatting, _: str) -> None:
    chat.leave()


def _path(name: str) -> Path:
    return Path(name).expanduser()


COMMANDS = (
    SlashCommand("help", _help, "Show this help."),
    SlashCommand("model", _model, "Show or change the model.", Takes.MODEL, "[NAME]"),
    SlashCommand("system", _system, "Show or set the system prompt.", Takes.TEXT, "[TEXT|none]"),
    SlashCommand("image", _image, "Attach an image to the next message.", Takes.FILE, "FILE"),
    SlashCommand("web", _web, "Show or set web search.", Takes.WEB, "[auto|on|off]"),
    SlashCommand("retry", _retry, "Regenerate the last answer."),
    SlashCommand("clear", _clear, "Clear the conversation."),
    SlashCommand("save", _save, "Save the conversation to a file.", Takes.FILE, "FILE"),
    SlashCommand("usage", _usage, "Show tokens and charges."),
    SlashCommand("exit", _exit, "Exit (or press Ctrl-D)."),
)
_BY_NAME = {one.name: one for one in COMMANDS} | {
    alias: one
    for one in COMMANDS
    for alias in {"help": ("?", "h"), "exit": ("quit", "bye", "q")}.get(one.name, ())
}
_KEYS = (
    "Enter sends, Alt-Enter inserts a line break, Tab completes,",
    "Ctrl-C stops the answer or clears the line.",
)
