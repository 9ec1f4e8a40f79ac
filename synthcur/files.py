"""Files and folders that are there in full or not at all.

What is new is written beside its place and moved there, so that whoever reads sees all of it or
what stood there before. Whether it is on the disk before the move matters in a power cut alone:

- a checkpoint is synced (`whole_file` with ``sync``): it takes the place of one that is good, and
  hours of training hang on it;
- an artefact or a kept model is not: what a power cut tore is computed again;
- neither is an export or the ``spec.json`` of a job that is about to start: somebody is waiting for
  it, and asks again.
"""

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: Path, *, beside: Path | None = None, sync: bool = False) -> Iterator[Path]:
    """Give a path to write a file to, moved to `path` when the block ends well.

    Parameters
    ----------
    path
        Where the file goes, in place of one that stands there.
    beside
        Where it is written meanwhile, in the same folder; None for a hidden name of its own. With a
        name that is given, writers that are killed leave one such file and not many.
    sync
        Whether it is on the disk before it is moved, and the move before the block is left.

    Raises
    ------
    OSError
        If the system refuses; what was written beside `path` does not stay.
    """
    temporary = path.parent / f".new-{uuid.uuid4().hex[:8]}" if beside is None else beside
    try:
        yield temporary
        if sync:
            _sync(temporary, os.O_RDWR)
        os.replace(temporary, path)
        if sync:
            _sync(path.parent, os.O_RDONLY)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill, moved to `path` when the block ends well.

    Parameters
    ----------
    path
        Where the folder goes; nothing but an empty folder may stand there by then. The folder above
        it is there.

    Raises
    ------
    OSError
        If the system refuses; nothing of the folder stays.
    """
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=path.parent))
    try:
        yield folder
        os.replace(folder, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, *, mode: int = 0o777) -> list[Path]:
    """Make a folder and those above it that are missing.

    Parameters
    ----------
    folder
        May be there already.
    mode
        Of the folder itself, as for `Path.mkdir`.

    Returns
    -------
    list of Path
        Those that were made, the deepest first; see `unmake`.

    Raises
    ------
    OSError
        If the system refuses one of them; then none stays.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError:
        unmake(missing)
        raise
    return missing


def unmake(made: Iterable[Path]) -> None:
    """Remove folders, the deepest first, unless something has been put into them."""
    for each in made:
        with suppress(OSError):
            each.rmdir()
