"""Every error Docent raises on purpose. Each says what happened, and its hint says what helps.

DocentError
├── ReadError            one file that cannot be read: recorded with its document, never fatal to a run
├── LibraryError
│   ├── IndexMissing     nothing has been ingested yet
│   ├── IndexBusy        another process is writing to it
│   ├── IndexLocked      it is encrypted, and its passphrase was not given or is another
│   └── IndexDamaged     store or snapshot cannot be trusted; a rebuild is offered
├── StorageError         disk full, folder not readable or not writable
├── ModelError           a model is missing, cut short, not what its hash says, or cannot be loaded
└── InvalidInput         a question, a setting or an option that cannot be used
"""

from __future__ import annotations

NEEDS_PASSWORD = "is protected by a password"


class DocentError(Exception):
    """An error that Docent raises on purpose: `str(error)` says what happened, in words for people, `hint` what to do
    next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ReadError(DocentError):
    pass


class LibraryError(DocentError):
    pass


class IndexMissing(LibraryError):
    pass


class IndexBusy(LibraryError):
    pass


class IndexLocked(LibraryError):
    pass


class IndexDamaged(LibraryError):
    pass


class StorageError(DocentError):
    pass


class ModelError(DocentError):
    pass


class InvalidInput(DocentError):
    pass
