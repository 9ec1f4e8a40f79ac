"""Measure how well "probably mislabelled" finds rows that are known to be wrong.

    python -m benchmarks.ranking [--data DIR] [--workspace DIR] [--checkers probe] [--pool N]

The demo has planted flaws; the task ``snips_intent`` of ``--data``, where it is given, has the rows
that its authors threw away. Every signal ranks the synthetic rows by how suspicious their own label
is; the consensus of both checkers is the order of the review queue, the others stand beside it.
Scores are computed into the workspace unless they are there or came with the demo. Prints a table
and, as the last line, the same as JSON.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.tasks import read_task, sub_pool
from synthcur import demo
from synthcur.errors import SynthcurError
from synthcur.schema import SYNTHETIC, Collection
from synthcur.settings import CHECKER_KINDS, ScoreSettings
from synthcur.stats.roc import precision_at, roc_auc_interval
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.weighting.rules import consensus
from synthcur.worker.scoring import read_checked, score
from synthcur.workspace import workspace_folder

PUBLISHED = "snips_intent"
WRONG_LABEL = "wrong_label"
SMALLEST = 1e-12


@dataclass(frozen=True)
class Question:
    """Which rows are looked for, and among which.

    Attributes
    ----------
    name, title
        For a program, and in words.
    positive
        Whether each synthetic row is looked for, (N,).
    among
        Whether each synthetic row counts at all, (N,); the positive ones do.
    """

    name: str
    title: str
    positive: np.ndarray
    among: np.ndarray


def planted(collection: Collection) -> list[Question]:
    """Ask for the demo's wrong labels, against all other rows and against rows without a flaw.

    Rows with another flaw (near_duplicate, mixed, vague, off_topic) are not wrong labels; some of
    them have no right label either, so the second question leaves them out.
    """
    flaw = provenance(collection)["flaw"]
    wrong = (flaw == WRONG_LABEL).fillna(False).to_numpy(dtype=bool)
    clean = flaw.isna().to_numpy()
    others = ", ".join(f"{kind} {n}" for kind, n in flaw[~wrong & ~clean].value_counts().items())
    return [
        Question(
            "wrong_label_among_all",
            f"wrong_label against all other rows (of them {others})",
            wrong,
            np.ones_like(wrong),
        ),
        Question(
            "wrong_label_among_clean",
            "wrong_label against rows without a flaw",
            wrong,
            wrong | clean,
        ),
    ]


def thrown_away(collection: Collection) -> list[Question]:
    """Ask for the rows that the authors' own check of validity threw away, against those kept."""
    dropped = (provenance(collection)["author_filter"] == "dropped").to_numpy(dtype=bool)
    title = "dropped by the authors, against kept"
    return [Question("dropped_among_all", title, dropped, np.ones_like(dropped))]


def provenance(collection: Collection) -> pd.DataFrame:
    """Provenance of the synthetic rows, in their order."""
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    return collection.provenance[is_synthetic].reset_index(drop=True)


def suspicion(
    collection: Collection, settings: ScoreSettings, artefacts: Artefacts
) -> dict[str, np.ndarray]:
    """Score the collection and rank its synthetic rows by each signal.

    Returns
    -------
    dict
        By signal: (N,), the larger the more suspicious.
    """
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool.jsonl")
        names = score(collection, settings, artefacts, spool)
        spool.close()
    quality, diversity = (read_checked(artefacts, names[r]) for r in ("quality", "diversity"))
    own = np.arange(len(collection.synthetic)), collection.label_ids(collection.synthetic)
    p, p_calibrated, q, q_out_of_fold = (
        np.log(np.maximum(probs[own].astype(np.float64), SMALLEST))
        for probs in (
            quality.synthetic,
            quality.calibrated,
            diversity.synthetic,
            diversity.out_of_fold,
        )
    )
    agreed = consensus(quality.calibrated, diversity.calibrated)[own]
    return {
        "consensus, the review queue": -agreed,
        "P′": -p,
        "P′, calibrated ensemble": -p_calibrated,
        "P′/Q, in-sample Q": q - p,
        "P′/Q, out-of-fold Q": q_out_of_fold - p,
        "Q alone, out of fold": -q_out_of_fold,
    }


def measure(question: Question, signals: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return AUC with interval and precision at the number of positives, by signal."""
    positive = question.positive[question.among]
    k = int(positive.sum())
    found = {}
    for name, values in signals.items():
        values = values[question.among]
        auc = asdict(roc_auc_interval(values, positive))
        found[name] = {**auc, "precision": precision_at(values, positive, k), "at": k}
    return found


def table(name: str, title: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    """Write one question's figures; the share of positives is what chance would give."""
    first = next(iter(found.values()))
    n, k = first["n_positive"] + first["n_negative"], first["n_positive"]
    lines = [
        f"{name}: {title}",
        f"{k:,} of {n:,} rows positive ({100 * k / n:.1f} %)",
        f"{'':26} {'AUC':>6}  95 % interval   precision@{k}",
    ]
    lines += [
        f"{signal:26} {row['value']:6.3f}  {row['low']:.3f} to {row['high']:.3f}  "
        f"{100 * row['precision']:6.1f} %"
        for signal, row in found.items()
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, score what is not scored, print."""
    parser = argparse.ArgumentParser(description="Measure how well suspicion finds wrong rows.")
    parser.add_argument("--data", type=Path, help=f"folder that holds the task {PUBLISHED}")
    parser.add_argument("--workspace", help="where scores are kept; default: ./workspace")
    parser.add_argument("--checkers", default="probe", choices=CHECKER_KINDS)
    parser.add_argument("--pool", type=int, help=f"synthetic rows of {PUBLISHED}; default: all")
    options = parser.parse_args(arguments)
    folder = workspace_folder(options.workspace) / "artefacts"
    artefacts = Artefacts(folder, shipped=(demo.ARTEFACTS,))
    settings = ScoreSettings(checkers=options.checkers)
    said: dict[str, Any] = {"checkers": options.checkers}
    try:
        asked = [(demo.load_demo(), planted)]
        if options.data:
            published = sub_pool(read_task(options.data / PUBLISHED), options.pool)
            asked.append((published, thrown_away))
        for collection, questions in asked:
            signals = suspicion(collection, settings, artefacts)
            said[collection.name] = {}
            for question in questions(collection):
                found = measure(question, signals)
                said[collection.name][question.name] = found
                print(table(collection.name, question.title, found), flush=True)
    except SynthcurError as error:
        sys.exit(str(error))
    print(json.dumps(said, ensure_ascii=False))


if __name__ == "__main__":
    main()
