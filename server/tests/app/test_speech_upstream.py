"""A model that speaks elsewhere, from the configuration to its sound."""

from pathlib import Path

from fake_upstream import FakeUpstream
from fondaco.app.engines import opened_templates, opened_upstreams
from fondaco.configuration import load
from fondaco.domain.media.speech import SpeechTask

ROWS = """
[engines.studio]
base_url = "{url}"
models = {{ "mine" = "orpheus" }}
[models.mine]
name = "Mine"
type = "tts"
engines = ["studio"]
price = {{ input = 3.5 }}
[models.mine.speech]
voices = ["tara"]
pcm_rate = 16_000
"""


async def test_an_engine_of_the_configuration_speaks(tmp_path: Path) -> None:
    task = SpeechTask(model="mine", text="Hello there.", voice="tara")
    async with FakeUpstream() as fake:
        (tmp_path / "fondaco.toml").write_text(ROWS.format(url=fake.base_url))
        settings = load(environ={"FONDACO_HOME": str(tmp_path)}).settings
        async with (
            opened_templates() as templates,
            opened_upstreams(settings, templates) as upstreams,
        ):
            pieces = [piece async for piece in upstreams.speech_engines["studio"].speak(task)]
    assert fake.spoken[0].body["model"] == "orpheus"
    assert {piece.rate for piece in pieces} == {16_000}
    assert sum(piece.characters for piece in pieces) == len(task.text)
