"""The asynchronous client: the whole API, over one pool of connections."""

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from venice_ai._http import headers as _headers, settings as _settings

if TYPE_CHECKING:
    import httpx2

    from venice_ai._http.transport import Options, Transport
    from venice_ai.resources.api_keys import ApiKeys
    from venice_ai.resources.audio import Audio
    from venice_ai.resources.billing import Billing
    from venice_ai.resources.characters import Characters
    from venice_ai.resources.chat import Chat
    from venice_ai.resources.embeddings import Embeddings
    from venice_ai.resources.images import Image, Images
    from venice_ai.resources.models import Models
    from venice_ai.resources.operator import Operator
    from venice_ai.resources.tee import Tee
    from venice_ai.resources.video import Video

__all__ = ["VeniceClient"]

DEFAULT_TIMEOUT_S = 600.0
DEFAULT_MAX_RETRIES = 2


class VeniceClient:
    """Client of a Fondaco server, or of the service whose API it implements.

    Example:
        async with VeniceClient() as client:
            reply = await client.chat.completions.create(
                model="default", messages=[{"role": "user", "content": "Hello!"}]
            )
            print(reply.choices[0].message.content)
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT_S,
        max_retries: int = DEFAULT_MAX_RETRIES,
        default_headers: Mapping[str, str] | None = None,
        http_client: "httpx2.AsyncClient | None" = None,
    ) -> None:
        """Make a client; it connects at its first call.

        Args:
            api_key: Default: the environment variable VENICE_API_KEY. Without a key, only public
                endpoints work.
            base_url: Default: the environment variable VENICE_BASE_URL, else http://127.0.0.1:8000/api/v1.
            timeout: Seconds for each wait: for a connection (5 at most), and for more of the reply.
            max_retries: How often a call is tried again where that cannot have an effect twice.
            default_headers: Sent with each request.
            http_client: To be used instead of one of our own; closing it remains the caller's.

        Raises:
            TypeError: `api_key`, `base_url` or a header is no text.
            ValueError: `timeout` is not positive, `max_retries` negative, `base_url` no address, or
                HTTP cannot carry the key or a header.
        """
        if timeout <= 0:
            raise ValueError(
                f"timeout={timeout!r} is not a valid timeout. Give a number of seconds."
            )
        if max_retries < 0:
            raise ValueError(f"max_retries={max_retries!r} is negative. Give 0 for none.")
        self._api_key = _settings.api_key(api_key)
        self._base_url = _settings.base_url(base_url)
        self._timeout_s = timeout
        self._max_retries = max_retries
        self._default_headers = _headers.checked(default_headers or {}, "default_headers")
        self._http_client = http_client

    @property
    def base_url(self) -> str:
        """The API's base URL, version included."""
        return self._base_url

    @cached_property
    def chat(self) -> "Chat":
        """Conversations with models."""
        from venice_ai.resources.chat import Chat

        return Chat(self)

    @cached_property
    def embeddings(self) -> "Embeddings":
        """Vectors of texts."""
        from venice_ai.resources.embeddings import Embeddings

        return Embeddings(self)

    @cached_property
    def image(self) -> "Image":
        """Images of prompts, and their styles."""
        from venice_ai.resources.images import Image

        return Image(self)

    @cached_property
    def images(self) -> "Images":
        """Images of prompts, in the words of OpenAI's API."""
        from venice_ai.resources.images import Images

        return Images(self)

    @cached_property
    def audio(self) -> "Audio":
        """Texts read aloud."""
        from venice_ai.resources.audio import Audio

        return Audio(self)

    @cached_property
    def video(self) -> "Video":
        """Videos, made by a queue."""
        from venice_ai.resources.video import Video

        return Video(self)

    @cached_property
    def models(self) -> "Models":
        """The catalogue of models, and selection of a model by capability."""
        from venice_ai.resources.models import Models

        return Models(self)

    @cached_property
    def tee(self) -> "Tee":
        """Attestation of enclaves for confidential chats."""
        from venice_ai.resources.tee import Tee

        return Tee(self)

    @cached_property
    def characters(self) -> "Characters":
        """Characters for chats."""
        from venice_ai.resources.characters import Characters

        return Characters(self)

    @cached_property
    def api_keys(self) -> "ApiKeys":
        """API keys and rate limits of the account."""
        from venice_ai.resources.api_keys import ApiKeys

        return ApiKeys(self)

    @cached_property
    def billing(self) -> "Billing":
        """Charges of the account."""
        from venice_ai.resources.billing import Billing

        return Billing(self)

    @cached_property
    def operator(self) -> "Operator":
        """Management of a Fondaco server, with an operator's ADMIN key."""
        from venice_ai.resources.operator import Operator

        return Operator(self)

    @cached_property
    def _transport(self) -> "Transport":
        from venice_ai._http.connections import Connections
        from venice_ai._http.transport import Transport

        return Transport(self._options(), Connections(self._base_url, self._http_client))

    def _options(self) -> "Options":
        from venice_ai._http.transport import Options

        return Options(self._base_url, self._headers(), self._timeout_s, self._max_retries)

    def _headers(self) -> dict[str, str]:
        from venice_ai import __version__

        headers = {"user-agent": f"venice_ai/{__version__}", "accept": "application/json"}
        if self._api_key:
            headers["authorization"] = _headers.bearer(self._api_key, "api_key")
        theirs: Mapping[str, str] = (
            self._http_client.headers if self._http_client is not None else {}
        )
        return {
            **_headers.checked(theirs, "http_client.headers"),
            **headers,
            **self._default_headers,
        }

    def with_options(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        default_headers: Mapping[str, str] | None = None,
    ) -> "VeniceClient":
        """Return a client with other settings over the same connections.

        Headers are added to those of this one. Close this one, not the returned one.
        """
        changed = VeniceClient(
            api_key=self._api_key,
            base_url=self._base_url,
            timeout=self._timeout_s if timeout is None else timeout,
            max_retries=self._max_retries if max_retries is None else max_retries,
            default_headers={**self._default_headers, **(default_headers or {})},
            http_client=self._http_client,
        )
        changed.__dict__["_transport"] = self._transport.sharing(changed._options())
        return changed

    async def aclose(self) -> None:
        """Close the connections; streams that are still open end."""
        if "_transport" in self.__dict__:
            await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__!r} cannot be pickled or copied: it holds an API key and "
            "connections. Make one in each process, or use with_options()."
        )

    def __repr__(self) -> str:
        return f"VeniceClient(base_url={self._base_url!r})"
