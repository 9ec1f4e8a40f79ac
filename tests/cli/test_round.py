"""The command line as a user has it: a process, its exit code, its words."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from harness.collections import add_finished_job, discard_first, note_covered
from synthcur.__main__ import main
from synthcur.exports.cards import COLUMNS
from synthcur.schema import REAL, TEST, VALIDATION
from synthcur.settings import WeightingSettings
from synthcur.store.store import Store


@pytest.fixture
def run(tmp_path, capsys):
    """Run a command in this process and a workspace of its own; return (code, stdout, stderr)."""

    def call(*arguments, workspace=tmp_path / "ws"):
        try:
            code = main([*map(str, arguments), "--workspace", str(workspace)])
        except SystemExit as end:  # argparse has answered
            code = end.code
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def run_apart(tmp_path):
    """Do the same in a process of its own, as a user does."""

    def call(*arguments, workspace=tmp_path / "ws"):
        done = subprocess.run(
            [sys.executable, "-m", "synthcur", *map(str, arguments), "--workspace", str(workspace)],
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return call


def as_options(folder, collection, **more):
    """Write a collection as a user's files, and return the options that name them."""
    parts = {
        "synthetic": collection.synthetic,
        "real": collection.real_train,
        "validation": collection.part(REAL, VALIDATION),
        "test": collection.part(REAL, TEST),
    }
    columns = ["text", *(["text_pair"] if collection.has_pairs else []), "label"]
    paths = {}
    for part, rows in parts.items():
        paths[part] = folder / f"{part}.csv"
        rows[columns].assign(**more).to_csv(paths[part], index=False)
    return [item for part, path in paths.items() for item in (f"--{part}", path)]


@pytest.fixture
def files(tmp_path, small_collection):
    """Write the small collection as a user's files."""
    return as_options(tmp_path, small_collection, topic="=1+1")


def answer(result):
    code, out, err = result
    assert code == 0, err
    return json.loads(out)


def test_the_demo_opens_with_its_scores_and_says_what_it_holds(run):
    demo = answer(run("demo", "--json"))
    assert demo["rows"] == {"train": 240, "validation": 120, "test": 600, "synthetic": 1800}
    assert len(demo["labels"]) == 6
    assert "probe" in demo["scores"]
    assert demo["real_covered"]["n"] == 240


def test_a_pool_that_was_written_for_other_texts_is_told(run, tmp_path):
    assert "other texts" not in run("demo")[1]
    store = Store(tmp_path / "ws")
    note_covered(store, "demo", 0.2)
    store.close()
    assert "near 20 % of the real rows" in run("demo")[1]


def test_checkers_that_know_no_more_than_the_largest_label_are_told_with_the_next_step(
    run, tmp_path
):
    quality = answer(run("demo", "--json"))["scores"]["probe"]["quality"]
    assert quality["is_trusted"]
    assert quality["majority"] == pytest.approx(40 / 240)
    assert answer(run("weights", "demo", "--out", tmp_path / "w.parquet", "--json"))["doubt"] == ""
    store = Store(tmp_path / "ws")
    scores = store.scores("demo")["probe"]
    useless = {**scores.trust["quality"], "accuracy": 0.2, "low": 0.1, "high": 0.3}
    trust = {**scores.trust, "quality": useless}
    store.add_scores("demo", checkers="probe", artefacts=scores.artefacts, trust=trust)
    store.close()
    code, out, err = run("weights", "demo", "--out", tmp_path / "w.parquet", "--checkers", "probe")
    assert code == 0
    assert "The quality checker is not to be trusted: it reads 20.0 %" in err
    assert "Next: " in err
    assert "trusted" not in out
    said = answer(
        run("weights", "demo", "--out", tmp_path / "w.parquet", "--checkers", "probe", "--json")
    )
    assert said["doubt"].startswith("The quality checker is not to be trusted")
    assert "Probe: The quality checker is not to be trusted" in run("demo")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "x", "--synthetic", "no.csv", "--real", "no.csv"], "no.csv"),
        (["score", "nothing"], "no collection 'nothing'"),
        (["results", "nothing"], "no collection 'nothing'"),
        (["train", "nothing"], "no collection 'nothing'"),
        (["weights", "nothing", "--out", "w.parquet"], "no collection 'nothing'"),
        (["cancel", "nothing"], "no job 'nothing'"),
        (["serve", "--address", "0.0.0.0"], "SSH tunnel"),
        (["fly"], "invalid choice: 'fly'"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_two(run_apart, arguments, words):
    code, _, err = run_apart(*arguments)
    assert code == 2
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_the_network_is_refused_for_the_reason_that_is_true(run, address):
    code, _, err = run("serve", "--address", address)
    assert code == 2
    assert "no sign-in" not in err
    assert "encrypts nothing" in err
    assert "docs/annotating.md" in err


def test_decisions_from_a_file_are_checked_first_and_applied_once(run, tmp_path):
    answer(run("demo", "--json"))
    store = Store(tmp_path / "ws")
    sample = store.collection("demo").synthetic["sample_id"][0]
    store.close()
    path = tmp_path / "decisions.jsonl"
    good = json.dumps({"sample_id": sample, "action": "discard", "reason": "off topic"})
    path.write_text(good + "\n" + json.dumps({"sample_id": "nobody", "action": "keep"}) + "\n")
    code, _, err = run("decide", "demo", "--from", path)
    assert code == 2
    assert "line 2" in err
    path.write_text(good + "\n")
    assert answer(run("decide", "demo", "--from", path, "--json")) == {"read": 1, "added": 1}
    assert answer(run("decide", "demo", "--from", path, "--json")) == {"read": 1, "added": 0}


def test_weights_of_the_demo_hold_every_row_with_its_provenance(run, tmp_path):
    answer(run("demo", "--json"))
    out = tmp_path / "weights.parquet"
    answer(run("weights", "demo", "--rule", "imp", "--out", out, "--json"))
    table = pd.read_parquet(out)
    assert list(table.columns[:3]) == ["sample_id", "text", "label"]
    assert {"p", "q", "weight", "flaw"} <= set(table.columns)
    assert len(table) == 1800
    pd.testing.assert_series_equal(table["weight"], table["p"] / table["q"], check_names=False)


def test_weights_can_be_made_with_the_q_of_a_checker_that_has_not_seen_the_row(run, tmp_path):
    answer(run("demo", "--json"))
    tables = {}
    for kind in ("in_sample", "out_of_fold"):
        out = tmp_path / f"{kind}.parquet"
        answer(run("weights", "demo", "--diversity", kind, "--out", out, "--json"))
        tables[kind] = pd.read_parquet(out)
    learned, held_out = (tables[kind] for kind in ("in_sample", "out_of_fold"))
    assert held_out["q"].mean() < learned["q"].mean()
    np.testing.assert_allclose(held_out["weight"], held_out["p"] / held_out["q"], rtol=1e-6)


def test_a_saved_scheme_keeps_its_q_unless_another_is_named(run, tmp_path):
    answer(run("demo", "--json"))
    store = Store(tmp_path / "ws")
    store.save_scheme("demo", "honest", WeightingSettings(diversity="out_of_fold"))
    store.close()
    q = {}
    for name, more in {
        "scheme": ["--scheme", "honest"],
        "other": ["--scheme", "honest", "--diversity", "in_sample"],
        "out_of_fold": ["--diversity", "out_of_fold"],
        "default": [],
    }.items():
        out = tmp_path / f"{name}.parquet"
        answer(run("weights", "demo", *more, "--out", out, "--json"))
        q[name] = pd.read_parquet(out)["q"].tolist()
    assert q["scheme"] == q["out_of_fold"]
    assert q["other"] == q["default"]
    assert q["scheme"] != q["other"]


def test_every_command_that_reads_a_collection_takes_every_kind(
    fill, each_collection, tmp_path, capsys
):
    store, name = fill(each_collection), each_collection.name
    discard_first(store, each_collection, 2)
    add_finished_job(store, each_collection, {"ce": 0.6, "imp": 0.9})
    n = len(each_collection.synthetic)
    decision = {"sample_id": each_collection.synthetic_ids[2], "action": "keep"}
    (tmp_path / "decisions.jsonl").write_text(json.dumps(decision))
    for words in (
        ["weights", name, "--out", tmp_path / "w.parquet"],
        ["results", name],
        ["report", name, "--out", tmp_path / "r.html"],
        ["decide", name, "--from", tmp_path / "decisions.jsonl"],
        ["export", name, "--out", tmp_path / "out"],
    ):
        assert main([*map(str, words)]) == 0, capsys.readouterr().err
    assert len(pd.read_parquet(tmp_path / "w.parquet")) == n - 2
    for file in ("curated.parquet", "dataset/data/train.parquet"):
        assert len(pd.read_parquet(tmp_path / "out" / file)) == n - 2


@pytest.mark.real
@pytest.mark.parametrize("kind", ["plain", "pair"])
def test_a_text_and_a_label_are_enough_for_every_command(run, kind, request, tiny_model, tmp_path):
    collection = request.getfixturevalue(f"{kind}_collection")
    imported = answer(run("import", "own", *as_options(tmp_path, collection), "--json"))
    assert imported["rows"]["synthetic"] == len(collection.synthetic)
    quick = ["--base-model", tiny_model, "--seeds", "1", "--epochs", "1", "--json"]
    answer(run("train", "own", "--arms", "ce,imp", *quick))
    size = str(len(collection.real_train) // 2)
    curve = answer(run("learning-curve", "own", "--arms", "ce,ce_both", "--sizes", size, *quick))
    assert curve["sizes"] == [int(size)]
    answer(run("weights", "own", "--out", tmp_path / "w.parquet", "--json"))
    answer(run("export", "own", "--out", tmp_path / "out", "--json"))
    columns = pd.read_parquet(tmp_path / "out" / "curated.parquet").columns
    assert [each for each in columns if each not in COLUMNS] == []


def test_help_says_what_the_kinds_of_checkers_are(run):
    code, out, _ = run("score", "--help")
    assert code == 0
    assert all(kind in out for kind in ("probe:", "finetune:", "average:"))


def test_the_doctor_finds_the_bundled_model_whole(run):
    found = answer(run("doctor", "--json"))
    assert set(found) == {"synthcur", "python", "sqlite", "workspace", "bundled_model", "device"}
    assert found["bundled_model"].endswith("SHA-256 as expected")


@pytest.mark.real
def test_own_files_become_a_trained_and_compared_model(run_apart, files, tmp_path):
    run = run_apart
    imported = answer(run("import", "own", *files, "--json"))
    assert imported["scores"]["probe"]["quality"]["n"] > 0
    trained = answer(
        run("train", "own", "--arms", "ce,imp,dimp", "--seeds", "2", "--epochs", "2", "--json")
    )
    assert [arm["arm"] for arm in trained["arms"]] == ["ce", "imp", "dimp"]
    for arm in trained["arms"]:
        assert len(arm["runs"]) == 2
        assert all(0 <= run["accuracy"] <= 1 and 0 <= run["macro_f1"] <= 1 for run in arm["runs"])
    assert answer(run("results", "own", "--json")) == trained
    out = tmp_path / "out"
    answer(run("export", "own", "--out", out, "--json"))
    curated = pd.read_parquet(out / "curated.parquet")
    assert curated["topic"].eq("=1+1").all(), "the lossless file is exact"
    assert pd.read_csv(out / "curated.csv")["topic"].eq("'=1+1").all(), "a spreadsheet is safe"
    with zipfile.ZipFile(out / "model-imp.zip") as archive:
        archive.extractall(tmp_path / "model")
    (config,) = (tmp_path / "model").rglob("config.json")
    code = (
        "import sys; from transformers import AutoModelForSequenceClassification as M; "
        "print(M.from_pretrained(sys.argv[1]).config.num_labels)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code, str(config.parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == str(len(imported["labels"]))
