"""`fondaco openapi`: print the OpenAPI document."""

from typing import Annotated

import typer


def openapi(
    *,
    yaml: Annotated[bool, typer.Option("--yaml", help="Print YAML instead of JSON.")] = False,
) -> None:
    """Print the OpenAPI document.

    No server needs to run.
    """
    from fondaco.http.apis.endpoints import ENDPOINTS
    from fondaco.http.openapi.document import Contract

    contract = Contract(ENDPOINTS)
    typer.echo((contract.yaml() if yaml else contract.json()).decode())
