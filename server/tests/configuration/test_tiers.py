"""Tiers: the built-in ones, one's own, and what does not fit together."""

from pathlib import Path

import pytest

from fondaco.configuration import ConfigurationError, catalogue_of, load, tiers_of
from fondaco.domain.models.model import RATE_CLASSES, ModelType
from fondaco.domain.money.limits import RateLimits
from fondaco.settings import Settings

MODEL = """
    [engines.vllm]
    base_url = "http://127.0.0.1:9/v1"
    [models.mine]
    name = "Mine"
    price = {input = 1, output = 1}
    context_tokens = 4096
    engines = ["vllm"]
    """


def settings(folder: Path, text: str = "", **environ: str) -> Settings:
    (folder / "fondaco.toml").write_text(text)
    return load(environ={"FONDACO_HOME": str(folder), **environ}).settings


def fault(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(folder, text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("rate_class", "limits"),
    [
        ("small", RateLimits(500, 288_000, 1_000_000)),
        ("medium", RateLimits(75, 54_000, 750_000)),
        ("large", RateLimits(50, 36_000, 750_000)),
        ("xlarge", RateLimits(20, 15_000, 750_000)),
        ("image", RateLimits(20, 28_800, shared=True)),
        ("audio", RateLimits(60, 86_400, shared=True)),
        ("embedding", RateLimits(500, 288_000, 1_000_000)),
    ],
)
def test_the_tier_paid_has_the_limits_of_the_api(
    tmp_path: Path, rate_class: str, limits: RateLimits
) -> None:
    tier = tiers_of(settings(tmp_path))["paid"]
    assert tier.limits[rate_class] == limits
    assert (tier.id, tier.charged) == ("paid", True)


def test_an_explorer_gets_a_fifth_of_it(tmp_path: Path) -> None:
    tiers = tiers_of(settings(tmp_path))
    paid, explorer = tiers["paid"].limits, tiers["explorer"].limits
    assert paid.keys() == explorer.keys()
    for name, limits in paid.items():
        per_minute = limits.tokens_per_minute
        assert explorer[name] == RateLimits(
            limits.requests_per_minute // 5,
            limits.requests_per_day // 5,
            None if per_minute is None else per_minute // 5,
            shared=limits.shared,
        )


def test_the_built_in_tiers_have_limits_for_models_of_every_type(tmp_path: Path) -> None:
    assert RATE_CLASSES.keys() == set(ModelType)
    for tier in tiers_of(settings(tmp_path)).values():
        assert set(RATE_CLASSES.values()) <= tier.limits.keys()


def test_a_table_changes_only_the_limits_that_it_names(tmp_path: Path) -> None:
    text = "[tiers.paid.limits.small]\nrequests_per_minute = 7"
    limits = tiers_of(settings(tmp_path, text))["paid"].limits
    assert limits["small"] == RateLimits(7, 288_000, 1_000_000)
    assert limits["medium"] == RateLimits(75, 54_000, 750_000)


def test_the_environment_sets_a_limit(tmp_path: Path) -> None:
    name = "FONDACO_TIERS__PAID__LIMITS__SMALL__TOKENS_PER_MINUTE"
    limits = tiers_of(settings(tmp_path, **{name: "9"}))["paid"].limits
    assert limits["small"].tokens_per_minute == 9


def test_a_tier_of_ones_own_may_be_free_of_charge(tmp_path: Path) -> None:
    text = """
        [tiers.staff]
        charged = false
        [tiers.staff.limits.small]
        requests_per_minute = 1000
        requests_per_day = 100_000
        """
    tier = tiers_of(settings(tmp_path, text))["staff"]
    assert (tier.id, tier.charged) == ("staff", False)
    assert tier.limits["small"] == RateLimits(1000, 100_000)


def test_other_types_have_the_limits_of_small_where_a_tier_names_none(
    tmp_path: Path,
) -> None:
    text = """
        [tiers.staff.limits.small]
        requests_per_minute = 1000
        requests_per_day = 100_000
        """
    limits = tiers_of(settings(tmp_path, text))["staff"].limits
    assert limits == dict.fromkeys(
        ("small", "embedding", "image", "audio"), RateLimits(1000, 100_000)
    )
    more = "[tiers.staff.limits.embedding]\nrequests_per_minute = 5\nrequests_per_day = 6"
    limits = tiers_of(settings(tmp_path, f"{text}\n{more}"))["staff"].limits
    assert limits["embedding"] == RateLimits(5, 6)


def test_a_model_names_its_class_and_else_has_that_of_its_type(tmp_path: Path) -> None:
    first = catalogue_of(settings(tmp_path, MODEL)).route("mine").model
    second = catalogue_of(settings(tmp_path, MODEL + 'rate_class = "large"')).route("mine").model
    assert (first.rate_class, second.rate_class) == ("small", "large")


def test_a_class_that_a_tier_does_not_define_is_named(tmp_path: Path) -> None:
    text = MODEL + 'rate_class = "huge"'
    assert fault(tmp_path, text).splitlines() == [
        f"tiers.{tier}.limits.huge is missing: 'huge' is the rate_class of models.mine."
        for tier in ("paid", "explorer")
    ]


def test_a_tier_without_limits_is_refused(tmp_path: Path) -> None:
    message = fault(tmp_path, "[tiers.gold]")
    assert message.startswith("tiers.gold.limits.small is missing: 'small' is the rate_class of")


def test_a_limit_that_is_misspelled_is_refused_with_the_right_word(tmp_path: Path) -> None:
    message = fault(tmp_path, "[tiers.paid.limits.small]\nrequests_per_minutes = 7")
    assert "Did you mean tiers.paid.limits.small.requests_per_minute?" in message


def test_a_class_without_a_limit_per_day_is_refused(tmp_path: Path) -> None:
    message = fault(tmp_path, "[tiers.paid.limits.huge]\nrequests_per_minute = 7")
    assert "tiers.paid.limits.huge.requests_per_day is missing." in message


@pytest.mark.parametrize("network", ["10.0.0.0/8", "127.0.0.1", "::1", "fd00::/8"])
def test_proxies_are_addresses_and_networks(tmp_path: Path, network: str) -> None:
    text = f'[server]\ntrusted_proxies = ["{network}"]'
    assert settings(tmp_path, text).server.trusted_proxies == (network,)


@pytest.mark.parametrize("network", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", ""])
def test_a_proxy_that_is_neither_is_refused(tmp_path: Path, network: str) -> None:
    message = fault(tmp_path, f'[server]\ntrusted_proxies = ["{network}"]')
    assert "server.trusted_proxies" in message
    assert "not an address or network" in message
