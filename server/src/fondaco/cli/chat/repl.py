"""The loop of a chat on a terminal: read, answer, repeat."""

import signal
import sys

import anyio
import anyio.abc

from fondaco.cli.chat.answering import Asker
from fondaco.cli.chat.charges import Spent
from fondaco.cli.chat.conversation import Dialogue
from fondaco.cli.chat.line_editor import LineEditor
from fondaco.cli.chat.screen import Screen
from fondaco.cli.chat.slash_commands import run_command
from fondaco.cli.connecting.api import Api
from fondaco.cli.connecting.models import expect_model, model_names
from fondaco.cli.connecting.unwrapped import unwrapped
from fondaco.cli.exits import FailedError
from fondaco.cli.output import is_styled


class Repl:
    """A chat on a terminal."""

    def __init__(self, api: Api, screen: Screen, conversation: Dialogue) -> None:
        """Prepare for a conversation, which may have begun."""
        self._api = api
        self.screen = screen
        self.conversation = conversation
        self._asker = Asker(api, screen, conversation)
        self._models: tuple[str, ...] = ()
        self._left = False

    @property
    def spent(self) -> Spent:
        """The sum of the answers so far."""
        return self._asker.spent

    @property
    def charges(self) -> bool:
        """Whether answers may be charged."""
        return self._api.charges

    async def run(self) -> None:
        """Chat until the person leaves.

        Ctrl-C stops the answer under way. It never ends the chat, so that pressing it once too often loses nothing.
        """
        editor = LineEditor(lambda: self._models, styled=is_styled(sys.stdout))
        with unwrapped():
            async with anyio.create_task_group() as tasks:
                await tasks.start(self._stop_at_interrupts)
                tasks.start_soon(self._learn_models)
                while not self._left and (line := await self._line(editor)) is not None:
                    if line.strip():
                        await self._take(line)
                tasks.cancel_scope.cancel()

    async def answer(self) -> None:
        """Have the last question answered; what goes wrong is told, and the chat goes on."""
        await self._asker.ask()

    async def list_models(self) -> None:
        """Show the models that answer."""
        self._models = await model_names(self._api)
        self.screen.say("\n".join(f"  {one}" for one in self._models))

    async def expect_model(self, name: str) -> None:
        """Raise `FailedError` unless a model has this name."""
        await expect_model(self._api, name)

    def leave(self) -> None:
        """End the chat."""
        self._left = True

    async def _line(self, editor: LineEditor) -> str | None:
        try:
            return await editor.read()
        except KeyboardInterrupt:
            self.screen.note("Type /exit or press Ctrl-D to exit.")
            return ""

    async def _take(self, line: str) -> None:
        try:
            if not await run_command(self, line):
                self.conversation.ask(line.strip())
                await self.answer()
        except FailedError as error:
            self.screen.error(str(error))

    async def _learn_models(self) -> None:
        """Learn the names that complete `/model`; a server that lists none is fine."""
        try:
            self._models = await model_names(self._api)
        except FailedError:
            return

    async def _stop_at_interrupts(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        with anyio.open_signal_receiver(signal.SIGINT) as interrupts:
            task_status.started()
            async for _ in interrupts:
                if self._asker.waiting is not None:
                    self._asker.waiting.cancel()
