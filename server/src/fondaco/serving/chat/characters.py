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
from fondaco.serving.chat.pipeline import CallEvent, CallStarted, Chat

log = logging.getLogger("fondaco")

_DEFAULT = "default"


class Characters:
    """Lets characters answer, and counts how often each does."""

    def __init__(
        self,
        cast: Callable[[], Awaitable[CharacterRegistry]],
        uses: CharacterUses,
        catalogue: Catalogue,
        chat: Chat,
    ) -> None:
        """Prepare characters; `cast` tells which there are at the time."""
        self._cast = cast
        self._uses = uses
        self._catalogue = catalogue
        self._chat = chat

    async def answer(
        self, slug: str, call: Call, request: ChatRequest, requested_tokens: int | None
    ) -> AsyncGenerator[CallEvent]:
        """Answer a request as `Chat.answer` does, as a character.

        What it is told stands before all other text, and is part of the prompt. The model is the
        caller's, but where the caller leaves that open (`default` and names that lead there), it is
        the character's own.

        Raises:
            CharacterNotFoundError: there is no such character; nothing ran.
            FondacoError: as from `Chat.answer`.
        """
        character = (await self._cast()).find(slug)
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
            CharacterNotFoundError: there is no such character.
            StorageFailedError: how often it was used cannot be read.
        """
        character = (await self._cast()).find(slug)
        return self._listing(character, await self._uses.counts())

    async def page(self, query: CharacterQuery) -> CharacterPage:
        """Return the characters that a query wants.

        Raises:
            StorageFailedError: how often they were used cannot be read.
        """
        cast, uses = await self._cast(), await self._uses.counts()
        return query.page(self._listing(character, uses) for character in cast)

    async def look(self) -> None:
        """Read all characters, so that the operator is told now what is wrong with them."""
        for character in await self._cast():
            if character.model is not None and self._model_id(character.model) is None:
                log.warning(
                    "character %s: its model %r is not in the catalogue: calls that leave the "
                    "model open get 404",
                    character.slug,
                    character.model,
                )

    def _listing(self, character: Character, uses: Mapping[str, int]) -> Listing:
        wanted = character.model or _DEFAULT
        return Listing(character, self._model_id(wanted) or wanted, uses.get(character.slug, 0))

    def _model_id(self, name: str) -> str | None:
        try:
            return self._catalogue.route(name).model.id
        except ModelNotFoundError:
            return None
