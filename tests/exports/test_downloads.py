"""Files that leave the workspace: what is in them, exactness, safety, and that they are whole."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.collections import add_finished_job
from synthcur.data.reading import read_table
from synthcur.data.table_files import as_bytes
from synthcur.errors import ArtefactError, NotFoundError, StoreError
from synthcur.exports import downloads
from synthcur.settings import WeightingSettings
from synthcur.weighting.rules import sample_weight
from tests.results.test_comparison import IMP, PLAIN, add_runs


def decide(store, name, number, sample_id, action, **more):
    store.decisions.append(
        name,
        sample_id=sample_id,
        annotator="ada",
        action=action,
        client_id="tab",
        client_seq=number,
        expected_seq=0,
        **more,
    )


@pytest.fixture
def decided(fill, small_collection):
    """A scored store in which rows 0, 1 and 2 are discarded, relabelled and kept."""
    store = fill(small_collection)
    ids = small_collection.synthetic["sample_id"]
    decide(store, "small", 1, ids[0], "discard", reason="off topic")
    decide(store, "small", 2, ids[1], "relabel", label="pests")
    decide(store, "small", 3, ids[2], "keep", note="fine as it is")
    return store


def test_curated_rows_carry_their_new_label_weight_and_decision(decided, small_collection):
    table = downloads.curated_table(decided, "small", checkers="probe")
    before = small_collection.synthetic
    assert table["sample_id"].tolist() == before["sample_id"].tolist()[1:]
    relabelled, kept, untouched = table.iloc[0], table.iloc[1], table.iloc[2]
    assert (relabelled["label"], relabelled["imported_label"]) == ("pests", "delivery")
    assert (relabelled["decision"], relabelled["annotator"]) == ("relabel", "ada")
    assert (kept["decision"], kept["note"]) == ("keep", "fine as it is")
    assert (untouched["decision"], untouched["annotator"], untouched["reason"]) == ("", "", "")
    assert set(table["generator"]) == {"nursery-bot"}
    assert "text_pair" not in table


def test_a_relabelled_row_is_weighed_under_its_new_label(decided, small_collection):
    scores = decided.scores("small")["probe"].artefacts
    quality = decided.artefacts.array(scores["quality"], "synthetic")
    diversity = decided.artefacts.array(scores["diversity"], "synthetic")
    pests = small_collection.labels.index("pests")
    table = downloads.curated_table(decided, "small", checkers="probe")
    assert table["p"][0] == pytest.approx(quality[1, pests])
    assert table["q"][0] == pytest.approx(diversity[1, pests])
    assert table["weight"][0] == pytest.approx(quality[1, pests] / diversity[1, pests], rel=1e-5)


def test_a_normalised_scheme_averages_1_over_the_rows_that_stay(decided):
    scheme = WeightingSettings(rule="p_only", normalise=True)
    table = downloads.weights_table(decided, "small", checkers="probe", weighting=scheme)
    assert table["weight"].mean() == pytest.approx(1)
    assert list(table)[:6] == ["sample_id", "text", "label", "p", "q", "weight"]
    assert "decision" not in table


@pytest.mark.parametrize(
    ("kind", "part"), [("in_sample", "synthetic"), ("out_of_fold", "calibrated")]
)
def test_weights_agree_with_the_rule_where_nothing_was_decided(fill, small_collection, kind, part):
    store = fill(small_collection)
    scores = store.scores("small")["probe"].artefacts
    quality = store.artefacts.array(scores["quality"], "synthetic")
    diversity = store.artefacts.array(scores["diversity"], part)
    labels = small_collection.label_ids(small_collection.synthetic)
    settings = WeightingSettings(diversity=kind)
    table = downloads.curated_table(store, "small", checkers="probe", weighting=settings)
    expected = sample_weight(quality, diversity, labels, settings)
    assert np.allclose(table["weight"], expected)
    assert np.allclose(table["q"], diversity[np.arange(len(labels)), labels])


def test_without_scores_the_weights_are_empty_and_asking_for_them_is_refused(
    fill, small_collection
):
    store = fill(small_collection, scored=False)
    table = downloads.curated_table(store, "small", checkers=None)
    assert table[["p", "q", "weight"]].isna().all(axis=None)
    with pytest.raises(NotFoundError, match="have not scored 'small'"):
        downloads.curated_table(store, "small", checkers="finetune")


def test_a_key_of_the_input_that_has_the_name_of_a_column_is_kept_beside_it(fill, small_collection):
    theirs = small_collection.provenance.assign(weight=7.0, decision="theirs")
    store = fill(replace(small_collection, name="clash", provenance=theirs))
    table = downloads.curated_table(store, "clash", checkers="probe")
    assert set(table["weight_in_file"]) == {7.0}
    assert set(table["decision_in_file"]) == {"theirs"}
    assert set(table["decision"]) == {""}


def test_parquet_and_json_lines_give_back_every_character(fill, hostile_collection, tmp_path):
    store = fill(hostile_collection)
    table = downloads.curated_table(store, "hostile", checkers="probe")
    downloads.write_table(table, tmp_path / "rows.parquet")
    downloads.write_table(table, tmp_path / "rows.jsonl")
    assert pd.read_parquet(tmp_path / "rows.parquet")["text"].tolist() == table["text"].tolist()
    lines = (tmp_path / "rows.jsonl").read_text("utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    assert [row["text"] for row in rows] == table["text"].tolist()
    assert [row["label"] for row in rows] == table["label"].tolist()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_or_heading_that_a_spreadsheet_would_calculate_gets_an_apostrophe(start, tmp_path):
    table = pd.DataFrame({f"{start}key": [f"{start}HYPERLINK(1)", "plain"], "weight": [-1.5, 2]})
    downloads.write_table(table, tmp_path / "rows.csv")
    back = pd.read_csv(tmp_path / "rows.csv", dtype=str)
    assert back.columns[0] == f"'{start}key"
    assert back.iloc[0].tolist() == [f"'{start}HYPERLINK(1)", "-1.5"]
    assert back.iloc[1, 0] == "plain"


def test_a_csv_opens_as_utf_8_in_a_spreadsheet_and_is_read_back(tmp_path):
    table = pd.DataFrame({"text": ["naïve Größe"], "label": ["ß"]})
    downloads.write_table(table, tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_bytes().startswith(b"\xef\xbb\xbftext,label")
    assert read_table(tmp_path / "rows.csv").frame.to_dict() == table.to_dict()


def test_exported_decisions_can_be_read_by_decide(decided):
    table = downloads.decisions_table(decided.decisions.log("small"))
    first, second, third = (json.loads(line) for line in as_bytes(table, "jsonl").splitlines())
    assert (first["action"], first["reason"], first["annotator"]) == ("discard", "off topic", "ada")
    assert (second["action"], second["label"]) == ("relabel", "pests")
    assert (third["action"], third["label"]) == ("keep", None)


def test_export_writes_rows_decisions_results_and_one_zip_a_kept_model(
    decided, small_collection, tmp_path
):
    job = add_runs(decided, small_collection, {"ce": PLAIN, "imp": IMP})
    keep_model(decided, job, "imp", seed=1)
    written = downloads.export(decided, "small", tmp_path / "out", checkers="probe")
    assert [path.name for path in written] == [
        "curated.parquet",
        "curated.jsonl",
        "curated.csv",
        "decisions.jsonl",
        "dataset",
        "results.json",
        "model-imp.zip",
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        path.name for path in written
    )
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["arms"][0]["arm"] == "imp"


def test_export_without_a_run_leaves_results_out(decided, tmp_path):
    written = downloads.export(decided, "small", tmp_path, checkers=None)
    assert [path.name for path in written][-2:] == ["decisions.jsonl", "dataset"]


def keep_model(store, job, arm, *, seed):
    """Put a small model folder into the job and note it at the run, as a worker does."""
    from synthcur.store.spool import Spool

    folder = job.folder / "models" / arm
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"\x00" * 5000)
    run = next(run for run in store.runs(job.id) if (run.arm, run.seed) == (arm, seed))
    spool = Spool(job.folder / "spool.jsonl")
    spool.append(
        "run_done",
        arm=arm,
        seed=seed,
        accuracy=run.accuracy,
        predictions=run.predictions,
        model=f"models/{arm}",
    )
    spool.close()
    store.ingest(job.id)


def test_a_model_comes_as_a_zip_of_its_folder(fill, small_collection):
    store = fill(small_collection)
    job = add_runs(store, small_collection, {"imp": IMP})
    keep_model(store, job, "imp", seed=1)
    (run,) = downloads.kept_models(store, job.id)
    path = downloads.model_archive(store, run)
    assert path.is_relative_to(store.workspace)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "imp-seed1/config.json",
            "imp-seed1/model.safetensors",
            "imp-seed1/README.md",
        ]
        assert archive.read("imp-seed1/model.safetensors") == b"\x00" * 5000
    assert downloads.model_archive(store, run) == path


def test_a_model_that_was_not_kept_or_lies_outside_its_job_is_refused(fill, small_collection):
    store = fill(small_collection)
    job = add_finished_job(store, small_collection, {"ce": 0.7})
    run = store.runs(job.id)[0]
    with pytest.raises(NotFoundError, match="was not kept"):
        downloads.model_archive(store, run)
    for outside in ("../../artefacts", "/etc", "models/gone"):
        with pytest.raises(ArtefactError, match="missing"):
            downloads.model_archive(store, replace(run, model=outside))


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "rows.csv"
    downloads.write_table(pd.DataFrame({"a": [1]}), path)
    before = path.read_bytes()

    def disk_full(self, data):
        with open(self, "wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    with pytest.raises(StoreError, match="No space left"):
        downloads.write_table(pd.DataFrame({"a": [2]}), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["rows.csv"]
