"""The part of the store that erases rows everywhere: what they say is gone from the workspace.

Every version of every collection that has a row of the same text is written again without it, under
the fingerprint that its rows have now, and keeps its number. What was computed of those rows goes,
for embeddings tell of texts: scores, and what runs noted of single rows. Scores are computed again
when asked for; figures of runs stay, on the held-out rows that are left. Edits and notes of people
about the rows go, and the history says how many rows were erased, and nothing of what. Models that
were trained on them stay until they are removed (`jobs.cleaning`): they hold no text.

First the new rows are written, then the database is changed in one transaction that marks what is
to be cleaned, then files go. Killed before the transaction, nothing has changed; killed after it,
`Erasing.finish` goes on.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from synthcur.errors import InputError
from synthcur.files import whole_file
from synthcur.review.decisions import EDIT
from synthcur.schema import REAL, TEST, VALIDATION, Collection
from synthcur.settings import fingerprint
from synthcur.store.artefacts import Artefacts
from synthcur.store.collection_rows import refuse_at_work
from synthcur.store.database import Database
from synthcur.store.ingest import add_event
from synthcur.store.job_rows import marks
from synthcur.store.job_states import OPEN
from synthcur.store.sweeping import sweep

_ERASE = "erase"
_OF_TRAINING = ("checkpoint.", ".synthcur-", "tmp", ".new-")
"""How files and folders of a job begin that go: what was left of a run that was stopped."""


@dataclass(frozen=True)
class Erasure:
    """What erasing would take.

    Attributes
    ----------
    texts
        The texts, each with its second text.
    rows
        Rows that have one of them in any version, by collection; of one in the bin, its name there.
    versions
        Versions that have such rows, by collection.
    """

    texts: frozenset[tuple[str, str | None]]
    rows: Mapping[str, int]
    versions: Mapping[str, Sequence[int]]


class Erasing:
    """Erases rows from a workspace; parameters as of `life.Life`."""

    def __init__(self, database: Database, artefacts: Artefacts, workspace: Path) -> None:
        self._db = database
        self._artefacts = artefacts
        self._workspace = workspace

    def find(self, name: str, *, ids: Sequence[str] = (), containing: str = "") -> Erasure:
        """Find what erasing would take: rows of any version of a collection, and all of their text.

        Parameters
        ----------
        name
            The collection in which rows are named.
        ids
            Sample ids.
        containing
            Characters that the text, the second text or an edit of it holds, whatever their case.

        Raises
        ------
        InputError
            If nothing is named or found.
        """
        if not ids and not containing.strip():
            raise InputError("No row is named.", fix="Give an id, or characters of its text.")
        edited = {
            row["sample_id"]
            for row in self._db.rows(
                "SELECT sample_id, text FROM decision WHERE collection=? AND action=?", (name, EDIT)
            )
            if containing and containing.casefold() in (row["text"] or "").casefold()
        }
        texts: set[tuple[str, str | None]] = set()
        for row in self._db.rows("SELECT * FROM version WHERE collection=?", (name,)):
            rows = self._read(row).rows
            named = rows["sample_id"].isin({*ids, *edited})
            if containing:
                named |= pd.Series(_contains(rows, containing), index=rows.index)
            texts |= set(_texts(rows[named]))
        if not texts:
            raise InputError("No row was found.", fix="Look at the ids, or search otherwise.")
        counts: dict[str, int] = {}
        versions: dict[str, list[int]] = {}
        for row in self._db.rows("SELECT * FROM version ORDER BY collection, number"):
            rows = self._read(row).rows
            hit = rows["sample_id"][[each in texts for each in _texts(rows)]]
            if len(hit):
                of = row["collection"]
                counts[of] = max(counts.get(of, 0), len(hit))
                versions.setdefault(of, []).append(row["number"])
        return Erasure(frozenset(texts), counts, versions)

    def erase(self, found: Erasure, *, annotator: str = "") -> None:
        """Erase what was found, for good: this cannot be undone.

        Raises
        ------
        ConflictError
            If any job of the workspace waits or runs: it may be reading the rows.
        InputError
            If a version would have no rows of a source left.
        """
        with self._db.transaction() as db:
            refuse_at_work(db, None, "be erased")
            # What is deleted is overwritten in the file, not only no longer pointed to.
            db.execute("PRAGMA secure_delete=ON")
            for name, numbers in found.versions.items():
                gone = self._without(db, name, numbers, found)
                _forget(db, name, gone)
                db.execute(
                    "UPDATE collection SET erasures=erasures+1, unfinished=IFNULL(unfinished, ?) "
                    "WHERE name=?",
                    (_ERASE, name),
                )
                rows = found.rows[name]
                text = f"{rows:,} row{'' if rows == 1 else 's'} erased from every version"
                add_event(db, name, text, annotator=annotator)
        self.finish()

    def finish(self) -> None:
        """Clean what an erasure has left, here or before it was stopped; not while a job works."""
        due = "SELECT name FROM collection WHERE unfinished=?"
        if not self._db.rows(due, (_ERASE,)):
            return
        with self._db.transaction() as db:
            if db.execute(
                f"SELECT 1 FROM job WHERE status IN ({marks(OPEN)}) LIMIT 1", OPEN
            ).fetchone():
                return
            for row in db.execute(due, (_ERASE,)).fetchall():
                for job in db.execute(
                    "SELECT id, spec FROM job WHERE collection=?", (row["name"],)
                ):
                    _clean_job(self._workspace / "jobs" / job["id"], job["spec"])
            sweep(db, self._artefacts.root)
            db.execute("UPDATE collection SET unfinished=NULL WHERE unfinished=?", (_ERASE,))

    def _read(self, version: sqlite3.Row) -> Collection:
        return self._artefacts.collection(
            version["fingerprint"], name=version["collection"], origin=version["origin"]
        )

    def _without(
        self, db: sqlite3.Connection, name: str, numbers: Sequence[int], found: Erasure
    ) -> set[str]:
        """Write the versions of a collection without the rows; return the ids of these."""
        gone: set[str] = set()
        for number in numbers:
            row = db.execute(
                "SELECT * FROM version WHERE collection=? AND number=?", (name, number)
            ).fetchone()
            before = self._read(row)
            hit = pd.Series([each in found.texts for each in _texts(before.rows)], dtype=bool)
            gone |= set(before.rows["sample_id"][hit])
            after = replace(
                before,
                rows=before.rows[~hit].reset_index(drop=True),
                provenance=before.provenance.loc[(~hit).to_numpy()].reset_index(drop=True),
            )
            if not (len(after.synthetic) and len(after.real_train)):
                raise InputError(
                    f"Version {number} of {name!r} would have no rows of a source left.",
                    fix="Delete the collection, and then for good.",
                )
            self._artefacts.write_collection(after)
            for job_id in _replace(db, name, number, row["fingerprint"], after):
                self._shorten(db, job_id, before, hit)
        return gone

    def _shorten(
        self, db: sqlite3.Connection, job_id: str, before: Collection, hit: pd.Series
    ) -> None:
        """Let what runs said of held-out rows go for those that are erased."""
        stays = {
            split: ~hit[((before.rows["source"] == REAL) & (before.rows["split"] == split))]
            for split in (TEST, VALIDATION)
        }
        if all(each.all() for each in stays.values()):
            return
        arrays = {"probs": TEST, "labels": TEST, "val_probs": VALIDATION, "val_labels": VALIDATION}
        for table in ("run", "learning_run"):
            sql = f"SELECT DISTINCT predictions FROM {table} WHERE job_id=?"
            for (name,) in db.execute(sql, (job_id,)).fetchall():
                if name is None or not self._artefacts.has(name):
                    continue
                kept = {
                    each: self._artefacts.array(name, each)[stays[split].to_numpy()]
                    for each, split in arrays.items()
                    if self._artefacts.holds(name, each)
                }
                shorter = fingerprint("erased", name, before.fingerprint, hit.tolist())
                self._artefacts.write(shorter, arrays=kept, meta=self._artefacts.meta(name))
                db.execute(
                    f"UPDATE {table} SET predictions=? WHERE job_id=? AND predictions=?",
                    (shorter, job_id, name),
                )


def _replace(
    db: sqlite3.Connection, name: str, number: int, before: str, after: Collection
) -> list[str]:
    """Let a version, and what read it, name the rows that it has now; return the jobs' ids."""
    db.execute(
        "UPDATE version SET fingerprint=?, origin=?, counts=? WHERE collection=? AND number=?",
        (after.fingerprint, after.origin, json.dumps(after.counts), name, number),
    )
    db.execute(
        "UPDATE collection SET fingerprint=?, origin=?, counts=? WHERE name=? AND version=?",
        (after.fingerprint, after.origin, json.dumps(after.counts), name, number),
    )
    db.execute("DELETE FROM score WHERE collection=? AND fingerprint=?", (name, before))
    readers = []
    for job in db.execute("SELECT id, spec FROM job WHERE collection=?", (name,)).fetchall():
        spec = json.loads(job["spec"])
        if spec["collection_fp"] == before and spec.get("version", 1) == number:
            spec |= {"collection_fp": after.fingerprint, "erased": True}
            db.execute("UPDATE job SET spec=? WHERE id=?", (json.dumps(spec), job["id"]))
            db.execute("UPDATE run SET dynamics=NULL WHERE job_id=?", (job["id"],))
            readers.append(job["id"])
    return readers


def _forget(db: sqlite3.Connection, name: str, gone: set[str]) -> None:
    """Take what people wrote about rows out of the log, the tags and what jobs were told."""
    for sample_id in gone:
        key = (name, sample_id)
        db.execute("UPDATE decision SET text=NULL, note='' WHERE collection=? AND sample_id=?", key)
        db.execute("DELETE FROM tag WHERE collection=? AND sample_id=?", key)
        db.execute("DELETE FROM lease WHERE collection=? AND sample_id=?", key)
    for job in db.execute("SELECT id, spec FROM job WHERE collection=?", (name,)).fetchall():
        spec = json.loads(job["spec"])
        told = [each for each in spec["decisions"] if each["sample_id"] not in gone]
        spec |= {"decisions": told, "earlier": []}
        db.execute("UPDATE job SET spec=? WHERE id=?", (json.dumps(spec), job["id"]))


def _clean_job(folder: Path, spec: str) -> None:
    """Let the folder of a job hold what the database says, and nothing of a run half done."""
    if folder.is_symlink() or not folder.is_dir():
        return
    if (folder / "spec.json").is_file():
        with whole_file(folder / "spec.json") as temporary:
            temporary.write_text(json.dumps(json.loads(spec), indent=1), "utf-8")
    for path in folder.iterdir():
        if path.name.startswith(_OF_TRAINING) and path.is_file() and not path.is_symlink():
            with suppress(FileNotFoundError):
                path.unlink()


def _texts(rows: pd.DataFrame) -> list[tuple[str, str | None]]:
    pairs = (pair if isinstance(pair, str) else None for pair in rows["text_pair"])
    return list(zip(rows["text"], pairs, strict=True))


def _contains(rows: pd.DataFrame, characters: str) -> list[bool]:
    wanted = characters.casefold()
    return [
        wanted in text.casefold() or wanted in (pair or "").casefold()
        for text, pair in _texts(rows)
    ]
