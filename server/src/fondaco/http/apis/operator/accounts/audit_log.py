"""The log of ways into an account that an operator makes: a line for each, with the default settings, too."""

import logging

from fondaco.domain.money.account import Account
from fondaco.http.exchange.exchange import Exchange

log = logging.getLogger("fondaco")


def log_way_in(made: str, account: Account, exchange: Exchange) -> None:
    """Log that an operator made a key or a login link of an account; the key's id tells which operator.

    Args:
        made: as in "a key".
        account: opened by it.
        exchange: the operator's request.
    """
    fields = {"account_id": account.id, "key_id": exchange.key_id, "request_id": exchange.id}
    log.warning("an operator made %s of an account", made, extra={"fields": fields})
