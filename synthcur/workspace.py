"""Where the work is kept, and who may serve it."""

import fcntl
import os
from pathlib import Path
from typing import IO

from synthcur import demo
from synthcur.errors import StoreError
from synthcur.store import Store

VARIABLE = "SYNTHCUR_WORKSPACE"
DEFAULT = "workspace"


def workspace_folder(given: str | None = None) -> Path:
    """Return the workspace: as given, else by SYNTHCUR_WORKSPACE, else ``./workspace``."""
    return Path(given or os.environ.get(VARIABLE) or DEFAULT).expanduser().absolute()


def open_store(folder: Path) -> Store:
    """Open the store of a workspace, with the results shipped with the demo in reach."""
    return Store(folder, shipped=(demo.ARTEFACTS,))


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
        If another server has it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = open(folder / "server.lock", "a+", encoding="utf-8")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        if owner == str(os.getpid()):
            return file
        file.close()
        raise StoreError(
            f"Another server (process {owner}) already serves the workspace {folder}.",
            fix="Use that one, stop it, or choose another folder with --workspace.",
        ) from error
    file.seek(0)
    file.truncate()
    file.write(str(os.getpid()))
    file.flush()
    return file
