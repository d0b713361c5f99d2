"""The line editor: keys, history and completion at the prompt.

History lives as long as the process: questions are content, and content is written to no disk unless a person
says so (`/save`).
"""

from collections.abc import Callable, Iterable, Sequence

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.shortcuts import CompleteStyle

from fondaco.cli.chat.slash_commands import COMMANDS, Takes

_PROMPT = ">>> "
_CONTINUED = "... "
_PLACEHOLDER = "Ask something, or /help"


class LineEditor:
    """Reads questions and commands from a terminal."""

    def __init__(
        self,
        models: Callable[[], Sequence[str]],
        *,
        styled: bool,
        keys: Input | None = None,
        screen: Output | None = None,
    ) -> None:
        """Prepare.

        Args:
            models: returns the names that complete `/model`.
            styled: whether hints are dimmed; without style there are none.
            keys: where keys come from; None: the terminal.
            screen: likewise.
        """
        self._session: PromptSession[str] = PromptSession(
            multiline=True,
            history=InMemoryHistory(),
            completer=_Completer(models),
            complete_style=CompleteStyle.READLINE_LIKE,
            complete_while_typing=False,
            key_bindings=_bindings(),
            color_depth=None if styled else ColorDepth.DEPTH_1_BIT,
            prompt_continuation=_CONTINUED,
            placeholder=FormattedText([("ansibrightblack", _PLACEHOLDER)]) if styled else None,
            input=keys,
            output=screen,
        )

    async def read(self) -> str | None:
        """Return what was entered; None: the end, by Ctrl-D.

        Raises:
            KeyboardInterrupt: Ctrl-C, where there was nothing to clear.
        """
        try:
            return await self._session.prompt_async(_PROMPT, handle_sigint=False)
        except EOFError:
            return None


class _Completer(Completer):
    """Completes commands, names of models and paths; nothing in a question."""

    def __init__(self, models: Callable[[], Sequence[str]]) -> None:
        self._models = models
        self._paths = PathCompleter(expanduser=True)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield what may stand at the cursor."""
        typed = document.text_before_cursor
        name, blank, argument = typed.partition(" ")
        if not typed.startswith("/"):
            return
        if not blank:
            yield from _beginning(name, (f"/{one.name}" for one in COMMANDS))
            return
        command = next((one for one in COMMANDS if f"/{one.name}" == name), None)
        match command and command.takes:
            case Takes.MODEL:
                yield from _beginning(argument, self._models())
            case Takes.FILE:
                path = Document(argument, len(argument))
                yield from self._paths.get_completions(path, complete_event)
            case Takes.WEB:
                yield from _beginning(argument, ("auto", "on", "off"))


def _beginning(typed: str, names: Iterable[str]) -> Iterable[Completion]:
    return (Completion(one, -len(typed)) for one in names if one.startswith(typed))


def _bindings() -> KeyBindings:
    """Return the keys: Enter sends, Alt-Enter breaks the line, Ctrl-C clears.

    Keys that were pressed before the prompt was there have Enter as Ctrl-J.
    """
    bindings = KeyBindings()

    @bindings.add("enter")
    @bindings.add("c-j")
    def send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @bindings.add("escape", "enter")
    def break_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @bindings.add("c-c")
    def clear(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt)

    return bindings
