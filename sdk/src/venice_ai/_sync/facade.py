"""A facade that exposes asynchronous methods as blocking ones."""

import inspect
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, NoReturn, Self

from venice_ai._portal import Portal

_ASYNCHRONOUS = {"aclose": " Use close()."}


class Facade:
    """Any object of this package: its coroutines as plain methods, its streams as iterators."""

    def __init__(self, behind: Any, portal: Portal) -> None:
        self._behind = behind
        self._portal = portal

    def close(self) -> None:
        """Close the client behind it."""
        self._portal.run(self._behind.aclose())

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__" or name in _ASYNCHRONOUS:  # Python does not set it in every case
            raise AttributeError(
                f"{self._name!r} object has no attribute {name!r}.{_ASYNCHRONOUS.get(name, '')}",
                name=name,
                obj=self,
            )
        try:
            value = getattr(self._behind, name)
        except AttributeError as error:
            if error.obj is not self._behind or error.name != name:
                raise
        else:
            return self._wrap(value)
        raise AttributeError(
            f"{self._name!r} object has no attribute {name!r}", name=name, obj=self
        )

    @property
    def _name(self) -> str:
        """Name of the class for type checkers."""
        return f"Sync{type(self._behind).__name__}"

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._behind), "close"} - {"aclose"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        self._behind = (
            aiter(self._behind) if not hasattr(self._behind, "__anext__") else self._behind
        )
        return self

    def __next__(self) -> Any:
        try:
            return self._wrap(self._portal.run(self._behind.__anext__()))
        except StopAsyncIteration:
            raise StopIteration from None

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{self._name!r} cannot be pickled or copied: its client holds an API key and "
            "connections. Make a client in each process, or use with_options()."
        )

    def __repr__(self) -> str:
        text = repr(self._behind)
        return f"<{self._name}>" if text[:1] == "<" else f"Sync{text}"

    def _wrap(self, value: Any) -> Any:
        if inspect.isroutine(value):
            return self._wrap_method(value)
        if hasattr(value, "__aiter__") or hasattr(value, "_transport"):
            return Facade(value, self._portal)
        return value

    def _wrap_method(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            return self._wrap(self._portal.run(result) if inspect.iscoroutine(result) else result)

        return call
