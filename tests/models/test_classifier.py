"""A classifier: probabilities in the order of the rows, and a folder that others can load."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from harness import samples
from synthcur.errors import InputError
from synthcur.models.classifier import Classifier, build, predict_proba, save
from synthcur.schema import Collection


@pytest.fixture(scope="module")
def classifier(tiny_model: str) -> Classifier:
    torch.manual_seed(1)
    return build(tiny_model, samples.LABELS)


def test_probabilities_come_in_the_order_of_the_rows(
    classifier: Classifier, small_collection: Collection
):
    rows = small_collection.synthetic
    together = predict_proba(classifier, rows)
    alone = np.concatenate([predict_proba(classifier, rows.iloc[[i]]) for i in range(len(rows))])
    assert together.shape == (len(rows), 3)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=0.01)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)
    assert np.ptp(together, axis=0).min() > 0.02


def test_asking_leaves_the_mode_of_the_model_alone(
    classifier: Classifier, small_collection: Collection
):
    classifier.model.train()
    first = predict_proba(classifier, small_collection.real_train)
    assert classifier.model.training
    np.testing.assert_array_equal(first, predict_proba(classifier, small_collection.real_train))


def test_progress_ends_with_all_rows(classifier: Classifier, small_collection: Collection):
    seen: list[int] = []
    rows = pd.concat([small_collection.synthetic] * 3)
    predict_proba(classifier, rows, on_progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(rows)
    assert len(seen) > 1


def test_no_rows_give_no_probabilities(classifier: Classifier, small_collection: Collection):
    assert predict_proba(classifier, small_collection.synthetic.iloc[:0]).shape == (0, 3)


def test_the_saved_folder_loads_with_transformers_and_says_where_it_comes_from(
    classifier: Classifier, small_collection: Collection, tmp_path: Path
):
    save(classifier, tmp_path, note={"arm": "imp", "seed": 2})
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert model.config.id2label == dict(enumerate(samples.LABELS))
    text = small_collection.synthetic["text"][0]
    read = AutoTokenizer.from_pretrained(tmp_path)(text, return_tensors="pt")
    with torch.no_grad():
        loaded = torch.softmax(model.eval()(**read).logits, dim=-1).numpy()
    own = predict_proba(classifier, small_collection.synthetic.iloc[:1])
    np.testing.assert_allclose(loaded, own, atol=0.01)
    (answer,) = pipeline("text-classification", model=str(tmp_path))(text)
    assert answer["label"] == samples.LABELS[int(own.argmax())]
    assert json.loads((tmp_path / "synthcur.json").read_text()) == {"arm": "imp", "seed": 2}
    assert not list(tmp_path.glob("*.bin"))


def test_a_trained_model_can_be_the_base_of_another_with_other_labels(
    classifier: Classifier, tmp_path: Path
):
    save(classifier, tmp_path, note={})
    assert build(str(tmp_path), ["yes", "no"]).model.config.id2label == {0: "yes", 1: "no"}


def test_texts_are_cut_where_the_model_ends(tiny_model: str, small_collection: Collection):
    long = build(tiny_model, samples.LABELS, max_length=512)
    assert long.max_length == 64
    rows = small_collection.synthetic.iloc[:1].assign(text="fern " * 400)
    assert np.isfinite(predict_proba(long, rows)).all()


def test_a_tokenizer_of_another_model_is_refused(tiny_model: str, tmp_path: Path):
    for file in Path(tiny_model).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with open(tmp_path / "vocab.txt", "a") as vocabulary:
        vocabulary.write("\nmore\nwords\n")
    with pytest.raises(InputError, match="tokenizer knows"):
        build(str(tmp_path), samples.LABELS)


def test_damaged_weights_are_refused_in_words(tiny_model: str, tmp_path: Path):
    for file in Path(tiny_model).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(InputError, match="cannot be used"):
        build(str(tmp_path), samples.LABELS)


def test_an_unknown_architecture_is_refused_in_words(tiny_model: str, tmp_path: Path):
    for file in Path(tiny_model).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "no-such-model"}))
    with pytest.raises(InputError, match="cannot be used"):
        build(str(tmp_path), samples.LABELS)


@pytest.mark.real
def test_the_bundled_model_reads_pairs_and_singles():
    torch.manual_seed(0)
    classifier = build("bundled-minilm", ["no", "yes"])
    pairs = pd.DataFrame({"text": ["a cat", "a cat"], "text_pair": ["a dog", "a car"]})
    probs = predict_proba(classifier, pairs)
    assert probs.shape == (2, 2)
    assert not np.allclose(probs[0], probs[1])
