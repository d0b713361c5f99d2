"""The hold of an output: how many tokens of it fit the context and the funds, held before an engine begins."""

from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import ContextTooLongError, InsufficientBalanceError
from fondaco.domain.models.model import Model
from fondaco.ports import Prompt
from fondaco.serving.billing.paid_call import PaidCall
from fondaco.serving.billing.token_meter import TokenMeter


async def hold_output(
    model: Model, request: ChatRequest, prompt: Prompt, requested_tokens: int | None, paid: PaidCall
) -> tuple[ChatRequest, TokenMeter]:
    """Extend the hold to a counted prompt and its longest output; return the limited request and its meter.

    Where the caller set no limit and the funds do not cover the model's own, the output is limited to
    what they cover.

    Raises:
        ContextTooLongError: prompt and requested output together exceed the context.
        InsufficientBalanceError: the funds do not cover what was requested, or one token of each choice.
    """
    if request.within_context and requested_tokens is not None:
        requested_tokens = _what_fits(model, prompt, requested_tokens)
    limit, open_ended = longest_output(model, prompt, requested_tokens), requested_tokens is None
    tokens = paid.meter.current = TokenMeter(prompt, limit, request.choices)
    try:
        await paid.hold()
    except InsufficientBalanceError:
        if requested_tokens is not None:
            raise
        open_ended = False
        limit = await _affordable_limit(model, prompt, request.choices, paid)
        tokens = paid.meter.current = TokenMeter(prompt, limit, request.choices)
        await paid.hold()
    return limited(model, request, limit, open_ended=open_ended), tokens


def longest_output(model: Model, prompt: Prompt, requested_tokens: int | None) -> int:
    """Return the most tokens of one choice, before any thought of what they cost.

    Raises:
        ContextTooLongError: prompt and requested output together exceed the context.
    """
    limit = output_limit(model, prompt, requested_tokens)
    if requested_tokens is None and not prompt.exact:
        # Without a token count, the remaining context is unknown.
        return model.output_limit(0, None) or limit
    return limit


def limited(model: Model, request: ChatRequest, limit: int, *, open_ended: bool) -> ChatRequest:
    """Return the request with the limit of its output, which is not sent where it is `open_ended`."""
    if open_ended or limit != request.max_output_tokens:
        return request.for_model(model.id, limit, request.sampling, open_ended=open_ended)
    return request


async def hold_shortest(request: ChatRequest, prompt: Prompt, paid: PaidCall) -> None:
    """Hold the minimum cost of the call, before work that only an affordable call is worth.

    Raises:
        InsufficientBalanceError: the funds do not cover it.
    """
    paid.meter.current = TokenMeter(prompt, request.max_output_tokens or 1, request.choices)
    await paid.hold()


def output_limit(model: Model, prompt: Prompt, requested_tokens: int | None) -> int:
    """Return the most tokens of one choice.

    Where the prompt's length is only an upper bound, a tight limit would refuse calls that fit. So at
    least a quarter of the context is left, and the engine judges.

    Raises:
        ContextTooLongError: prompt and requested output together exceed the context.
    """
    context_tokens = model.context_tokens
    if prompt.exact:
        limit = model.output_limit(prompt.longest, requested_tokens)
    else:
        bounded = min(prompt.longest, context_tokens * 3 // 4)
        most = min(requested_tokens, context_tokens) if requested_tokens is not None else None
        limit = model.output_limit(bounded, most)
        if limit is None and requested_tokens is not None and requested_tokens <= context_tokens:
            limit = requested_tokens
    if limit is None:
        raise ContextTooLongError(prompt.longest, requested_tokens or 1, context_tokens)
    return limit


def _what_fits(model: Model, prompt: Prompt, requested_tokens: int) -> int:
    """Return as much of what was requested as the context leaves; all of it where it leaves nothing."""
    left = model.context_tokens - (prompt.longest if prompt.exact else 0)
    return min(requested_tokens, left) if left > 0 else requested_tokens


async def _affordable_limit(model: Model, prompt: Prompt, choices: int, paid: PaidCall) -> int:
    """Hold one token of each choice; return how many of each the funds cover now.

    Raises:
        InsufficientBalanceError: not even one.
    """
    paid.meter.current, paid.meter.truncated = TokenMeter(prompt, 1, choices), True
    await paid.hold()
    most = paid.meter.most
    covered = model.price.affordable_output(paid.affordable, most) or most.output_tokens
    covered -= paid.meter.completed.output_tokens
    return min(covered // choices, output_limit(model, prompt, None))
