"""Dynamic temperature in llama.cpp's parameters."""


def dynamic_temperature(span: tuple[float, float]) -> dict[str, float]:
    """Return the fields for a temperature between the two ends of `span`.

    The less certain the model is of its next token, the nearer it is to the higher end.

    >>> dynamic_temperature((0.5, 1.5))
    {'temperature': 1.0, 'dynatemp_range': 0.5, 'dynatemp_exponent': 1.0}
    """
    low, high = span
    return {
        "temperature": (low + high) / 2,
        "dynatemp_range": (high - low) / 2,
        "dynatemp_exponent": 1.0,
    }
