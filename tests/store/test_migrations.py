"""A workspace of an earlier format is brought up to date with everything that stood in it."""

import sqlite3
from pathlib import Path

import pytest

from synthcur.errors import ConflictError
from synthcur.review.decisions import Decision
from synthcur.store.database import MIGRATIONS, Database
from synthcur.store.store import Store

FORMAT = 6
"""The format in which a client's number named one decision of the whole workspace."""

DECISIONS = (
    # seq, collection, sample, annotator, action, undoes, client, number, batch
    (1, "a", "s1", "ana", "keep", None, "c", 1, None),
    (2, "a", "s1", "ana", "undo", 1, "c", 2, None),
    (3, "a", "s2", "ana", "discard", None, "c", 3, 3),
    (4, "a", "s3", "ana", "discard", None, "c/3", 1, 3),
    (7, "b", "s1", "ben", "edit", None, "file:0", 1, None),
)
LAST_PLACE = 9
"""Rows 8 and 9 are gone, and their places are never given again."""


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    path = tmp_path / "ws" / "synthcur.sqlite3"
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA foreign_keys=ON")
        for script in MIGRATIONS[:FORMAT]:
            db.executescript(script)
        db.execute(f"PRAGMA user_version={FORMAT}")
        for name in ("a", "b"):
            db.execute("INSERT INTO collection VALUES (?,?,'','{}','f','{}',0)", (name, name))
        for seq, name, sample, who, action, undoes, client, number, batch in DECISIONS:
            text = "new\u2028text" if action == "edit" else None
            db.execute(
                "INSERT INTO decision(seq, collection, sample_id, annotator, action, note, reason,"
                " queue, undoes, client_id, client_seq, created_at, text, batch)"
                " VALUES (?,?,?,?,?,'n','duplicate','map',?,?,?,1.5,?,?)",
                (seq, name, sample, who, action, undoes, client, number, text, batch),
            )
        db.execute("UPDATE sqlite_sequence SET seq=? WHERE name='decision'", (LAST_PLACE,))
    db.close()
    return path


def layout(path: Path) -> dict[str, str]:
    """Everything the file defines, by name, but for blanks and quotes."""
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL").fetchall()
    db.close()
    return {name: " ".join(sql.replace('"', "").split()) for name, sql in found}


def content(path: Path) -> list[tuple]:
    with sqlite3.connect(path) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(decision)")]
        found = db.execute(f"SELECT {', '.join(sorted(columns))} FROM decision ORDER BY seq")
        rows = found.fetchall()
    db.close()
    return rows


def test_every_row_of_the_log_keeps_its_place_and_what_it_takes_back(earlier):
    before = content(earlier)
    store = Store(earlier.parent)
    assert content(earlier) == before
    assert list(store.decisions.state("a").current) == ["s2", "s3"]
    assert store.decisions.state("b").texts == {"s1": "new\u2028text"}
    assert store.decisions.undo("a", annotator="ana", client_id="d", client_seq=1) is not None
    undone = store.decisions.log("a")[-2:]
    assert [(row.seq, row.undoes) for row in undone] == [(LAST_PLACE + 1, 3), (LAST_PLACE + 2, 4)]
    checks = ("PRAGMA foreign_key_check", "PRAGMA integrity_check")
    assert [[tuple(row) for row in store._db.rows(check)] for check in checks] == [[], [("ok",)]]
    store.close()


def test_the_log_is_then_one_table_with_its_indexes_and_a_reference_to_itself(earlier):
    before = layout(earlier)
    Store(earlier.parent).close()
    after = layout(earlier)
    assert before.keys() <= after.keys()
    assert not [name for name, sql in after.items() if "new_decision" in name + sql]
    assert "undoes INTEGER REFERENCES decision(seq)" in after["decision"]
    assert "UNIQUE(collection, annotator, client_id, client_seq)" in after["decision"]
    indexes = ("decision_of_sample", "decision_of_collection")
    assert [after[name] for name in indexes] == [before[name] for name in indexes]


def test_a_number_then_names_one_decision_of_a_person_in_a_collection(earlier):
    store = Store(earlier.parent)
    assert store.decisions.is_stored("b", "ben", "file:0", 1)
    assert not store.decisions.is_stored("a", "ben", "file:0", 1)
    same = Decision(sample_id="s1", action="keep", annotator="ben")
    assert store.decisions.append_batch("a", [same], "file:0", 1, expected=[2]) == LAST_PLACE + 1
    with pytest.raises(ConflictError, match="under the number of this one"):
        store.decisions.append_batch("b", [same], "file:0", 1, expected=[7])
    store.close()


def test_an_empty_log_is_brought_up_to_date_too(earlier):
    with sqlite3.connect(earlier) as db:
        db.execute("DELETE FROM decision")
        db.execute("DELETE FROM sqlite_sequence")
    db.close()
    store = Store(earlier.parent)
    first = Decision(sample_id="s1", action="keep", annotator="ben")
    assert store.decisions.append_batch("a", [first], "c", 1, expected=[0]) == 1
    store.close()


def test_an_undo_still_has_to_name_a_row_of_the_log(earlier):
    database = Database(earlier)
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as db:
        db.execute("UPDATE decision SET undoes=99 WHERE seq=2")
    database.close()


def test_one_that_is_stopped_on_the_way_leaves_the_file_as_it_was(earlier, monkeypatch):
    before = (content(earlier), layout(earlier))
    *rest, last = MIGRATIONS
    broken = f"{last}; SELECT * FROM no_such_table"
    monkeypatch.setattr("synthcur.store.database.MIGRATIONS", (*rest, broken))
    with pytest.raises(Exception, match="no_such_table"):
        Store(earlier.parent)
    assert (content(earlier), layout(earlier)) == before


def test_every_collection_becomes_its_first_version_and_keeps_its_scores(earlier):
    with sqlite3.connect(earlier) as db:
        db.execute("INSERT INTO score VALUES ('b', 'probe', '{\"quality\": \"q\"}', '{}', 2.5)")
        db.execute("INSERT INTO score VALUES ('b', 'average', '{}', '{}', 1.5)")
    db.close()
    store = Store(earlier.parent)
    (version,) = store.versions.all("b")
    assert (version.number, version.fingerprint, version.parent) == (1, "f", None)
    assert dict(version.change) == {"kind": "import"}
    assert {kind: dict(each.artefacts) for kind, each in store.scores("b").items()} == {
        "average": {},
        "probe": {"quality": "q"},
    }
    assert store.scores("a") == {}
    assert store.collection_info("a").version == 1
    store.close()
