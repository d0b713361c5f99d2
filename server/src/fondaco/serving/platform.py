"""The platform: everything that an endpoint may ask for, wired once at start."""

from dataclasses import dataclass

from fondaco.domain.catalogue import Catalogue
from fondaco.ports import Clock, Ids
from fondaco.serving.api_keys import ApiKeys
from fondaco.serving.chat import Chat
from fondaco.serving.keyring import Keyring
from fondaco.serving.ledger import Ledger
from fondaco.serving.meters import Meters
from fondaco.serving.readiness import Readiness
from fondaco.serving.repeats import Repeats


@dataclass(slots=True)
class Platform:
    """The use cases and what they share."""

    catalogue: Catalogue
    chat: Chat
    ledger: Ledger
    keyring: Keyring
    api_keys: ApiKeys
    readiness: Readiness
    meters: Meters
    clock: Clock
    ids: Ids
    repeats: Repeats
    draining: bool = False
    """Running calls end in peace, new work is refused."""

    def drain(self) -> None:
        """Take no new work from now on."""
        self.draining = True

    def stop(self) -> None:
        """Expect that what still runs is cut off."""
        self.draining = self.ledger.stopping = True
