"""What ``results --json`` answers, down to the last key: other programs read it."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from synthcur.__main__ import main
from tests.results.test_comparison import ALL_RIGHT, FOUR_WRONG, IMP, add_runs
from tests.results.test_comparison_learning import DONE, ONE_LABEL, SLOW

ANSWER = Path(__file__).parent / "answer.json"
"""What it printed when ``results`` still returned dictionaries."""


@pytest.fixture
def every_case(fill, small_collection, monkeypatch):
    """A job with an arm of each kind: better, no evidence, idle, still learning, below a probe."""
    monkeypatch.setattr("synthcur.store.store.uuid.uuid4", lambda: UUID(int=7 << 96))
    store = fill(small_collection)
    predicted = {
        "ce": FOUR_WRONG,
        "imp": ALL_RIGHT,
        "dimp": ALL_RIGHT[:1],
        "p_only": ONE_LABEL,
        "probe_both": IMP,
    }
    learned = {**DONE, "macro_f1": 0.65, "best_epoch": 2, "seconds": 1.5, "samples_per_s": 80.0}
    told = {"ce": {**learned, "val_log_loss": 0.9, "model": "models/ce-0"}, "dimp": SLOW}
    validation = {"ce": 0.5, "probe_both": 0.95}
    add_runs(store, small_collection, predicted, steps=200, told=told, validation=validation)
    return store


def test_the_answer_has_the_keys_and_values_it_had(every_case, capsys):
    assert main(["results", "small", "--json", f"--workspace={every_case.workspace}"]) == 0
    said = capsys.readouterr().out
    read = [json.loads(text, parse_float=rounded) for text in (said, ANSWER.read_text("utf-8"))]
    # Compared as text, for the order of the keys belongs to the answer too.
    assert json.dumps(read[0], indent=1) == json.dumps(read[1], indent=1)


def rounded(text):
    return round(float(text), 9)
