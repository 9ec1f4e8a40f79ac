"""What benchmarks of many runs share: a file that keeps them, and processes side by side.

Runs look like those of `benchmarks.evidence`, which writes the same file.
"""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmarks import evidence
from synthcur.jobs import ALLOCATOR
from synthcur.pipeline import ENVIRONMENT
from synthcur.settings import fingerprint

Work = Callable[..., tuple[list[dict[str, Any]], str]]
"""Does some runs in a process of its own; returns them and the true labels as a word."""


def read(path: Path, shared: Mapping[str, Any]) -> dict[str, Any]:
    """Read the runs that are there, or begin a new file; one of another set-up is refused."""
    if not path.exists():
        return {"setup": dict(shared), "labels": {}, "runs": []}
    found = json.loads(path.read_text("utf-8"))
    if fingerprint(found["setup"]) != fingerprint(shared):
        raise SystemExit(f"{path} was made with {found['setup']}, not {shared}: name another file.")
    return found


def complete(
    found: dict[str, Any],
    path: Path,
    work: Work,
    todo: Iterable[Sequence[Any]],
    *,
    jobs: int,
    say: Callable[[Mapping[str, Any]], str],
) -> None:
    """Do the work for every tuple of arguments in `todo`, keeping and printing runs as they end."""
    todo = list(todo)
    if not todo:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    for name, value in (ENVIRONMENT | ALLOCATOR).items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // jobs)))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as executor:
        waiting = [executor.submit(work, *arguments) for arguments in todo]
        for future in as_completed(waiting):
            runs, labels = future.result()
            for run in runs:
                found["runs"].append(run)
                found["labels"][run["task"]] = labels
                print(say(run), flush=True)
            evidence._write(path, found)
