"""Audio: texts read aloud.

Source: POST /audio/speech.
"""

from collections.abc import Mapping
from functools import cached_property

from venice_ai._http.request import Request
from venice_ai.costs import SpeechQuote, quote_speech
from venice_ai.resources._resource import APIResource, as_json
from venice_ai.resources.models import Choosing
from venice_ai.streaming import SpeechStream
from venice_ai.types.api.audio import SpeechFile, SpeechFormat

__all__ = ["Audio", "Speech"]

_PATH = "/audio/speech"


class Speech(APIResource[Choosing]):
    """Texts read aloud."""

    async def create(
        self,
        *,
        input: str,
        model: str | None = None,
        voice: str | None = None,
        response_format: SpeechFormat | None = None,
        speed: float | None = None,
        instructions: str | None = None,
    ) -> SpeechFile:
        """Read a text aloud, and return the whole file.

        Args:
            input: The text, of at most 4,096 characters.
            model: A speech model by any name that the server resolves; else its default one.
            voice: Such as `af_sky` or `alloy`; a voice that the server lacks is replaced by the nearest
                one, which `voice` of the reply names.
            response_format: Of the file; mp3 unless given.
            speed: 0.25 to 4; the pitch stays.
            instructions: How to speak, for models that heed it.

        Raises:
            InvalidRequestError: A field is out of its bounds, or nothing of the text can be read.
            NotFoundError: The server has no such speech model.
            PaymentRequiredError: The account or the key cannot pay for all of the text.

        Example:
            spoken = await client.audio.speech.create(input="Hello!", voice="af_sky")
            spoken.save("hello.mp3")
        """
        body = {
            "input": input,
            "model": model,
            "voice": voice,
            "response_format": response_format,
            "speed": speed,
            "instructions": instructions,
        }
        response = await self._send(Request("POST", _PATH, body=_sent(body), paid=True))
        media_type = response.headers.get("content-type", "")
        made = SpeechFile(content=response.content, media_type=media_type)
        return made.with_meta(self._transport.metadata(response))

    async def stream(
        self,
        *,
        input: str,
        model: str | None = None,
        voice: str | None = None,
        response_format: SpeechFormat | None = None,
        speed: float | None = None,
        instructions: str | None = None,
    ) -> SpeechStream:
        """Read a text aloud, and yield the file while it is made.

        What was spoken is charged: hanging up stops the engine.

        Args:
            input: As in `create`, as all that follows.
            model: Likewise.
            voice: Likewise.
            response_format: Likewise; a wav file that is streamed cannot tell its length.
            speed: Likewise.
            instructions: Likewise.

        Raises:
            APIError: As `create`; the iteration raises `APIConnectionError` where the file was cut off.

        Example:
            async with await client.audio.speech.stream(input="Hello!") as spoken:
                async for piece in spoken:
                    player.write(piece)
        """
        body = {
            "input": input,
            "model": model,
            "voice": voice,
            "response_format": response_format,
            "speed": speed,
            "instructions": instructions,
            "streaming": True,
        }
        request = Request("POST", _PATH, body=_sent(body), headers={"accept": "audio/*"}, paid=True)
        response = await self._send(request, stream=True)
        return SpeechStream(response, self._transport.metadata(response))


class Audio(APIResource[Choosing]):
    """Sound."""

    @cached_property
    def speech(self) -> Speech:
        """Texts read aloud."""
        return Speech(self._client)

    async def quote(self, *, input: str, model: str = "default") -> SpeechQuote:
        """Return what reading a text aloud will cost: exact, as characters are what is charged.

        Args:
            input: The text.
            model: The id or the trait of a speech model.

        Raises:
            ValueError: There is no such model, or it has no price by the character.
            APIError: The list of models cannot be had.
        """
        found = await self._client.models.find(model, type="tts")
        if found is None:
            raise ValueError(
                f"There is no speech model {model!r}. client.models.list(type='tts') has them all."
            )
        return quote_speech(found, input)


def _sent(body: Mapping[str, object]) -> bytes:
    return as_json({name: value for name, value in body.items() if value is not None})
