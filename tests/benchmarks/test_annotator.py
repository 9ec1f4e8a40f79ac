"""The benchmarks of review and of real rows: what is decided, counted, and left to do."""

import numpy as np
import pytest

from benchmarks import annotator, evidence, real_rows, resumable
from synthcur import demo
from synthcur.review.decisions import effective_collection
from synthcur.settings import FitSettings
from synthcur.training.learning_curve import LearningCurveSettings


@pytest.fixture(scope="module")
def shop():
    return demo.load_demo()


def test_the_annotator_discards_what_is_wrong_and_keeps_copies_and_clean_rows(shop):
    flaw = annotator.provenance(shop)["flaw"]
    rows = [int(np.flatnonzero(flaw == kind)[0]) for kind in (*annotator.DISCARDED,)]
    rows += [int(np.flatnonzero(flaw == "near_duplicate")[0]), int(np.flatnonzero(flaw.isna())[0])]
    left = effective_collection(shop, annotator.decisions(shop, rows))
    gone = set(shop.synthetic["sample_id"]) - set(left.synthetic["sample_id"])
    assert gone == set(shop.synthetic["sample_id"][rows[:4]])
    assert annotator.found_flaws(shop, rows) == dict.fromkeys(annotator.DISCARDED, 1)


def test_the_whole_order_continues_that_of_the_queue_and_finds_wrong_labels_early(shop, tmp_path):
    agreed = annotator.agreement(shop, tmp_path)
    order = annotator.whole_order(shop, agreed)
    assert sorted(order) == list(range(len(shop.synthetic)))
    wrong = (annotator.provenance(shop)["flaw"] == "wrong_label").to_numpy()
    assert annotator.rows_until(wrong[order], 0.9) < 200
    assert annotator.search(shop, order).endswith("to 1,694)")


def test_rows_until_are_counted_and_expected_as_worked_out_by_hand():
    found = np.array([False, True, False, True, True, False])
    assert [annotator.rows_until(found, share) for share in (0.3, 0.5, 1.0)] == [2, 4, 5]
    # Of all places of 2 among 4 rows the later one is 2, 3, 3, 4, 4, 4.
    assert annotator.expected_rows_until(4, 2, 1.0) == pytest.approx(20 / 6)
    orders = [annotator.random_order(40, seed) < 10 for seed in range(2000)]
    mean = np.mean([annotator.rows_until(each, 0.9) for each in orders])
    assert mean == pytest.approx(annotator.expected_rows_until(40, 10, 0.9), rel=0.01)


TRUTH = np.arange(200) % 3


def run(way: str, seed: int, right: float) -> dict:
    said = np.where(np.arange(200) < right * 200, TRUTH, (TRUTH + 1) % 3)
    found = dict.fromkeys(annotator.DISCARDED, 0 if way == "before" else 5 + seed)
    word = resumable.as_word(said)
    where = {"task": "demo", "arm": "ce", "way": way, "seed": seed}
    return {**where, "predictions": word, "reviewed": 150, "found": found}


def test_the_table_holds_means_flaws_found_and_paired_differences():
    runs = [
        run(way, seed, right)
        for seed in range(2)
        for way, right in (("before", 0.7), ("queue", 0.8), ("random", 0.71))
    ]
    found = {"labels": {"demo": resumable.as_word(TRUTH)}, "runs": runs}
    text = annotator.table(found)
    assert "| ce | before review | 70.0 [" in text
    assert "| 2 | 150 | 22 (5.5, 5.5, 5.5, 5.5) |" in text
    assert "- after the queue minus before review: +10.0 [" in text
    assert "- after the queue minus after random rows: +9.0 [" in text


def test_a_file_of_another_set_up_is_refused(tmp_path):
    path = tmp_path / "runs.json"
    resumable.write(path, resumable.read(path, {"rows": 150}))
    assert resumable.read(path, {"rows": 150})["runs"] == []
    with pytest.raises(SystemExit, match="name another file"):
        resumable.read(path, {"rows": 20})


def test_sizes_without_rows_are_left_out_and_only_missing_arms_are_run(
    small_collection, tmp_path, monkeypatch
):
    setup = evidence.Setup(tmp_path, 40, 12, FitSettings(), tmp_path)
    monkeypatch.setattr(evidence.Setup, "collection", lambda setup, task: small_collection)
    settings = LearningCurveSettings(arms=("ce", "ce_real", "imp"), seeds=1, sizes=(2, 6, 24, 50))
    done = [{"task": "a", "arm": arm, "n_real": n, "seed": 0} for arm, n in (("ce", 0), ("imp", 6))]
    todo = real_rows._todo({"runs": done}, setup, settings, ["a"])
    assert [(asked.settings.arms, n_real) for asked, n_real, _ in todo] == [
        (("ce_real",), 6),
        (("ce_real", "imp"), 24),
    ]


def test_the_table_of_real_rows_has_a_column_a_size(tmp_path):
    runs = [
        {"task": "a", "arm": arm, "n_real": n, "seed": seed, "predictions": word}
        for arm, n in (("ce_real", 25), ("ce_real", 50), ("ce", 0))
        for seed, word in enumerate(["0120", "0121"])
    ]
    found = {"labels": {"a": "0120"}, "runs": runs}
    text = real_rows.table(found)
    assert "| arm | 25 | 50 |" in text
    assert "| ce | 87.5 [" in text
    real_rows.write_figures(found, tmp_path / "figures.html")
    assert "Real only" in (tmp_path / "figures.html").read_text("utf-8")
