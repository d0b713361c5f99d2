"""Sealed content of jobs: who can open it, and that nobody else can."""

import re
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st

from fondaco.ports import UnsealableError
from fondaco.stores.sealing import HomeSealer

HOME, OTHER = HomeSealer(b"p" * 32), HomeSealer(b"q" * 32)
JOB, ANOTHER = "ab" * 16, "cd" * 16


@settings(max_examples=20)
@given(st.binary(max_size=2000))
def test_a_request_opens_in_its_home_for_its_job_alone(content: bytes) -> None:
    sealed = HOME.seal_request(JOB, content)
    assert HOME.open_request(JOB, sealed) == content
    for sealer, job in ((OTHER, JOB), (HOME, ANOTHER)):
        with pytest.raises(UnsealableError):
            sealer.open_request(job, sealed)


@settings(max_examples=20)
@given(st.binary(max_size=2000))
def test_a_result_opens_with_its_own_secret_alone(content: bytes) -> None:
    secret, others = HOME.queue_id(), HOME.queue_id()
    sealed = HOME.seal_result(JOB, secret.public_key, content)
    assert HOME.open_result(JOB, secret.text, sealed) == content
    for sealer, job, text in (
        (HOME, JOB, others.text),
        (HOME, ANOTHER, secret.text),
        (OTHER, JOB, secret.text),  # a database without the home's own secret
        (HOME, JOB, "x"),
    ):
        with pytest.raises(UnsealableError):
            sealer.open_result(job, text, sealed)


@pytest.mark.parametrize("at", [0, 20, -1])
def test_what_was_changed_does_not_open(at: int) -> None:
    secret = HOME.queue_id()
    for broken in _broken(HOME.seal_request(JOB, b"content"), at):
        with pytest.raises(UnsealableError):
            HOME.open_request(JOB, broken)
    for broken in _broken(HOME.seal_result(JOB, secret.public_key, b"content"), at):
        with pytest.raises(UnsealableError):
            HOME.open_result(JOB, secret.text, broken)


def _broken(sealed: bytes, at: int) -> tuple[bytes, ...]:
    changed = bytearray(sealed)
    changed[at] ^= 1
    return bytes(changed), sealed[:10], b""


def test_nothing_of_the_content_or_the_secret_is_in_what_is_stored() -> None:
    secret = HOME.queue_id()
    content = b"kanarie" * 10
    stored = (
        HOME.seal_request(JOB, content)
        + HOME.seal_result(JOB, secret.public_key, content)
        + secret.digest
        + secret.public_key
    )
    assert b"kanarie" not in stored
    assert UUID(secret.text).bytes not in stored


def test_the_same_content_is_sealed_anew_each_time() -> None:
    secret = HOME.queue_id()
    assert HOME.seal_request(JOB, b"a") != HOME.seal_request(JOB, b"a")
    one, two = (HOME.seal_result(JOB, secret.public_key, b"a") for _ in range(2))
    assert one != two


def test_secrets_are_random_uuids_found_by_their_hash_in_either_case() -> None:
    secrets = [HOME.queue_id() for _ in range(50)]
    assert len({one.text for one in secrets}) == len({one.digest for one in secrets}) == 50
    for one in secrets:
        assert re.fullmatch(
            r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one.text
        )
        assert HOME.digest(one.text) == HOME.digest(one.text.upper()) == one.digest
        assert OTHER.digest(one.text) != one.digest


@pytest.mark.parametrize(
    "text", ["", "x", "é" * 36, "0" * 36, f"{{{'0' * 34}}}", "urn:uuid:" + "0" * 27]
)
def test_what_has_another_form_is_no_secret(text: str) -> None:
    assert HOME.digest(text) is None
