"""Count what is lost when the server is killed under five annotators, a thousand times.

    python -m benchmarks.faults [--kills 1000] [--seed 0]

About a third of a second a kill. With no loss in n kills, the 95 % upper bound is about 3 / n a
kill. This is the death of a process; what a power cut does is another question.
"""

import argparse
import json
import tempfile
from pathlib import Path

from synthcur.evaluation import wilson_interval
from tests.annotating import run


def main() -> None:
    """Read the arguments, run, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), kills=options.kills, seed=options.seed)
    low, high = wilson_interval(min(found["lost"], found["kills"]), found["kills"])
    print(json.dumps(found | {"lost_a_kill_low": low, "lost_a_kill_high": high}))


if __name__ == "__main__":
    main()
