"""Cards of models and data sets: readable by the hub, complete, literal; and folders that load."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest

from synthcur import cards, exporting
from synthcur.settings import WeightingSettings, fingerprint
from tests import samples
from tests.conftest import add_finished_job
from tests.test_exporting import keep_model
from tests.test_report import IMP, PLAIN, add_runs

LOAD = """
import sys
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
folder, text = sys.argv[1:]
model = AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True)
AutoTokenizer.from_pretrained(folder)
said = pipeline("text-classification", model=folder)(text)[0]["label"]
assert said in model.config.id2label.values()
print(said)
"""


def front_matter(card):
    head = re.match(r"---\n(.*?)\n---\n", card, flags=re.DOTALL)
    assert head
    return {
        key: json.loads(value)
        for key, value in (line.split(": ", 1) for line in head[1].split("\n"))
    }


@pytest.fixture
def kept(fill, small_collection):
    store = fill(small_collection)
    job = add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    keep_model(store, job, "imp", seed=1)
    return store, job


def test_the_model_card_tells_data_decisions_seeds_and_figures(kept):
    store, job = kept
    (run,) = exporting.kept_models(store, job.id)
    card = cards.model_card(store, job, run)
    assert front_matter(card)["pipeline_tag"] == "text-classification"
    assert "91\\.7 \\%" in card
    assert job.spec["collection_fp"] in card
    assert "2 seeds" in card
    assert "truncation=True, max_length=128" in card
    assert "synthcur train small --arms ce,imp --seeds 2" in card
    assert not [text for text in samples.SYNTHETIC[samples.LABELS[0]] if text in card]


def test_titles_and_labels_stay_characters(fill, hostile_collection):
    store = fill(hostile_collection)
    job = add_finished_job(store, hostile_collection, {"ce": 0.3, "imp": 0.8})
    table = exporting.curated_table(store, "hostile", checkers="probe")
    data = cards.dataset_card(store, "hostile", table, weighting=WeightingSettings())
    model = cards.model_card(store, job, store.runs(job.id)[0])
    assert front_matter(data)["pretty_name"].startswith(hostile_collection.title)
    for body in (data.split("\n---\n", 1)[1], model.split("\n---\n", 1)[1]):
        assert not re.search(r"(?<!\\)<(script|img)|(?<!\\)!\[|(?<!\\)\]\(", body)


def test_the_dataset_folder_holds_the_rows_their_card_and_the_decisions(kept, tmp_path):
    store, _ = kept
    sample = store.collection("small").synthetic["sample_id"][0]
    store.append_decision(
        "small",
        sample_id=sample,
        annotator="ada",
        action="keep",
        reason="",
        client_id="t",
        client_seq=1,
        expected_seq=0,
    )
    folder = exporting.dataset_folder(store, "small", tmp_path / "set", checkers="probe")
    table = pd.read_parquet(folder / "data" / "train.parquet")
    for column in ("weight", "p", "q", "decision", "reason", "annotator", "scheme_hash"):
        assert column in table
    assert set(table["scheme_hash"]) == {fingerprint(WeightingSettings())}
    card = (folder / "README.md").read_text("utf-8")
    (config,) = front_matter(card)["configs"]
    (file,) = config["data_files"]
    assert (folder / file["path"]).is_file()
    assert "| scheme\\_hash |" in card
    assert len((folder / "decisions.jsonl").read_text().splitlines()) == 1


def test_a_downloaded_model_loads_in_a_fresh_process(fill, small_collection, tiny_model, tmp_path):
    from synthcur.classifier import build, save

    store = fill(small_collection)
    job = add_runs(store, small_collection, {"imp": IMP})
    keep_model(store, job, "imp", seed=1)
    model = job.folder / "models" / "imp"
    for file in model.iterdir():
        file.unlink()
    save(build(tiny_model, small_collection.labels), model, note={"arm": "imp"})
    (run,) = exporting.kept_models(store, job.id)
    folder = exporting.model_folder(store, run, tmp_path)
    assert (folder / "README.md").is_file()
    assert (folder / "model.safetensors").is_file()
    text = samples.SYNTHETIC[samples.LABELS[0]][0]
    said = subprocess.run(
        [sys.executable, "-c", LOAD, str(folder), text],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env={"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"},
    )
    assert said.stdout.split()[-1] in small_collection.labels
