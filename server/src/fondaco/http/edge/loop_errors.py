"""Event-loop errors: reports exceptions outside of any request, without their text."""

import asyncio
import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from fondaco.ports.incidents import Incident, report, report_error

_UNNAMED = "no exception"


@contextmanager
def reporting_loop_faults() -> Generator[None]:
    """Report exceptions of the running loop's callbacks and tasks, until the context is left."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(_report)
    try:
        yield
    finally:
        loop.set_exception_handler(before)


def _report(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Report an error; asyncio's own handler would log the exception's text, which may be content."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        report_error(Incident.HTTP_FAULT, error)
    else:
        report(Incident.HTTP_FAULT, reason=_UNNAMED, level=logging.ERROR)
