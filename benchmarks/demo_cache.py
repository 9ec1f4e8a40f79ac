"""Recompute the results that are shipped with the demo.

    python -m benchmarks.demo_cache WORKSPACE

They save the first minute of a new user and are what ``score demo`` leaves in a fresh workspace,
nothing else; a test recomputes them and compares.
"""

import json
import shutil
import sys
from pathlib import Path

from synthcur import demo
from synthcur.jobs import job_queue
from synthcur.settings import ScoreSettings
from synthcur.store.store import Store


def main(workspace: Path) -> None:
    """Score the demo with the probe checkers and copy what that leaves behind."""
    store = Store(workspace)
    if not any(info.name == demo.NAME for info in store.collections()):
        store.add_collection(demo.load_demo())
    job_queue.wait(store, job_queue.submit_score(store, demo.NAME, ScoreSettings()).id)
    probe = store.scores(demo.NAME)["probe"]
    wanted = set(probe.artefacts.values())
    for fingerprint in wanted:
        made = store.artefacts.root / fingerprint
        if made.exists():  # otherwise what is shipped already was read
            shutil.copytree(made, demo.ARTEFACTS / fingerprint, dirs_exist_ok=True)
    for folder in demo.ARTEFACTS.iterdir():
        if folder.name not in wanted:
            shutil.rmtree(folder)
    index = {"probe": {"artefacts": dict(probe.artefacts), "trust": dict(probe.trust)}}
    (demo.FOLDER / "scores.json").write_text(json.dumps(index, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
