"""Characters: lists, and chats with a character's instructions."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace

from fondaco.domain.chat.character import (
    Character,
    CharacterPage,
    CharacterQuery,
    CharacterRegistry,
    Listing,
)
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.money.call import Call
from fondaco.ports import CharacterUses
from fondaco.serving.chat.call.events import CallEvent, CallStarted
from fondaco.serving.chat.pipeline import Chat

log = logging.getLogger("fondaco")

_DEFAULT = "default"


class Characters:
    """Lets characters answer, and counts how often each does."""

    def __init__(
        self,
        load_registry: Callable[[], Awaitable[CharacterRegistry]],
        uses: CharacterUses,
        catalogue: Catalogue,
        chat: Chat,
    ) -> None:
        """Prepare characters; `load_registry` returns the current ones."""
        self._load_registry = load_registry
        self._uses = uses
        self._catalogue = catalogue
        self._chat = chat

    async def answer(
        self, slug: str, call: Call, request: ChatRequest, requested_tokens: int | None
    ) -> AsyncGenerator[CallEvent]:
        """Answer a request as `Chat.answer` does, as a character.

        The character's instructions precede all other text, and are part of the prompt. If the caller
        leaves the model open (`default` and its aliases), the character's own model answers.

        Raises:
            CharacterNotFoundError: the character does not exist; nothing ran.
            FondacoError: as from `Chat.answer`.
        """
        character = (await self._load_registry()).find(slug)
        if character.model is not None and self._catalogue.leaves_open(request.model):
            request = replace(request, model=character.model)
        answer = self._chat.answer(call, request, requested_tokens, character.instructions)
        async with aclosing(answer) as steps:
            async for step in steps:
                if isinstance(step, CallStarted):
                    self._uses.add({slug: 1})
                yield step

    async def show(self, slug: str) -> Listing:
        """Return one character.

        Raises:
            CharacterNotFoundError: the character does not exist.
            StorageFailedError: how often it was used cannot be read.
        """
        character = (await self._load_registry()).find(slug)
        return self._listing(character, await self._uses.counts())

    async def page(self, query: CharacterQuery) -> CharacterPage:
        """Return a page of the characters that match a query.

        Raises:
            StorageFailedError: how often they were used cannot be read.
        """
        registry, uses = await self._load_registry(), await self._uses.counts()
        return query.page(self._listing(character, uses) for character in registry)

    async def look(self) -> None:
        """Load all characters, and log those whose model is not in the catalogue."""
        for character in await self._load_registry():
            if character.model is not None and self._model_id(character.model) is None:
                log.warning(
                    "character %s: its model %r is not in the catalogue: requests without a "
                    "model get 404",
                    character.slug,
                    character.model,
                )

    def _listing(self, character: Character, uses: Mapping[str, int]) -> Listing:
        name = character.model or _DEFAULT
        return Listing(character, self._model_id(name) or name, uses.get(character.slug, 0))

    def _model_id(self, name: str) -> str | None:
        try:
            return self._catalogue.route(name).model.id
        except ModelNotFoundError:
            return None
