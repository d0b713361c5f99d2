"""Children that judge: what hostile schemas do to them, and what is left of it."""

import errno
import json
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from fondaco.domain.errors import EngineBusyError
from fondaco.ports import Enforcement
from fondaco.sandbox.output_formats import (
    MOST_REMEMBERED,
    MOST_SCOPES,
    SandboxedOutputFormats,
    VerdictCache,
)
from idle import all_tasks_blocked

CITY = '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}'


def chain(links: int) -> dict[str, object]:
    steps: dict[str, object] = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(links)}
    return {"$ref": "#/$defs/a0", "$defs": {**steps, f"a{links}": {"type": "integer"}}}


def one_of_many(parts: int, ways: int) -> dict[str, object]:
    def way(part: int, number: int) -> object:
        name = f"p{part}_{number}"
        return {"type": "object", "properties": {name: {"type": "integer"}}, "required": [name]}

    return {"allOf": [{"anyOf": [way(p, n) for n in range(ways)]} for p in range(parts)]}


HOSTILE = {
    "a chain that overflows the stack": chain(20_000),
    "combinations without end": one_of_many(12, 9),
}


@asynccontextmanager
async def watched(**terms: float) -> AsyncGenerator[SandboxedOutputFormats]:
    forms = SandboxedOutputFormats(**terms)  # type: ignore[arg-type]  # a number of children is an int
    try:
        yield forms
    finally:
        await forms.aclose()


async def judged(forms: SandboxedOutputFormats, schema: str) -> str | None:
    return await forms.schema_error(schema, Enforcement.WHOLLY, scope="1")


@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_schema_ends_its_child_and_the_next_one_is_judged(
    schema: dict[str, object],
) -> None:
    async with watched(wait_s=30) as forms:
        assert "too complex" in str(
            await forms.schema_error(json.dumps(schema), Enforcement.WHOLLY, scope="1")
        )
        assert forms.child_pids == ()
        assert await forms.schema_error(CITY, Enforcement.WHOLLY, scope="1") is None
        assert await forms.schema_mismatch(CITY, "{}") == "does not match the schema's 'required'"


async def test_a_schema_with_as_many_members_as_fit_is_no_hostile_one() -> None:
    names = [f"p{number}" for number in range(420)]
    schema = {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in names},
        "required": names,
        "additionalProperties": False,
    }
    async with watched(wait_s=30) as forms:
        assert await judged(forms, json.dumps(schema)) is None


async def test_a_child_that_hangs_without_computing_is_ended_as_well() -> None:
    async with watched(wait_s=30) as forms:
        await forms.schema_error(CITY, Enforcement.WHOLLY, scope="1")
        forms._children._wait_s = 0.5  # a start may take longer than what is asked of it
        (pid,) = forms.child_pids
        os.kill(pid, signal.SIGSTOP)
        assert (
            await forms.schema_mismatch(CITY, "{}")
            == "could not be checked against the schema in time"
        )
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_child_that_died_between_two_questions_is_no_flaw_of_the_next_schema() -> None:
    async with watched() as forms:
        await forms.schema_error(CITY, Enforcement.WHOLLY, scope="1")
        (pid,) = forms.child_pids
        os.kill(pid, signal.SIGKILL)
        assert await forms.schema_error('{"type":"integer"}', Enforcement.WHOLLY, scope="1") is None


async def test_a_schema_that_was_judged_is_not_judged_again() -> None:
    async with watched() as forms:
        assert await forms.schema_error(CITY, Enforcement.WHOLLY, scope="1") is None
        await forms.aclose()
        assert await forms.schema_error(CITY, Enforcement.WHOLLY, scope="1") is None
        assert forms.child_pids == ()


async def test_what_one_scope_has_had_judged_is_judged_again_for_another() -> None:
    """Else the time that it takes would tell an account what others have sent."""
    async with watched() as forms:
        assert await forms.schema_error(CITY, Enforcement.WHOLLY, scope="1") is None
        await forms.aclose()
        assert await forms.schema_error(CITY, Enforcement.WHOLLY, scope="2") is None
        assert forms.child_pids != ()


def test_what_is_remembered_has_an_end_for_each_scope_and_in_all() -> None:
    cache = VerdictCache()
    for number in range(MOST_REMEMBERED + 1):
        cache.keep("1", b"%d" % number, None)
    known = cache.of("1")
    assert len(known) == MOST_REMEMBERED
    assert b"0" not in known
    for number in range(MOST_SCOPES - 1):
        cache.keep(f"other {number}", b"0", None)
    assert len(cache.of("1")) == MOST_REMEMBERED, "others have not had it forgotten"
    for number in range(MOST_SCOPES):
        cache.keep(f"further {number}", b"0", None)
    assert len(cache.of("1")) == 0


async def test_two_questions_are_answered_side_by_side_and_no_more() -> None:
    async with watched(queue_s=30) as forms:
        async with anyio.create_task_group() as tasks:
            for number in range(6):
                tasks.start_soon(judged, forms, json.dumps({"const": number}))
        assert len(forms.child_pids) == 2


async def test_a_machine_with_no_room_for_a_child_judges_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    async with watched(children=1) as forms:
        with monkeypatch.context() as full:
            full.setattr(anyio, "open_process", none_left)
            with pytest.raises(EngineBusyError, match="does not start"):
                await judged(forms, CITY)
        assert await judged(forms, CITY) is None


async def test_a_call_that_waits_too_long_for_a_child_gets_a_retry_after() -> None:
    async with watched(queue_s=0.5, children=1) as forms:
        await forms.schema_error(CITY, Enforcement.WHOLLY, scope="1")
        (pid,) = forms.child_pids
        async with anyio.create_task_group() as tasks:
            os.kill(pid, signal.SIGSTOP)
            tasks.start_soon(forms.schema_mismatch, CITY, "{}")
            await all_tasks_blocked()
            with pytest.raises(EngineBusyError):
                await forms.schema_mismatch(CITY, "{}")
            tasks.cancel_scope.cancel()


async def test_a_question_that_is_given_up_leaves_no_child_in_the_middle_of_it() -> None:
    async with watched() as forms:
        await forms.schema_error(CITY, Enforcement.WHOLLY, scope="1")
        (pid,) = forms.child_pids
        os.kill(pid, signal.SIGSTOP)
        with anyio.move_on_after(0.1):
            await forms.schema_mismatch(CITY, "{}")
        assert forms.child_pids == ()
        assert await forms.schema_mismatch(CITY, '{"city": "Rome"}') is None


async def test_no_child_outlives_its_server() -> None:
    async with watched() as forms:
        await forms.schema_error(CITY, Enforcement.WHOLLY, scope="1")
        (pid,) = forms.child_pids
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
