"""Count what is lost when the server is killed under five annotators, a thousand times.

    python -m benchmarks.faults [--kills 1000] [--seed 0]
    python -m benchmarks.faults --jobs 30 [--seed 0]

The second kills the worker of a training job, its server, or both, twice a round at random
moments, lets the job go on, and compares its figures with those of an undisturbed one.

About a third of a second a kill. With no loss in n kills, the 95 % upper bound is about 3 / n a
kill. This is the death of a process; what a power cut does is another question.
"""

import argparse
import json
import tempfile
from pathlib import Path

from synthcur.evaluation import wilson_interval
from tests import killing
from tests.annotating import run
from tests.tiny import write_tiny_bert


def main() -> None:
    """Read the arguments, run, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, metavar="ROUNDS", help="kill jobs instead")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.jobs:
        with tempfile.TemporaryDirectory() as folder:
            model = str(write_tiny_bert(Path(folder) / "tiny"))
            print(
                json.dumps(killing.run(Path(folder), model, rounds=options.jobs, seed=options.seed))
            )
        return
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), kills=options.kills, seed=options.seed)
    low, high = wilson_interval(min(found["lost"], found["kills"]), found["kills"])
    print(json.dumps(found | {"lost_a_kill_low": low, "lost_a_kill_high": high}))


if __name__ == "__main__":
    main()
