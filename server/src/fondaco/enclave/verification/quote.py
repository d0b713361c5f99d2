"""Quotes of hardware, as far as they can be checked without Intel."""

from collections.abc import Iterator

from fondaco.enclave.evidence.provider import EvidenceUnavailableError
from fondaco.enclave.evidence.quotes import Quote
from fondaco.enclave.primitives.hexadecimal import from_hex
from fondaco.enclave.verification.findings import Finding, failed, unproved


def verify_quote(check: str, encoded: str, bound: bytes) -> Iterator[Finding]:
    """Yield the findings of a quote.

    Args:
        check: the name of the finding.
        encoded: the quote, in hexadecimal.
        bound: what it must bind, at most 64 bytes; zeros follow.
    """
    content = from_hex(encoded.removeprefix("0x"))
    try:
        quote = Quote.of(content or b"")
    except EvidenceUnavailableError:
        yield failed(check, "The evidence is not a TDX quote.")
        return
    if quote.is_debug:
        yield failed(check, "The machine is in debug mode: its host can read its memory.")
    elif quote.report_data != bound.ljust(len(quote.report_data), b"\0"):
        yield failed(check, "The quote is about other keys, or another nonce.")
    else:
        measured = ", ".join(f"{name} {value}" for name, value in quote.measurements.items())
        yield unproved(
            check,
            "The quote is about these keys and this nonce. Its signature was not checked here: check it "
            f"against Intel's root, and its measurements against builds that you trust. {measured}",
        )
