"""Particulars: what few callers ask of an engine, and not every kind of engine takes."""

from fondaco.domain.chat import Turn
from fondaco.upstream.dialects import Dialect


def missed(turn: Turn, dialect: Dialect) -> str | None:
    """Return the name of a field that would change the answer and that engines do not take."""
    if turn.wishes.stop_shown and not dialect.stop_shown:
        return "include_stop_str_in_output"
    if turn.wishes.template is not None and not dialect.templates:
        return "chat_template"
    return None


def particulars(turn: Turn, dialect: Dialect) -> dict[str, object]:
    """Return the fields of what an engine of the dialect takes."""
    wishes = turn.wishes
    fields: dict[str, object] = {}
    if wishes.stop_shown:
        fields["include_stop_str_in_output"] = True
    if wishes.template is not None:
        fields["chat_template"] = wishes.template
    if wishes.prediction is not None and dialect.prediction:
        fields["prediction"] = {"type": "content", "content": wishes.prediction}
    if wishes.extras is not None:
        fields |= wishes.extras.params
    return fields


def particulars_ignored(turn: Turn, dialect: Dialect) -> tuple[str, ...]:
    """Return the names of fields that change nothing here."""
    unused = turn.wishes.prediction is not None and not dialect.prediction
    return ("prediction",) if unused else ()


def biased(turn: Turn) -> dict[str, object]:
    """Return the field for the biases of tokens."""
    return {"logit_bias": {str(token): bias for token, bias in turn.sampling.logit_bias}}
