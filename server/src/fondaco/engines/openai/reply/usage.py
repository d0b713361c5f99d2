"""Usage reports in the shapes of OpenAI's API."""

from collections.abc import Mapping
from typing import Any

from fondaco.domain.money.usage import Report
from fondaco.domain.untrusted_numbers import whole

_USUAL = {"prompt_tokens", "completion_tokens", "total_tokens"}
"""The members of a report without details."""


def usage_of(usage: object) -> Report:
    """Convert the `usage` of a response; one that is not an object reports nothing.

    >>> usage_of({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": []})
    Report(input_tokens=9, cached_input_tokens=None, output_tokens=5, reasoning_tokens=None, \
accepted_prediction_tokens=None, rejected_prediction_tokens=None, discarded=False)
    """
    if not isinstance(usage, dict):
        return Report(discarded=True)
    if usage.keys() == _USUAL:
        return Report.checked(
            input_tokens=usage["prompt_tokens"], output_tokens=usage["completion_tokens"]
        )
    prompt = _details(usage, "prompt_tokens_details", "input_tokens_details")
    output = _details(usage, "completion_tokens_details", "output_tokens_details")
    reasoning = output.get("reasoning_tokens")
    return Report.checked(
        input_tokens=_first(usage, "prompt_tokens", "input_tokens"),
        cached_input_tokens=_first({**usage, **prompt}, "cached_tokens", "prompt_cache_hit_tokens"),
        output_tokens=_output(usage, reasoning),
        reasoning_tokens=reasoning,
        accepted_prediction_tokens=output.get("accepted_prediction_tokens"),
        rejected_prediction_tokens=output.get("rejected_prediction_tokens"),
    )


def _output(usage: Mapping[str, Any], reasoning: object) -> object:
    """Return all output tokens: some engines exclude reasoning from the count, as their total shows.

    >>> _output({"prompt_tokens": 37, "completion_tokens": 9, "total_tokens": 343}, 297)
    306

    Source: xAI's API, "Reasoning"; Gemini's OpenAI compatibility.
    """
    reported = _first(usage, "completion_tokens", "output_tokens")
    counts = [whole(count) for count in (usage.get("prompt_tokens"), reported, reasoning)]
    prompt, output, reasoning_count = counts
    if prompt is None or output is None or not reasoning_count:
        return reported
    return (
        output + reasoning_count
        if whole(usage.get("total_tokens")) == sum((prompt, output, reasoning_count))
        else reported
    )


def _first(usage: Mapping[str, Any], *names: str) -> object:
    """Return the first member that exists; names of DeepSeek and Moonshot come second."""
    return next((usage[name] for name in names if usage.get(name) is not None), None)


def _details(usage: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    details = _first(usage, *names)
    return details if isinstance(details, dict) else {}
