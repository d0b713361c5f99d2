import base64
import json

import jwt
import pytest
from hypothesis import given, settings, strategies as st

from fondaco.chain.challenge import SignedChallenges
from fondaco.domain.errors import ProofRefusedError
from fondaco.domain.money.wallet import Challenge

SECRET = b"s" * 32
CHALLENGE = Challenge("ab" * 16, 1_000, 1_600)


@pytest.fixture
def challenges() -> SignedChallenges:
    return SignedChallenges(SECRET, "here")


async def test_what_was_written_is_read(challenges: SignedChallenges) -> None:
    text = await challenges.write(CHALLENGE)
    assert await challenges.read(text) == CHALLENGE
    assert jwt.get_unverified_header(text) == {"alg": "HS256", "typ": "JWT"}


async def test_a_challenge_of_another_server_or_start_is_refused() -> None:
    text = await SignedChallenges(SECRET, "here").write(CHALLENGE)
    for other in (SignedChallenges(b"t" * 32, "here"), SignedChallenges(SECRET, "there")):
        with pytest.raises(ProofRefusedError, match="not issued by this server"):
            await other.read(text)


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_changed_part_is_refused(challenges: SignedChallenges, place: int) -> None:
    parts = (await challenges.write(CHALLENGE)).split(".")
    first = parts[place][5]
    parts[place] = parts[place][:5] + ("A" if first != "A" else "B") + parts[place][6:]
    with pytest.raises(ProofRefusedError):
        await challenges.read(".".join(parts))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
async def test_another_algorithm_is_refused_even_with_our_secret(
    challenges: SignedChallenges, algorithm: str
) -> None:
    claims = {"iss": "fondaco", "aud": "here", "jti": "ab" * 16, "iat": 1_000, "exp": 1_600}
    secret = "" if algorithm == "none" else "s" * 64
    forged = jwt.encode(claims, secret, algorithm=algorithm)
    with pytest.raises(ProofRefusedError):
        await challenges.read(forged)


@pytest.mark.parametrize(
    "algorithm", ["RS256", "ES256", "HS256\0", "hs256", "", None, 7, ["HS256"]]
)
async def test_a_header_that_names_another_algorithm_is_refused(
    challenges: SignedChallenges, algorithm: object
) -> None:
    header, *rest = (await challenges.write(CHALLENGE)).split(".")
    header = encoded({"alg": algorithm, "typ": "JWT"})
    with pytest.raises(ProofRefusedError):
        await challenges.read(".".join([header, *rest]))


@pytest.mark.parametrize("claim", ["iss", "aud", "jti", "iat", "exp"])
async def test_a_token_that_lacks_a_claim_is_refused(
    challenges: SignedChallenges, claim: str
) -> None:
    claims = {"iss": "fondaco", "aud": "here", "jti": "ab" * 16, "iat": 1_000, "exp": 1_600}
    del claims[claim]
    with pytest.raises(ProofRefusedError):
        await challenges.read(jwt.encode(claims, SECRET, algorithm="HS256"))


@pytest.mark.parametrize("text", ["[" * 900, '{"a":' * 300, "7", "null", '"x"', "{}"])
async def test_a_header_of_strange_json_is_refused(challenges: SignedChallenges, text: str) -> None:
    header = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    with pytest.raises(ProofRefusedError):
        await challenges.read(f"{header}.e30.AAAA")


@given(
    st.text(max_size=300)
    | st.lists(st.binary(max_size=60), min_size=3, max_size=3).map(
        lambda parts: ".".join(base64.urlsafe_b64encode(part).decode() for part in parts)
    )
)
@settings(max_examples=80, deadline=None)
async def test_garbage_is_refused_and_nothing_else(text: str) -> None:
    with pytest.raises(ProofRefusedError):
        await SignedChallenges(SECRET, "here").read(text)


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
