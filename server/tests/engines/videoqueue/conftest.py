"""A fake queue of videos, and our engine that asks it."""

from collections.abc import AsyncGenerator

import pytest

from fake_video_queue import FakeVideoQueue
from fondaco.clients.connect import connect
from fondaco.engines.videoqueue.engine import VideoQueue
from fondaco.engines.videoqueue.order import QueuedModel

MODEL = QueuedModel("wan-2.5", ("16:9", "9:16", "1:1", "4:3", "3:4"), audio_configurable=True)


@pytest.fixture
async def fake() -> AsyncGenerator[FakeVideoQueue]:
    async with FakeVideoQueue() as fake:
        yield fake


@pytest.fixture
async def engine(fake: FakeVideoQueue) -> AsyncGenerator[VideoQueue]:
    client = connect(fake.base_url, first_byte_timeout_s=5, chunk_timeout_s=5, total_timeout_s=20)
    yield VideoQueue("films", client, {"ours": MODEL}, poll_s=0.002, total_timeout_s=20)
    await client.aclose()
