"""What benchmarks of many runs share: a file that keeps them, and processes side by side."""

import argparse
import json
import multiprocessing
import os
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from synthcur.environment import ENVIRONMENT
from synthcur.errors import InputError
from synthcur.jobs.job_queue import ALLOCATOR
from synthcur.settings import fingerprint

Work = Callable[..., tuple[list[dict[str, Any]], str]]
"""Does some runs in a process of its own; returns them and the true labels as a word."""

DIGITS = string.digits + string.ascii_lowercase
"""Label ids as characters, so that a run's predictions are one word of the file."""


def names(text: str) -> tuple[str, ...]:
    """Read words that commas part."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def parser(
    description: str, *, tasks: Sequence[str], arms: Sequence[str], seeds: int
) -> argparse.ArgumentParser:
    """Return a parser of the options that benchmarks of many runs share, with these defaults."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--data", type=Path, default=Path())
    made.add_argument("--tasks", type=names, default=tuple(tasks))
    made.add_argument("--arms", type=names, default=tuple(arms))
    made.add_argument("--seeds", type=int, default=seeds)
    made.add_argument("--pool", type=int, default=1000)
    made.add_argument("--test-rows", type=int, default=1000)
    made.add_argument("--jobs", type=int, default=1)
    made.add_argument("--table", action="store_true")
    made.add_argument("--out", type=Path, required=True)
    return made


def as_word(label_ids: np.ndarray) -> str:
    """Write label ids as a word."""
    return "".join(DIGITS[each] for each in label_ids)


def as_ids(word: str) -> np.ndarray:
    """Read what `as_word` wrote."""
    return np.array([DIGITS.index(each) for each in word])


def read(path: Path, shared: Mapping[str, Any]) -> dict[str, Any]:
    """Read the runs that are there, or begin a new file; one of another set-up is refused."""
    if not path.exists():
        return {"setup": dict(shared), "labels": {}, "runs": []}
    found = json.loads(path.read_text("utf-8"))
    if fingerprint(found["setup"]) != fingerprint(shared):
        raise SystemExit(f"{path} was made with {found['setup']}, not {shared}: name another file.")
    return found


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Put the runs into the file, a line each."""
    new = path.with_suffix(".new")
    runs = ",\n".join(json.dumps(run) for run in found["runs"])
    head = json.dumps({"setup": found["setup"], "labels": found["labels"]}, indent=1)
    new.write_text(f'{head[:-2]},\n "runs": [\n{runs}\n]}}\n', "utf-8")
    os.replace(new, path)


@contextmanager
def processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Start processes that share the cores; where the block fails, they begin nothing more."""
    for name, value in (ENVIRONMENT | ALLOCATOR).items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // jobs)))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def complete(
    found: dict[str, Any],
    path: Path,
    work: Work,
    todo: Iterable[Sequence[Any]],
    *,
    jobs: int,
    say: Callable[[Mapping[str, Any]], str],
) -> None:
    """Do the work for every tuple of arguments in `todo`, keeping and printing runs as they end.

    What cannot be done with the rows there are is told and left out.
    """
    todo = list(todo)
    if not todo:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with processes(jobs) as executor:
        waiting = [executor.submit(work, *arguments) for arguments in todo]
        for future in as_completed(waiting):
            try:
                runs, labels = future.result()
            except InputError as error:
                print(f"left out: {error}", flush=True)
                continue
            for run in runs:
                found["runs"].append(run)
                found["labels"][run["task"]] = labels
                print(say(run), flush=True)
            write(path, found)
