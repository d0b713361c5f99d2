"""The feature suffix: `venice_parameters` in a model's name, as `name:param=value&param=value`.

Source: api-reference/endpoint/chat/model_feature_suffix.md.
"""

from collections.abc import Iterable
from typing import Protocol
from urllib.parse import unquote

from pydantic import ValidationError

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.http.apis.openai.chat.request import VeniceParameters
from fondaco.http.endpoint.validation_errors import faults_of

_FLAGS = frozenset(
    name
    for name, field in VeniceParameters.model_fields.items()
    if field.annotation in (bool, bool | None)
)
_FLAG_VALUES = {"true": True, "false": False}
_LONGEST = 64
"""Number of characters of an unknown parameter that an error repeats."""


class Suffixed(Protocol):
    """A request whose model's name may have a suffix."""

    model: str
    venice_parameters: VeniceParameters | None


def take_suffix(request: Suffixed, catalogue: Catalogue) -> None:
    """Move the suffix of the model's name into `venice_parameters`; those of the body take precedence.

    Raises:
        InvalidRequestError: the suffix is malformed, or has an unknown parameter or a bad value.
    """
    name, suffix = catalogue.split(request.model)
    if suffix is None:
        return
    parameters = parameters_of(suffix)
    if (own := request.venice_parameters) is not None:
        both = parameters.model_dump(exclude_unset=True) | own.model_dump(exclude_unset=True)
        parameters = VeniceParameters.model_validate(both)
    request.model, request.venice_parameters = name, parameters


def parameters_of(suffix: str) -> VeniceParameters:
    """Parse a suffix; values may be percent-encoded, flags are `true` or `false`.

    Raises:
        InvalidRequestError: it is malformed; one sentence for each faulty part.

    >>> parameters_of("enable_web_search=on&disable_thinking=true").enable_web_search
    'on'
    """
    parts = suffix.split("&")
    if len(parts) > (most := len(VeniceParameters.model_fields)):
        raise _unusable([f"It has {len(parts)} parameters; there are {most}."])
    values, sentences = _read(parts)
    try:
        parameters = VeniceParameters.model_validate(values)
    except ValidationError as error:
        for path, faults in faults_of(error, VeniceParameters).items():
            sentences += [f"{path[:_LONGEST]}: {fault}" for fault in faults]
        raise _unusable(sentences) from None
    if sentences:
        raise _unusable(sentences)
    return parameters


def _read(parts: Iterable[str]) -> tuple[dict[str, object], list[str]]:
    """Return the values by parameter, and a sentence for each malformed part."""
    values: dict[str, object] = {}
    sentences: list[str] = []
    for part in parts:
        name, equals, text = part.partition("=")
        if not equals:
            sentences.append(f"{name[:_LONGEST]!r} is not of the form parameter=value")
        elif name in values:
            sentences.append(f"{name[:_LONGEST]}: Parameter given more than once.")
        else:
            values[name] = _value(name, text)
    return values, sentences


def _unusable(sentences: list[str]) -> InvalidRequestError:
    return InvalidRequestError(
        f"The model's feature suffix cannot be used. {'; '.join(sentences)}",
        faults={"model": tuple(sentences)},
    )


def _value(name: str, text: str) -> object:
    """Return a value as JSON would have it; a malformed one is returned unchanged."""
    if name in _FLAGS:
        return _FLAG_VALUES.get(text, text)
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
