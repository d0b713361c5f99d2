"""The synchronous client."""

from inspect import signature
from typing import Any

from venice_ai._client import VeniceClient
from venice_ai._portal import Portal
from venice_ai._sync.facade import Facade

__all__ = ["SyncVeniceClient"]


class SyncVeniceClient(Facade):
    """`VeniceClient` without `await`: the same arguments, resources, methods and errors.

    Streams are plain iterators. Any number of threads may use one client. Functions that are passed
    as tools run in the thread that called.

    Example:
        with SyncVeniceClient() as client:
            reply = client.chat.completions.create(
                model="default", messages=[{"role": "user", "content": "Hello!"}]
            )
            print(reply.choices[0].message.content)
    """

    def __init__(self, **options: Any) -> None:
        try:
            signature(VeniceClient).bind(**options)
        except TypeError as error:
            raise TypeError(f"SyncVeniceClient {error}.") from None
        super().__init__(VeniceClient(**options), Portal())

    def close(self) -> None:
        """Close the connections, and end the thread that served them."""
        if not self._portal.closed:
            super().close()
            self._portal.close()
