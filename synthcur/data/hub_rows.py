"""Rows of a data set on the Hugging Face hub, streamed within the limits of a file.

Runs in a process of its own (`synthcur.data.read_process`): what the hub sends is as unknown as a
file. The `datasets` library is an extra; it reads data files alone and runs no code of a data set.
"""

import os
from collections.abc import Mapping
from typing import Any

from synthcur.data.hub_source import HOW, HubSource
from synthcur.data.tables import (
    Limits,
    PlainTable,
    check_area,
    check_length,
    check_width,
    make_table,
    plain,
)
from synthcur.errors import InputError
from synthcur.schema import TRAIN

_BATCH = 256
_UNREADABLE = ("Image", "Audio", "Video", "Pdf", "Nifti")
"""Features that are no text, number or list."""
_MISSING = ("RepositoryNotFound", "DatasetNotFound", "RevisionNotFound", "Gated", "EntryNotFound")
_AWAY = ("ConnectionError", "ConnectError", "ConnectTimeout", "ReadTimeout", "OfflineModeIsEnabled")


def read_hub(source: HubSource, name: str, limits: Limits) -> PlainTable:
    """Read a split of a data set from the hub.

    Parameters
    ----------
    source
        Which one.
    name
        To be shown.
    limits
        As of a file; `size` is that of the cells as text.

    Returns
    -------
    PlainTable
        Numbers of named classes are their names; `how` has the commit that was read.

    Raises
    ------
    InputError
        If there is no such data set, split or part of it, if the hub cannot be reached, or if it is
        larger than a file may be.
    """
    try:
        import datasets
    except ImportError as error:
        raise InputError(
            f"{name} needs the package datasets, which is not installed.",
            fix="Run: pip install 'synthcur[hub]'",
        ) from error
    try:
        return _read(datasets, source, name, limits)
    except InputError:
        raise
    except MemoryError:
        raise
    except Exception as error:
        raise _in_words(error, source, name) from error


def _read(datasets: Any, source: HubSource, name: str, limits: Limits) -> PlainTable:
    from huggingface_hub import HfApi

    # Named by its commit, the rows are the same tomorrow.
    endpoint = os.environ.get("HF_ENDPOINT")
    commit = HfApi(endpoint=endpoint).dataset_info(source.repo, revision=source.revision).sha
    parts = datasets.load_dataset(source.repo, name=source.config, revision=commit, streaming=True)
    split = _split(list(parts), source, name)
    rows = parts[split]
    features: Mapping[str, Any] = rows.features or {}
    left_out = [each for each, kind in features.items() if type(kind).__name__ in _UNREADABLE]
    if left_out:
        rows = rows.remove_columns(left_out)
    columns: dict[str, list[Any]] = {each: [] for each in features if each not in left_out}
    check_width(name, len(columns), limits)
    size = n = 0
    for batch in rows.iter(_BATCH):
        n += len(next(iter(batch.values())))
        check_length(name, n, limits)
        for each, cells in batch.items():
            found = [_cell(cell, features.get(each)) for cell in cells]
            size += sum(len(cell) if isinstance(cell, str) else 8 for cell in found)
            columns.setdefault(each, [None] * (n - len(cells))).extend(found)
        if size > limits.size:
            raise InputError(
                f"{name} holds more than {limits.size:,} bytes, the limit.",
                fix="Name another split or part, or a smaller data set.",
            )
    check_area(name, n, len(columns), limits)
    numbers = range(1, n + 1)
    of_part = f", {source.config}" if source.config else ""
    return make_table(
        name,
        list(columns),
        list(columns.values()),
        rows=numbers,
        lines=numbers,
        rejected=(),
        how=f"the hub's {source.repo}{of_part}, {split}, commit {commit}",
        limits=limits,
        notes=[f"Column “{each[:80]}” is no text and left out." for each in left_out],
    )


def _split(splits: list[str], source: HubSource, name: str) -> str:
    wanted = source.split or (splits[0] if len(splits) == 1 else TRAIN)
    if wanted in splits:
        return wanted
    raise InputError(
        f"{name} has no split {wanted}.",
        fix=f"It has {', '.join(splits[:12])}: write hub:{source.repo}:{splits[0]}.",
    )


def _cell(cell: Any, feature: Any) -> Any:
    """Return a cell as text, number, truth value or None; class numbers by their names."""
    names = getattr(feature, "names", None)
    if names is not None:
        return names[cell] if isinstance(cell, int) and 0 <= cell < len(names) else None
    inner = getattr(getattr(feature, "feature", None), "names", None)
    if inner is not None and isinstance(cell, list):
        return plain([_cell(each, feature.feature) for each in cell])
    if hasattr(cell, "isoformat"):
        return cell.isoformat()
    return plain(cell)


def _in_words(error: Exception, source: HubSource, name: str) -> InputError:
    """Say what a library's error means; the chain of causes tells where the hub is away."""
    kinds: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < 20:
        kinds += [kind.__name__ for kind in type(cause).__mro__]
        cause = cause.__cause__ or cause.__context__
    said = " ".join(str(error).split())[:300]
    if any(each in kind for kind in kinds for each in _MISSING):
        return InputError(
            f"The hub has no data set {source.repo} that can be read from here"
            f"{f' at {source.revision}' if source.revision else ''}.",
            fix=f"Check the name; a private or gated one needs HF_TOKEN. {HOW}",
        )
    if any(each in kind for kind in kinds for each in _AWAY):
        return InputError(
            f"The hub cannot be reached from here, so {name} cannot be read.",
            fix="Download its files where it can be, and import those.",
        )
    return InputError(
        f"{name} cannot be read from the hub: {said.rstrip('.')}.",
        fix=f"Check the part and the split. {HOW}",
    )
