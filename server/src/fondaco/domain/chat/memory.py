"""Memory strategies: which messages of a conversation the model receives.

Source: POST /v4/beta/chat/completions, `memory_strategy`.
"""

from collections.abc import Sequence

from fondaco.domain.chat.message import Message, Role


def last_messages(conversation: Sequence[Message], k: int) -> tuple[Message, ...]:
    """Return the system messages and the last `k` other messages, in order.

    Tool calls and their results stay together: a group that does not fit is dropped entirely, so that
    no result lacks its call. The newest group always stays, even if it is longer than `k`.
    """
    kept: set[int] = set()
    count = 0
    for group in reversed(_groups(conversation)):
        if kept and count + len(group) > k:
            break
        kept.update(group)
        count += len(group)
    return tuple(
        message
        for index, message in enumerate(conversation)
        if message.role is Role.SYSTEM or index in kept
    )


def _groups(conversation: Sequence[Message]) -> list[list[int]]:
    """Return the indexes of all messages but system messages, grouped by tool call and results."""
    groups: list[list[int]] = []
    for index, message in enumerate(conversation):
        if message.role is Role.SYSTEM:
            continue
        opened = conversation[groups[-1][0]] if groups else None
        if message.role is Role.TOOL and opened is not None and opened.tool_calls:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups
