"""What the files of a workspace are still needed for, and the removal of those that nobody names.

Only folders whose names this package gives are ever removed, directly below the folder they belong
to, and links are never followed.
"""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_NAMES = {
    "artefacts": re.compile(r"[0-9a-f]{16}|\.(?:new|old)-[A-Za-z0-9_]+"),
    "jobs": re.compile(r"[0-9a-f]{12}"),
}
"""Names of the folders that may be removed, by the folder they are in."""


def needed(db: sqlite3.Connection, *, without: str = "") -> set[str]:
    """Return the names of all artefacts that any collection needs but the one of a name."""
    return set(_named(db, without))


def sweep(db: sqlite3.Connection, root: Path, *, without: str = "") -> int:
    """Remove the artefacts that nothing names, inside the caller's transaction.

    The caller has made sure that no job waits or runs: what a job computes is named only once the
    store has heard of it. Rows are written under the same lock as the name that they get.

    Parameters
    ----------
    root
        Folder of the artefacts.
    without
        A collection whose needs do not count.

    Returns
    -------
    int
        How many are gone.
    """
    stays = needed(db, without=without)
    if not root.is_dir():
        return 0
    found = [each.name for each in root.iterdir() if each.name not in stays]
    return sum(remove_folder(root, name) for name in found)


def remove_folder(parent: Path, name: str) -> bool:
    """Remove a folder of artefacts or of a job; whether there was one.

    An artefact without its ``meta.json`` is none, so that goes first: killed in between, what is
    left is taken for nothing, and the next call removes it.
    """
    path = parent / name
    if not _NAMES[parent.name].fullmatch(name) or path.is_symlink() or not path.is_dir():
        return False
    (path / "meta.json").unlink(missing_ok=True)
    shutil.rmtree(path)
    return True


def _named(db: sqlite3.Connection, without: str) -> Iterator[str]:
    of_others = "collection != ?"
    for row in db.execute(f"SELECT fingerprint, origin FROM version WHERE {of_others}", (without,)):
        yield from filter(None, row)
    for row in db.execute(f"SELECT artefacts FROM score WHERE {of_others}", (without,)):
        yield from json.loads(row["artefacts"]).values()
    for row in db.execute(f"SELECT spec FROM job WHERE {of_others}", (without,)):
        spec = json.loads(row["spec"])
        yield spec["collection_fp"]
        # What was computed of rows that are erased goes with them.
        yield from () if spec.get("erased") else spec["scores"].values()
    for table, columns in {"run": "predictions, dynamics", "learning_run": "predictions"}.items():
        for row in db.execute(
            f"SELECT {columns} FROM {table} JOIN job ON job.id=job_id WHERE {of_others}", (without,)
        ):
            yield from filter(None, row)
