"""Count what is lost when the server is killed under five annotators, a thousand times.

    python -m benchmarks.faults [--kills 1000] [--seed 0] [--folder DIR] [--out faults.jsonl]
    python -m benchmarks.faults --kills 100 --acknowledge-first
    python -m benchmarks.faults --jobs 30 [--seed 0]

Fifty kills at a time in a workspace of their own, so that a server that lives half a second is not
busy reading a long log; each fifty is a line of ``--out``, and what is there is not run again. The
last line printed adds them up. It ends with 1 if anything was lost, doubled, decided by too many,
locked or damaged: see `WRONG`. ``--folder`` chooses the disk: on one in memory commits are a
hundred times faster, and as many more decisions fall between two kills.

The second breaks the order on purpose, the answer before the commit, and must end with 1.

The third kills the worker of a training job, its server, or both, twice a round at random
moments, lets the job go on, compares its figures with those of an undisturbed one, and ends with 1
if any of `harness.killing.WRONG` happened.

About half a second a kill. With no loss in n kills, the 95 % upper bound is about 3 / n a kill.
This is the death of a process; what a power cut does is another question.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import killing
from harness.annotating import WRONG, run
from harness.tiny import write_tiny_bert
from synthcur.stats.metrics import wilson_interval

AT_ONCE = 50


def parts(kills: int, seed: int) -> Iterator[tuple[int, int]]:
    """Divide the kills: how many in each workspace, and the seed there."""
    for number, done in enumerate(range(0, kills, AT_ONCE)):
        yield min(AT_ONCE, kills - done), 1_000 * seed + number


def kept(path: Path | None) -> dict[tuple[int, int, bool], dict[str, Any]]:
    """Return the parts that a file has, by kills, seed and order."""
    lines = path.read_text("utf-8").splitlines() if path and path.exists() else []
    found = [json.loads(line) for line in lines]
    return {(each["kills"], each["seed"], each["acknowledge_first"]): each for each in found}


def annotating(options: argparse.Namespace) -> dict[str, Any]:
    """Run the parts that are missing, keep and print each, and return their sum."""
    there, done = kept(options.out), []
    for kills, seed in parts(options.kills, options.seed):
        name = (kills, seed, options.acknowledge_first)
        if name not in there:
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                found = run(
                    Path(folder),
                    kills=kills,
                    seed=seed,
                    acknowledge_first=options.acknowledge_first,
                )
            there[name] = found | {"acknowledge_first": options.acknowledge_first}
            if options.out:
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(there[name]) + "\n")
        done.append(there[name])
        print(json.dumps(there[name]), flush=True)
    return total(done)


def total(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add the parts up, with the interval of kills that cost a decision.

    Of a part it is not known which of its kills cost one: as many as it may be are counted.
    """
    added: Counter[str] = Counter()
    for part in found:
        added.update({name: each for name, each in part.items() if name not in ("seed",)})
        added["costly"] += min(part["lost"], part["kills"])
    low, high = wilson_interval(added["costly"], added["kills"])
    del added["acknowledge_first"]
    return dict(added) | {"lost_a_kill_low": low, "lost_a_kill_high": high}


def main() -> None:
    """Read the arguments, run, print lines of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, metavar="ROUNDS", help="kill jobs instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where workspaces are made")
    parser.add_argument("--out", type=Path, help="keeps every fifty kills; goes on from there")
    parser.add_argument(
        "--acknowledge-first", action="store_true", help="break the order: must end with 1"
    )
    options = parser.parse_args()
    if options.jobs:
        with tempfile.TemporaryDirectory() as folder:
            model = str(write_tiny_bert(Path(folder) / "tiny"))
            found = killing.run(Path(folder), model, rounds=options.jobs, seed=options.seed)
        print(json.dumps(found))
        sys.exit(any(found[name] for name in killing.WRONG))
    found = annotating(options)
    print(json.dumps(found))
    sys.exit(any(found[name] for name in WRONG))


if __name__ == "__main__":
    main()
