"""Usage reports in the shapes of OpenAI's API."""

from collections.abc import Mapping
from typing import Any

from fondaco.domain.money.usage import Report
from fondaco.domain.untrusted_numbers import whole

_USUAL = {"prompt_tokens", "completion_tokens", "total_tokens"}
"""The members of a report without details."""


def usage_of(given: object) -> Report:
    """Return what the `usage` of a reply reports; of one that is no object, nothing.

    >>> usage_of({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": []})
    Report(input_tokens=9, cached_input_tokens=None, output_tokens=5, reasoning_tokens=None, \
accepted_prediction_tokens=None, rejected_prediction_tokens=None, discarded=False)
    """
    if not isinstance(given, dict):
        return Report(discarded=True)
    if given.keys() == _USUAL:
        return Report.checked(
            input_tokens=given["prompt_tokens"], output_tokens=given["completion_tokens"]
        )
    prompt = _details(given, "prompt_tokens_details", "input_tokens_details")
    output = _details(given, "completion_tokens_details", "output_tokens_details")
    reasoning = output.get("reasoning_tokens")
    return Report.checked(
        input_tokens=_first(given, "prompt_tokens", "input_tokens"),
        cached_input_tokens=_first({**given, **prompt}, "cached_tokens", "prompt_cache_hit_tokens"),
        output_tokens=_output(given, reasoning),
        reasoning_tokens=reasoning,
        accepted_prediction_tokens=output.get("accepted_prediction_tokens"),
        rejected_prediction_tokens=output.get("rejected_prediction_tokens"),
    )


def _output(given: Mapping[str, Any], reasoning: object) -> object:
    """Return all output: some engines count reasoning beside it, as their total shows.

    >>> _output({"prompt_tokens": 37, "completion_tokens": 9, "total_tokens": 343}, 297)
    306

    Source: xAI's API, "Reasoning"; Gemini's OpenAI compatibility.
    """
    told = _first(given, "completion_tokens", "output_tokens")
    counts = [whole(one) for one in (given.get("prompt_tokens"), told, reasoning)]
    prompt, output, thought = counts
    if prompt is None or output is None or not thought:
        return told
    return (
        output + thought
        if whole(given.get("total_tokens")) == sum((prompt, output, thought))
        else told
    )


def _first(given: Mapping[str, Any], *names: str) -> object:
    """Return the first of several members that is there: DeepSeek's and Moonshot's names come second."""
    return next((given[name] for name in names if given.get(name) is not None), None)


def _details(given: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    details = _first(given, *names)
    return details if isinstance(details, dict) else {}
