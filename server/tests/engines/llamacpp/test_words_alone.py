"""The embedded engine runs models with text only."""

from pathlib import Path

import pytest

from fondaco.domain.chat.message import Image, Message, Role
from fondaco.domain.chat.request import ChatOptions, ChatRequest
from fondaco.domain.errors import FieldNotTakenError
from fondaco.engines.llamacpp.engine import LlamaCpp
from fondaco.engines.llamacpp.supervisor import Launch
from pictures import PIXELS


async def test_an_image_is_left_to_another_engine(tmp_path: Path) -> None:
    engine = LlamaCpp(
        "embedded", Launch(tmp_path / "none.gguf", threads=1, slots=1, context_tokens=256)
    )
    messages = (Message(Role.USER, ("What is it?", Image(PIXELS))),)
    request = ChatRequest("toy", messages, max_output_tokens=1, options=ChatOptions(media=True))
    with pytest.raises(FieldNotTakenError, match="with text only"):
        await engine.measure(request)
