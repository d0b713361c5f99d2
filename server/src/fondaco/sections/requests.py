"""Tables of requests: chat, web pages, searches."""

from typing import Annotated, Literal, TypeAlias

from pydantic import (
    Field,
)

from fondaco import patterns
from fondaco.sections.base import Network, Seconds, Section


class Chat(Section):
    """`[chat]`: conversations."""

    system_prompt: str = Field(
        "You are a helpful and honest AI assistant on a private platform. If you do not know "
        "something, say so.",
        max_length=20_000,
        description="System prompt that precedes a conversation's own, unless the request declines it; "
        "charged as prompt tokens; empty: none.",
    )
    hear_with: str = Field(
        "",
        description="Id of a model of type `asr` that writes recordings (`input_audio`) down for models that "
        "take none; charged by the second, beside the chat; empty: such requests are refused.",
    )


class Web(Section):
    """`[web]`: pages that callers name."""

    scraping: bool = Field(
        default=True, description="Whether pages are read for callers (`enable_web_scraping`)."
    )
    images: bool = Field(
        default=True, description="Whether images are fetched for callers (`image_url`)."
    )
    networks: tuple[Network, ...] = Field(
        (),
        description="Addresses and networks besides the public internet that pages and images are "
        "fetched from: whoever has a key can read what is there.",
    )
    ports: tuple[Annotated[int, Field(ge=1, le=65_535)], ...] = Field(
        (80, 443), min_length=1, description="Ports that they are fetched from."
    )
    timeout_s: Seconds = Field(20.0, description="Time for one to arrive, redirects included.")
    page_limit_bytes: int = Field(
        10 * 2**20, ge=1024, le=2**30, description="Largest page or image."
    )


SearchEngine: TypeAlias = Literal["library", "searxng", "brave", "ddgs"]


class Search(Section):
    """`[search]`: where web searches look."""

    engines: tuple[SearchEngine, ...] = Field(
        ("library",),
        description="Asked in this order, until one answers; empty: there is no search.",
    )
    results: int = Field(5, ge=1, le=20, description="Most results of a search.")
    timeout_s: Seconds = Field(10.0, description="Time for one engine to answer.")
    searxng_url: str = Field(
        "",
        description="Where a SearXNG listens that may answer in JSON, such as `http://127.0.0.1:8888`.",
        pattern=patterns.SEARCH_URL,
        repr=False,
    )
    brave_key: str = Field(
        "",
        description="Key for Brave's search API as `env:NAME` or `file:PATH`.",
        pattern=patterns.SECRET,
        repr=False,
    )
