"""Background tasks: each goes on after an error of ours, which is reported."""

import logging
from collections.abc import Awaitable, Callable

import anyio

from fondaco.ports.incidents import Incident, place_of, report

_AGAIN_AFTER_S = 1.0


async def kept_up(run: Callable[[], Awaitable[None]]) -> None:
    """Run what goes on until it is cancelled; where it fails, begin anew after a second.

    In a task group its failure would end every call that is under way.
    """
    while True:
        try:
            await run()
        except Exception as error:  # noqa: BLE001  # the edge of a task: nobody else would hear of it
            reason = type(error).__name__
            report(Incident.TASK_FAILED, reason=reason, place=place_of(error), level=logging.ERROR)
            await anyio.sleep(_AGAIN_AFTER_S)
        else:
            return
