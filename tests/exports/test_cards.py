"""Cards of models and data sets: readable by the hub, complete, literal; and folders that load."""

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.tasks import sub_pool
from harness import samples
from harness.collections import add_finished_job
from synthcur import demo
from synthcur.errors import InputError
from synthcur.exports import cards, downloads
from synthcur.exports.publication import publication
from synthcur.models import bundled, encoders
from synthcur.models.probes import fit_probe
from synthcur.settings import FitSettings, TrainSettings, WeightingSettings, fingerprint
from synthcur.worker import probe_arms
from tests.exports.test_downloads import keep_model
from tests.results.test_comparison import IMP, PLAIN, add_runs

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
    (run,) = downloads.kept_models(store, job.id)
    card = cards.model_card(store, job, run)
    assert front_matter(card)["pipeline_tag"] == "text-classification"
    assert "91\\.7 \\%" in card
    assert job.spec["collection_fp"] in card
    assert "2 seeds" in card
    assert "truncation=True, max_length=128" in card
    assert "synthcur train small --arms ce,imp --seeds 2" in card
    assert not [text for text in samples.SYNTHETIC[samples.LABELS[0]] if text in card]


def test_the_head_of_a_model_card_has_its_figure_with_the_interval_and_what_the_publisher_says(
    kept,
):
    store, job = kept
    (run,) = downloads.kept_models(store, job.id)
    said = publication(languages="en, de", licence="CC-BY-4.0", data_set="ada/plants")
    head = front_matter(cards.model_card(store, job, run, said=said))
    assert head["language"] == ["en", "de"]
    assert (head["license"], head["datasets"]) == ("cc-by-4.0", ["ada/plants"])
    assert head["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"
    (index,) = head["model-index"]
    (result,) = index["results"]
    assert result["dataset"]["split"] == "test"
    (metric,) = result["metrics"]
    assert (metric["type"], round(metric["value"], 3)) == ("accuracy", 0.917)
    assert "mean of 2 seeds, 95 % interval" in metric["name"]
    unsaid = front_matter(cards.model_card(store, job, run))
    assert not {"language", "license", "datasets"} & set(unsaid)


def test_a_base_model_in_a_folder_is_not_named_as_one_of_the_hub(fill, small_collection):
    store = fill(small_collection)
    job = add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    for model, named in (("/models/of/mine", None), ("ada/bert", "ada/bert")):
        fit = FitSettings(base_model=model)
        asked = replace(job, settings=asdict(TrainSettings(arms=("ce", "imp"), fit=fit)))
        head = front_matter(cards.model_card(store, asked, store.runs(job.id)[0]))
        assert head.get("base_model") == named


@pytest.mark.parametrize(
    "given",
    [{"languages": "English!"}, {"licence": "my own words"}, {"data_set": "no owner"}],
)
def test_what_the_hub_would_refuse_is_refused_before_anything_is_written(given):
    with pytest.raises(InputError):
        publication(**given)


@pytest.mark.real
def test_the_folder_loads_with_named_classes_and_every_value(kept, tmp_path):
    import datasets

    store, _ = kept
    folder = downloads.dataset_folder(store, "small", tmp_path / "set", checkers="probe")
    rows = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    labels = list(store.collection("small").labels)
    assert rows.features["label"].names == labels
    table = downloads.curated_table(store, "small", checkers="probe")
    assert [labels[each] for each in rows["label"]] == table["label"].tolist()
    assert list(rows["text"]) == table["text"].tolist()
    np.testing.assert_allclose(rows["weight"], table["weight"])


def test_the_card_the_file_and_the_croissant_describe_the_same_columns(kept, tmp_path):
    store, _ = kept
    said = publication(languages="en", licence="cc0-1.0")
    folder = downloads.dataset_folder(store, "small", tmp_path / "set", checkers=None, said=said)
    file = folder / "data" / "train.parquet"
    head = front_matter((folder / "README.md").read_text("utf-8"))
    assert head["size_categories"] == ["n<1K"]
    assert "synthetic" in head["tags"]
    columns = list(pd.read_parquet(file).columns)
    assert [each["name"] for each in head["dataset_info"]["features"]] == columns
    described = json.loads((folder / "croissant.json").read_text("utf-8"))
    (records,) = described["recordSet"]
    assert [each["source"]["extract"]["column"] for each in records["field"]] == columns
    (listed,) = described["distribution"]
    assert listed["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (folder / listed["contentUrl"]).is_file()
    assert (described["license"], described["inLanguage"]) == ("cc0-1.0", ["en"])


def test_titles_and_labels_stay_characters(fill, hostile_collection):
    store = fill(hostile_collection)
    job = add_finished_job(store, hostile_collection, {"ce": 0.3, "imp": 0.8})
    table = downloads.curated_table(store, "hostile", checkers="probe")
    data = cards.dataset_card(store, "hostile", table, weighting=WeightingSettings())
    model = cards.model_card(store, job, store.runs(job.id)[0])
    assert front_matter(data)["pretty_name"].startswith(hostile_collection.title)
    for body in (data.split("\n---\n", 1)[1], model.split("\n---\n", 1)[1]):
        assert not re.search(r"(?<!\\)<(script|img)|(?<!\\)!\[|(?<!\\)\]\(", body)


def test_the_dataset_folder_holds_the_rows_their_card_and_the_decisions(kept, tmp_path):
    store, _ = kept
    sample = store.collection("small").synthetic["sample_id"][0]
    store.decisions.append(
        "small",
        sample_id=sample,
        annotator="ada",
        action="keep",
        reason="",
        client_id="t",
        client_seq=1,
        expected_seq=0,
    )
    folder = downloads.dataset_folder(store, "small", tmp_path / "set", checkers="probe")
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
    from synthcur.models.classifier import build, save

    store = fill(small_collection)
    job = add_runs(store, small_collection, {"imp": IMP})
    keep_model(store, job, "imp", seed=1)
    model = job.folder / "models" / "imp"
    for file in model.iterdir():
        file.unlink()
    save(build(tiny_model, small_collection.labels), model, note={"arm": "imp"})
    (run,) = downloads.kept_models(store, job.id)
    folder = downloads.model_folder(store, run, tmp_path)
    assert (folder / "README.md").is_file()
    assert (folder / "model.safetensors").is_file()
    text = samples.SYNTHETIC[samples.LABELS[0]][0]
    said = subprocess.run(
        [sys.executable, "-c", LOAD, str(folder), text],
        capture_output=True,
        text=True,
        timeout=1200,
        check=True,
        env={"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"},
    )
    assert said.stdout.split()[-1] in small_collection.labels


ASK = """
import json, sys
source, out = sys.argv[1:]
known = {}
exec(open(source, encoding="utf-8").read(), known)
with open(out, "w") as file:
    json.dump(known["probs"].tolist(), file)
"""


def answers_of(folder, block, texts, scratch):
    """Run one of the blocks of a model's card in a fresh process, on these texts."""
    card = (folder / "README.md").read_text("utf-8")
    lines = re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL)[block]
    lines = lines.replace("this folder", str(folder))
    lines = re.sub(r"(?m)^texts = .*$", lambda _: f"texts = {texts!r}", lines)
    (scratch / "lines.py").write_text(lines, "utf-8")
    subprocess.run(
        [sys.executable, "-c", ASK, str(scratch / "lines.py"), str(scratch / "out.json")],
        capture_output=True,
        text=True,
        timeout=1200,
        check=True,
        env={"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"},
    )
    return np.array(json.loads((scratch / "out.json").read_text()))


def unpacked_probe(store, collection, scratch):
    """Fit a probe to the synthetic rows; return its unpacked model and what it says of the test."""
    test = collection.part("real", "test")
    learned, asked = encoders.encode(collection.synthetic), encoders.encode(test)
    probe = fit_probe(learned, collection.synthetic_labels, len(collection.labels), 10.0)
    job = add_finished_job(store, collection, {"probe_both": 0.7}, seeds=1)
    keep_model(store, job, "probe_both", seed=0)
    folder = job.folder / "models" / "probe_both"
    for file in folder.iterdir():
        file.unlink()
    probe_arms.save(probe, collection.labels, folder, note={"arm": "probe_both"})
    (run,) = downloads.kept_models(store, job.id)
    return downloads.model_folder(store, run, scratch), probe.predict_proba(asked)


def texts_of(rows):
    """Return texts as a card's lines take them: a pair as a tuple."""
    pairs = zip(rows["text"], rows["text_pair"], strict=True)
    return [text if pair is None else (text, pair) for text, pair in pairs]


BLOCKS = (0, 1)
"""Places of the card's blocks: lines for sentence-transformers, then lines without it."""


@pytest.mark.parametrize("block", BLOCKS, ids=["sentence_transformers", "plain"])
@pytest.mark.parametrize("kind", ["small", "pair"])
def test_the_lines_of_its_card_load_a_probe_and_it_says_the_same(
    fill, tiny_model, tmp_path, monkeypatch, request, kind, block
):
    monkeypatch.setattr(bundled, "model_folder", lambda: Path(tiny_model))
    collection = request.getfixturevalue(f"{kind}_collection")
    folder, expected = unpacked_probe(fill(collection), collection, tmp_path)
    card = (folder / "README.md").read_text("utf-8")
    assert front_matter(card)["library_name"] == "sentence-transformers"
    assert "epoch" not in card.split("## Data and decisions")[0]
    texts = texts_of(collection.part("real", "test"))
    said = answers_of(folder, block, texts, tmp_path)
    np.testing.assert_allclose(said, expected, atol=0.05)  # bfloat16
    assert (said.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.9


@pytest.mark.real
@pytest.mark.parametrize("block", BLOCKS, ids=["sentence_transformers", "plain"])
def test_a_probe_of_the_demo_loads_with_the_bundled_encoder(fill, tmp_path, block):
    collection = sub_pool(demo.load_demo(), 120)
    test = collection.part("real", "test").head(60)
    rows = collection.rows[
        collection.rows["sample_id"].isin(test["sample_id"])
        | (collection.rows["source"] == "synthetic")
        | (collection.rows["split"] != "test")
    ]
    small = replace(
        collection,
        rows=rows.reset_index(drop=True),
        provenance=collection.provenance.loc[rows.index].reset_index(drop=True),
    )
    folder, expected = unpacked_probe(fill(small), small, tmp_path)
    said = answers_of(folder, block, texts_of(test), tmp_path)
    np.testing.assert_allclose(said, expected, atol=0.03)  # bfloat16
    labels = small.label_ids(test)
    assert (said.argmax(axis=1) == labels).mean() > 0.5
