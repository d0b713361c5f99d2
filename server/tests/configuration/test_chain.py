from decimal import Decimal
from pathlib import Path

import pytest

from fondaco.configuration import Configuration, load
from fondaco.configuration.writing import as_toml, template
from fondaco.environment import ConfigurationError

ADA = "0xAD" + "ad" * 19
NODE = f"""
[chain.node]
url = "http://127.0.0.1:8545"
token = "{ADA}"
diem_per_token = 0.1
"""


def loaded(tmp_path: Path, text: str, **environ: str) -> Configuration:
    file = tmp_path / "fondaco.toml"
    file.write_text(text)
    return load(config=file, environ={"HOME": str(tmp_path), **environ})


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        loaded(tmp_path, text)
    return str(refused.value)


def test_nothing_is_given_by_default(tmp_path: Path) -> None:
    chain = loaded(tmp_path, "").settings.chain
    assert (chain.stake, chain.node.url) == ({}, "")


def test_one_amount_is_for_anyone(tmp_path: Path) -> None:
    for found in (
        loaded(tmp_path, "[chain]\nstake = 2.5"),
        loaded(tmp_path, "", FONDACO_CHAIN__STAKE="2.5"),
    ):
        assert found.settings.chain.stake == {"*": Decimal("2.5")}


def test_a_table_names_wallets(tmp_path: Path) -> None:
    found = loaded(tmp_path, f'[chain.stake]\n"{ADA}" = 5\n"*" = 1')
    assert found.settings.chain.stake == {ADA: 5, "*": 1}


def test_what_is_in_force_can_be_read_again(tmp_path: Path) -> None:
    shown = as_toml(loaded(tmp_path, f'[chain.stake]\n"{ADA}" = 5\n"*" = 1').settings)
    assert loaded(tmp_path, shown).settings.chain.stake == {ADA: 5, "*": 1}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[chain]\nstake = -1", "chain.stake"),
        ("[chain]\nstake = 'much'", "chain.stake"),
        ("[chain]\nstake = 0.0000000001", "chain.stake"),
        ('[chain.stake]\n"0xad" = 5', "chain.stake.0xad"),
        (f'[chain.stake]\n"{ADA}" = 5\n"{ADA.lower()}" = 6', "names a wallet twice"),
        (f"{NODE}[chain]\nstake = 1", "Set only one source of stakes"),
        (NODE.replace("diem_per_token", "# "), "chain.node.diem_per_token is missing"),
        (NODE.replace("token =", "# ", 1), "chain.node.token is missing"),
        (NODE.replace("http://", "ftp://"), "chain.node.url: refused"),
        (NODE.replace("http://", "http://me:secret@"), "chain.node.url: refused"),
        ("[chain]\ntier = 'pade'", "Did you mean 'paid'?"),
        ("[chain]\nstakes = 1", "Did you mean chain.stake?"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, fault: str) -> None:
    message = refusal(tmp_path, text)
    assert fault in message
    assert len(message.splitlines()) == 1
    assert "secret" not in message


def test_the_amount_of_a_new_file_can_be_put_in_force(tmp_path: Path) -> None:
    text = template(everything=True).replace("# stake = ...", "stake = 2")
    assert loaded(tmp_path, text).settings.chain.stake == {"*": 2}


def test_a_nodes_address_may_lie_elsewhere(tmp_path: Path) -> None:
    text = NODE.replace("http://127.0.0.1:8545", "env:NODE_URL")
    assert loaded(tmp_path, text).settings.chain.node.url == "env:NODE_URL"
