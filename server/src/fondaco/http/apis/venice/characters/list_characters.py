"""GET /api/v1/characters."""

from fondaco.domain.errors import StorageFailedError
from fondaco.http.apis.venice.characters.schemas import LISTS, CharacterList, CharactersQuery
from fondaco.http.apis.venice.characters.writer import character_entry
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Content, Endpoint, Link, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.exchange.exchange import Header


async def run(context: RequestContext[None, CharactersQuery]) -> Response:
    """List the characters that chats can select."""
    query = context.query.query()
    page = await context.platform.characters.page(query)
    headers: list[Header] = [
        (b"x-pagination-limit", b"%d" % query.limit),
        (b"x-pagination-page", b"%d" % (query.offset // query.limit + 1)),
        (b"x-pagination-total", b"%d" % page.total),
        (b"x-pagination-total-pages", b"%d" % -(-page.total // query.limit)),
    ]
    body = {"data": [character_entry(one) for one in page.listings], "object": "list"}
    return json_response(body, headers=headers)


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/characters",
    run=run,
    summary="List characters",
    tag="Characters",
    query=CharactersQuery,
    lists=LISTS,
    responses={
        200: Content(
            "A page of characters",
            CharacterList,
            headers={
                "x-pagination-limit": "Characters per page",
                "x-pagination-page": "Number of this page",
                "x-pagination-total": "Number of characters on all pages",
                "x-pagination-total-pages": "Number of pages",
            },
            links=(
                Link(
                    "ShowCharacter",
                    "show_character_run",
                    "Show the first character.",
                    parameters={"slug": "$response.body#/data/0/slug"},
                ),
            ),
        )
    },
    errors=(StorageFailedError,),
)
