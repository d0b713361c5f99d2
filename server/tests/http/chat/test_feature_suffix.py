"""Names of models with a feature suffix, and the venice_parameters that a reply repeats."""

from contextlib import nullcontext
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.models.catalogue import Catalogue
from fondaco.http.apis.openai.chat.feature_suffix import parameters_of, take_suffix
from fondaco.http.apis.openai.chat.request import ChatRequest, VeniceParameters
from house import TOY, House
from published import ABSENT, SPECIFICATION, Fields, faults, operation

FLAGS = (
    "disable_thinking",
    "enable_web_citations",
    "enable_web_scraping",
    "include_search_results_in_stream",
    "include_venice_system_prompt",
    "return_search_results_as_documents",
    "strip_thinking_response",
)
DEFAULTS = {
    **dict.fromkeys(FLAGS, False),
    "enable_web_search": "off",
    "include_venice_system_prompt": True,
    "web_search_citations": [],
}
SLUGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(FLAGS, st.booleans()),
        "enable_web_search": st.sampled_from(["auto", "off", "on"]),
        "character_slug": SLUGS | st.sampled_from(["true", "a&b=c", "50%", "a:b"]),
    },
).filter(bool)
KNOWN = set(VeniceParameters.model_fields)
COLONS = Catalogue([TOY], {"llama3:8b": "default", "llama3:8b:tiny": "default"})


def written(values: dict[str, object]) -> str:
    return "&".join(f"{n}={quote(_text(value), safe='')}" for n, value in values.items())


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def taken(model: str, **body: object) -> ChatRequest:
    message = {"role": "user", "content": "Count!"}
    request = ChatRequest.model_validate({"model": model, "messages": [message], **body})
    take_suffix(request, COLONS)
    return request


@given(PARAMETERS)
def test_a_suffix_says_whatever_a_body_can_say(values: dict[str, object]) -> None:
    assert parameters_of(written(values)) == VeniceParameters.model_validate(values)
    request = taken(f"toy:{written(values)}")
    assert request.model == "toy"
    assert request.venice_parameters == VeniceParameters.model_validate(values)


@given(PARAMETERS, PARAMETERS)
def test_the_body_counts_where_both_name_a_parameter(
    suffix: dict[str, object], body: dict[str, object]
) -> None:
    both = taken(f"toy:{written(suffix)}", venice_parameters=body).venice_parameters
    assert both == VeniceParameters.model_validate({**suffix, **body})


@given(st.text(max_size=80))
def test_what_is_no_parameter_and_value_is_refused_as_a_fault_of_the_model(suffix: str) -> None:
    known = {part.partition("=")[0] for part in suffix.split("&")} <= KNOWN
    with nullcontext() if known else pytest.raises(InvalidRequestError) as refused:
        parameters_of(suffix)
    assert refused is None or refused.value.faults.keys() == {"model"}


@pytest.mark.parametrize("name", ["llama3:8b", "llama3:8b:tiny", "toy", "default"])
def test_a_known_name_keeps_its_colons(name: str) -> None:
    assert taken(name).model == name
    assert taken(name).venice_parameters is None
    with_suffix = taken(f"{name}:disable_thinking=true")
    assert with_suffix.model == name
    assert with_suffix.venice_parameters == VeniceParameters(disable_thinking=True)


def test_a_colon_in_a_value_ends_no_name() -> None:
    request = taken("toy:character_slug=llama3:8b")
    assert request.model == "toy"
    assert request.venice_parameters == VeniceParameters(character_slug="llama3:8b")


@pytest.mark.parametrize(
    ("suffix", "fault"),
    [
        (
            "enable_websearch=on",
            "enable_websearch: Unknown field. Did you mean 'enable_web_search'?",
        ),
        ("enable_web_search=maybe", "enable_web_search: Must be 'auto', 'off' or 'on'"),
        ("disable_thinking=1", "disable_thinking: Must be a boolean, not a string"),
        ("disable_thinking=", "disable_thinking: Must be a boolean, not a string"),
        ("disable_thinking", "'disable_thinking' is not of the form parameter=value"),
        ("", "'' is not of the form parameter=value"),
        ("&" * 10, "It has 11 parameters; there are 10."),
        ("latest", "'latest' is not of the form parameter=value"),
        (
            "disable_thinking=true&disable_thinking=false",
            "disable_thinking: Parameter given more than once.",
        ),
    ],
)
async def test_a_bad_suffix_gets_400_naming_the_parameter(
    shared: House, suffix: str, fault: str
) -> None:
    reply = await shared.chat(model=f"toy:{suffix}")
    assert reply.status_code == 400
    body = reply.json()
    assert body["code"] == "INVALID_REQUEST"
    assert body["details"]["model"]["_errors"] == [fault]
    assert fault in body["error"]


async def test_all_faults_of_a_suffix_come_at_once(shared: House) -> None:
    reply = await shared.chat(model="toy:a&disable_thinking=no&b=1")
    assert len(reply.json()["details"]["model"]["_errors"]) == 3


async def test_an_unknown_model_with_a_suffix_is_not_found_by_its_name(shared: House) -> None:
    reply = await shared.chat(model="toi:disable_thinking=false")
    assert reply.status_code == 404
    assert reply.json()["error"].startswith("Specified model not found: 'toi'. Did you mean 'toy'")
    assert "'qwen:7b'" in (await shared.chat(model="qwen:7b")).json()["error"]


@pytest.mark.parametrize("name", ["toy", "default", "gpt-4o"])
async def test_ids_traits_and_aliases_take_a_suffix(shared: House, name: str) -> None:
    reply = await shared.chat(model=f"{name}:include_venice_system_prompt=false", max_tokens=1)
    assert reply.json()["model"] == "toy"
    assert reply.json()["venice_parameters"] == {**DEFAULTS, "include_venice_system_prompt": False}


async def test_a_reply_repeats_the_parameters_that_it_was_given_by(shared: House) -> None:
    said = {"enable_web_citations": True, "return_search_results_as_documents": None}
    spoken = (await shared.chat(max_tokens=1, venice_parameters=said)).json()["venice_parameters"]
    assert spoken == {**DEFAULTS, "enable_web_citations": True}
    silent = (await shared.chat(max_tokens=1)).json()["venice_parameters"]
    assert silent == DEFAULTS


@pytest.mark.skipif(not SPECIFICATION.exists(), reason=ABSENT)
async def test_what_a_reply_repeats_is_as_published(shared: House) -> None:
    published = operation("POST", "/chat/completions")
    assert published is not None
    reply = published["responses"]["200"]["content"]["application/json"]["schema"]
    shown = reply["properties"]["venice_parameters"]
    for said in ({}, {"enable_web_citations": True}):
        answer = (await shared.chat(max_tokens=1, venice_parameters=said)).json()
        assert faults(shown, answer["venice_parameters"], Fields.KNOWN) == []


async def test_a_stream_takes_a_suffix(shared: House) -> None:
    async with shared.streaming(model="toy:disable_thinking=false", max_tokens=2) as reply:
        assert (await reply.aread()).endswith(b"data: [DONE]\n\n")
        assert reply.headers["x-venice-model-id"] == "toy"
