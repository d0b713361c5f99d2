"""A cache of a model's vocabulary: texts of tokens, and tokens of raw prompts."""

from collections.abc import Mapping, Sequence

import orjson

from fondaco.clients.client import HttpClient
from fondaco.domain.chat.raw_prompts import RawPrompt
from fondaco.domain.errors import EngineError, FieldNotTakenError, InvalidRequestError
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.llamacpp.asking import ask
from fondaco.engines.llamacpp.infill import InfillTokens, infill_tokens


class ModelVocabulary:
    """The vocabulary of one model; each fact is requested once, since none changes."""

    def __init__(self) -> None:
        """Start empty."""
        self._size: int | None = None
        self._texts: dict[int, str] = {}
        self._opening: tuple[int, ...] | None = None
        self._infill: InfillTokens | None = None
        self._infill_loaded = False

    @property
    def texts(self) -> Mapping[int, str]:
        """Token id -> its text, of the tokens that were learned."""
        return self._texts

    async def size(self, upstream: HttpClient) -> int:
        """Return the number of tokens.

        Raises:
            EngineError: the engine does not report it.
        """
        if self._size is None:
            listing = await ask(upstream, "GET", "/v1/models")
            self._size = whole(listing["data"][0]["meta"]["n_vocab"])
            if self._size is None:
                raise EngineError("The model's engine does not report the size of its vocabulary.")
        return self._size

    async def learn(self, upstream: HttpClient, token: int) -> None:
        """Look up a token's text, once."""
        if token not in self._texts:
            self._texts[token] = await text_of(upstream, (token,))

    async def opening(self, upstream: HttpClient) -> tuple[int, ...]:
        """Return the special tokens that start a text, such as the beginning-of-sequence token."""
        if self._opening is None:
            self._opening = await _tokens(upstream, "", add_special=True)
        return self._opening

    async def prompt_tokens(
        self, upstream: HttpClient, prompt: RawPrompt, suffix: str | None, model: str
    ) -> tuple[int, ...]:
        """Return the tokens of a raw prompt.

        Texts may contain special tokens, from templates that callers apply themselves.

        Raises:
            InvalidRequestError: a token id is none of the vocabulary.
            FieldNotTakenError: the model does not fill in before a suffix.
        """
        if not isinstance(prompt, str):
            size = await self.size(upstream)
            if (unknown := next((token for token in prompt if token >= size), None)) is not None:
                raise InvalidRequestError(
                    f"prompt has {unknown}, which is not a token of this model: its ids range from 0 to "
                    f"{size - 1}.",
                    faults={"prompt": ("No token of this model",)},
                )
        if suffix is None:
            return (
                prompt
                if not isinstance(prompt, str)
                else await _tokens(upstream, prompt, add_special=True)
            )
        infill = await self._infill_tokens(upstream)
        if infill is None:
            raise FieldNotTakenError(
                f"The model {model!r} cannot fill in text before a suffix: its vocabulary has no tokens for "
                "that. Leave suffix out or choose a model that was trained for it.",
                faults={"suffix": ("Not supported by this model",)},
            )
        before = (
            await _tokens(upstream, prompt, parse_special=False)
            if isinstance(prompt, str)
            else prompt
        )
        after = await _tokens(upstream, suffix, parse_special=False)
        return (*await self.opening(upstream), *infill.around(before, after))

    async def _infill_tokens(self, upstream: HttpClient) -> InfillTokens | None:
        if not self._infill_loaded:
            self._infill = await infill_tokens(lambda text: _tokens(upstream, text))
            self._infill_loaded = True
        return self._infill


async def text_of(upstream: HttpClient, tokens: Sequence[int]) -> str:
    """Return the text that tokens spell."""
    reply = await ask(upstream, "POST", "/detokenize", orjson.dumps({"tokens": tokens}))
    return str(reply["content"])


async def _tokens(
    upstream: HttpClient, text: str, *, add_special: bool = False, parse_special: bool = True
) -> tuple[int, ...]:
    body = {"content": text, "add_special": add_special, "parse_special": parse_special}
    return tuple((await ask(upstream, "POST", "/tokenize", orjson.dumps(body)))["tokens"])
