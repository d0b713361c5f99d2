"""Which value counts, where it comes from, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from fondaco.configuration import Configuration, ConfigurationError, load
from fondaco.patterns import DESCRIPTIONS
from fondaco.settings import Settings

SECRET = "sk-a-secret-of-nobody"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def write(home: Path, text: str) -> Path:
    path = home / "fondaco.toml"
    path.write_text(text)
    return path


def loaded(home: Path, flags: dict[str, object] | None = None, /, **environ: str) -> Configuration:
    return load(flags, environ={"HOME": str(home), "FONDACO_HOME": str(home), **environ})


def faults(home: Path, /, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        loaded(home, **environ)
    return "\n".join(caught.value.faults)


def test_without_any_source_the_defaults_count(home: Path) -> None:
    configuration = load(environ={"HOME": str(home)})
    assert configuration.settings.server.port == 8000
    assert configuration.settings.home == home / ".local/share/fondaco"
    assert configuration.settings.models_folder == home / ".cache/fondaco/models"
    assert configuration.origin(("server", "port")) == "default"
    assert configuration.file is None


def test_the_folders_follow_the_desktop_conventions(home: Path) -> None:
    environ = {"HOME": "/nobody", "XDG_DATA_HOME": str(home / "d"), "XDG_CACHE_HOME": "/c"}
    settings = load(environ=environ).settings
    assert settings.home == home / "d/fondaco"
    assert settings.models_folder == Path("/c/fondaco/models")


PORT = st.one_of(st.none(), st.integers(0, 65_535))


@hypothesis_settings(max_examples=50, deadline=None)
@given(flag=PORT, variable=PORT, in_file=PORT)
def test_flag_beats_environment_beats_file_beats_default(
    tmp_path_factory: pytest.TempPathFactory,
    flag: int | None,
    variable: int | None,
    in_file: int | None,
) -> None:
    home = tmp_path_factory.mktemp("home")
    path = write(home, "" if in_file is None else f"[server]\nport = {in_file}")
    environ = {} if variable is None else {"FONDACO_SERVER__PORT": str(variable)}
    configuration = loaded(home, {"server.port": flag}, **environ)
    expected = [
        (flag, "flag --port"),
        (variable, "env FONDACO_SERVER__PORT"),
        (in_file, f"file {path}"),
        (8000, "default"),
    ]
    port, origin = next(pair for pair in expected if pair[0] is not None)
    assert configuration.settings.server.port == port
    assert configuration.origin(("server", "port")) == origin


def test_a_named_file_is_read_instead_of_the_one_in_the_home(home: Path) -> None:
    write(home, "[server]\nport = 1")
    other = home / "other.toml"
    other.write_text("[server]\nport = 2")
    environ = {"FONDACO_HOME": str(home)}
    assert load(config=other, environ=environ).settings.server.port == 2
    assert load(environ={**environ, "FONDACO_CONFIG": str(other)}).settings.server.port == 2


def test_a_named_file_has_to_exist(home: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: cannot be read"):
        load(config=home / "none.toml", environ={"HOME": str(home)})


def test_a_folder_in_a_file_is_relative_to_the_file(home: Path) -> None:
    write(home, 'models_folder = "weights"')
    assert loaded(home).settings.models_folder == home / "weights"


def test_a_file_in_the_home_cannot_name_another_home(home: Path) -> None:
    write(home, 'home = "/elsewhere"')
    assert "cannot set another home" in faults(home)


def test_a_list_in_a_variable_is_separated_by_commas(home: Path) -> None:
    settings = loaded(home, FONDACO_SERVER__CORS_ORIGINS="https://a.example, https://b.example")
    assert settings.settings.server.cors_origins == ("https://a.example", "https://b.example")


def test_a_table_for_a_built_in_model_changes_only_its_keys(home: Path) -> None:
    write(home, '[models."smollm2-135m".price]\ninput = 0.25')
    model = loaded(home).settings.models["smollm2-135m"]
    assert (str(model.price.input), str(model.price.output)) == ("0.25", "0.15")
    assert model.file == "SmolLM2-135M-Instruct.Q4_1.gguf"


def test_an_empty_table_takes_nothing_away(home: Path) -> None:
    before = loaded(home).settings
    write(home, '[models."smollm2-135m"]\n[aliases]\n[engines]')
    assert loaded(home).settings == before


def test_a_variable_finds_the_model_whose_name_it_cannot_spell(home: Path) -> None:
    name = "FONDACO_MODELS__SMOLLM2_135M__PRICE__INPUT"
    configuration = loaded(home, **{name: "0.000000001"})
    assert str(configuration.settings.models["smollm2-135m"].price.input) == "1E-9"
    assert configuration.origin(("models", "smollm2-135m", "price", "input")) == f"env {name}"
    assert configuration.origin(("models", "smollm2-135m", "price", "output")) == "default"


def test_an_engine_can_be_made_of_variables_alone(home: Path) -> None:
    configuration = loaded(
        home,
        FONDACO_ENGINES__VLLM__BASE_URL="http://10.0.0.5:8000/v1",
        FONDACO_ENGINES__VLLM__KEY="env:FONDACO_VLLM_KEY",
        FONDACO_VLLM_KEY=SECRET,
        FONDACO_MODELS__SMOLLM2_135M__ENGINES="vllm, embedded",
    )
    assert configuration.settings.engines["vllm"].base_url == "http://10.0.0.5:8000/v1"
    assert configuration.settings.models["smollm2-135m"].engines == ("vllm", "embedded")


def test_ones_own_models_come_before_the_built_in_ones(home: Path) -> None:
    write(
        home,
        """
        [engines.vllm]
        base_url = "http://127.0.0.1:9/v1"
        [models.mine]
        name = "Mine"
        price = {input = 1, output = 2}
        context_tokens = 4096
        engines = ["vllm"]
        """,
    )
    assert next(iter(loaded(home).settings.models)) == "mine"


def test_unknown_keys_are_refused_with_the_nearest_one(home: Path) -> None:
    path = write(home, "port = 1\n[server]\nprot = 1\n[embeded]\nslots = 1")
    assert faults(home).splitlines() == [
        f"file {path}: server.prot: no such setting. Did you mean server.port?",
        f"file {path}: port: no such setting. Did you mean server.port?",
        f"file {path}: embeded: no such setting. Did you mean embedded?",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FONDACO_SERVER__PROT", "FONDACO_SERVER__PORT"),
        ("FONDACO_PORT", "FONDACO_SERVER__PORT"),
        ("FONDACO_MODEL", "FONDACO_MODELS"),
        ("FONDACO_SERVER_PORT", "FONDACO_SERVER__PORT"),
    ],
)
def test_unknown_variables_are_refused_with_the_nearest_one(
    home: Path, name: str, meant: str
) -> None:
    assert faults(home, **{name: "1"}) == f"env {name}: no such setting. Did you mean {meant}?"


@pytest.mark.parametrize("service", ["FONDACO", "FONDACO_REDIS", "FONDACO_CONFIG", "FONDACO__A_1"])
def test_what_kubernetes_sets_beside_a_service_is_no_mistake(home: Path, service: str) -> None:
    set_by_kubernetes = {
        "SERVICE_HOST": "10.0.0.1",
        "SERVICE_PORT": "8000",
        "SERVICE_PORT_HTTP_ADMIN": "8000",
        "PORT": "tcp://10.0.0.1:8000",
        "PORT_8000_TCP": "tcp://10.0.0.1:8000",
        "PORT_8000_TCP_PROTO": "tcp",
        "PORT_8000_TCP_PORT": "8000",
        "PORT_8000_TCP_ADDR": "fd00::1",
        "PORT_53_UDP": "udp://[fd00::1]:53",
    }
    before = loaded(home).settings
    assert loaded(home, **{f"{service}_{k}": v for k, v in set_by_kubernetes.items()}).settings == (
        before
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FONDACO_SERVER_PORT", "8000"),
        ("FONDACO_SERVER_SERVICE_HOST", "example.com:80"),
        ("FONDACO_X_PORT_8000_TCP", "8000"),
        ("FONDACO_PORT_8000_TCP_EXTRA", "1"),
    ],
)
def test_what_only_looks_like_kubernetes_is_refused(home: Path, name: str, value: str) -> None:
    assert faults(home, **{name: value}).startswith(f"env {name}: no such setting.")


def test_a_byte_order_mark_is_no_part_of_a_file(home: Path) -> None:
    (home / "fondaco.toml").write_bytes(b"\xef\xbb\xbf[server]\nport = 9\n")
    assert loaded(home).settings.server.port == 9


@pytest.mark.parametrize(
    ("text", "written", "meant"),
    [
        ('[models.llama-3.1-8b]\nname = "L"', "models.llama-3.1-8b", 'models."llama-3.1-8b"'),
        ("[models.a.1.2.price]\ninput = 1", "models.a.1.2", 'models."a.1.2"'),
        ('[aliases]\ngpt-4.1 = "default"', "aliases.gpt-4.1", 'aliases."gpt-4.1"'),
        ('[engines.gpu.lan]\nbase_url = "http://h/v1"', "engines.gpu.lan", 'engines."gpu.lan"'),
        (
            '[engines.g]\nbase_url = "http://h/v1"\n[engines.g.models]\nqwen2.5 = "q"',
            "engines.g.models.qwen2.5",
            'engines.g.models."qwen2.5"',
        ),
        (
            "[tiers.my.own.limits.small]\nrequests_per_minute = 1\nrequests_per_day = 1",
            "tiers.my.own",
            'tiers."my.own"',
        ),
    ],
)
def test_an_unquoted_name_with_a_dot_is_recognized(
    home: Path, text: str, written: str, meant: str
) -> None:
    path = write(home, text)
    assert faults(home).splitlines() == [
        f"file {path}: {written}: a name with a dot needs quotes: {meant}"
    ]


def test_an_unknown_key_is_no_name_with_a_dot(home: Path) -> None:
    write(home, '[models."smollm2-135m"]\nprise = 1\n[models.smollm2-135m.price]\nimput = 1')
    assert "quotes" not in faults(home)


def test_a_misspelt_table_of_a_model_is_no_name_with_a_dot(home: Path) -> None:
    write(home, "[models.smollm2-135m]\nprices = { input = 1, output = 1 }")
    assert "quotes" not in faults(home)
    assert "price?" in faults(home)


def test_a_misspelt_table_beside_settings_of_a_model_is_no_name_with_a_dot(home: Path) -> None:
    write(home, '[models.smollm2-135m]\nname = "S"\nprices = { input = 1, output = 1 }')
    assert "quotes" not in faults(home)


def test_an_unquoted_name_is_recognized_beside_the_model_that_its_first_part_names(
    home: Path,
) -> None:
    write(home, '[models.smollm2-135m]\nname = "S"\n[models.smollm2-135m.5]\nname = "T"')
    assert 'models."smollm2-135m.5"' in faults(home)


def test_a_model_may_be_called_as_ollama_calls_it(home: Path) -> None:
    write(
        home,
        '[models."llama3.2:3b"]\nname = "L"\ncontext_tokens = 4096\nengines = ["o"]\n'
        'price = { input = 0, output = 0 }\n[engines.o]\nbase_url = "http://127.0.0.1:11434/v1"',
    )
    assert "llama3.2:3b" in loaded(home).settings.models


def test_all_faults_are_reported_at_once(home: Path) -> None:
    write(home, "[server]\nport = 70000\nbody_timeout_s = 0\n[ledger]\ndurability = 'none'")
    lines = faults(home, FONDACO_SERVER__NOTHING_LIKE_IT="1").splitlines()
    assert len(lines) == 4
    assert any("server.port" in line and "'70000'" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("port = true", "server.port must be a whole number, not true."),
        ('port = "80 80"', "server.port must be a whole number, not '80 80'."),
        ("port = 9000.5", "server.port must be a whole number, not 9000.5."),
        ('drain_timeout_s = "30s"', "must be a number of seconds, not '30s'."),
        ("drain_timeout_s = true", "must be a number of seconds, not true."),
        ('body_limit_bytes = "4 MiB"', "must be a whole number of bytes, not '4 MiB'."),
        ('allowed_hosts = "a.example"', "must be a list, such as ['a', 'b'], not 'a.example'."),
        ('access_log = "maybe"', "server.access_log must be true or false, not 'maybe'."),
        ("host = 3", "server.host must be text in quotes, not 3."),
        ("host = []", "server.host must be text in quotes, not a list."),
    ],
)
def test_a_value_of_the_wrong_type_is_reported_in_toml_terms(
    home: Path, text: str, fault: str
) -> None:
    write(home, f"[server]\n{text}")
    assert fault in faults(home)
    assert "Input should" not in faults(home)


@pytest.mark.parametrize("price", ["true", '"1 USD"', "{}"])
def test_a_price_is_a_number(home: Path, price: str) -> None:
    write(home, f"[models.smollm2-135m.price]\ninput = {price}")
    assert "models.smollm2-135m.price.input must be a number, not" in faults(home)


def test_a_value_where_a_table_belongs_is_refused(home: Path) -> None:
    write(home, "server = 3")
    assert "server must be a table." in faults(home)


def test_a_model_without_a_price_is_refused(home: Path) -> None:
    path = write(home, '[models.mine]\nname = "M"\ncontext_tokens = 99\nengines = ["embedded"]')
    assert faults(home) == (
        f"file {path}: models.mine.price is missing: a model without a price is not served."
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[models."smollm2-135m"]\nengines = ["embeded"]', "Did you mean 'embedded'?"),
        ('[models."smollm2-135m"]\nengines = []', "engines is empty"),
        ('[models."smollm2-135m"]\nengines = ["embedded", "embedded"]', "twice"),
        (
            '[engines.v]\nbase_url = "http://h/v1"\nmodels = {"smollm2-135" = "x"}',
            "'smollm2-135', which is not a model of the catalogue. Did you mean 'smollm2-135m'?",
        ),
        (
            '[engines.v]\nbase_url = "http://h/v1"\nmodels = {"smollm2-135m" = "x"}',
            "does not name 'v'",
        ),
        ('[engines.embedded]\nbase_url = "http://h/v1"', "belongs to the built-in engine"),
        (
            '[engines.v]\nbase_url = "http://h/v1"\nextra_params = ["min_p", "max_tokens"]',
            "engines.v.extra_params names 'max_tokens'",
        ),
        (
            '[engines.v]\nbase_url = "http://h/v1"\nextra_headers = ["x-a", "Authorization"]',
            "engines.v.extra_headers names 'Authorization'",
        ),
        ('[engines.v]\nbase_url = "http://h/v1"\nextra_headers = ["x a"]', "extra_headers"),
        ('[aliases]\n"gpt-4o" = "defualt"', "not a model or trait. Did you mean 'default'?"),
        ('[models."a b"]\nname = "x"', 'models."a b"'),
    ],
)
def test_settings_that_contradict_each_other_are_refused(home: Path, text: str, fault: str) -> None:
    write(home, text)
    assert fault in faults(home)


@pytest.mark.parametrize(
    "text",
    [
        f'[engines.v]\nbase_url = "http://h/v1"\nkey = "{SECRET}"',
        f'[engines.v]\nbase_url = "http://me:{SECRET}@h/v1"',
        f'[engines.v]\nbase_url = "http://h/v1"\napi_key = "{SECRET}"',
        f'[engines.v]\nbase_url = "http://h/v1"\nkey = ["{SECRET}"]',
        f'[engines]\nv = "{SECRET}"',
        f'engines = "{SECRET}"',
        f'[engines.v]\nbase_url = "http://h/v1"\nkey = "{SECRET}',
    ],
)
def test_no_message_shows_a_secret(home: Path, text: str) -> None:
    write(home, text)
    assert SECRET not in faults(home)


def test_no_message_shows_a_secret_of_the_environment(home: Path) -> None:
    text = faults(
        home,
        FONDACO_ENGINES__V__BASE_URL=f"http://me:{SECRET}@h/v1",
        FONDACO_ENGINES__V__KEY=SECRET,
        FONDACO_API_KEY=SECRET,
    )
    assert len(text.splitlines()) == 3
    assert SECRET not in text


def test_a_file_that_is_no_toml_is_refused_with_the_place(home: Path) -> None:
    write(home, "[server]\nport 8000")
    assert "line 2" in faults(home)


def test_an_empty_home_is_refused(home: Path) -> None:
    assert faults(home, FONDACO_HOME="") == "env FONDACO_HOME: home must be the path of a folder."


def patterns_in(schema: object) -> set[str]:
    """Return the patterns of values and of keys."""
    match schema:
        case dict():
            named = [schema.get("pattern"), *schema.get("patternProperties", ())]
            own = {one for one in named if isinstance(one, str)}
            return own | {one for value in schema.values() for one in patterns_in(value)}
        case list():
            return {one for value in schema for one in patterns_in(value)}
    return set()


def test_every_pattern_of_a_setting_has_a_description() -> None:
    """An error says what a value has to be, and shows no regular expression."""
    assert patterns_in(Settings.model_json_schema()) == DESCRIPTIONS.keys()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[models."a b"]\nname = "x"', 'models."a b": this name must be 1 to 100 letters'),
        ('[engines."a b"]\nbase_url = "http://h"', 'engines."a b": this name must be 1 to 100'),
        ('[aliases]\n"a b" = "default"', 'aliases."a b": this name must be 1 to 100 letters'),
        ('[chain.node]\ntoken = "0x1"', "chain.node.token must be 0x and 40 hexadecimal digits"),
    ],
)
def test_a_text_of_the_wrong_form_is_told_the_right_one(home: Path, text: str, line: str) -> None:
    (home / "fondaco.toml").write_text(f"{text}\n")
    assert line in faults(home)
    assert "pattern" not in faults(home)
