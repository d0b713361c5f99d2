"""`fondaco models search`: search a hub."""

from typing import Annotated

import typer

from fondaco.cli.options import AsJson, Wide
from fondaco.cli.output import Table, print_rows
from fondaco.cli.progress import busy


def search(
    word: Annotated[str, typer.Argument(metavar="WORD", help="Part of the name of a model.")],
    *,
    as_json: AsJson = False,
    wide: Wide = False,
) -> None:
    """Search Hugging Face for GGUF models.

    HF_ENDPOINT selects another hub.
    """
    import anyio

    from fondaco.app.adding import hub
    from fondaco.environment import environment
    from fondaco.modelfiles.hub import endpoint_of

    with busy("Searching the hub"):
        found = anyio.run(hub.search, endpoint_of(environment().get("HF_ENDPOINT")), word)
    rows = [
        {
            "source": f"hf:{model.id}",
            "parameters": model.parameters,
            "contextTokens": model.context_tokens,
            "architecture": model.architecture or None,
            "downloads": model.downloads,
            "likes": model.likes,
        }
        for model in found
    ]
    table = Table(
        f"The hub has no GGUF model with {word!r} in its name.",
        optional=("likes", "architecture", "contextTokens", "downloads"),
        headings={"contextTokens": "context"},
    )
    print_rows(rows, table, as_json=as_json, wide=wide)
