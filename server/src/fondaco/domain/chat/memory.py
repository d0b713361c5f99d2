"""Memory: how much of a conversation the model is told.

Source: POST /v4/beta/chat/completions, `memory_strategy`.
"""

from collections.abc import Sequence

from fondaco.domain.chat.message import Message, Role


def last_messages(conversation: Sequence[Message], k: int) -> tuple[Message, ...]:
    """Return the system messages and the last `k` others, in their order.

    Calls of tools and their results stay together: an exchange that would be cut is left out
    whole, so that no result comes without its call; the newest exchange always stays, whole, even
    where it alone is longer than `k`.
    """
    kept: set[int] = set()
    count = 0
    for exchange in reversed(_exchanges(conversation)):
        if kept and count + len(exchange) > k:
            break
        kept.update(exchange)
        count += len(exchange)
    return tuple(
        message
        for place, message in enumerate(conversation)
        if message.role is Role.SYSTEM or place in kept
    )


def _exchanges(conversation: Sequence[Message]) -> list[list[int]]:
    """Return the places of all messages but the system's, those of one exchange together."""
    exchanges: list[list[int]] = []
    for place, message in enumerate(conversation):
        if message.role is Role.SYSTEM:
            continue
        opened = conversation[exchanges[-1][0]] if exchanges else None
        if message.role is Role.TOOL and opened is not None and opened.tool_calls:
            exchanges[-1].append(place)
        else:
            exchanges.append([place])
    return exchanges
