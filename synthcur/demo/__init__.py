"""The collection that comes with the package: customer messages of a fictional shop.

All texts were written for this project. The column ``flaw`` of the synthetic rows is planted
ground truth, kept as provenance and read by no checker, weight or queue.
"""

import json
from pathlib import Path

from synthcur.data.loading import accept, build, read_table
from synthcur.schema import Collection
from synthcur.store.store import Store

NAME = "demo"
FOLDER = Path(__file__).parent
ARTEFACTS = FOLDER / "artefacts"
"""Results computed from the demo and shipped with it, found by their fingerprints."""

_FILES = {
    "synthetic": "synthetic.jsonl",
    "train": "real_train.jsonl",
    "validation": "real_validation.jsonl",
    "test": "real_test.jsonl",
}


def load_demo() -> Collection:
    """Read the bundled files through the same checks as everybody's."""
    tables = {part: read_table(FOLDER / file, file) for part, file in _FILES.items()}
    draft = build(
        NAME,
        tables,
        title="Larkfield demo",
        note="Customer messages of a fictional shop. All texts were written for this project; "
        "nobody’s real messages.",
        guidelines=json.loads((FOLDER / "guidelines.json").read_text("utf-8")),
    )
    return accept(draft, codes=())  # its flaws are planted for people to find


def shipped_scores() -> dict[str, dict]:
    """Return fingerprints and trust of the shipped results, by kind of checkers."""
    return json.loads((FOLDER / "scores.json").read_text("utf-8"))


def ensure(store: Store) -> None:
    """Put the demo with its shipped scores into a workspace that lacks either.

    An earlier version may have left it there with scores that are shipped no more; they are
    replaced. A user's own collection of that name is left alone.
    """
    known = {info.name: info for info in store.collections()}
    if NAME not in known:
        store.add_collection(load_demo())
    elif _are_there(store) or known[NAME].fingerprint != load_demo().fingerprint:
        return
    for checkers, found in shipped_scores().items():
        store.add_scores(
            NAME, checkers=checkers, artefacts=found["artefacts"], trust=found["trust"]
        )


def _are_there(store: Store) -> bool:
    names = [name for scores in store.scores(NAME).values() for name in scores.artefacts.values()]
    return all(store.artefacts.has(name) for name in names)
