"""The base class of API values: keeps unknown fields, and reads fields as attributes or items."""

from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr

from venice_ai.metadata import ResponseMetadata

T = TypeVar("T")


class Wire(BaseModel):
    """A JSON object; `value["field"]` and `value.field` are the same.

    Fields that this version does not know are kept, under both.
    """

    model_config = ConfigDict(
        extra="allow",
        populate_by_name=True,
        defer_build=True,
        hide_input_in_errors=True,  # the value may be a new key, or content
    )

    def __getitem__(self, name: str) -> Any:
        fields = self.__dict__
        if name in fields:
            return fields[name]
        extra = self.__pydantic_extra__
        if extra and name in extra:
            return extra[name]
        for attribute, field in type(self).model_fields.items():
            if field.alias == name:
                return fields[attribute]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def get(self, name: str, default: T | None = None) -> Any | T | None:
        """Return a field, or `default` where there is none."""
        try:
            return self[name]
        except KeyError:
            return default


class Reply(Wire):
    """A whole reply."""

    _meta: ResponseMetadata | None = PrivateAttr(default=None)

    @property
    def meta(self) -> ResponseMetadata:
        """The reply's head: request id, rate limits, balances.

        Raises:
            AttributeError: The value was not created from a reply.
        """
        if self._meta is None:
            raise AttributeError("Only a reply of the API has a head; this was made otherwise.")
        return self._meta

    def with_meta(self, meta: ResponseMetadata) -> Self:
        """Return this very reply, now with its head."""
        self._meta = meta
        return self
