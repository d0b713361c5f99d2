"""A form with files as a request's body. Source: RFC 7578, `multipart/form-data`."""

from collections.abc import Mapping
from secrets import token_hex


def form_of(
    fields: Mapping[str, str],
    files: Mapping[str, tuple[str, bytes]],
    media_type: str = "image/png",
) -> tuple[str, bytes]:
    """Return the type and the body of a form; names are ours, and plain ASCII.

    Args:
        fields: name -> value: any text, as no caller can know the boundary.
        files: name -> file name and content.
        media_type: of all files.
    """
    boundary = token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, (file_name, content) in files.items():
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )
        parts += [head.encode(), content, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)
