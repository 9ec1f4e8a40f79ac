"""The classifier by scikit-learn's conventions, with a tiny model."""

import pickle
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from synthcur import FitSettings, InputError, TextClassifier, train
from synthcur.schema import REAL, VALIDATION, Collection

QUICK = FitSettings(steps=11, batch_size=8)
"""Long enough for a loss to be told, which nobody is to see printed."""


@pytest.fixture
def texts(small_collection: Collection) -> pd.Series:
    return small_collection.synthetic["text"]


@pytest.fixture
def labels(small_collection: Collection) -> pd.Series:
    return small_collection.synthetic["label"]


@pytest.fixture
def quick(tiny_model: str) -> TextClassifier:
    return TextClassifier(tiny_model, recipe=QUICK, seed=1)


def test_it_is_fitted_and_asked_as_scikit_learn_does(
    quick: TextClassifier, texts: pd.Series, labels: pd.Series, capfd: pytest.CaptureFixture[str]
):
    assert quick.fit(texts, labels) is quick
    assert quick.classes_.tolist() == sorted(set(labels))
    probs = quick.predict_proba(texts.tolist())
    assert probs.shape == (len(texts), 3)
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(quick.predict(texts), quick.classes_[probs.argmax(axis=1)])
    assert 0 <= quick.score(texts, labels) <= 1
    assert quick.recipe_.steps == 11
    assert quick.predict([]).shape == (0,)
    assert capfd.readouterr() == ("", "")


def test_equal_seeds_give_equal_models_and_the_process_is_left_as_it_was(
    quick: TextClassifier, texts: pd.Series, labels: pd.Series
):
    def drawn():
        return random.random(), np.random.random(), torch.rand(1).item()

    random.seed(7), np.random.seed(7), torch.manual_seed(7)
    expected = drawn()
    random.seed(7), np.random.seed(7), torch.manual_seed(7)
    is_deterministic = torch.are_deterministic_algorithms_enabled()
    first = quick.fit(texts, labels).predict_proba(texts)
    assert drawn() == expected
    assert torch.are_deterministic_algorithms_enabled() == is_deterministic
    np.testing.assert_array_equal(clone(quick).fit(texts, labels).predict_proba(texts), first)
    assert not np.array_equal(
        clone(quick).set_params(seed=2).fit(texts, labels).predict_proba(texts), first
    )


def test_weights_are_learned_with_and_rows_of_weight_zero_are_left_out(
    quick: TextClassifier, texts: pd.Series, labels: pd.Series
):
    weight = np.ones(len(texts))
    plain = quick.fit(texts, labels).predict_proba(texts)
    np.testing.assert_array_equal(quick.fit(texts, labels, weight).predict_proba(texts), plain)
    heavy = np.where(labels == labels[0], 9.0, 1.0)
    assert not np.array_equal(quick.fit(texts, labels, heavy).predict_proba(texts), plain)
    weight[5:9] = 0
    kept = weight > 0
    without = quick.fit(texts, labels, weight).predict_proba(texts)
    np.testing.assert_array_equal(
        quick.fit(texts[kept], labels[kept]).predict_proba(texts), without
    )


def test_it_works_in_a_pipeline_with_cross_validation(
    quick: TextClassifier, texts: pd.Series, labels: pd.Series
):
    pipeline = make_pipeline(FunctionTransformer(lambda all: [t.lower() for t in all]), quick)
    scores = cross_val_score(pipeline, texts, labels, cv=2, error_score="raise")
    assert scores.shape == (2,)
    assert repr(clone(pipeline)) == repr(pipeline)


def test_labels_of_any_kind_come_back_as_they_were(
    quick: TextClassifier, texts: pd.Series, labels: pd.Series, tmp_path: Path
):
    ids = labels.map({"delivery": 30, "pests": 4, "watering": 100})
    assert quick.fit(texts, ids).classes_.tolist() == [4, 30, 100]
    assert TextClassifier.load(quick.save(tmp_path / "ids")).predict(texts).dtype.kind == "i"
    quick.fit(texts.tolist(), [label == "pests" for label in labels])
    assert quick.classes_.tolist() == [False, True]


def test_a_saved_model_says_the_same(
    quick: TextClassifier, texts: pd.Series, labels: pd.Series, tmp_path: Path
):
    quick.fit(texts, labels)
    loaded = TextClassifier.load(quick.save(tmp_path / "model"))
    np.testing.assert_allclose(loaded.predict_proba(texts), quick.predict_proba(texts), atol=1e-6)
    assert loaded.get_params() == quick.get_params()
    np.testing.assert_array_equal(loaded.predict(texts), quick.predict(texts))
    again = pickle.loads(pickle.dumps(quick))
    np.testing.assert_array_equal(again.predict_proba(texts), quick.predict_proba(texts))
    with pytest.raises(InputError, match="no trained classifier in"):
        TextClassifier.load(tmp_path)


def test_pairs_are_learned_and_asked_as_pairs(tiny_model: str, pair_collection: Collection):
    rows = pair_collection.synthetic
    pairs = list(zip(rows["text"], rows["text_pair"], strict=True))
    model = TextClassifier(tiny_model, recipe=QUICK).fit(pairs, rows["label"])
    frame = rows[["text", "text_pair"]]
    np.testing.assert_array_equal(model.predict_proba(frame), model.predict_proba(pairs))
    np.testing.assert_array_equal(
        model.predict_proba(frame.to_numpy(dtype=object)), model.predict_proba(pairs)
    )
    with pytest.raises(InputError, match="has learned pairs"):
        model.predict(rows["text"])
    with pytest.raises(InputError, match="Row 2 of X is a single text, row 1 a pair"):
        model.fit([pairs[0], "one"], ["a", "b"])


def test_recipes_are_named_or_given(tiny_model: str, texts: pd.Series, labels: pd.Series):
    def settings(**options):
        return TextClassifier(tiny_model, **options)._settings(40, 3)

    assert settings(recipe="published") == FitSettings(base_model=tiny_model)
    assert settings().head_first
    assert settings().steps == 150
    with pytest.raises(InputError, match="Unknown recipe 'fast'"):
        settings(recipe="fast")
    with pytest.raises(InputError, match="Name it as base_model"):
        settings(recipe=FitSettings(base_model="owner/other"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y, w: (["", *x[1:]], y, w), "Row 1 of X has an empty text"),
        (lambda x, y, w: ([*x[:-1], None], y, w), "Row 40 of X has no text"),
        (lambda x, y, w: ([*x[:-1], 3], y, w), "Row 40 of X is a int"),
        (lambda x, y, w: ("one text", y, w), "X is a single text"),
        (lambda x, y, w: (x, y[:-1], w), "y has 39 values for 40 rows"),
        (lambda x, y, w: (x, [*y[:-1], float("nan")], w), "Row 40 of y has no label"),
        (lambda x, y, w: (x, [*y[:-1], 3], w), "Row 40 of y has the label “3”, a int"),
        (lambda x, y, w: (x, ["a"] * 40, w), "X has one label, “a”"),
        (lambda x, y, w: (x, y, w[:-1]), "sample_weight has 39 values for 40 rows"),
        (lambda x, y, w: (x, y, [*w[:-1], -1]), "Row 40 of sample_weight has the weight -1"),
        (lambda x, y, w: (x, y, [*w[:-1], np.inf]), "Row 40 .* has the weight inf"),
        (lambda x, y, w: (x, y, [*w[:-1], None]), "Row 40 .* has the weight none"),
        (lambda x, y, w: (x, y, ["heavy", *w[1:]]), "holds something that is no number"),
        (lambda x, y, w: (x, y, [0] * 40), "All weights of sample_weight are 0"),
        (
            lambda x, y, w: (x, y, [float(label != "pests") for label in y]),
            r"hold 2 of the 3 labels \(.*pests: 0",
        ),
    ],
)
def test_what_cannot_be_learned_is_named(
    quick: TextClassifier, texts: pd.Series, labels: pd.Series, change, message: str
):
    x, y, weight = change(texts.tolist(), labels.tolist(), [1.0] * len(texts))
    with pytest.raises(InputError, match=message):
        quick.fit(x, y, weight)


def test_what_cannot_validate_is_named(quick: TextClassifier, texts: pd.Series, labels: pd.Series):
    def fit(validation):
        return quick.set_params(validation=validation).fit(texts, labels)

    other = ["my roses have guests", "the box is late"]
    assert fit((other, ["pests", "delivery"])).val_accuracy_ in (0, 0.5, 1)
    with pytest.raises(InputError, match="Row 2 of validation has the label “refund”"):
        fit((other, ["pests", "refund"]))
    with pytest.raises(InputError, match="labels of validation has 1 values for 2 rows"):
        fit((other, ["pests"]))
    with pytest.raises(InputError, match="validation has no rows"):
        fit(([], []))
    with pytest.raises(InputError, match="One of X and validation holds pairs"):
        fit(([("a", "b")], ["pests"]))
    for wrong in (0, 1.0, "half", None, (other,)):
        with pytest.raises(InputError, match="validation is"):
            fit(wrong)
    with pytest.warns(UserWarning, match=r"Texts of validation are also learned \(rows: 1\)"):
        fit(([texts[3]], [labels[3]]))
    with pytest.raises(InputError, match="too few to hold some out"):
        quick.set_params(validation=0.2).fit(["a", "b"], ["x", "y"])
    with pytest.raises(NotFittedError):
        clone(quick).predict(other)


def test_train_reads_the_weights_of_a_frame(tiny_model: str, small_collection: Collection):
    rows = small_collection.synthetic[["text", "label"]]
    validation = small_collection.part(REAL, VALIDATION)
    options = {"base_model": tiny_model, "recipe": QUICK, "validation": validation}
    plain = train(rows, **options)
    assert plain.validation[1].equals(validation["label"])
    heavy = np.where(rows["label"] == "pests", 9.0, 1.0)
    asked = rows["text"]
    weighted = train(rows.assign(weight=heavy), **options).predict_proba(asked)
    named = train(rows.assign(w=heavy), weight="w", **options).predict_proba(asked)
    np.testing.assert_array_equal(weighted, named)
    assert not np.array_equal(weighted, plain.predict_proba(asked))
    with pytest.raises(InputError, match="rows has no column “w”"):
        train(rows, weight="w", **options)
    with pytest.raises(InputError, match="Row 1 of rows has the weight -1"):
        train(rows.assign(weight=-1), **options)
    with pytest.raises(InputError, match="validation has no column “label”"):
        train(rows, **{**options, "validation": validation[["text"]]})
