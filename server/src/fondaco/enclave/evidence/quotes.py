"""Intel TDX quotes: their fields, read without judging their signature."""

from dataclasses import dataclass
from typing import Final, Self

from fondaco.enclave.evidence.provider import EvidenceUnavailableError

_HEADER_BYTES: Final = 48
_BODY_BYTES: Final = 584
_TEE_TYPE: Final = slice(4, 8)
_TDX: Final = 0x81
_ATTRIBUTES: Final = 120
_REPORT_DATA: Final = 520
_REPORT_DATA_BYTES: Final = 64
_MEASUREMENT_BYTES: Final = 48
_MEASUREMENTS: Final = {"mrtd": 136, "rtmr0": 328, "rtmr1": 376, "rtmr2": 424, "rtmr3": 472}
"""Offset of each measurement in the body."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Statements of a quote; only a signature check against Intel's root proves them."""

    is_debug: bool
    """Whether the host may read the machine's memory."""
    report_data: bytes
    measurements: dict[str, str]
    """Of the machine's image and its boot, in hexadecimal."""

    @classmethod
    def of(cls, quote: bytes) -> Self:
        """Read a quote.

        Raises:
            EvidenceUnavailableError: it is too short, or none of a TDX machine.

        Source: Intel TDX DCAP Quoting Library API, "TD quote format", versions 4 and 5.
        """
        body = quote[_HEADER_BYTES:]
        if len(body) < _BODY_BYTES or int.from_bytes(quote[_TEE_TYPE], "little") != _TDX:
            raise EvidenceUnavailableError("The hardware returned an invalid TDX quote.")
        return cls(
            bool(body[_ATTRIBUTES] & 1),
            body[_REPORT_DATA : _REPORT_DATA + _REPORT_DATA_BYTES],
            {
                name: body[start : start + _MEASUREMENT_BYTES].hex()
                for name, start in _MEASUREMENTS.items()
            },
        )
