"""Several annotators and a server that is killed: nothing acknowledged is lost, nothing doubled."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def annotate(folder: Path, *options: str) -> dict:
    """Run `tests.annotating` in a process of its own: it forks, which this one must not."""
    command = [sys.executable, "-m", "tests.annotating", str(folder), *options]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.real
def test_fifty_kills_lose_and_double_nothing_and_no_row_goes_to_two_people(tmp_path):
    found = annotate(tmp_path, "--kills", "50")
    assert found["acknowledged"] > 500, found
    assert found["shared"] > 0, "rows of the overlap are decided by two"
    wrong = ("lost", "doubled", "by_too_many", "locked", "trouble", "damaged", "failed")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)


@pytest.mark.real
def test_acknowledging_before_the_commit_would_be_noticed(tmp_path):
    found = annotate(tmp_path, "--kills", "15", "--acknowledge-first")
    assert found["lost"] > 0, found
