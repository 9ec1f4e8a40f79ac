"""The workspace: collections, scores, decisions, schemes, jobs and runs.

Small mutable facts live in SQLite, everything large in immutable artefacts. One process has the
store open for writing at a time in normal use (the server); the command line may write beside it,
each change being one transaction that waits for the other's. Workers never open it: what they
have to say arrives through the spool of their job, see `Store.ingest`.
"""

import json
import sqlite3
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from synthcur.errors import ConflictError, InputError, NotFoundError
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store.artefacts import Artefacts
from synthcur.store.cluster_names import ClusterNames
from synthcur.store.collection_rows import (
    add_collection,
    in_common,
    name_is_taken,
    read_collection,
)
from synthcur.store.database import DATABASE, Database
from synthcur.store.decision_log import DecisionLog
from synthcur.store.decision_rows import LogFolds
from synthcur.store.erasing import Erasing
from synthcur.store.ingest import METRICS, add_event, put_scores, take_in
from synthcur.store.job_kinds import JobKind, Lane
from synthcur.store.job_rows import ANY, marks, move, read_job, read_run, specified
from synthcur.store.job_states import OPEN, JobState
from synthcur.store.life import Life
from synthcur.store.records import CollectionInfo, Job, LearningRun, Run, Scores
from synthcur.store.spool import read_spool
from synthcur.store.tags import Tags
from synthcur.store.turns import Turns
from synthcur.store.versions import IMPORT, Versions


class Store:
    """Everything a workspace folder holds.

    What people say of rows has components of its own: `decisions`, `turns`, `tags` and
    `cluster_names`; so have the `versions` of collections, their `life` from name to bin, and the
    `erasing` of rows.

    Parameters
    ----------
    workspace
        The folder; made when absent.
    shipped
        Folders of artefacts that come with the package and are only read.
    """

    def __init__(self, workspace: Path, *, shipped: tuple[Path, ...] = ()) -> None:
        self.workspace = Path(workspace).resolve()
        self._db = Database(self.workspace / DATABASE)
        folds = LogFolds()
        self.decisions = DecisionLog(self._db, folds)
        self.turns = Turns(self._db, folds)
        self.tags = Tags(self._db)
        self.cluster_names = ClusterNames(self._db)
        self.artefacts = Artefacts(self.workspace / "artefacts", shipped)
        self.versions = Versions(self._db, self.artefacts)
        self.life = Life(self._db, self.artefacts, self.workspace)
        self.erasing = Erasing(self._db, self.artefacts, self.workspace)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    # Collections

    def add_collection(
        self,
        collection: Collection,
        *,
        record: Mapping[str, Any] = IMPORT,
        annotator: str = "",
    ) -> None:
        """Store a new collection as its first version.

        Parameters
        ----------
        collection
            The rows.
        record
            What is noted of their import, see `data.import_record`.
        annotator
            Who imports them.

        Raises
        ------
        ConflictError
            If another collection already has the name; nothing is stored.
        """
        existing = self._find_collection(collection.name)
        if existing is not None:
            raise name_is_taken(existing.name, in_common(existing, collection))
        try:
            with self._db.transaction() as db:
                add_collection(db, self.artefacts, collection, record=record, annotator=annotator)
        except sqlite3.IntegrityError as error:
            raise name_is_taken(collection.name, "other rows") from error

    def collections(self) -> list[CollectionInfo]:
        """List the collections that are not in the bin, oldest first."""
        found = self._db.rows("SELECT * FROM collection WHERE binned_at IS NULL ORDER BY rowid")
        return [read_collection(row) for row in found]

    def collection_info(self, name: str) -> CollectionInfo:
        """Return what is known of one collection.

        Raises
        ------
        NotFoundError
            If the workspace has none of that name.
        """
        info = self._find_collection(name)
        if info is None:
            known = ", ".join(repr(each.name) for each in self.collections()) or "none yet"
            binned = any(each.called == name for each in self.life.bin())
            raise NotFoundError(
                f"There is no collection {name!r} in {self.workspace}.",
                fix=f"It is in the bin: python -m synthcur restore {name}"
                if binned
                else f"Collections: {known}.",
            )
        return info

    def collection(self, name: str) -> Collection:
        """Read the rows of a collection in the version that is open."""
        return self.versions.collection(name, self.collection_info(name).version)

    def set_guidelines(self, name: str, guidelines: Mapping[str, str]) -> None:
        """Replace what a collection tells its annotators, by label."""
        with self._db.transaction() as db:
            db.execute(
                "UPDATE collection SET guidelines=? WHERE name=?",
                (json.dumps(dict(guidelines)), name),
            )

    def scores(self, name: str) -> dict[str, Scores]:
        """Return the scores of the version that is open by kind of checkers."""
        return self.versions.scores(name)

    def add_scores(
        self, name: str, *, checkers: str, artefacts: Mapping[str, str], trust: Mapping[str, Any]
    ) -> None:
        """Note scores of the version that is open; earlier ones of the same kind are replaced."""
        fingerprint = self.collection_info(name).fingerprint
        with self._db.transaction() as db:
            put_scores(db, name, fingerprint, checkers, artefacts, trust)

    def save_scheme(self, name: str, scheme: str, settings: WeightingSettings) -> None:
        """Save a weighting under a name; an earlier one of that name is replaced."""
        scheme = scheme.strip()
        if not scheme or len(scheme) > 60:
            raise InputError("The scheme needs a name of 1 to 60 characters.", fix="Name it.")
        with self._db.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO scheme VALUES (?,?,?,?)",
                (name, scheme, json.dumps(settings.to_dict()), time.time()),
            )
            add_event(db, name, f"Scheme “{scheme}” saved")

    def schemes(self, name: str) -> dict[str, WeightingSettings]:
        """Return the saved weightings of a collection, oldest first."""
        sql = "SELECT * FROM scheme WHERE collection=? ORDER BY created_at"
        found = self._db.rows(sql, (name,))
        return {
            row["name"]: WeightingSettings.from_dict(json.loads(row["settings"])) for row in found
        }

    def events(self, name: str, *, limit: int = 10) -> list[tuple[float, str]]:
        """Return what happened to a collection, newest first, as (time, words)."""
        found = self._db.rows(
            "SELECT at, text FROM event WHERE collection=? ORDER BY id DESC LIMIT ?", (name, limit)
        )
        return [(row["at"], row["text"]) for row in found]

    # Jobs and runs

    def add_job(
        self,
        kind: str,
        name: str,
        *,
        settings: Mapping[str, Any],
        scores: Mapping[str, str],
        lane: str = Lane.LONG,
        request: str | None = None,
    ) -> Job:
        """Queue a job with everything its worker needs to know.

        Parameters
        ----------
        kind, name, settings, scores
            What is to be done with which collection; the kind is a `JobKind`.
        lane
            The queue it waits in.
        request
            Names what is asked for. While a job of the same request waits or runs, that one is
            returned and nothing is queued: a unique index decides, whoever asks at once.
        """
        info, job_id = self.collection_info(name), uuid.uuid4().hex[:12]
        spec = {
            "job_id": job_id,
            "kind": kind,
            "collection": name,
            "collection_fp": info.fingerprint,
            "origin": info.origin,
            "version": info.version,
            "settings": dict(settings),
            "scores": dict(scores),
            "decisions": specified(self.decisions.state(name)),
            "earlier": self._earlier(name),
            "artefacts_root": str(self.artefacts.root),
        }
        values = (json.dumps(dict(settings)), json.dumps(spec), time.time(), lane, request)
        with self._db.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO job(id, kind, collection, status, settings, spec, "
                "created_at, lane, request) VALUES (?,?,?,?,?,?,?,?,?)",
                (job_id, JobKind(kind), name, JobState.QUEUED, *values),
            )
            found = db.execute(
                f"SELECT id FROM job WHERE id=? OR (request=? AND status IN ({marks(OPEN)}))",
                (job_id, request, *OPEN),
            ).fetchone()
        return self.job(found["id"])

    def jobs(self, name: str | None = None, kind: JobKind | None = None) -> list[Job]:
        """List jobs, newest first, of one collection and kind or of all."""
        found = self._db.rows(
            "SELECT * FROM job WHERE collection=IFNULL(?, collection) AND kind=IFNULL(?, kind) "
            "AND collection IN (SELECT name FROM collection WHERE binned_at IS NULL) "
            "ORDER BY number DESC",
            (name, kind),
        )
        return [self._job(row) for row in found]

    def job(self, job_id: str) -> Job:
        """Return one job.

        Raises
        ------
        NotFoundError
            If there is none of that id.
        """
        found = self._db.rows("SELECT * FROM job WHERE id=?", (job_id,))
        if not found:
            raise NotFoundError(
                f"There is no job {job_id!r} in {self.workspace}.",
                fix="List them with: python -m synthcur jobs",
            )
        return self._job(found[0])

    def active_jobs(self) -> list[Job]:
        """List jobs that wait or should have a living worker, in the order they are started."""
        found = self._db.rows(
            f"SELECT * FROM job WHERE status IN ({marks(OPEN)}) "
            "ORDER BY status=?, priority DESC, number",
            (*OPEN, JobState.QUEUED),
        )
        return [self._job(row) for row in found]

    def claim_job(self, job_id: str, *, places: int = 1) -> bool:
        """Move a job from queued to starting, into a free place of its lane.

        Returns
        -------
        bool
            False if it is no longer queued, or all places are taken: a unique index decides.
        """
        for place in range(places):
            now = time.time()
            try:
                with self._db.transaction() as db:
                    return move(
                        db,
                        job_id,
                        JobState.STARTING,
                        only_from=(JobState.QUEUED,),
                        at=now,
                        place=place,
                        started_at=now,
                    )
            except sqlite3.IntegrityError:
                continue
        return False

    def requeue_job(self, job_id: str) -> None:
        """Let a job that ended wait again.

        Raises
        ------
        ConflictError
            If it is in no state from which it can, or the same work waits or runs already; nothing
            is changed.
        """
        try:
            with self._db.transaction() as db:
                now = time.time()
                move(db, job_id, JobState.QUEUED, at=now, pid=None, identity="", eta_s=None)
        except sqlite3.IntegrityError as error:
            raise ConflictError(
                f"What job {self.job(job_id).number} does waits or runs already.",
                fix="Follow that job; nothing was changed.",
            ) from error

    def put_first(self, job_id: str) -> bool:
        """Let a waiting job start before all others that wait; False if it does not wait."""
        with self._db.transaction() as db:
            cursor = db.execute(
                "UPDATE job SET priority=1+(SELECT max(priority) FROM job WHERE status=:queued) "
                "WHERE id=:id AND status=:queued",
                {"id": job_id, "queued": JobState.QUEUED},
            )
            return cursor.rowcount == 1

    def set_worker(self, job_id: str, *, pid: int, identity: str) -> None:
        """Note the process that works on a job, unless the worker has said so itself."""
        with self._db.transaction() as db:
            db.execute(
                "UPDATE job SET pid=?, identity=? WHERE id=? AND pid IS NULL",
                (pid, identity, job_id),
            )

    def move_job(
        self,
        job_id: str,
        to: JobState,
        *,
        only_from: Sequence[JobState] = ANY,
        what: str = "",
        fix: str = "",
    ) -> bool:
        """Move a job to a state.

        Parameters
        ----------
        to
            The state.
        only_from
            States that the caller takes the job to be in.
        what, fix
            Why it ended, where there is something to say.

        Returns
        -------
        bool
            False if it is in no state of `only_from`: somebody was faster, and nothing is changed.

        Raises
        ------
        ConflictError
            If it cannot go from its state to that one, see `job_states.MOVES`; nothing is changed.
        """
        with self._db.transaction() as db:
            now = time.time()
            return move(db, job_id, to, only_from=only_from, at=now, what=what, fix=fix)

    def runs(self, job_id: str) -> list[Run]:
        """List the runs of a job in the order they started."""
        found = self._db.rows("SELECT * FROM run WHERE job_id=? ORDER BY rowid", (job_id,))
        return [read_run(row) for row in found]

    def forget_model(self, job_id: str, model: str) -> None:
        """Note that the folder of a run's model is gone."""
        with self._db.transaction() as db:
            db.execute("UPDATE run SET model=NULL WHERE job_id=? AND model=?", (job_id, model))

    def learning_runs(self, job_id: str) -> list[LearningRun]:
        """List the finished runs of a learning curve in the order they ended."""
        found = self._db.rows("SELECT * FROM learning_run WHERE job_id=? ORDER BY rowid", (job_id,))
        return [LearningRun(**dict(row)) for row in found]

    def metrics(self, job_id: str, *, after: int = 0) -> pd.DataFrame:
        """Return the metrics of a job with an id above `after`, in order."""
        columns = ("id", "arm", "seed", *METRICS)
        found = self._db.rows(
            f"SELECT {', '.join(columns)} FROM metric WHERE job_id=? AND id>? ORDER BY id",
            (job_id, after),
        )
        frame = pd.DataFrame([tuple(row) for row in found], columns=list(columns))
        return frame.astype(dict.fromkeys(METRICS[1:], "float64"))

    def last_metric(self, job_id: str) -> int:
        """Return the id of the newest metric of a job; 0 before the first."""
        found = self._db.rows("SELECT max(id) AS last FROM metric WHERE job_id=?", (job_id,))
        return found[0]["last"] or 0

    def ingest(self, job_id: str) -> None:
        """Take in what the job's worker has appended to its spool since the last time.

        The place read up to is kept in the same transaction as what was read, so a record is
        taken in once, however many processes call this.
        """
        folder = self._folder(job_id)
        with self._db.transaction() as db:
            row = db.execute("SELECT * FROM job WHERE id=?", (job_id,)).fetchone()
            records, offset = read_spool(folder / "spool.jsonl", row["spool_offset"])
            for record in records:
                take_in(db, row, record)
            if offset != row["spool_offset"]:
                db.execute("UPDATE job SET spool_offset=? WHERE id=?", (offset, job_id))

    def _find_collection(self, name: str) -> CollectionInfo | None:
        sql = "SELECT * FROM collection WHERE name=? AND binned_at IS NULL"
        found = self._db.rows(sql, (name,))
        return read_collection(found[0]) if found else None

    def _earlier(self, name: str) -> list[dict[str, Any]]:
        """List what was computed of any version, the latest first; a scoring starts from it."""
        found = self._db.rows(
            "SELECT fingerprint, artefacts FROM score WHERE collection=? ORDER BY created_at DESC",
            (name,),
        )
        return [
            {"collection_fp": row["fingerprint"], "scores": json.loads(row["artefacts"])}
            for row in found
        ]

    def _folder(self, job_id: str) -> Path:
        return self.workspace / "jobs" / job_id

    def _job(self, row: sqlite3.Row) -> Job:
        return read_job(row, self._folder(row["id"]))
