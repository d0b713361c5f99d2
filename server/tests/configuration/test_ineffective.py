"""Values that would have no effect: refused, or warned of."""

from pathlib import Path

import pytest

from fondaco.configuration import Configuration, ConfigurationError, load


def loaded(home: Path, text: str = "") -> Configuration:
    (home / "fondaco.toml").write_text(text)
    return load(environ={"HOME": str(home), "FONDACO_HOME": str(home)})


OWN = """
[engines.v]
base_url = "http://h/v1"
[models.mine]
name = "Mine"
context_tokens = 4096
engines = ["v"]
price = { input = 0, output = 0 }
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f'{OWN}[aliases]\nmine = "default"', "aliases.mine: a model has this id"),
        ('[aliases]\nfastest = "smollm2-135m"', "aliases.fastest: models have this trait"),
        (
            OWN.replace("context_", 'traits = ["smollm2-135m"]\ncontext_'),
            "models.mine.traits: 'smollm2-135m' is the id of a model",
        ),
        (OWN.replace("context_", "many_images = true\ncontext_"), "models.mine.many_images"),
        (OWN.replace("context_", "image_tokens = 9\ncontext_"), "models.mine.image_tokens"),
        (
            f'{OWN}reasoning = {{ switch_name = "think" }}',
            "reasoning.switch_name: switch is 'not'",
        ),
        (
            "[tiers.paid.limits.smal]\nrequests_per_minute = 1\nrequests_per_day = 1",
            "tiers.paid.limits.smal: no model has the rate_class 'smal'",
        ),
        ("[server]\nmedia_body_limit_bytes = 2048", "server.media_body_limit_bytes is less"),
        ("[server]\nbody_memory_bytes = 2048", "server.body_memory_bytes is less"),
    ],
)
def test_what_could_never_count_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (OWN.replace('["v"]', '["embedded"]\nfile = "m.gguf"'), "engines.v: no model's `engines`"),
        (
            OWN.replace('["v"]', '["v"]\nfile = "m.gguf"'),
            "models.mine.file: only built-in engines read it",
        ),
        (
            OWN.replace("context_", "max_output_tokens = 9000\ncontext_"),
            "models.mine.max_output_tokens: context_tokens is 4096",
        ),
        (
            OWN.replace('["v"]', '["v", "embedded"]\nfile = "m.gguf"').replace("4096", "8192"),
            "embedded.context_tokens, which is 4096",
        ),
        ('[search]\nsearxng_url = "http://h"', "search.engines lacks 'searxng'"),
        ('[search]\nbrave_key = "env:K"', "search.engines lacks 'brave'"),
        (f'[chain.node]\ntoken = "0x{"1" * 40}"', "chain.node.url is missing"),
        ('[server]\nhost = "0.0.0.0"', "server.allowed_hosts is empty"),
        (
            '[server]\nmetrics = "public"\nmetrics_token = "env:T"',
            "server.metrics_token has no effect",
        ),
        (
            "[server]\naccount_body_memory_bytes = 999_999_999",
            "server.account_body_memory_bytes is more than server.body_memory_bytes",
        ),
        (
            "[server]\nclient_connection_limit = 9_000",
            "server.client_connection_limit is more than server.connection_limit",
        ),
    ],
)
def test_what_does_not_count_as_things_are_is_warned_of(
    tmp_path: Path, text: str, warning: str
) -> None:
    [line] = loaded(tmp_path, text).warnings
    assert warning in line


def test_the_defaults_warn_of_nothing(tmp_path: Path) -> None:
    assert loaded(tmp_path).warnings == ()
