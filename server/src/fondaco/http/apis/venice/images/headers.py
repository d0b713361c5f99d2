"""Response headers of images.

Source: api-reference/api-spec.md, "Content Safety Headers". `x-venice-is-content-violation` is never sent:
there are no terms here that an image could violate.
"""

from fondaco.http.edge.headers import ending, ignored_fields, inference
from fondaco.http.exchange.headers import lines_of
from fondaco.serving.images.result import ImageResult

HEADERS = {
    "x-venice-is-blurred": "Whether any image was blurred, as it is adult. Absent without safe mode, and "
    "where the classifier is not installed.",
    "x-venice-is-content-violation": "Never sent: this server has no terms that an image could violate.",
    "x-fondaco-prompt-understood": "`false` where the model understood nothing of the prompt. Absent "
    "otherwise.",
    "x-fondaco-seeds": "The seed of each image, in their order. Absent where an image is upscaled.",
    "x-fondaco-scale": "By how much an image was enlarged, where that is less than was asked for: the "
    "result would have had too many pixels. Absent otherwise.",
    "x-venice-model-deprecation-warning": "Absent but where the model that was asked for will be retired, "
    "or was.",
    "x-venice-model-deprecation-date": "When, in UTC.",
    "x-fondaco-ignored-params": "Fields that mean nothing here. Absent where none does.",
}


def image_headers(made: ImageResult, ignored: tuple[str, ...] = ()) -> bytes:
    """Return the headers of a response with images.

    Args:
        made: the images.
        ignored: fields that had no effect, beyond those that the model ignores.
    """
    lines = inference(made.model, made.engine) + ignored_fields((*made.ignored, *ignored))
    seeds = ", ".join(map(str, made.seeds))
    if seeds:
        lines += lines_of([(b"x-fondaco-seeds", seeds.encode())])
    if not made.understood:
        lines += lines_of([(b"x-fondaco-prompt-understood", b"false")])
    if made.blurred is not None:
        lines += lines_of([(b"x-venice-is-blurred", b"true" if made.blurred else b"false")])
    return lines if made.notice is None else lines + ending(made.notice)


def scale_header(requested: float, scale: float) -> bytes:
    """Return the scale by which an image was enlarged; nothing where it is the requested one."""
    return b"" if scale == requested else lines_of([(b"x-fondaco-scale", b"%.3f" % scale)])
