"""Whatever happens to the pieces of a stream on the way, nobody takes the result for whole."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from sealed_service.enclave import Said
from sealed_service.service import Service
from venice_ai import APIError, VeniceClient
from venice_ai.tee import TeeOptions

pytestmark = pytest.mark.filterwarnings("ignore:Confidential chats")

CHAT: dict[str, Any] = {"model": "e2ee-toy", "messages": [{"role": "user", "content": "Hi"}]}
SAID = Said(("a", "b", "c", "d"))


@st.composite
def tampering(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """A few things done to events, by their place: removed, doubled, swapped, a byte changed."""
    step = st.tuples(
        st.sampled_from(["drop", "double", "swap", "flip", "cut"]),
        st.integers(0, 9),
        st.integers(0, 400),
    )
    return draw(st.lists(step, min_size=1, max_size=3))


def tampered(events: list[bytes], steps: list[tuple[str, int, int]]) -> list[bytes]:
    changed = list(events)
    for what, place, other in steps:
        if not changed:
            break
        at = place % len(changed)
        one = changed[at]
        match what:
            case "drop":
                del changed[at]
            case "double":
                changed.insert(at, one)
            case "swap":
                with_it = other % len(changed)
                changed[at], changed[with_it] = changed[with_it], one
            case "flip":
                where = other % len(one)
                changed[at] = one[:where] + bytes([one[where] ^ 1]) + one[where + 1 :]
            case "cut":
                del changed[at:]
    return changed


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=tampering())
async def test_only_an_untouched_stream_ends_well(
    client: VeniceClient,
    service: Service,
    options: TeeOptions,
    steps: list[tuple[str, int, int]],
) -> None:
    touched = False

    def relay(events: list[bytes]) -> list[bytes]:
        nonlocal touched
        after = tampered(events, steps)
        touched = b"".join(after) != b"".join(events)
        return after

    service.enclave.said = (SAID,)
    service.reply = relay
    stream = await client.chat.completions.stream(**CHAT, e2ee=options)
    try:
        reply = await stream.collect()
    except APIError:
        assert touched
    else:
        assert not touched
        assert reply.choices[0].message.content == "abcd"


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4))
async def test_any_text_arrives_as_it_was_said_in_both_directions(
    client: VeniceClient, service: Service, options: TeeOptions, texts: list[str]
) -> None:
    said = tuple(text for text in texts if text)
    service.enclave.said = (Said(said),)
    messages = [{"role": "user", "content": text} for text in texts]
    reply = await client.chat.completions.create(model="e2ee-toy", messages=messages, e2ee=options)
    assert reply.choices[0].message.content == "".join(said)
    assert reply.meta.proof is not None
    heard = [one["content"] for one in service.enclave.bodies[-1]["messages"]]
    assert [one if isinstance(one, str) else one[0]["text"] for one in heard] == texts
