"""Reports of usage in the shapes of OpenAI's API, as engines fill them."""

from collections.abc import Mapping
from typing import Any

from fondaco.domain.usage import Report


def usage_of(given: object) -> Report:
    """Return what the `usage` of a reply reports; of one that is no object, nothing.

    >>> usage_of({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": []})
    Report(input_tokens=9, cached_input_tokens=None, output_tokens=5, reasoning_tokens=None, \
accepted_prediction_tokens=None, rejected_prediction_tokens=None, discarded=False)
    """
    if not isinstance(given, dict):
        return Report(discarded=True)
    prompt = _details(given, "prompt_tokens_details")
    output = _details(given, "completion_tokens_details")
    return Report.checked(
        input_tokens=given.get("prompt_tokens"),
        cached_input_tokens=prompt.get("cached_tokens"),
        output_tokens=given.get("completion_tokens"),
        reasoning_tokens=output.get("reasoning_tokens"),
        accepted_prediction_tokens=output.get("accepted_prediction_tokens"),
        rejected_prediction_tokens=output.get("rejected_prediction_tokens"),
    )


def _details(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    details = given.get(name)
    return details if isinstance(details, dict) else {}
