"""Recovery: settles calls of every kind that a crash left open, or moves them to the quarantine."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from fondaco.domain.errors import AlreadyEnteredError, StorageFailedError, WriteQuarantinedError
from fondaco.domain.money.ledger import OpenCall, Unwritable
from fondaco.domain.money.money import Funds
from fondaco.domain.money.price import Charge
from fondaco.domain.money.usage import Usage
from fondaco.ports import Journal
from fondaco.ports.incidents import Incident, report
from fondaco.serving.billing.hold import Hold
from fondaco.serving.billing.repair import repaired_usage, whole

RESTARTED = "settled after a restart"
"""The note of such a charge."""


async def open_calls(journal: Journal) -> Sequence[OpenCall]:
    """Return the calls that a crash left open, with their numbers in range."""
    return [
        replace(
            call,
            held=Funds(whole(call.held.usd), whole(call.held.diem)),
            usage=repaired_usage(call.usage),
        )
        for call in await journal.open_calls()
    ]


async def settled(
    journal: Journal, call: OpenCall, hold: Hold, charge_of: Callable[[str, Usage], Charge]
) -> bool:
    """Settle a call for its last recorded usage; return whether that succeeded, else quarantine it.

    Args:
        journal: the journal that has it as open.
        call: its last recorded state.
        hold: its funds, held again.
        charge_of: returns the charge for a model's id and a usage.
    """
    try:
        await hold.settle(charge_of(call.model, call.usage), call.usage, 0, RESTARTED)
    except WriteQuarantinedError:
        return False  # the journal has quarantined it
    except AlreadyEnteredError:
        await set_aside(journal, call)
        return False
    except StorageFailedError:
        return True  # its charge is kept for a retry
    except Exception:  # noqa: BLE001 - whatever a call is priced with, the others are settled
        hold.drop()
        await set_aside(journal, call)
        return False
    return True


async def set_aside(journal: Journal, call: OpenCall) -> None:
    """Move a call to the quarantine, without a charge; its hold is freed."""
    why = Unwritable.UNSETTLED
    await journal.quarantine_call(call, why)
    report(
        Incident.RECOVERY_FAILED,
        reason=why,
        model=call.model,
        call_id=call.call_id,
        account_id=call.account_id,
        level=logging.ERROR,
    )
