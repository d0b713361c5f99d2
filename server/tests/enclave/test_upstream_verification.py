"""Callers who send nothing to an engine that nobody verified. Source: ACI, section 6.1."""

from dataclasses import replace

import pytest

from fondaco.domain.errors import InvalidRequestError, SealedRequestError
from fondaco.enclave.sealed_request import expect_verifiable
from sealed_house import MODEL, sealed_house

HEADER = "x-upstream-verification"


def test_an_engine_elsewhere_gets_nothing_where_verification_is_required() -> None:
    with pytest.raises(SealedRequestError) as caught:
        expect_verifiable({HEADER: "required"}, elsewhere=True)
    assert caught.value.reason == "upstream_verification_failed"


@pytest.mark.parametrize("headers", [{}, {HEADER: "none"}])
def test_an_engine_elsewhere_is_asked_where_nobody_requires_more(headers: dict[str, str]) -> None:
    expect_verifiable(headers, elsewhere=True)


async def test_the_enclaves_own_models_need_no_verification() -> None:
    async with sealed_house() as house:
        call = house.caller().ask(house.id(), "Hello")
        asked = replace(call, headers={**call.headers, HEADER: "required"})
        assert (await house.enclave.measure(MODEL, asked)).input_tokens
        other = house.caller().ask(house.id(), "Hello")
        odd = replace(other, headers={**other.headers, HEADER: "perhaps"})
        with pytest.raises(InvalidRequestError, match="required or none"):
            await house.enclave.measure(MODEL, odd)
