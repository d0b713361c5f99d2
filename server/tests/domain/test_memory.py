"""Memory: the last messages of a conversation, with whole exchanges of tools."""

from hypothesis import given, strategies as st

from fondaco.domain.chat.memory import last_messages
from fondaco.domain.chat.message import Message, Role, ToolUse

CALL = Message(Role.ASSISTANT, None, tool_calls=(ToolUse("1", "look", "{}"),))
FOUND = Message(Role.TOOL, "here", tool_call_id="1")
HI, HELLO, BYE = (Message(Role.USER, text) for text in ("Hi", "Hello", "Bye"))
RULE = Message(Role.SYSTEM, "Be kind.")

turns = st.one_of(
    st.just([RULE]),
    st.sampled_from(["Hi", "What?"]).map(lambda text: [Message(Role.USER, text)]),
    st.just([Message(Role.ASSISTANT, "Well.")]),
    st.integers(1, 3).map(lambda results: [CALL, *[FOUND] * results]),
)
conversations = st.lists(turns, min_size=1, max_size=12).map(
    lambda some: [m for one in some for m in one]
)


def test_the_last_messages_are_kept() -> None:
    assert last_messages([HI, HELLO, BYE], 2) == (HELLO, BYE)


def test_system_messages_are_kept_and_not_counted() -> None:
    assert last_messages([RULE, HI, HELLO, RULE, BYE], 1) == (RULE, RULE, BYE)


def test_a_short_conversation_stays_as_it_is() -> None:
    assert last_messages([RULE, HI], 100) == (RULE, HI)


def test_a_result_does_not_come_without_its_call() -> None:
    assert last_messages([HI, CALL, FOUND, FOUND, BYE], 3) == (BYE,)


def test_the_newest_exchange_is_kept_whole() -> None:
    assert last_messages([HI, CALL, FOUND, FOUND], 1) == (CALL, FOUND, FOUND)


@given(conversations, st.integers(1, 20))
def test_what_is_kept_stands_in_its_order(conversation: list[Message], k: int) -> None:
    rest = iter(conversation)
    assert all(any(kept is one for one in rest) for kept in last_messages(conversation, k))


@given(conversations, st.integers(1, 20))
def test_no_system_message_is_lost(conversation: list[Message], k: int) -> None:
    kept = last_messages(conversation, k)
    assert [m for m in kept if m is RULE] == [m for m in conversation if m is RULE]


@given(conversations, st.integers(1, 20))
def test_no_more_are_kept_than_asked_for_but_for_one_exchange(
    conversation: list[Message], k: int
) -> None:
    said = [m for m in last_messages(conversation, k) if m is not RULE]
    assert len(said) <= k or (said[0] is CALL and set(said[1:]) == {FOUND})


@given(conversations, st.integers(1, 20))
def test_each_result_follows_its_call(conversation: list[Message], k: int) -> None:
    said = [m for m in last_messages(conversation, k) if m is not RULE]
    before = zip(said, [None, *said], strict=False)
    assert all(one in (CALL, FOUND) for message, one in before if message is FOUND)


@given(conversations, st.integers(1, 20))
def test_something_is_said_where_something_was(conversation: list[Message], k: int) -> None:
    was_said = any(m is not RULE for m in conversation)
    assert any(m is not RULE for m in last_messages(conversation, k)) == was_said
