"""The ports: what the use cases need from the outside, in the words of the domain."""

from fondaco.ports.characters import CharacterUses
from fondaco.ports.chat import ChatEngine, Prompt
from fondaco.ports.embeddings import EmbeddingEngine
from fondaco.ports.forms import Forms, Held
from fondaco.ports.keys import REPORTED_EPOCHS, Accounts, KeyReport, Keys
from fondaco.ports.ledger import ChargePage, ChargeQuery, Charges, Journal
from fondaco.ports.limits import Limits, Permit
from fondaco.ports.surroundings import Clock, Ids
from fondaco.ports.templates import Templates
from fondaco.ports.wallets import Challenges, Signatures, Stakes
from fondaco.ports.web import Files, Pages, Search

__all__ = [
    "REPORTED_EPOCHS",
    "Accounts",
    "Challenges",
    "CharacterUses",
    "ChargePage",
    "ChargeQuery",
    "Charges",
    "ChatEngine",
    "Clock",
    "EmbeddingEngine",
    "Files",
    "Forms",
    "Held",
    "Ids",
    "Journal",
    "KeyReport",
    "Keys",
    "Limits",
    "Pages",
    "Permit",
    "Prompt",
    "Search",
    "Signatures",
    "Stakes",
    "Templates",
]
