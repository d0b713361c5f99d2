"""Chat templates: renders a caller's template as `transformers` would.

This runs in the child only: a template is a program, and one line of it can exhaust the memory. The
engine is MiniJinja, which limits a template's steps and exposes no Python objects to it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from minijinja import Environment, TemplateError

LONGEST = 2**20
"""Characters of a rendered prompt: more than any context."""
_STEPS = 5_000_000
_LONGEST_REASON = 500
_GENERATION = re.compile(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}")
"""Marks assistant output for training; `transformers` renders its content, and so do we."""


def render(template: str, variables: str, now: str) -> Mapping[str, str]:
    """Render a template: return its `text`, or the `reason` why it has none.

    Args:
        template: in Jinja.
        variables: a JSON object.
        now: the time, as ISO 8601 has it.
    """
    timestamp = datetime.fromisoformat(now)
    environment = Environment(
        fuel=_STEPS,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_escape_callback=_plain,
        filters={"tojson": _json},
        tests={"iterable": _iterable},
        globals={"raise_exception": _refuse, "strftime_now": timestamp.strftime},
    )
    source = _GENERATION.sub(_as_condition, template)
    try:
        text = environment.render_str(source, "template", **json.loads(variables))
    except TemplateError as error:
        return {"reason": _reason(error)}
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        return {"reason": f"cannot be rendered: {type(error).__name__}"}
    if len(text) > LONGEST:
        return {"reason": f"renders {len(text)} characters; the limit is {LONGEST}"}
    return {"text": text}


class RefusedError(TemplateError):
    """The template itself refuses its variables."""


def _plain(name: str) -> bool:
    """Escape nothing: a prompt is no HTML."""
    return False


def _json(
    value: object,
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002 - as templates name and order them
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002 - likewise
) -> str:
    """Return a value as JSON, without MiniJinja's escapes for HTML."""
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _iterable(value: object) -> bool:
    """Whether a value is iterable; MiniJinja's own test says no to every Python object."""
    return isinstance(value, Iterable)


def _refuse(message: str) -> str:
    raise RefusedError(message)


def _as_condition(mark: re.Match[str]) -> str:
    before, end, after = mark.groups()
    return f"{{%{before} {'endif' if end else 'if true'} {after}%}}"


def _reason(error: TemplateError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RefusedError):
            return f"refuses the messages: {cause.message[:_LONGEST_REASON]}"
        cause = cause.__cause__
    line = f" in line {error.line}" if error.line else ""
    message = str(error).partition("\n")[0].partition(" (in template:")[0]
    return f"cannot be rendered{line}: {message[:_LONGEST_REASON]}"
