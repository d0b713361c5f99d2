"""Plain text: one line that can be kept and shown anywhere, such as the name of an account."""


def plain_text(text: str, longest: int, *, empty: bool = True) -> str:
    """Return a text that may be kept and shown.

    Raises:
        ValueError: it is too long, or has line breaks, control characters or bytes that are no UTF-8 in it;
            or it is empty and must not be.

    >>> plain_text("Invoice 17", 20)
    'Invoice 17'
    >>> plain_text(" ", 20, empty=False)
    Traceback (most recent call last):
    ValueError: Write 1 to 20 characters in one line; this has 1.
    """
    if len(text) > longest or not text.isprintable() or (not empty and not text.strip()):
        least = "at most " if empty else "1 to "
        raise ValueError(f"Write {least}{longest} characters in one line; this has {len(text)}.")
    return text
