"""Task folders as benchmarks read them: one published task with its generated pool each.

A folder holds ``real_train``, ``real_validation``, ``real_test`` and ``synthetic`` as JSON Lines
with ``text``, ``label`` and for pairs ``text_pair``; every other key is provenance. A task may be
given the pool that was made for another one, which is what a user does who asks the wrong thing of
a generator.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from synthcur import demo
from synthcur.data.columns import ColumnMapping
from synthcur.data.loading import accept, build, read_table
from synthcur.schema import SYNTHETIC, TEST, TRAIN, VALIDATION, Collection

FILES = {
    SYNTHETIC: "synthetic.jsonl",
    TRAIN: "real_train.jsonl",
    VALIDATION: "real_validation.jsonl",
    TEST: "real_test.jsonl",
}


def find_task(data: Path, name: str) -> Collection:
    """Return a task by its name.

    Parameters
    ----------
    data
        The folder of the task folders.
    name
        ``demo``, a folder of `data`, or two of them as ``a:b``: the real rows of a with the
        generated pool of b.

    Raises
    ------
    InputError
        If a file is missing or cannot be read.
    """
    if name == demo.NAME:
        return demo.load_demo()
    task, _, pool = name.partition(":")
    return read_task(data / task, pool=data / pool if pool else None)


def read_task(folder: Path, *, pool: Path | None = None) -> Collection:
    """Read a task folder through the same checks as everybody's files.

    Parameters
    ----------
    folder
        Holds the files of the task.
    pool
        The task folder whose generated rows are taken instead.

    Raises
    ------
    InputError
        If a file is missing or cannot be read.
    """
    folders = dict.fromkeys(FILES, folder) | ({SYNTHETIC: pool} if pool else {})
    tables = {part: read_table(folders[part] / file, file) for part, file in FILES.items()}
    has_pairs = "text_pair" in tables[SYNTHETIC].frame.columns
    mapping = ColumnMapping("text", "label", "text_pair" if has_pairs else None)
    name = "-".join(each.resolve().name for each in (folder, pool) if each)
    return accept(build(name, tables, mapping))


def sub_pool(collection: Collection, size: int | None, *, seed: int = 0) -> Collection:
    """Draw `size` of the synthetic rows, in their order; all of them when there are no more."""
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    places = np.flatnonzero(is_synthetic)
    if size is None or size >= len(places):
        return collection
    kept = ~is_synthetic
    kept[np.random.default_rng(seed).choice(places, size, replace=False)] = True
    return replace(
        collection,
        rows=collection.rows[kept].reset_index(drop=True),
        provenance=collection.provenance[kept].reset_index(drop=True),
    )
