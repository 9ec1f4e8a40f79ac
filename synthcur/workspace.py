"""Where the work is kept, and who may serve it."""

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from synthcur import demo
from synthcur.errors import InputError, StoreError
from synthcur.files import make_folder
from synthcur.store.database import DATABASE, Database, unusable_folder
from synthcur.store.store import Store

VARIABLE = "SYNTHCUR_WORKSPACE"
DEFAULT = "workspace"


def workspace_folder(given: str | None = None) -> Path:
    """Return the workspace: as given, else by SYNTHCUR_WORKSPACE, else ``./workspace``.

    Raises
    ------
    InputError
        If it cannot be the path of a folder: a NUL byte, a circle of links, a user that there is
        not, or a present folder that is gone.
    """
    path = given or os.environ.get(VARIABLE) or DEFAULT
    try:
        folder = Path(path).expanduser().absolute()
        folder.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"The workspace {path!r} is not a usable path: {error}.",
            fix=f"Name a folder with --workspace or {VARIABLE}.",
        ) from error
    return folder


def open_store(folder: Path) -> Store:
    """Open the store of a workspace, with the results shipped with the demo in reach.

    What has been in the bin for long enough goes, and a removal that was stopped goes on.
    """
    store = Store(folder, shipped=(demo.ARTEFACTS,))
    store.life.finish()
    store.erasing.finish()
    return store


def lock_server(folder: Path) -> IO[str]:
    """Take the one place of a server in a workspace; it is given back with the process.

    ``serve`` takes it and then turns into the web server, which keeps the process id and, the
    file being left open, the place: asked again by the same process, it is granted.

    Returns
    -------
    file
        The open lock file.

    Raises
    ------
    StoreError
        If another server has it, or the folder cannot be written.
    """
    try:
        make_folder(folder, mode=0o700)
        file = open(folder / "server.lock", "a+", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        raise unusable_folder(folder, error) from error
    try:
        return _locked(file, folder)
    except StoreError:
        with suppress(OSError):
            file.close()
        raise


def _locked(file: IO[str], folder: Path) -> IO[str]:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
    except BlockingIOError as error:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        if owner == str(os.getpid()):
            return file
        raise StoreError(
            f"Another server (process {owner}) already serves the workspace {folder}.",
            fix="Use that one, stop it, or choose another folder with --workspace.",
        ) from error
    except OSError as error:
        raise unusable_folder(folder, error) from error
    return file


def require_writable(folder: Path) -> None:
    """Write to the database of a workspace and beside it, leaving nothing.

    Raises
    ------
    StoreError
        If one of the two cannot be written.
    """
    database = Database(folder / DATABASE)
    try:
        database.require_writable()
    finally:
        database.close()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"writable")
    except OSError as error:
        raise unusable_folder(folder, error) from error
