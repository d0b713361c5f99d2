"""Quotes in the format of TDX that no hardware signed, for tests."""


def tdx_quote(report_data: bytes, *, tee_type: int = 0x81, attributes: int = 0x1000_0000) -> bytes:
    """Return a quote of version 4; its signature is nobody's."""
    body = bytearray(584)
    body[120:128] = attributes.to_bytes(8, "little")
    for start, sign in ((136, 1), (328, 2), (376, 3), (424, 4), (472, 5)):
        body[start : start + 48] = bytes([sign]) * 48
    body[520:584] = report_data
    header = (4).to_bytes(2, "little") + (2).to_bytes(2, "little") + tee_type.to_bytes(4, "little")
    return header.ljust(48, b"\0") + body + (700).to_bytes(4, "little") + b"s" * 700
