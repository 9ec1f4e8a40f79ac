"""What checkers would learn anew, and that they do."""

import json
from dataclasses import replace

from synthcur.review.decisions import EDIT, RELABEL, Decision, effective_labels, judged_collection
from synthcur.store.records import Job
from synthcur.ui.review.refit import last_fit, new_since
from tests.support.reviewing import bench_of, decided


def job_of(folder, decisions, *, kind="score", status="done", checkers="probe"):
    """Invent a finished job whose worker was told some decisions."""
    folder.mkdir(exist_ok=True)
    told = [
        {"sample_id": each.sample_id, "action": each.action, "label": each.label}
        for each in decisions
    ]
    (folder / "spec.json").write_text(json.dumps({"decisions": told}))
    values = dict.fromkeys(Job.__dataclass_fields__)
    values |= {"kind": kind, "status": status, "folder": folder}
    return Job(**(values | {"settings": {"checkers": checkers}}))


def other_label(bench, row):
    return bench.collection.labels[(bench.file_labels[row] + 1) % len(bench.collection.labels)]


def test_new_labels_and_texts_count_until_a_fit_has_learned_them(small_collection, tmp_path):
    plain = bench_of(small_collection)
    relabel = decided(plain, 0, RELABEL, 1, label=other_label(plain, 0))
    edit = decided(plain, 1, EDIT, 2, text="another text")
    kept = decided(plain, 2, "keep", 3)
    bench = bench_of(small_collection, [relabel, edit, kept])
    assert new_since(None, bench) == {relabel.sample_id, edit.sample_id}
    assert new_since(job_of(tmp_path, [relabel]), bench) == {edit.sample_id}


def test_a_label_that_was_taken_back_after_the_fit_is_new_too(small_collection, tmp_path):
    plain = bench_of(small_collection)
    relabel = decided(plain, 0, RELABEL, 1, label=other_label(plain, 0))
    assert new_since(job_of(tmp_path, [relabel]), plain) == {relabel.sample_id}


def test_a_relabel_to_the_label_of_the_file_teaches_nothing(small_collection):
    plain = bench_of(small_collection)
    label = small_collection.labels[plain.file_labels[0]]
    bench = bench_of(small_collection, [decided(plain, 0, RELABEL, 1, label=label)])
    assert new_since(None, bench) == set()


def test_the_last_fit_is_the_newest_finished_one_of_its_kind(tmp_path):
    found = [
        job_of(tmp_path, [], kind="train"),
        job_of(tmp_path, [], status="failed"),
        job_of(tmp_path, [], checkers="finetune"),
        wanted := job_of(tmp_path, []),
        job_of(tmp_path, []),
    ]
    assert last_fit(found, "probe") is wanted
    assert last_fit(found[:2], "probe") is None


def test_checkers_learn_new_labels_and_go_on_judging_discarded_rows(small_collection):
    ids = small_collection.synthetic["sample_id"].tolist()
    labels = small_collection.labels
    log = [
        Decision(seq=1, sample_id=ids[0], action=RELABEL, label=labels[-1]),
        Decision(seq=2, sample_id=ids[1], action="discard"),
        Decision(seq=3, sample_id=ids[2], action=EDIT, text="another text"),
    ]
    judged = judged_collection(small_collection, log)
    assert judged.synthetic["sample_id"].tolist() == ids
    expected = effective_labels(small_collection, log)[0].tolist()
    assert judged.label_ids(judged.synthetic).tolist() == expected
    assert judged.synthetic["text"].iat[2] == "another text"
    assert judged.fingerprint != small_collection.fingerprint


def test_without_new_labels_or_texts_nothing_is_computed_again(small_collection):
    ids = small_collection.synthetic["sample_id"].tolist()
    log = [Decision(seq=1, sample_id=ids[0], action="keep"), replace(_discard(ids[1]), seq=2)]
    assert judged_collection(small_collection, log).fingerprint == small_collection.fingerprint


def _discard(sample_id):
    return Decision(sample_id=sample_id, action="discard")
