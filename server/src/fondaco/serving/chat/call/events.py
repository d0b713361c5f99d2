"""The events of a chat call: how it began, what the model said, and that it was charged."""

from dataclasses import dataclass
from typing import TypeAlias

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.fast_init import fast_init
from fondaco.domain.models.model import Model
from fondaco.domain.models.names import DeprecationNotice
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.usage import Usage
from fondaco.domain.web import RetrievedContext


@fast_init
@dataclass(frozen=True, slots=True)
class CallStarted:
    """The first event of a call: the facts known once an engine has started to answer."""

    model: Model
    engine: str
    quota: Quota
    notice: DeprecationNotice | None = None
    """The requested model's deprecation notice."""
    web: RetrievedContext | None = None
    """Retrieved web context; None: no retrieval was requested."""
    ignored: tuple[str, ...] = ()
    """Request fields that the model or its engine ignored."""
    input_tokens: int = 0
    """Tokens of the prompt: counted, or estimated if only the end of the response reports them."""


@fast_init
@dataclass(frozen=True, slots=True)
class CallFinished:
    """The last event of a call: its charge is durable."""

    usage: Usage


CallEvent: TypeAlias = CallStarted | EventBatch | CallFinished
"""A call yields one `CallStarted`, then batches of chat events, then one `CallFinished`; an error may end it anywhere."""
