"""Every error synthcur raises on purpose, and what each one means.

SynthcurError
├── InputError          the user gave something that cannot be used (file, column, setting)
│   └── FindingsError   rows with findings that must be fixed before anything is stored
├── NotFoundError       a collection, job, run or scheme of that name is not in the workspace
├── ConflictError       somebody else changed the same thing first; nothing was written
│   └── TakenError      somebody else has decided the row, or has it before them
├── StoreError          the workspace itself cannot be read or written
├── ArtefactError       a computed file is missing, damaged or not the expected one
└── WorkerError         a background job could not start or had to stop

A message says what happened, where, and what to do about it, in that order.
"""


class SynthcurError(Exception):
    """Root of all errors that are meant for a person to read.

    Parameters
    ----------
    what
        What happened, in one sentence, with the offending value.
    fix
        What the reader can do about it.
    """

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(f"{what} {fix}".strip())
        self.what = what
        self.fix = fix


class InputError(SynthcurError):
    """Something the user gave cannot be used; nothing was stored."""


class FindingsError(InputError):
    """Rows carry findings that must be fixed before the collection can be stored."""


class NotFoundError(SynthcurError):
    """The workspace holds nothing under that name."""


class ConflictError(SynthcurError):
    """The thing to be changed is not what the caller believes it to be."""


class TakenError(ConflictError):
    """A row is somebody else's: they have decided it unseen, or have it before them now.

    Parameters
    ----------
    what, fix
        As of every error.
    who
        The other person.
    is_held
        Whether they have the row before them; else they have decided it.
    """

    def __init__(self, what: str, *, fix: str = "", who: str, is_held: bool) -> None:
        super().__init__(what, fix=fix)
        self.who = who
        self.is_held = is_held


class StoreError(SynthcurError):
    """The workspace cannot be read or written."""


class ArtefactError(SynthcurError):
    """A computed file is missing, damaged or not the one expected."""


class WorkerError(SynthcurError):
    """A background job could not start or had to stop."""
