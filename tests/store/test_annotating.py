"""Several annotators and a server that is killed: nothing acknowledged is lost, nothing doubled."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import faults
from harness.annotating import WRONG
from harness.house import ROOT


def annotate(folder: Path, *options: str) -> dict:
    """Run `harness.annotating` in a process of its own: it forks, which this one must not."""
    command = [sys.executable, "-m", "harness.annotating", str(folder), *options]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.real
def test_fifty_kills_lose_and_double_nothing_and_no_row_goes_to_two_people(tmp_path):
    found = annotate(tmp_path, "--kills", "50")
    assert found["acknowledged"] >= 100, found
    assert found["shared"] > 0, "rows of the overlap are decided by two"
    assert {name: found[name] for name in WRONG} == dict.fromkeys(WRONG, 0)


@pytest.mark.real
def test_acknowledging_before_the_commit_would_be_noticed(tmp_path):
    found = annotate(tmp_path, "--kills", "30", "--acknowledge-first")
    assert found["lost"] > 0, found
    assert found["errors"] == 0, "nothing else than the order is broken"


def test_the_parts_of_a_long_run_add_up_and_are_not_run_twice(tmp_path, monkeypatch):
    ran = []

    def run(folder, *, kills, seed, acknowledge_first):
        ran.append((kills, seed))
        return dict.fromkeys(WRONG, 0) | {"kills": kills, "seed": seed, "acknowledged": 10}

    monkeypatch.setattr(faults, "run", run)
    options = argparse.Namespace(
        kills=120, seed=2, acknowledge_first=False, folder=tmp_path, out=tmp_path / "out.jsonl"
    )
    found = faults.annotating(options)
    assert ran == [(50, 2000), (50, 2001), (20, 2002)]
    assert (found["kills"], found["acknowledged"], found["lost"]) == (120, 30, 0)
    assert 0 == found["lost_a_kill_low"] < found["lost_a_kill_high"] < 0.04
    assert faults.annotating(options) == found
    assert len(ran) == 3
