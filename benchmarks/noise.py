"""Plant wrong labels in pools, and see what the label model makes of them (arm ``label_model``).

    python -m benchmarks.noise --data DIR --tasks demo,a,b [--pool 1000] [--shares 0,0.2,0.4,0.7]

Of every pool a share of the labels is replaced by another one at random; "cycled" replaces each by
the next, as a pool made for another set of labels would. Printed for each: the estimated share of
wrong labels, how far each checker is believed, and of how many rows the original label is the one
a row came with, the likeliest target, the calibrated P' and the consensus of both checkers.
An original label may itself be wrong, so a perfect method does not reach 100. Probe checkers; no
model is trained and no test row is read.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import resumable
from benchmarks.tasks import find_task, sub_pool
from synthcur import demo
from synthcur.arms import ARMS
from synthcur.schema import SYNTHETIC, Collection
from synthcur.settings import ScoreSettings
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.training.label_model import fit_powers, join, share_wrong
from synthcur.training.pools import Pool, read_pool
from synthcur.training.training_sets import rows_of
from synthcur.weighting.rules import consensus
from synthcur.worker.scoring import check

ARM = ARMS["witnesses"]


def relabelled(collection: Collection, labels: np.ndarray) -> Collection:
    """Give the synthetic rows other labels (N,), as ids."""
    rows = collection.rows.copy()
    names = np.asarray(collection.labels, dtype=object)[labels]
    rows.loc[rows["source"] == SYNTHETIC, "label"] = names
    return replace(collection, rows=rows)


def planted(labels: np.ndarray, n_labels: int, share: float, *, seed: int = 0) -> np.ndarray:
    """Replace about `share` of the labels (N,) by any of the others."""
    random = np.random.default_rng(seed)
    steps = random.integers(1, n_labels, size=len(labels))
    return np.where(random.random(len(labels)) < share, (labels + steps) % n_labels, labels)


def line(name: str, pool: Pool, original: np.ndarray, kind: str) -> str:
    """Write what the label model makes of a pool as a row of a Markdown table."""
    on_real = [pool.real_quality_probs, pool.real_diversity_probs]
    of_pool = [pool.calibrated_probs, pool.out_of_fold_probs]
    assert all(each is not None for each in (*on_real, *of_pool))
    powers = fit_powers(on_real, pool.real.labels)  # type: ignore[arg-type]
    wrong = share_wrong(join(of_pool, powers), pool.synthetic.labels)  # type: ignore[arg-type]
    targets = rows_of(ARM, pool).targets
    assert targets is not None
    said = (targets[: len(original)], of_pool[0], consensus(*of_pool))  # type: ignore[misc]
    right = [(each.argmax(axis=1) == original).mean() for each in said]  # type: ignore[union-attr]
    came = (pool.synthetic.labels == original).mean()
    cells = [name, kind, f"{1 - came:.3f}", f"{wrong:.3f}", f"{powers[0]:.2f}, {powers[1]:.2f}"]
    return f"| {' | '.join([*cells, *(f'{100 * each:.1f}' for each in (came, *right))])} |"


def main() -> None:
    """Print the table."""
    options = _options()
    print(
        "| task | planted | share | estimated | powers of P′, Q | label | target | P′ | consensus |"
    )
    print(f"|{'---|' * 9}")
    with tempfile.TemporaryDirectory() as folder:
        artefacts, spool = Artefacts(Path(folder) / "artefacts"), Spool(Path(folder) / "spool")
        for task in options.tasks:
            whole = find_task(options.data, task)
            clean = sub_pool(whole, options.pool)
            original, n_labels = clean.label_ids(clean.synthetic), len(clean.labels)
            pools = {f"{share:.0%}": planted(original, n_labels, share) for share in options.shares}
            for kind, labels in {**pools, "cycled": (original + 1) % n_labels}.items():
                collection = relabelled(clean, labels)
                names = check(collection, ScoreSettings(), artefacts, spool)
                pool = read_pool(collection, [], [ARM], names, artefacts)
                print(line(task, pool, original, kind), flush=True)


def _numbers(text: str) -> list[float]:
    return [float(each) for each in resumable.names(text)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Plant wrong labels and see them found.")
    parser.add_argument("--data", type=Path, default=Path())
    parser.add_argument("--tasks", type=resumable.names, default=[demo.NAME])
    parser.add_argument("--pool", type=int, default=1000)
    parser.add_argument("--shares", type=_numbers, default=[0.0, 0.2, 0.4, 0.7])
    return parser.parse_args()


if __name__ == "__main__":
    main()
