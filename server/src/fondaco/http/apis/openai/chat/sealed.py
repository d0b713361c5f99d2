"""Sealed chat completions: the plain fields of a sealed request, and the response as the enclave makes it.

The gateway refuses what it can see to be unencrypted before any work; the enclave looks at all of it again.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from fondaco.domain.confidential.sealed import SealedFormat, SealedRequest
from fondaco.domain.errors import InvalidRequestError, SealedRequestError
from fondaco.domain.money.call import Call, request_id
from fondaco.http.apis.openai.chat.delivery import call_headers
from fondaco.http.apis.openai.chat.messages import ChatMessage
from fondaco.http.apis.openai.chat.parts import TextPart
from fondaco.http.apis.openai.chat.request import ChatRequest
from fondaco.http.apis.openai.chat.venice_echo import DEFAULT_PARAMETERS
from fondaco.http.apis.venice.tee.identity import identity_lines, owner_of
from fondaco.http.edge.aci_errors import ACI_VERSION
from fondaco.http.endpoint.endpoint import RequestContext
from fondaco.http.endpoint.responses import Events, EventStream, Response
from fondaco.http.endpoint.sealed import SealedPayload
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.exchange.headers import lines_of
from fondaco.serving.sealed import SealedEvent, SealedFinished, SealedStarted

_LEAST_DIGITS = {SealedFormat.ORIGINAL: 186, SealedFormat.ACI: 120}
"""Of the shortest ciphertext in hex: an ephemeral key, a nonce of 12 bytes and a tag of 16."""
_DIGITS = re.compile(r"[0-9A-Fa-f]*", re.ASCII)
"""Pairs are counted, not matched, which would take 25 times as long of a text of megabytes."""
_X25519_DIGITS = 64
"""Of a public key; those of secp256k1 have twice as many and more."""
_SUITE = "%s-aes-256-gcm-hkdf-sha256"
_NOT_CONTENT = frozenset({"role", "content", "name", "tool_call_id", "prefix"})
"""Fields of messages that need no encryption, and the one that has it."""

_CONTENTFUL = frozenset({"documents", "functions", "prediction", "web_search_options"})
"""Fields of other APIs that hold content, or send it elsewhere: ignored in plain calls, a leak in sealed ones."""


async def sealed_completion(
    context: RequestContext[ChatRequest, None], sealed: SealedPayload
) -> Response | Events:
    """Complete a conversation that only the enclave can read.

    Raises:
        SealedRequestError: a message is not encrypted.
        InvalidRequestError: an option would expose content in plain text.
    """
    body, call = context.body, context.call()
    expect_sealed(body, sealed.format)
    request = SealedRequest(
        model=body.model,
        format=sealed.format,
        body=sealed.octets,
        headers=sealed.headers,
        endpoint=context.exchange.path,
        owner=owner_of(context.key_holder),
        ciphertext_bytes=_ciphertext_bytes(body),
        choices=body.n or 1,
        stream=bool(body.stream),
    )
    events = context.platform.confidential_chat.answer(call, request, body.requested_tokens)
    describe = partial(_headers, context.exchange, call, sealed, body.ignored)
    if body.stream:
        # A ping between the enclave's events would be among the bytes that its receipt does not cover.
        run = partial(_streamed, events, describe)
        return Events(run, ending=b"", ping=b"")
    return await _whole(events, describe)


def expect_sealed(body: ChatRequest, form: SealedFormat) -> None:
    """Return if all content of a request is encrypted, as far as that shows without a key.

    Raises:
        SealedRequestError: a message is not encrypted.
        InvalidRequestError: an option would expose content in plain text.
    """
    if form is SealedFormat.ORIGINAL and not body.stream:
        raise InvalidRequestError(
            "An encrypted response is a stream. Set stream to true.",
            faults={"stream": ("Must be true for encrypted calls",)},
        )
    for field in plain_fields(body):
        raise InvalidRequestError(
            f"{field} is not supported in encrypted requests: content would leave the enclave "
            "unencrypted. Leave it out, or use a model without encryption.",
            faults={field: ("Not supported with end-to-end encryption",)},
        )
    for index, message in enumerate(body.messages):
        if (path := _unsealed(message, form)) is not None:
            path = f"messages.{index}.{path}"
            raise SealedRequestError(
                f"{path} is not encrypted. In an encrypted request, all messages must be "
                "encrypted. Encrypt its content to the model key, and leave other fields out.",
                reason="e2ee_decryption_failed",
                faults={path: ("Not encrypted",)},
            )


def plain_fields(body: ChatRequest) -> tuple[str, ...]:
    """Return the set fields that would expose content in plain text."""
    own = body.venice_parameters or DEFAULT_PARAMETERS
    given = {
        "tools": body.tools is not None,
        "tool_choice": body.tool_choice is not None,
        "response_format": body.response_format is not None,
        "logprobs": bool(body.logprobs or body.top_logprobs),
        "modalities": body.audio is not None or body.modalities not in (None, ["text"]),
        "venice_parameters.character_slug": own.character_slug is not None,
        "venice_parameters.enable_web_scraping": own.enable_web_scraping,
        "venice_parameters.enable_web_search": own.enable_web_search != "off",
    }
    others = sorted(_CONTENTFUL.intersection(body.model_extra or ()))
    return (*(field for field, is_given in given.items() if is_given), *others)


def _unsealed(message: ChatMessage, form: SealedFormat) -> str | None:
    """Return the field of a message that is in plain; None: there is none."""
    for name in message.model_fields_set - _NOT_CONTENT:
        if getattr(message, name) not in (None, [], ""):
            return name
    content = message.content
    if isinstance(content, str):
        return None if _is_ciphertext(content, form) else "content"
    for index, part in enumerate(content or ()):
        if not (isinstance(part, TextPart) and _is_ciphertext(part.text, form)):
            return f"content.{index}"
    return None if content else "content"


def _is_ciphertext(text: str, form: SealedFormat) -> bool:
    even = len(text) % 2 == 0
    return even and len(text) >= _LEAST_DIGITS[form] and _DIGITS.fullmatch(text) is not None


def _ciphertext_bytes(body: ChatRequest) -> int:
    """Return the length of all encrypted content together."""
    digits = 0
    for message in body.messages:
        content = message.content
        texts = (
            (content,)
            if isinstance(content, str)
            else (one.text for one in content or () if isinstance(one, TextPart))
        )
        digits += sum(map(len, texts))
    return digits // 2


async def _whole(events: AsyncGenerator[SealedEvent], describe: partial[bytes]) -> Response:
    """Return the whole response to a call."""
    body, lines = b"", b""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, SealedStarted):
                lines = describe(event)
            else:
                body += event.wire if isinstance(event, SealedFinished) else event
    return Response(body, lines=lines + b"cache-control: no-transform\r\n", exact=True)


async def _streamed(
    events: AsyncGenerator[SealedEvent], describe: partial[bytes], stream: EventStream
) -> None:
    """Send the response to a call as the enclave makes it."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, SealedStarted):
                stream.lines += describe(event)
            elif isinstance(event, SealedFinished):
                stream.finish(event.wire)
            else:
                await stream.write(event)


def _headers(
    exchange: Exchange,
    call: Call,
    sealed: SealedPayload,
    ignored: tuple[str, ...],
    started: SealedStarted,
) -> bytes:
    """Return the headers that describe a call, as they are sent."""
    lines = call_headers(exchange, started.call, ignored)
    lines += ACI_VERSION + identity_lines(started.identity)
    lines += lines_of([(b"x-receipt-id", f"rcpt-{request_id(call.id)}".encode())])
    if sealed.format is not SealedFormat.ACI:
        return lines
    key = sealed.headers.get("x-model-pub-key", "").removeprefix("0x")
    curve = "x25519" if len(key) == _X25519_DIGITS else "secp256k1"
    algo = (_SUITE % curve).encode()
    return lines + lines_of(
        [(b"x-e2ee-applied", b"true"), (b"x-e2ee-version", b"2"), (b"x-e2ee-algo", algo)]
    )
