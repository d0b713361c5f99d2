"""Plain text: one line that can be kept and shown anywhere, such as the name of an account."""


def plain_text(text: str, longest: int) -> str:
    """Return a text that may be kept and shown.

    Raises:
        ValueError: it is too long, or has line breaks, control characters or bytes that are no UTF-8 in it.

    >>> plain_text("Invoice 17", 20)
    'Invoice 17'
    """
    if len(text) > longest or not text.isprintable():
        raise ValueError(f"Write at most {longest} characters in one line; this has {len(text)}.")
    return text


def plain_name(text: str, longest: int) -> str:
    """Return a text that may be the name of something; with blanks around it, it would look like another one.

    Raises:
        ValueError: it is empty or no plain text, or begins or ends with a blank.

    >>> plain_name("default ", 20)
    Traceback (most recent call last):
    ValueError: Write the name without blanks around it.
    """
    if not text or len(text) > longest or not text.isprintable():
        raise ValueError(f"Write 1 to {longest} characters in one line; this has {len(text)}.")
    if text != text.strip():
        raise ValueError("Write the name without blanks around it.")
    return text
