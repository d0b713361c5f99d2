"""Supervision of work at a remote engine: polls its progress, and cancels it there."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import anyio

from fondaco.domain.errors import EngineError, FondacoError

T = TypeVar("T")

_LONGEST_CLEAN_UP_S = 5.0


async def supervised(work: Callable[[], Awaitable[T]], watch: Callable[[], Awaitable[None]]) -> T:
    """Return the result of `work`, unless `watch` fails first; the watch ends with the work.

    Raises:
        FondacoError: the first of the two that failed.
    """
    results: list[T] = []
    failures: list[FondacoError] = []

    async def watching() -> None:
        try:
            await watch()
        except FondacoError as error:
            failures.append(error)
            tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watching)
        try:
            results.append(await work())
        except FondacoError as error:
            failures.append(error)
        tasks.cancel_scope.cancel()
    if failures:
        raise failures[0]
    return results[0]


async def clean_up(*steps: Callable[[], Awaitable[None]]) -> None:
    """Stop and delete at an engine what a call leaves there, even when cancelled; failures are ignored.

    An engine that does not answer has a few seconds for all of it.
    """
    with anyio.move_on_after(_LONGEST_CLEAN_UP_S, shield=True):
        for one in steps:
            with suppress(EngineError):
                await one()
