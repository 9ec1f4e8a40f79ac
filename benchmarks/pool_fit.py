"""Measure which share of a task's real rows each task's generated pool covers.

    python -m benchmarks.pool_fit --data DIR --tasks demo,a,b [--pool 1000] [--real 400]

Real rows below, pools across; on the diagonal stands the pool that was written for the task. It is
what `pool_coverage.LEAST_COVERED` was chosen by. The bundled encoder reads every text once; no
model is trained and no test row is read.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.tasks import find_task, sub_pool
from synthcur.checkers.pool_coverage import real_rows_covered
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.worker.scoring import embed


def table(sides: Sequence[tuple[np.ndarray, np.ndarray]], tasks: Sequence[str], real: int) -> str:
    """Write the share of every task's real rows, at most `real`, that every pool covers."""
    lines = [f"| real rows of | {' | '.join(tasks)} |", f"|{'---|' * (len(tasks) + 1)}"]
    for (own, _), task in zip(sides, tasks, strict=True):
        shares = [real_rows_covered(own[:real], pool).value for _, pool in sides]
        lines.append(f"| {task} | {' | '.join(f'{100 * share:.0f}' for share in shares)} |")
    return "\n".join(lines)


def main() -> None:
    """Embed every task and print the table."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        artefacts, spool = Artefacts(Path(folder) / "artefacts"), Spool(Path(folder) / "spool")
        sides = []
        for task in options.tasks:
            collection = sub_pool(find_task(options.data, task), options.pool)
            name = embed(collection, artefacts, spool)
            sides.append((artefacts.array(name, "real"), artefacts.array(name, "synthetic")))
    print(table(sides, options.tasks, options.real))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Share of real rows that each pool covers.")
    parser.add_argument("--data", type=Path, default=Path(), help="folder of the task folders")
    parser.add_argument("--tasks", type=lambda text: text.split(","), required=True)
    parser.add_argument("--pool", type=int, default=1_000, help="synthetic rows of a task, at most")
    parser.add_argument("--real", type=int, default=400, help="real rows of a task, at most")
    return parser.parse_args()


if __name__ == "__main__":
    main()
