"""The recording of examples in the OpenAPI document: a moment of silence, as base64 of a WAV file."""

from base64 import b64encode

_SILENCE = b"\x80" * 400
"""A twentieth of a second, 8,000 samples of one byte a second."""
_HEAD = bytes.fromhex(
    "52494646b401000057415645666d74201000000001000100401f0000401f0000010008006461746190010000"
)

EXAMPLE_RECORDING = b64encode(_HEAD + _SILENCE).decode()
