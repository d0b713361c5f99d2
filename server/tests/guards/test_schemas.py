"""Schemas: built with their first use, as a start would build hundreds that it does not need."""

from collections.abc import Iterator

from pydantic import BaseModel, RootModel

import fondaco.app.composition  # noqa: F401 - imports every schema


def schemas(base: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for schema in base.__subclasses__():
        yield schema
        yield from schemas(schema)


def test_every_schema_is_built_with_its_first_use() -> None:
    found = [one for one in schemas() if one.__module__.startswith("fondaco.")]
    assert len(found) > 100
    at_once = [
        one.__qualname__
        for one in found
        if not one.model_config.get("defer_build") and not issubclass(one, RootModel)
    ]
    assert at_once == []
