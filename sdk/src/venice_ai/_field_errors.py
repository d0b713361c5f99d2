"""Field errors in error bodies, in the shapes that servers use."""

from collections.abc import Iterator, Mapping, Sequence

from venice_ai._json_values import is_array, is_object

_MOST_SHOWN = 50


def faults_of(details: object, body: object = None) -> dict[str, list[str]]:
    """Return the paths of fields, and the sentences about each; the path of the whole is empty.

    Args:
        details: The tree that Venice documents, or a list of faults with their paths.
        body: The whole reply, where `details` may be in another place: `detail` as FastAPI has it,
            or OpenAI's `param`.

    >>> faults_of({"_errors": [], "messages": {"0": {"role": {"_errors": ["Unknown role"]}}}})
    {'messages.0.role': ['Unknown role']}
    >>> faults_of([{"loc": ["body", "n"], "msg": "Field required"}])
    {'body.n': ['Field required']}
    >>> faults_of(None, {"error": {"message": "Too long.", "param": "messages"}})
    {'messages': ['Too long.']}
    """
    errors: dict[str, list[str]] = {}
    document = body if is_object(body) else {}
    for shape in (details, document.get("detail")):
        for path, sentence in (*_of_tree(shape), *_of_list(shape)):
            errors.setdefault(path, []).append(sentence)
    error = document.get("error")
    if not errors and is_object(error):
        match error:
            case {"param": str(param), "message": str(message)}:
                errors[param] = [message]
    return errors


def with_faults(message: str, faults: Mapping[str, Sequence[str]]) -> str:
    """Return a message and the faults that it does not tell itself.

    >>> with_faults("Invalid.", {"n": ["Too large"], "": ["Odd"], "stop": ["Invalid."]})
    'Invalid. n: Too large; Odd; stop'
    >>> with_faults("n: too large", {"n": ["Too large"]})
    'n: too large'
    """
    parts: list[str] = []
    for path, sentences in faults.items():
        news = " ".join(one for one in sentences if one.casefold() not in message.casefold())
        if news or (path and path not in message):
            parts.append(": ".join(filter(None, (path, news))))
    omitted = len(parts) - _MOST_SHOWN
    parts[_MOST_SHOWN:] = [f"and {omitted} more"] if omitted > 0 else []
    return f"{message} {'; '.join(parts)}" if parts else message


def _of_tree(details: object) -> Iterator[tuple[str, str]]:
    nodes: list[tuple[str, object]] = [("", details)]
    while nodes:  # not recursive: the server determines the depth
        path, node = nodes.pop()
        if not is_object(node):
            continue
        sentences = node.get("_errors")
        for sentence in sentences if is_array(sentences) else ():
            if isinstance(sentence, str):
                yield path, sentence
        inner = [
            (f"{path}.{name}" if path else name, part)
            for name, part in node.items()
            if name != "_errors"
        ]
        nodes.extend(reversed(inner))


def _of_list(details: object) -> Iterator[tuple[str, str]]:
    for fault in details if is_array(details) else ():
        match fault:
            case {"loc": [*steps], "msg": str(sentence)}:
                yield ".".join(map(str, steps)), sentence
            case {"path": [*steps], "message": str(sentence)}:
                yield ".".join(map(str, steps)), sentence
