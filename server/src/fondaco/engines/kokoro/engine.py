"""Kokoro as an engine: a speaker that reads the languages of its voices, as far as they are installed."""

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.speech import SpeechTask, SpokenPiece
from fondaco.engines.common.speech.speaker import Speaker
from fondaco.engines.kokoro.languages import why_not_read
from fondaco.engines.kokoro.launch import KokoroLaunch


class Kokoro(Speaker):
    """A `SpeechEngine` with 54 voices."""

    def __init__(
        self,
        models: Collection[str],
        launch: KokoroLaunch,
        *,
        name: str,
        queue: int = 16,
        idle_s: float = 300.0,
        why_not_read: Callable[[str], str] = why_not_read,
    ) -> None:
        """Prepare; the arguments are those of `Speaker`, and one more.

        Args:
            models: the ids of the models that it is, mostly one.
            launch: how its child is started.
            name: in the configuration.
            queue: texts that may be read beside one.
            idle_s: after so long without a text the child ends.
            why_not_read: returns why the language of a voice cannot be read here; empty if it can.
        """
        super().__init__(models, launch, name=name, queue=queue, idle_s=idle_s)
        self._why_not_read = why_not_read

    async def speak(self, task: SpeechTask) -> AsyncGenerator[SpokenPiece]:
        """Yield the speech sentence by sentence.

        Raises:
            InvalidRequestError: the voice's language cannot be read here; the message names the command.
            EngineBusyError: too many texts are read already.
            EngineUnavailableError: its libraries or files are missing, or the child does not start.
            NothingToReadError: nothing of the text can be read aloud.
            EngineError: it failed at a sentence.
        """
        if reason := self._why_not_read(task.voice):
            raise InvalidRequestError(faults={"voice": (reason,)})
        async with aclosing(super().speak(task)) as pieces:
            async for piece in pieces:
                yield piece
