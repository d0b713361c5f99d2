"""What is plain is read and written in one step, to what the general way makes of it."""

from hypothesis import HealthCheck, assume, given, settings, strategies as st

from contracts.fast_path import bodies, completions
from fondaco.domain.chat.events import EventBatch, Finish, FinishReason, Text, UsageReported
from fondaco.domain.chat.request import ChatRequest as DomainRequest
from fondaco.domain.money.usage import Report, Usage
from fondaco.engines.common.dialects import DIALECTS
from fondaco.engines.openai.reply import plain_document
from fondaco.engines.openai.reply.reader import ReplyReader
from fondaco.http.apis.openai.chat.fast.plain_request import plain_request
from fondaco.http.apis.openai.chat.request import ChatRequest
from fondaco.http.apis.openai.chat.writers import Accumulator, plain_body
from fondaco.http.endpoint.strict_json import parse

PLAIN = (
    b'{"model":"toy","messages":[{"role":"user","content":"Hi"}],"max_tokens":5,"temperature":1}'
)


def test_a_plain_request_is_read_without_its_schema() -> None:
    assert plain_request(PLAIN, "7") is not None


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(body=bodies())
def test_a_plain_request_is_what_its_schema_makes_of_it(body: bytes) -> None:
    found = plain_request(body, "7")
    assume(found is not None)
    by_schema = ChatRequest.model_validate(parse(body))
    assert found == (by_schema.to_domain("7"), by_schema.requested_tokens)
    assert not by_schema.stream
    assert by_schema.ignored == ()
    assert by_schema.character is None


def test_numbers_are_read_as_the_schema_reads_them() -> None:
    found = plain_request(PLAIN, "7")
    assert found is not None
    assert isinstance(found[0].sampling.temperature, float)


@settings(max_examples=500, suppress_health_check=[HealthCheck.filter_too_much])
@given(document=completions())
def test_a_plain_document_is_what_the_reader_makes_of_it(document: bytes) -> None:
    found = plain_document.events_of(document)
    assume(found)
    reader = ReplyReader(DomainRequest("toy", (), 9), DIALECTS["openai"])
    assert found == reader.read_last([document], done=True)
    reader.check()


_reasons: st.SearchStrategy[FinishReason] = st.sampled_from(
    ["stop", "length", "tool_calls", "content_filter"]
)
_counts = st.integers(0, 2**31 - 1)


@given(
    text=st.text(),
    reason=_reasons,
    reported=st.booleans(),
    usage=st.builds(Usage, _counts, _counts, _counts, _counts),
    model=st.text(min_size=1),
)
def test_a_plain_body_is_what_the_accumulator_writes(
    *, text: str, reason: FinishReason, reported: bool, usage: Usage, model: str
) -> None:
    batch: EventBatch = (Text(0, text), Finish(0, reason))
    if reported:
        batch += (UsageReported(Report(1, None, 2)),)
    found = plain_body("chatcmpl-1", 1_800_000_000, model, batch, usage, b'{"a":1}')
    assert bool(found) == (reason in {"stop", "length"})
    assume(found)
    accumulator = Accumulator(1, logprobs=False)
    accumulator.add(batch)
    accumulator.settle(usage)
    assert found == accumulator.body("chatcmpl-1", 1_800_000_000, model, b'{"a":1}')
