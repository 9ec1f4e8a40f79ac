"""The part of the store that keeps the names people give to clusters, in place of their words.

A name belongs to one clustering: other embeddings make other clusters, which have no names yet.
"""

import time

from synthcur.errors import InputError
from synthcur.store.database import Database
from synthcur.store.ingest import add_event

CLUSTER_NAME_LENGTH = 60
"""Characters of the longest name of a cluster."""


class ClusterNames:
    """Names of the clusters of every collection of a workspace."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def given(self, name: str, clusters: str) -> dict[int, str]:
        """Return the names that people gave, by cluster.

        Parameters
        ----------
        name
            The collection.
        clusters
            Name of the artefact that holds its clusters.
        """
        found = self._db.rows(
            "SELECT cluster, name FROM cluster_name WHERE collection=? AND clusters=?"
            " ORDER BY cluster",
            (name, clusters),
        )
        return {row["cluster"]: row["name"] for row in found}

    def rename(self, name: str, clusters: str, cluster: int, new: str, *, annotator: str) -> None:
        """Give a cluster a name; the last one who does so is heard.

        Parameters
        ----------
        name, clusters
            See `given`.
        cluster
            Its number, from 0.
        new
            The name; an empty one takes the given name away.
        annotator
            Who gives it.

        Raises
        ------
        InputError
            If the name cannot be used, see `check_cluster_name`; nothing is changed.
        """
        new = check_cluster_name(new, cluster)
        key = name, clusters, cluster
        with self._db.transaction() as db:
            known = db.execute(
                "SELECT name FROM cluster_name WHERE collection=? AND clusters=? AND cluster=?", key
            ).fetchone()
            if new == (known["name"] if known else ""):
                return
            if new:
                row = (*key, new, annotator, time.time())
                db.execute("INSERT OR REPLACE INTO cluster_name VALUES (?,?,?,?,?,?)", row)
                add_event(db, name, f"Cluster {cluster + 1} named “{new}”")
            else:
                db.execute(
                    "DELETE FROM cluster_name WHERE collection=? AND clusters=? AND cluster=?", key
                )
                add_event(db, name, f"Cluster {cluster + 1} goes by its words again")


def check_cluster_name(name: str, cluster: int) -> str:
    """Return a name without outer blanks; an empty one stands for the cluster's words.

    Raises
    ------
    InputError
        If it is longer than `CLUSTER_NAME_LENGTH` or holds control characters or line breaks.
    """
    name = name.strip()
    if len(name) > CLUSTER_NAME_LENGTH or not name.isprintable():
        raise InputError(
            f"Cluster {cluster + 1} cannot take this name.",
            fix=f"Use 1 to {CLUSTER_NAME_LENGTH} printable characters in one line, or none to go "
            "back to its words.",
        )
    return name
