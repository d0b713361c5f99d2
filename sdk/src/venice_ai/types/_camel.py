"""Models whose fields are camelCase in JSON."""

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from venice_ai.types._wire import Wire


class Camel(Wire):
    """A JSON object: `key.created_at` is its `key["createdAt"]`."""

    model_config = ConfigDict(alias_generator=to_camel)
