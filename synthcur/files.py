"""Folders that are made in full or not at all."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


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
