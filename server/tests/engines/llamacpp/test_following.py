"""The embedded engine takes other models while it runs; no file is needed for that."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import (
    EngineUnavailableError,
    InvalidRequestError,
    ModelNotInstalledError,
)
from fondaco.engines.llamacpp.embedded import Embedded
from fondaco.engines.llamacpp.engine import LlamaCpp
from fondaco.engines.llamacpp.supervisor import Launch
from fondaco.ports import Prompt

pytest.importorskip("xllamacpp", reason="the extra `embedded` is not installed")


def launch(name: str) -> Launch:
    return Launch(Path("/not/there") / name, threads=1, slots=1, context_tokens=256)


async def runs(embedded: Embedded, model: str) -> bool:
    """Whether the engine knows the model, whose file is missing in any case."""
    with pytest.raises((EngineUnavailableError, ModelNotInstalledError)) as caught:
        await embedded.measure(ChatRequest(model, (Message(Role.USER, "Hi"),), max_output_tokens=1))
    return isinstance(caught.value, ModelNotInstalledError)


async def test_models_come_and_go_and_what_is_as_before_stays() -> None:
    embedded = Embedded({"a": launch("a.gguf"), "b": launch("b.gguf")})
    async with anyio.create_task_group() as tasks:
        await tasks.start(embedded.run)
        before = dict(embedded._engines)
        other = replace(launch("b.gguf"), slots=2)
        end = await embedded.follow({"c": launch("c.gguf"), "b": other, "a": launch("a.gguf")})
        assert [await runs(embedded, one) for one in ("a", "b", "c")] == [True] * 3
        assert embedded._engines["a"] is before["a"]
        assert embedded._engines["b"] is not before["b"]
        end()
        end = await embedded.follow({})
        assert not await runs(embedded, "a")
        end()
        await embedded.follow({"d": launch("d.gguf")})
        assert await runs(embedded, "d")
        tasks.cancel_scope.cancel()


async def test_an_engine_without_models_goes_on_running() -> None:
    embedded = Embedded({})
    async with anyio.create_task_group() as tasks:
        await tasks.start(embedded.run)
        await embedded.follow({"a": launch("a.gguf")})
        assert await runs(embedded, "a")
        tasks.cancel_scope.cancel()


async def test_a_model_whose_template_refuses_the_probe_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refused(_: object, request: ChatRequest) -> Prompt:
        raise InvalidRequestError("The model's template refuses the messages.")

    async def running(_: object, model: str) -> None:
        return

    monkeypatch.setattr(LlamaCpp, "measure", refused)
    monkeypatch.setattr(LlamaCpp, "_running", running)
    embedded = Embedded({"a": launch("a.gguf")})
    with pytest.raises(InvalidRequestError):
        await embedded.probe()
    await embedded.warm_up()
