"""Intel TDX quotes: their statements, and the check that they are genuine."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from venice_ai._portal import in_callers_thread
from venice_ai.tee._crypto.hexadecimal import unhex
from venice_ai.tee._evidence.reading import refused
from venice_ai.tee.types import TeeOptions

_HEADER_BYTES = 48
_BODY_BYTES = 584
_TDX = 0x81
_BODY_AT = {4: _HEADER_BYTES, 5: _HEADER_BYTES + 6}
"""Version -> where the report's body starts: since the fifth, its type and size precede it."""
_DEBUG = 0x01
_MEASUREMENTS = {"mr_td": 136, "rt_mr0": 328, "rt_mr1": 376, "rt_mr2": 424, "rt_mr3": 472}
_MEASUREMENT_BYTES = 48
_ATTRIBUTES_AT = 120
_REPORT_DATA_AT = 520
_REPORT_DATA_BYTES = 64


@dataclass(frozen=True, slots=True)
class TdxQuote:
    """Statements of a quote; `prove` checks whether they are true.

    Source:
        Intel TDX DCAP, quote generation library and verification library, appendix A.
    """

    raw: bytes
    report_data: bytes
    debug: bool
    measurements: dict[str, str]

    def check(self, options: TeeOptions) -> None:
        """Check that the enclave is not in debug mode, and has the measurements that the caller expects.

        Raises:
            TeeAttestationError: It is a debug enclave, or another program.
        """
        if self.debug:
            raise refused("The enclave runs in debug mode: its operator can read its memory.")
        for name, expected in (options.expected_measurements or {}).items():
            measured = self.measurements.get(name)
            if measured is None:
                raise refused(
                    f"A TDX quote has no measurement {name!r}, only {sorted(self.measurements)}."
                )
            if measured != expected.lower().removeprefix("0x"):
                raise refused(
                    f"The enclave's {name} is {measured!r}, not {expected!r}: it runs another program."
                )


def quote_of(text: str) -> TdxQuote:
    """Return a quote from its text, hexadecimal or base64.

    Raises:
        TeeAttestationError: It is not a TDX quote.
    """
    raw = _bytes_of(text)
    version = int.from_bytes(raw[:2], "little")
    start = _BODY_AT.get(version)
    if (
        start is None
        or len(raw) < start + _BODY_BYTES
        or int.from_bytes(raw[4:8], "little") != _TDX
    ):
        raise refused(
            "The hardware quote is not of Intel TDX, the only kind that this version reads."
        )
    body = raw[start:]
    return TdxQuote(
        raw,
        body[_REPORT_DATA_AT : _REPORT_DATA_AT + _REPORT_DATA_BYTES],
        bool(body[_ATTRIBUTES_AT] & _DEBUG),
        {name: body[at : at + _MEASUREMENT_BYTES].hex() for name, at in _MEASUREMENTS.items()},
    )


async def prove(text: str, quote: TdxQuote, options: TeeOptions) -> str | None:
    """Verify a quote; return the verifier, or None if none is available.

    Raises:
        TeeAttestationError: It is not genuine, or cannot be verified and the caller requires verification.
    """
    verifier = options.quote_verifier
    if verifier is not None:
        if await in_callers_thread(lambda: verifier(text)) is not True:
            raise refused("The caller's quote_verifier does not accept the hardware quote.")
        return "the caller's quote_verifier"
    if (verify := _installed()) is not None:
        await _verify(verify, quote, options)
        return "dcap-qvl"
    if not options.allow_unverified_quote:
        raise refused(
            "Nothing here can verify the hardware quote. Install the extra e2ee-quotes for dcap-qvl, "
            "give a quote_verifier, or set allow_unverified_quote to take the server's word.",
            code="TEE_QUOTE_UNVERIFIED",
        )
    return None


Verify = Callable[[bytes, str], Awaitable["Verified"]]


@dataclass(frozen=True, slots=True)
class Verified:
    """Verdict of `dcap-qvl` on a quote whose signatures hold."""

    status: str
    advisories: tuple[str, ...]


def _installed() -> Verify | None:
    """Return the verification of `dcap-qvl`, where it is installed."""
    try:
        import dcap_qvl  # noqa: PLC0415 - an extra
    except ImportError:
        return None

    async def verify(raw: bytes, url: str) -> Verified:
        report = await dcap_qvl.get_collateral_and_verify(raw, url)
        return Verified(report.status, tuple(report.advisory_ids))

    return verify


async def _verify(verify: Verify, quote: TdxQuote, options: TeeOptions) -> None:
    try:
        found = await verify(quote.raw, options.collateral_url)
    except (ValueError, RuntimeError) as error:
        raise refused(
            f"The hardware quote does not hold, or could not be checked: {error}"
        ) from error
    if found.status not in options.accepted_tcb_statuses:
        advisories = f" ({', '.join(found.advisories)})" if found.advisories else ""
        raise refused(
            f"The platform's state is {found.status!r}{advisories}; accepted are "
            f"{sorted(options.accepted_tcb_statuses)}. See TeeOptions.accepted_tcb_statuses."
        )


def _bytes_of(text: str) -> bytes:
    try:
        return unhex(text.removeprefix("0x"))
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise refused("The hardware quote is neither hexadecimal nor base64.") from None
