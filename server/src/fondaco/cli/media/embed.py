"""`fondaco embed`: texts as vectors."""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.connecting.target import KeyOfUrl, NoServer, ServerTarget, Url, chosen_target
from fondaco.cli.exits import FailedError
from fondaco.cli.options import AsJson, Config, Home

if TYPE_CHECKING:
    from fondaco.cli.connecting.api import Api

_USUAL = "text-embedding-bge-m3"
"""Venice's model; a Fondaco server maps the name to the model that it has."""
_BATCH = 64
"""Texts of one request: progress is seen, and no request grows large."""


def embed(
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...",
            help="Texts to embed; default: each line of standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", metavar="NAME", help="Id, trait or alias of an embedding model."
        ),
    ] = _USUAL,
    dimensions: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Dimensions of the vectors; default: the model's."),
    ] = None,
    url: Url = None,
    key: KeyOfUrl = None,
    as_json: AsJson = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Compute the embeddings of texts, one JSON array per line."""
    from fondaco.cli.piped import piped_text

    chosen = list(texts or piped_text().splitlines())
    chosen = [text for text in chosen if text.strip()]
    if not chosen:
        raise FailedError(
            "No text given. Pass texts as arguments, or one per line on standard input."
        )
    options = {} if dimensions is None else {"dimensions": dimensions}
    with chosen_target(url, key, home, config) as target:
        _run(
            target, chosen, {"model": model, "encoding_format": "float", **options}, as_json=as_json
        )


def _run(
    target: ServerTarget | NoServer,
    texts: Sequence[str],
    options: dict[str, object],
    *,
    as_json: bool,
) -> None:
    from fondaco.cli.connecting.api import use_api
    from fondaco.cli.connecting.downloading import once_downloaded
    from fondaco.cli.connecting.own_models import expect_own_model
    from fondaco.cli.output import print_json
    from fondaco.cli.progress import busy

    if isinstance(target, NoServer):
        expect_own_model(target.settings, str(options["model"]), "embedding")
    rows: list[dict[str, object]] = []
    model, is_hidden = str(options["model"]), as_json or not sys.stdout.isatty()

    async def use(api: "Api") -> None:
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            # Vectors that scroll by show by themselves that it goes on.
            waits = partial(
                busy,
                f"Computing embeddings: {start:,} of {len(texts):,}",
                patience_s=0.0 if start and is_hidden else None,
            )
            post = partial(api.post, "/embeddings", {**options, "input": batch})
            reply = await once_downloaded(api, model, post, shown=waits)
            for text, vector in zip(batch, _vectors(reply, len(batch)), strict=True):
                if as_json:
                    rows.append({"text": text, "embedding": vector})
                else:
                    typer.echo(_line(vector))

    use_api(target, use)
    if as_json:
        print_json(rows)


def _vectors(reply: object, count: int) -> Iterator[object]:
    """Yield the vectors of a reply, in the order of their texts.

    Raises:
        FailedError: it has another shape.
    """
    data = reply.get("data") if isinstance(reply, dict) else None
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    if len(rows) != count:
        raise FailedError("The server returned a different number of vectors than there are texts.")
    for row in sorted(rows, key=lambda row: row.get("index") or 0):
        yield row.get("embedding")


def _line(vector: object) -> str:
    import orjson

    return orjson.dumps(vector).decode()
