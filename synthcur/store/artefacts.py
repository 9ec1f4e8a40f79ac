"""Immutable files, each folder named by the fingerprint of what made it.

An artefact is written once: into a temporary folder, then renamed into place, so a reader sees all
of it or nothing. Both the web process and the workers use this module; it knows no database.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthcur.errors import ArtefactError, StoreError
from synthcur.files import whole_folder
from synthcur.schema import Collection

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_ROWS = b"synthcur.data.candidate_rows"
"""Where a Parquet file notes how many rows it was written with."""
_NONE: Mapping[str, Any] = MappingProxyType({})


class Artefacts:
    """Folder of immutable results.

    Parameters
    ----------
    root
        Folder to write to; made when absent.
    shipped
        Further folders that are only read, such as the cache that comes with the demo.
    """

    def __init__(self, root: Path, shipped: tuple[Path, ...] = ()) -> None:
        self.root = Path(root)
        self.shipped = shipped

    def has(self, fingerprint: str) -> bool:
        """Whether the artefact exists in full."""
        return self._find(fingerprint) is not None

    def holds(self, fingerprint: str, array: str) -> bool:
        """Whether an artefact is there and has an array of that name."""
        folder = self._find(fingerprint)
        return folder is not None and (folder / f"{array}.npy").is_file()

    def write(
        self,
        fingerprint: str,
        *,
        arrays: Mapping[str, np.ndarray] = _NONE,
        frames: Mapping[str, pd.DataFrame] = _NONE,
        meta: Mapping[str, Any] = _NONE,
    ) -> None:
        """Write an artefact under its fingerprint; an existing one is left as it is.

        Raises
        ------
        StoreError
            If the disk refuses; nothing half-written stays under the fingerprint.
        """
        if self.has(fingerprint):
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with whole_folder(self.root / fingerprint) as folder:
                _fill(folder, arrays, frames, meta)
        except OSError as error:
            # Another process may have been first; equal names mean equal content.
            if self.has(fingerprint):
                return
            raise StoreError(
                f"The result {fingerprint} could not be written to {self.root}: {error}.",
                fix="Free some disk space or check the folder's permissions, then try again.",
            ) from error

    def remove(self, fingerprint: str) -> None:
        """Remove an artefact that nothing names any more, at once; one that is shipped stays."""
        if not (self.root / fingerprint / "meta.json").is_file():
            return
        folder = Path(tempfile.mkdtemp(prefix=".old-", dir=self.root))
        os.replace(self.root / fingerprint, folder)
        shutil.rmtree(folder, ignore_errors=True)

    def array(self, fingerprint: str, name: str) -> np.ndarray:
        """Return one array, read-only.

        Raises
        ------
        ArtefactError
            If the artefact or the array is missing or damaged.
        """
        path = self._file(fingerprint, f"{name}.npy")
        try:
            value = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise _damaged(path, error) from error
        value.setflags(write=False)
        return value

    def frame(self, fingerprint: str, name: str) -> pd.DataFrame:
        """Return one table."""
        path = self._file(fingerprint, f"{name}.parquet")
        try:
            found = pd.read_parquet(path)
            return found if len(found.columns) else pd.DataFrame(index=_counted_rows(path))
        except (OSError, ValueError) as error:
            raise _damaged(path, error) from error

    def meta(self, fingerprint: str) -> dict[str, Any]:
        """Return what was noted beside the arrays."""
        path = self._file(fingerprint, "meta.json")
        try:
            return json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise _damaged(path, error) from error

    def write_collection(self, collection: Collection) -> str:
        """Write the rows of a collection, and its origin beside them; return their fingerprint.

        Rows that are imported twice are kept once, and so is everything computed from them; what
        each import said beside them is kept under `Collection.origin`.
        """
        self.write(
            collection.fingerprint,
            frames={"rows": collection.rows},
            meta={"labels": list(collection.labels)},
        )
        self.write(
            collection.origin,
            arrays={"row": collection.rows["row"].to_numpy(dtype=np.int64)},
            frames={"provenance": collection.provenance},
            meta={"made_splits": list(collection.made_splits), "layout": dict(collection.layout)},
        )
        return collection.fingerprint

    def collection(
        self, fingerprint: str, *, name: str, origin: str | None = None, **shown: Any
    ) -> Collection:
        """Read a collection back.

        Parameters
        ----------
        fingerprint, origin
            Those of the collection. Without an origin the collection is one of an earlier release,
            which kept it with the rows, or it is read for its rows alone, as by a worker.
        name, **shown
            Name, title, note and guidelines.
        """
        rows = self.frame(fingerprint, "rows")
        rows = rows.astype(object).where(rows.notna(), None).astype({"row": "int64"})
        if origin is None:
            made_splits, layout = self.meta(fingerprint).get("made_splits", []), {}
            provenance = self._provenance_beside(fingerprint, len(rows))
        else:
            rows = rows.assign(row=self.array(origin, "row"))
            made_splits = self.meta(origin)["made_splits"]
            layout = self.meta(origin).get("layout", {})
            provenance = self.frame(origin, "provenance")
        return Collection(
            name=name,
            labels=tuple(self.meta(fingerprint)["labels"]),
            rows=rows,
            provenance=provenance,
            made_splits=tuple(made_splits),
            layout=layout,
            **shown,
        )

    def _provenance_beside(self, fingerprint: str, rows: int) -> pd.DataFrame:
        """Return the further columns that an earlier release kept with the rows, if it did."""
        nothing = pd.DataFrame(index=pd.RangeIndex(rows))
        if not self._file(fingerprint, "provenance.parquet").is_file():
            return nothing
        found = self.frame(fingerprint, "provenance")
        return found if len(found.columns) else nothing

    def _find(self, fingerprint: str) -> Path | None:
        if not _FINGERPRINT.fullmatch(fingerprint):
            raise ArtefactError(
                f"{fingerprint!r} is not a fingerprint.", fix="Score the collection again."
            )
        folders = (folder / fingerprint for folder in (self.root, *self.shipped))
        return next((folder for folder in folders if (folder / "meta.json").is_file()), None)

    def _file(self, fingerprint: str, name: str) -> Path:
        folder = self._find(fingerprint)
        if folder is None:
            raise ArtefactError(
                f"The result {fingerprint} is missing from {self.root}.",
                fix="Score the collection again; only what is missing is computed.",
            )
        return folder / name


def _fill(
    folder: Path,
    arrays: Mapping[str, np.ndarray],
    frames: Mapping[str, pd.DataFrame],
    meta: Mapping[str, Any],
) -> None:
    for name, value in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(value), allow_pickle=False)
    for name, frame in frames.items():
        table = pa.Table.from_pandas(frame, preserve_index=False)
        noted = {**(table.schema.metadata or {}), _ROWS: str(len(frame)).encode()}
        pq.write_table(table.replace_schema_metadata(noted), folder / f"{name}.parquet")
    (folder / "meta.json").write_text(json.dumps(dict(meta), indent=1), "utf-8")


def _counted_rows(path: Path) -> pd.RangeIndex:
    """Return the index of a table without columns, of which Parquet itself keeps no rows."""
    noted = pq.read_schema(path).metadata or {}
    return pd.RangeIndex(int(noted.get(_ROWS, 0)))


def _damaged(path: Path, error: Exception) -> ArtefactError:
    return ArtefactError(
        f"The result file {path.name} in {path.parent.name} is missing or damaged ({error}).",
        fix=f"Delete the folder {path.parent} and score the collection again.",
    )
