import subprocess
import sys

import anyio
import pytest
from hypothesis import given, settings, strategies as st

from fondaco.chain.signature import EthSignatures
from fondaco.domain.errors import InvalidRequestError, ProofRefusedError, RateLimitExceededError
from fondaco.domain.money.wallet import Proof
from wallet_world import ORDER, joined, mirrored, split, wallet

TEXT = "a.challenge.text"


async def signer(address: str, signature: str, text: str = TEXT) -> str:
    return await EthSignatures().signer(Proof(address, text, signature))


async def test_the_signing_wallet_is_returned_in_lower_case() -> None:
    assert await signer(wallet().address, wallet().sign(TEXT)) == wallet().name


async def test_a_signature_of_the_standard_is_known() -> None:
    """The example of web3.js's documentation, `eth.accounts.recover`."""
    signature = (
        "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
        "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a029"
        "1c"
    )
    address = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
    assert await signer(address, signature, "Some data") == address.lower()


@pytest.mark.parametrize("spelled", [str.lower, lambda a: "0x" + a[2:].upper(), str])
async def test_the_case_of_an_address_makes_no_difference(spelled: object) -> None:
    assert callable(spelled)
    assert await signer(spelled(wallet().address), wallet().sign(TEXT)) == wallet().name


async def test_a_wrong_checksum_is_a_mistyped_address() -> None:
    address = wallet().address
    letter = next(n for n, c in enumerate(address) if n > 2 and c.isalpha())
    mistyped = address[:letter] + address[letter].swapcase() + address[letter + 1 :]
    with pytest.raises(InvalidRequestError) as refused:
        await signer(mistyped, wallet().sign(TEXT))
    assert "EIP-55" in refused.value.faults["address"][0]


@pytest.mark.parametrize("less", [0, 27])
async def test_v_may_be_written_in_both_ways(less: int) -> None:
    r, s, v = split(wallet().sign(TEXT))
    assert await signer(wallet().address, joined(r, s, v - less)) == wallet().name


@pytest.mark.parametrize("v", [2, 26, 29, 37, 255])
async def test_another_v_is_refused(v: int) -> None:
    r, s, _ = split(wallet().sign(TEXT))
    with pytest.raises(ProofRefusedError, match=f"v = {v};"):
        await signer(wallet().address, joined(r, s, v))


async def test_the_other_parity_is_refused() -> None:
    r, s, v = split(wallet().sign(TEXT))
    with pytest.raises(ProofRefusedError):
        await signer(wallet().address, joined(r, s, 55 - v))


async def test_the_high_s_is_refused_though_it_would_recover() -> None:
    with pytest.raises(ProofRefusedError, match="upper half"):
        await signer(wallet().address, mirrored(wallet().sign(TEXT)))


@pytest.mark.parametrize(
    ("r", "s"), [(0, 1), (1, 0), (ORDER, 1), (1, ORDER), (2**256 - 1, 1), (1, 2**256 - 1)]
)
async def test_numbers_beyond_the_curve_are_refused(r: int, s: int) -> None:
    with pytest.raises(ProofRefusedError, match="order of the curve"):
        await signer(wallet().address, joined(r, s, 27))


async def test_a_point_that_is_not_on_the_curve_is_refused() -> None:
    with pytest.raises(ProofRefusedError, match="No wallet"):
        await signer(wallet().address, joined(5, 1, 27))


async def test_another_wallet_or_another_text_is_refused() -> None:
    for signature in (wallet(2).sign(TEXT), wallet().sign(TEXT + " ")):
        with pytest.raises(ProofRefusedError, match="did not make this signature"):
            await signer(wallet().address, signature)


async def test_a_crowd_of_proofs_is_sent_away_and_the_first_ones_served() -> None:
    signatures, served, refused = EthSignatures(), [], []
    proof = Proof(wallet().address, TEXT, wallet().sign(TEXT))

    async def ask() -> None:
        try:
            served.append(await signatures.signer(proof))
        except RateLimitExceededError as error:
            refused.append(error.retry_after_s)

    async with anyio.create_task_group() as tasks:
        for _ in range(40):
            tasks.start_soon(ask)
    assert served == [wallet().name] * 32
    assert refused == [1] * 8


@given(st.binary(min_size=65, max_size=65), st.binary(min_size=20, max_size=20))
@settings(max_examples=60, deadline=None)
async def test_garbage_is_refused_and_nothing_else(signature: bytes, address: bytes) -> None:
    with pytest.raises(ProofRefusedError):
        await signer(f"0x{address.hex()}", f"0x{signature.hex()}")


def test_loading_the_libraries_leaves_the_recursion_limit_alone() -> None:
    """One of them raises it so far that deeply nested JSON would crash the process."""
    script = (
        "import sys, anyio\n"
        "from fondaco.chain.challenge import SignedChallenges\n"
        "from fondaco.chain.signature import EthSignatures\n"
        "from fondaco.domain.errors import ProofRefusedError\n"
        "from fondaco.domain.money.wallet import Challenge, Proof\n"
        "async def both():\n"
        "    async with anyio.create_task_group() as tasks:\n"
        "        tasks.start_soon(SignedChallenges(b's' * 32, 'here').write, Challenge('a', 1, 2))\n"
        "        try:\n"
        "            await EthSignatures().signer(Proof('0x' + '1' * 40, 'a', '0x' + '11' * 64 + '1b'))\n"
        "        except ProofRefusedError:\n"
        "            pass\n"
        "anyio.run(both)\n"
        "print(sys.getrecursionlimit(), 'eth_account' in sys.modules, 'jwt' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["1000", "True", "True"]
