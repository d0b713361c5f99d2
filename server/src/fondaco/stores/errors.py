"""What can be wrong with the place where state is kept: each message is one line for the operator.

```
StoreError
├── HomeUnusableError      ├── NewerDatabaseError     ├── NameTakenError
├── HomeInUseError         ├── DatabaseUnusableError  ├── UnknownNameError
└── PepperLostError        └── CharactersUnusableError└── StillUnwritableError
```
"""


class StoreError(Exception):
    """Something about the stored state that an operator has to know."""


class HomeUnusableError(StoreError):
    """The home folder cannot be created, read or written."""


class HomeInUseError(StoreError):
    """Another server runs on the home folder."""


class NewerDatabaseError(StoreError):
    """The database was written by a newer version."""


class DatabaseUnusableError(StoreError):
    """The database cannot be opened, or is no database."""


class PepperLostError(StoreError):
    """The database has keys, but the secret that they were hashed with is gone."""


class StillUnwritableError(StoreError):
    """What waits in the quarantine cannot be written still."""


class CharactersUnusableError(StoreError):
    """The folder of characters cannot be written."""


class NameTakenError(StoreError):
    """There is an account or a character of this name already."""


class UnknownNameError(StoreError):
    """There is no such account, key or character."""
