"""What jobs that have ended left behind, how large it is, and its removal.

Only what a job's own folder holds under names this package gives is ever listed or removed:
checkpoints of jobs nobody resumed, half-written folders of killed workers and, on request, models.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synthcur.errors import ConflictError, StoreError
from synthcur.store.job_kinds import KINDS
from synthcur.store.records import Job
from synthcur.store.store import Store


@dataclass(frozen=True)
class Leftover:
    """Something that can go.

    Attributes
    ----------
    path
        Below the workspace, with forward slashes.
    what
        What it is, for people.
    size
        In bytes.
    """

    path: str
    what: str
    size: int


def leftovers(store: Store, *, models: bool = False) -> list[Leftover]:
    """List what ended jobs left behind, the largest first.

    Parameters
    ----------
    store
        The workspace.
    models
        List the models of finished runs too; their figures and predictions are kept.
    """
    found = [
        Leftover(path.relative_to(store.workspace).as_posix(), what, _size(path))
        for job in store.jobs()
        if not job.is_active
        for path, what in _of(job, models=models)
    ]
    return sorted(found, key=lambda each: -each.size)


def remove(store: Store, found: list[Leftover]) -> int:
    """Remove what `leftovers` listed and return how many bytes that freed.

    Raises
    ------
    ConflictError
        If something is no longer what was listed, such as a job that goes on; nothing is removed.
    StoreError
        If the disk refuses to let something go; what came before it in the list is removed.
    """
    known = {each.path for each in leftovers(store, models=True)}
    if not known.issuperset(each.path for each in found):
        raise ConflictError("What was listed has changed meanwhile.", fix="Look at the list again.")
    for each in found:
        path = store.workspace / each.path
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        except OSError as error:
            raise StoreError(
                f"{path} could not be removed: {error.strerror or error}.",
                fix="Check the folder's permissions and clean again.",
            ) from error
        if path.parent.name == "models":
            store.forget_model(path.parent.parent.name, f"models/{path.name}")
    return sum(each.size for each in found)


def _of(job: Job, *, models: bool) -> Iterator[tuple[Path, str]]:
    name = f"{KINDS[job.kind].noun} {job.number}"
    for path in _inside(job.folder):
        if path.name.startswith("checkpoint."):
            yield path, f"checkpoint of {name}, which then cannot go on from it"
        elif path.name.startswith((".synthcur-", "tmp")):
            yield path, f"half-written files of {name}"
    for path in _inside(job.folder / "models"):
        if path.name.startswith(".new-"):
            yield path, f"half-written model of {name}"
        elif models:
            yield path, f"model {path.name} of {name}"


def _inside(folder: Path) -> list[Path]:
    """List a folder; a link leads elsewhere and is never followed."""
    if not folder.is_dir() or folder.is_symlink():
        return []
    return sorted(path for path in folder.iterdir() if not path.is_symlink())


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(
        os.lstat(Path(folder) / name).st_size
        for folder, _, names in os.walk(path)
        for name in names
    )
