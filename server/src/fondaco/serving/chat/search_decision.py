"""Search decision: asks the model itself whether a message needs a web search."""

import json

from fondaco.domain.chat.events import Text
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.reasoning import ReasoningOptions
from fondaco.domain.chat.request import ChatOptions, ChatRequest, Sampling
from fondaco.domain.errors import InferenceFailedError, InvalidRequestError
from fondaco.domain.models.model import Model
from fondaco.domain.output_format.output_format import JsonSchema
from fondaco.serving.billing.paid_call import PaidCall
from fondaco.serving.billing.token_meter import TokenMeter
from fondaco.serving.chat.buffered import buffered
from fondaco.serving.chat.capabilities import CapabilityNegotiation
from fondaco.serving.chat.failover import ChatFailover

MOST_OUTPUT = 64
"""Tokens of a decision: a word and a short query."""
_LONGEST_MESSAGE = 2_000
"""Characters of the message that are judged."""
_LONGEST_QUERY = 200
_INSTRUCTIONS = (
    "Decide whether the user's message can only be answered with a search of the web: it asks for "
    "news, weather, prices, results or other facts that change, or for sources. Anything else needs "
    'no search. Answer in JSON: {"search": true or false, "query": what to search for}'
)
_EXAMPLES = (
    ("Who is the prime minister of Japan now?", "prime minister of Japan"),
    ("Tell me a joke about cats.", ""),
    ("What did the stock market do today?", "stock market today"),
    ("How many legs does a spider have?", ""),
    ("Did it rain in Rome last week?", "rain in Rome last week"),
    ("Translate this into Spanish: the house", ""),
)
_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "search": {"type": "boolean"},
            "query": {"type": "string", "maxLength": _LONGEST_QUERY},
        },
        "required": ["search", "query"],
        "additionalProperties": False,
    }
)


def decision_request(request: ChatRequest, message_text: str) -> ChatRequest:
    """Return the request in which the model of `request` judges the last user message."""
    messages = [Message(Role.SYSTEM, _INSTRUCTIONS)]
    for example, query in _EXAMPLES:
        verdict = json.dumps({"search": bool(query), "query": query})
        messages += [Message(Role.USER, example), Message(Role.ASSISTANT, verdict)]
    messages.append(Message(Role.USER, message_text[:_LONGEST_MESSAGE]))
    return ChatRequest(
        request.model,
        tuple(messages),
        MOST_OUTPUT,
        Sampling(temperature=0.0),
        cache_scope=request.cache_scope,
        options=ChatOptions(
            output_format=JsonSchema(_SCHEMA, "decision"), reasoning=ReasoningOptions(off=True)
        ),
    )


async def decide_search(
    model: Model,
    request: ChatRequest,
    failover: ChatFailover,
    negotiation: CapabilityNegotiation,
    *,
    paid: PaidCall,
) -> str | None:
    """Return the search query (empty: no search); the decision is charged like an answer.

    None: the model did not decide, as its engine failed or its output is no decision.

    Raises:
        InsufficientBalanceError: the funds do not cover a decision.
    """
    try:
        request, output_pipeline = await negotiation.fit(model, request)
        tokens = paid.meter.current = TokenMeter(await failover.measure(request), MOST_OUTPUT)
        await paid.hold()
        output = await buffered(request, failover, output_pipeline, tokens, paid.server_stops)
    except (InferenceFailedError, InvalidRequestError):
        return None
    paid.meter.complete()
    return _query("".join([e.text for batch in output for e in batch if isinstance(e, Text)]))


def _query(verdict: str) -> str | None:
    """Return the query of a verdict.

    >>> _query('{"search": true, "query": "rain"}'), _query('{"search": false, "query": "rain"}')
    ('rain', '')
    >>> _query("Yes!")
    """
    try:
        decision = json.loads(verdict)
        return str(decision["query"])[:_LONGEST_QUERY].strip() if decision["search"] else ""
    except (ValueError, LookupError, TypeError):
        return None
