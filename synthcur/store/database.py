"""The SQLite file of a workspace: one guarded connection, numbered migrations, safe pragmas.

SQLite up to 3.51.2 can damage a database in WAL mode when two connections write or checkpoint at
the same instant (fixed in 3.51.3, backported to 3.50.7 and 3.44.6). Where the linked library is
affected the rollback journal is used instead. Both run with ``synchronous=FULL``, so that a
commit that was acknowledged is on the disk.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from synthcur.errors import ConflictError, InputError, StoreError
from synthcur.files import make_folder

BUSY_SECONDS = 20.0

DATABASE = "synthcur.sqlite3"
"""Name of the file in a workspace."""

RESULTS = ("artefacts", "jobs")
"""Folders beside the file whose content nothing but the file tells the meaning of."""

_DAMAGED = ("could not decode", "no such table", "no such column", "malformed", "has no column")
"""How SQLite's messages begin, or what they hold, where a file is not what it was."""

MIGRATIONS = (
    """
    CREATE TABLE collection(
        name TEXT PRIMARY KEY, title TEXT NOT NULL, note TEXT NOT NULL, guidelines TEXT NOT NULL,
        fingerprint TEXT NOT NULL, counts TEXT NOT NULL, created_at REAL NOT NULL);
    CREATE TABLE score(
        collection TEXT NOT NULL REFERENCES collection(name), checkers TEXT NOT NULL,
        artefacts TEXT NOT NULL, trust TEXT NOT NULL, created_at REAL NOT NULL,
        PRIMARY KEY(collection, checkers));
    CREATE TABLE scheme(
        collection TEXT NOT NULL REFERENCES collection(name), name TEXT NOT NULL,
        settings TEXT NOT NULL, created_at REAL NOT NULL, PRIMARY KEY(collection, name));
    CREATE TABLE decision(
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        collection TEXT NOT NULL REFERENCES collection(name), sample_id TEXT NOT NULL,
        annotator TEXT NOT NULL, action TEXT NOT NULL, label TEXT, note TEXT NOT NULL,
        reason TEXT NOT NULL, queue TEXT NOT NULL, undoes INTEGER REFERENCES decision(seq),
        client_id TEXT NOT NULL, client_seq INTEGER NOT NULL, created_at REAL NOT NULL,
        UNIQUE(client_id, client_seq));
    CREATE INDEX decision_of_sample ON decision(collection, sample_id, seq);
    CREATE TABLE job(
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        collection TEXT NOT NULL REFERENCES collection(name), status TEXT NOT NULL,
        settings TEXT NOT NULL, spec TEXT NOT NULL, created_at REAL NOT NULL, started_at REAL,
        ended_at REAL, pid INTEGER, identity TEXT NOT NULL DEFAULT '',
        spool_offset INTEGER NOT NULL DEFAULT 0, phase TEXT NOT NULL DEFAULT '',
        phase_title TEXT NOT NULL DEFAULT '', done REAL, total REAL, eta_s REAL,
        what TEXT NOT NULL DEFAULT '', fix TEXT NOT NULL DEFAULT '');
    CREATE UNIQUE INDEX one_active_job_of_a_kind ON job(kind)
        WHERE status IN ('starting', 'running', 'cancelling');
    CREATE TABLE run(
        job_id TEXT NOT NULL REFERENCES job(id), arm TEXT NOT NULL, seed INTEGER NOT NULL,
        status TEXT NOT NULL, steps INTEGER, accuracy REAL, macro_f1 REAL, val_accuracy REAL,
        best_epoch REAL, predictions TEXT, model TEXT, seconds REAL, samples_per_s REAL,
        rows INTEGER, PRIMARY KEY(job_id, arm, seed));
    CREATE TABLE metric(
        id INTEGER PRIMARY KEY, job_id TEXT NOT NULL REFERENCES job(id), arm TEXT NOT NULL,
        seed INTEGER NOT NULL, step INTEGER NOT NULL, epoch REAL NOT NULL, loss REAL,
        samples_per_s REAL, val_accuracy REAL, val_macro_f1 REAL, ess REAL);
    CREATE INDEX metric_of_job ON metric(job_id, id);
    CREATE TABLE event(
        id INTEGER PRIMARY KEY, collection TEXT NOT NULL, at REAL NOT NULL, text TEXT NOT NULL);
    """,
    # Checkers say more than they did: what the earlier ones said is computed again when asked for.
    """
    DELETE FROM score;
    ALTER TABLE run ADD COLUMN dynamics TEXT;
    """,
    # Runs of learning curves: one per arm, seed and number of real rows.
    """
    CREATE TABLE learning_run(
        job_id TEXT NOT NULL REFERENCES job(id), arm TEXT NOT NULL, seed INTEGER NOT NULL,
        n_real INTEGER NOT NULL, accuracy REAL, macro_f1 REAL, val_accuracy REAL,
        quality_accuracy REAL, predictions TEXT, seconds REAL, rows INTEGER,
        PRIMARY KEY(job_id, n_real, arm, seed));
    """,
    # Several people at one bench: who has which row before them, and how many rows two people see.
    """
    ALTER TABLE decision ADD COLUMN text TEXT;
    ALTER TABLE decision ADD COLUMN batch INTEGER;
    CREATE INDEX decision_of_collection ON decision(collection, seq);
    CREATE TABLE lease(
        collection TEXT NOT NULL REFERENCES collection(name), sample_id TEXT NOT NULL,
        annotator TEXT NOT NULL, until REAL NOT NULL,
        PRIMARY KEY(collection, sample_id, annotator));
    CREATE TABLE bench(
        collection TEXT PRIMARY KEY REFERENCES collection(name), overlap REAL NOT NULL);
    """,
    # Jobs have an order, a place of their lane and, while they wait or run, a request of their own.
    """
    DROP INDEX one_active_job_of_a_kind;
    ALTER TABLE job ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job ADD COLUMN lane TEXT NOT NULL DEFAULT 'long';
    ALTER TABLE job ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job ADD COLUMN request TEXT;
    UPDATE job SET lane='short' WHERE kind='score';
    UPDATE job SET lane=kind WHERE status IN ('starting', 'running', 'cancelling');
    CREATE UNIQUE INDEX one_job_in_a_place ON job(lane, place)
        WHERE status IN ('starting', 'running', 'cancelling');
    CREATE UNIQUE INDEX one_job_of_a_request ON job(request)
        WHERE status IN ('queued', 'starting', 'running', 'cancelling');
    CREATE INDEX metric_of_run ON metric(job_id, arm, seed, step);
    """,
    # What people call things: rows by tags, clusters by names in place of their words.
    """
    CREATE TABLE tag(
        collection TEXT NOT NULL REFERENCES collection(name), sample_id TEXT NOT NULL,
        tag TEXT NOT NULL, annotator TEXT NOT NULL, created_at REAL NOT NULL,
        PRIMARY KEY(collection, tag, sample_id));
    CREATE TABLE cluster_name(
        collection TEXT NOT NULL REFERENCES collection(name), clusters TEXT NOT NULL,
        cluster INTEGER NOT NULL, name TEXT NOT NULL, annotator TEXT NOT NULL,
        created_at REAL NOT NULL, PRIMARY KEY(collection, clusters, cluster));
    """,
    # What an import said beside its rows; earlier ones keep it with the rows, where it is NULL.
    "ALTER TABLE collection ADD COLUMN origin TEXT",
    # A client's number names a decision within a collection and of one annotator only. A table
    # cannot be given another UNIQUE, so it is made anew; what it says of itself follows its name.
    """
    PRAGMA defer_foreign_keys=ON;
    CREATE TABLE new_decision(
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        collection TEXT NOT NULL REFERENCES collection(name), sample_id TEXT NOT NULL,
        annotator TEXT NOT NULL, action TEXT NOT NULL, label TEXT, note TEXT NOT NULL,
        reason TEXT NOT NULL, queue TEXT NOT NULL, undoes INTEGER REFERENCES new_decision(seq),
        client_id TEXT NOT NULL, client_seq INTEGER NOT NULL, created_at REAL NOT NULL,
        text TEXT, batch INTEGER,
        UNIQUE(collection, annotator, client_id, client_seq));
    INSERT INTO new_decision(seq, collection, sample_id, annotator, action, label, note, reason,
        queue, undoes, client_id, client_seq, created_at, text, batch)
        SELECT seq, collection, sample_id, annotator, action, label, note, reason, queue, undoes,
        client_id, client_seq, created_at, text, batch FROM decision ORDER BY seq;
    DELETE FROM sqlite_sequence WHERE name='new_decision';
    INSERT INTO sqlite_sequence(name, seq)
        SELECT 'new_decision', seq FROM sqlite_sequence WHERE name='decision';
    DROP TABLE decision;
    ALTER TABLE new_decision RENAME TO decision;
    CREATE INDEX decision_of_sample ON decision(collection, sample_id, seq);
    CREATE INDEX decision_of_collection ON decision(collection, seq);
    """,
    # How far a run has learned its rows, what chose its checkpoint, and the recipe a job has found.
    """
    ALTER TABLE job ADD COLUMN recipe TEXT;
    ALTER TABLE run ADD COLUMN val_log_loss REAL;
    ALTER TABLE run ADD COLUMN learned REAL;
    ALTER TABLE metric ADD COLUMN val_log_loss REAL;
    ALTER TABLE metric ADD COLUMN learned REAL;
    ALTER TABLE learning_run ADD COLUMN val_log_loss REAL;
    ALTER TABLE learning_run ADD COLUMN learned REAL;
    ALTER TABLE learning_run ADD COLUMN unfinished TEXT;
    """,
    # Collections grow by versions, of which one is open; what is computed hangs on the content of
    # one. The bin keeps what was deleted. `unlabelled` is for a fourth part that none has yet.
    """
    CREATE TABLE version(
        collection TEXT NOT NULL REFERENCES collection(name), number INTEGER NOT NULL,
        parent INTEGER, fingerprint TEXT NOT NULL, origin TEXT, unlabelled TEXT,
        counts TEXT NOT NULL, created_at REAL NOT NULL, annotator TEXT NOT NULL,
        what TEXT NOT NULL, change TEXT NOT NULL, aliases TEXT NOT NULL,
        PRIMARY KEY(collection, number));
    INSERT INTO version(collection, number, fingerprint, origin, counts, created_at, annotator,
        what, change, aliases)
        SELECT name, 1, fingerprint, origin, counts, created_at, '', 'Imported',
        '{"kind": "import"}', '{}' FROM collection;
    ALTER TABLE collection ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE collection ADD COLUMN binned_at REAL;
    ALTER TABLE collection ADD COLUMN binned_name TEXT;
    ALTER TABLE collection ADD COLUMN erasures INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE collection ADD COLUMN unfinished TEXT;
    CREATE TABLE new_score(
        collection TEXT NOT NULL REFERENCES collection(name), fingerprint TEXT NOT NULL,
        checkers TEXT NOT NULL, artefacts TEXT NOT NULL, trust TEXT NOT NULL,
        created_at REAL NOT NULL, PRIMARY KEY(collection, fingerprint, checkers));
    INSERT INTO new_score
        SELECT s.collection, c.fingerprint, s.checkers, s.artefacts, s.trust, s.created_at
        FROM score s JOIN collection c ON c.name = s.collection ORDER BY s.rowid;
    DROP TABLE score;
    ALTER TABLE new_score RENAME TO score;
    ALTER TABLE event ADD COLUMN annotator TEXT NOT NULL DEFAULT '';
    """,
)
"""Each script takes the database from version i to i + 1; a script is never changed."""


def is_wal_safe(version: tuple[int, int, int]) -> bool:
    """Whether that SQLite release may use write-ahead logging with several connections."""
    if version >= (3, 51, 3):
        return True
    return (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)


def sqlite_in_words() -> str:
    """Say which SQLite is there and how it keeps what is being written."""
    is_safe = is_wal_safe(sqlite3.sqlite_version_info)
    return f"{sqlite3.sqlite_version}, {'write-ahead log' if is_safe else 'rollback journal'}"


class BrokenRuleError(ConflictError, sqlite3.IntegrityError):
    """The file's own rules refused a change: what it names is gone, or is there already."""


class Database:
    """One connection to the workspace's SQLite file, safe to share between threads.

    Raises
    ------
    StoreError
        If the folder cannot be written, the file is no healthy database, it was written by a
        later release of synthcur, or it holds nothing although results stand beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._was_opened = False
        with self._errors_in_words():
            make_folder(self.path.parent, mode=0o700)
            # Looked at first: whoever has written results has written the database before.
            beside = self._results_beside()
            if beside and not (self.path.exists() and self.path.stat().st_size):
                raise self._lost(beside)
            self._connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._prepare()
        self._was_opened = True

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run one reading statement and return its rows."""
        with self.reading() as connection:
            return connection.execute(sql, parameters).fetchall()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for statements that change nothing."""
        with self._lock, self._errors_in_words():
            yield self._connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock of the file; commit on leaving, roll back on any error."""
        with self._lock, self._errors_in_words():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def require_writable(self) -> None:
        """Write to the file what it holds already.

        Raises
        ------
        StoreError
            If it cannot be written: one on a read-only disk opens all the same.
        """
        with self.transaction() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute(f"PRAGMA user_version={version}")

    def _results_beside(self) -> list[str]:
        """Name the folders of `RESULTS` that hold something."""
        folders = (self.path.parent / name for name in RESULTS)
        return [
            folder.name
            for folder in folders
            if folder.is_dir() and any(not each.name.startswith(".") for each in folder.iterdir())
        ]

    def _lost(self, beside: Sequence[str]) -> StoreError:
        is_there, folders = self.path.exists(), " and ".join(beside)
        return StoreError(
            f"The database {self.path} is {'empty' if is_there else 'missing'}, and beside it "
            f"{folders} hold results of collections and decisions that only it knew.",
            fix=f"Put a copy of it back. To start anew, move {folders} out of the folder, or "
            "choose another with --workspace; nothing was changed.",
        )

    def _prepare(self) -> None:
        if not self._connection.execute("PRAGMA user_version").fetchone()[0] and (
            beside := self._results_beside()
        ):
            # What has tables of others or none is as good as empty, whatever its length.
            raise self._lost(beside)
        mode = "WAL" if is_wal_safe(sqlite3.sqlite_version_info) else "DELETE"
        self._connection.execute(f"PRAGMA journal_mode={mode}")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        verdict = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise self._damaged(verdict)
        self._migrate()
        if missing := sorted(_expected_columns() - _columns(self._connection)):
            raise self._damaged(f"it lacks {', '.join(map('.'.join, missing[:3]))}")

    def _damaged(self, how: str) -> StoreError:
        return StoreError(
            f"{self.path} is not a readable database, it is damaged: {how}.",
            fix="Move the file aside and restore a copy; nothing was changed.",
        )

    def _migrate(self) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise StoreError(
                    f"The workspace {self.path.parent} has format {version}; this release of "
                    f"synthcur reads up to {len(MIGRATIONS)}.",
                    fix="Open it with the newer release, or choose another workspace.",
                )
            for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
                for statement in filter(str.strip, script.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            raise InputError(
                f"A text to be stored holds half a character, {error.object[error.start]!a}.",
                fix="Nothing was saved. Write the whole character, or leave it out.",
            ) from error
        except sqlite3.IntegrityError as error:
            raise BrokenRuleError(
                f"The workspace {self.path.parent} refused the change: {error}.",
                fix="Nothing was saved: what it names is gone, or is there already. Look again.",
            ) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise self._in_words(error) from error
        except OSError as error:
            raise unusable_folder(self.path.parent, error) from error

    def _in_words(self, error: sqlite3.DatabaseError | UnicodeDecodeError) -> StoreError:
        """Say what ails the file. SQLite's own messages of damage need not be text."""
        folder, said = self.path.parent, str(error)
        reason = getattr(error, "sqlite_errorname", "")
        is_damaged = isinstance(error, UnicodeDecodeError) or any(
            each in said.lower() for each in _DAMAGED
        )
        if self._was_opened and not self.path.exists():
            return StoreError(
                f"The workspace {folder} is no longer there: it was moved or deleted.",
                fix="Nothing was saved. Put it back and start synthcur again.",
            )
        if is_damaged or not isinstance(error, sqlite3.OperationalError):
            return self._damaged(said)
        causes = {
            "SQLITE_READONLY": ("can only be read", "Make its disk and folder writable"),
            "SQLITE_FULL": ("is on a full disk", "Free some space"),
            "SQLITE_BUSY": ("is held by another program", "Close what else has it open"),
        }
        for begin, (what, fix) in causes.items():
            if reason.startswith(begin):
                return StoreError(
                    f"The workspace {folder} {what} ({said}).",
                    fix=f"Nothing was saved. {fix}, then try again.",
                )
        return StoreError(
            f"The workspace {folder} could not be read or written: {said}.",
            fix="Nothing was saved. Check the disk space and that the folder is writable, "
            "then try again.",
        )


def _columns(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return every table of a database with each of its columns."""
    found = connection.execute(
        "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p "
        "WHERE m.type='table'"
    )
    return {(table, column) for table, column in found}


@cache
def _expected_columns() -> frozenset[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(";".join(MIGRATIONS))
        return frozenset(_columns(fresh))


def unusable_folder(folder: Path, error: OSError) -> StoreError:
    """Return the error for a workspace folder that the system refuses."""
    return StoreError(
        f"The workspace folder {folder} cannot be used: {error.strerror or error}.",
        fix="Choose a folder you can write to with --workspace or SYNTHCUR_WORKSPACE.",
    )
