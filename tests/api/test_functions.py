"""The Python API on data frames: weights, the held-out share, collections in and out."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import synthcur
from harness.collections import add_scores
from harness.house import ROOT
from synthcur.checkers import scores
from synthcur.errors import InputError, NotFoundError
from synthcur.exports import downloads
from synthcur.models import encoders
from synthcur.schema import REAL, VALIDATION, Collection
from synthcur.settings import WeightingSettings
from synthcur.store.store import Store
from synthcur.training.training_sets import TARGETS
from synthcur.weighting.rules import sample_weight
from tests.support.job_desk import Desk, desk, scored

__all__ = ["desk", "scored"]  # fixtures

ADDED = ["p", "q", "weight", "posterior", "reason"]


@pytest.fixture
def synthetic(small_collection: Collection) -> pd.DataFrame:
    rows = small_collection.synthetic[["text", "label"]]
    return rows.assign(generator="nursery-bot").set_axis([f"s{i}" for i in range(len(rows))])


@pytest.fixture
def real(small_collection: Collection) -> pd.DataFrame:
    return small_collection.real_train[["text", "label"]]


@pytest.fixture
def validation(small_collection: Collection) -> pd.DataFrame:
    return small_collection.part(REAL, VALIDATION)[["text", "label"]]


@pytest.fixture(autouse=True)
def tiny_encoder(monkeypatch: pytest.MonkeyPatch, tiny_model: str) -> None:
    monkeypatch.setattr(encoders, "model_folder", lambda base_model: Path(tiny_model))


def in_child(program: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=1200,
    )
    assert done.stderr == ""
    return done.stdout


def test_importing_the_package_loads_neither_pandas_nor_torch(tmp_path: Path):
    loaded = "sorted({name.split('.')[0] for name in sys.modules})"
    out = in_child(f"import sys, json, synthcur; print(json.dumps({loaded}))", tmp_path)
    assert not {"torch", "pandas", "numpy", "sklearn", "transformers"} & set(json.loads(out))


def test_every_public_name_is_there_when_asked_for_and_no_module_hides_one():
    assert set(synthcur.__all__) <= set(dir(synthcur))
    package = Path(synthcur.__file__).parent
    for name in synthcur.__all__:
        assert getattr(synthcur, name).__doc__
        # A module of the name would take the attribute's place once it is imported.
        assert not (package / name).exists()
        assert not (package / f"{name}.py").exists()
    with pytest.raises(AttributeError, match="nonsense"):
        _ = synthcur.nonsense


def test_weigh_adds_its_columns_to_a_copy(synthetic: pd.DataFrame, real: pd.DataFrame):
    before = synthetic.copy()
    weighted = synthcur.weigh(synthetic, real)
    pd.testing.assert_frame_equal(synthetic, before)
    pd.testing.assert_frame_equal(weighted[list(before.columns)], before)
    assert list(weighted.columns) == [*before.columns, *ADDED]
    np.testing.assert_allclose(weighted["weight"], weighted["p"] / weighted["q"])
    assert set(weighted["posterior"]) <= set(before["label"])
    assert weighted["reason"].map(type).eq(str).all()
    assert (weighted["reason"] != "").any()
    assert not weighted["reason"].str.contains("nothing stands out").any()


def test_weigh_says_what_the_app_says(
    scored: tuple[Desk, dict[str, str]],
    small_collection: Collection,
    synthetic: pd.DataFrame,
    real: pd.DataFrame,
    validation: pd.DataFrame,
):
    from synthcur.arms import ARMS
    from synthcur.training.pools import read_pool

    desk, names = scored
    weighted = synthcur.weigh(synthetic, real, validation=validation)
    p, q = (desk.artefacts.array(names[role], "synthetic") for role in ("quality", "diversity"))
    labels = small_collection.synthetic_labels
    own = np.arange(len(labels)), labels
    np.testing.assert_array_equal(weighted["p"], p[own].astype(float))
    np.testing.assert_array_equal(weighted["q"], q[own].astype(float))
    np.testing.assert_array_equal(
        weighted["weight"], sample_weight(p, q, labels, WeightingSettings())
    )
    pool = read_pool(small_collection, (), [ARMS["witnesses"]], names, desk.artefacts)
    likely = np.asarray(small_collection.labels)[TARGETS["witnesses"](pool).argmax(axis=1)]
    np.testing.assert_array_equal(weighted["posterior"], likely)


def test_weigh_takes_a_rule_or_settings_with_every_detail(
    synthetic: pd.DataFrame, real: pd.DataFrame
):
    by_p = synthcur.weigh(synthetic, real, rule="p_only")
    np.testing.assert_allclose(by_p["weight"], by_p["p"])
    honest = WeightingSettings(diversity="out_of_fold", collapse_duplicates=True, normalise=True)
    assert synthcur.weigh(synthetic, real, rule=honest)["weight"].mean() == pytest.approx(1)
    with pytest.raises(InputError, match="Unknown weighting rule 'impp'"):
        synthcur.weigh(synthetic, real, rule="impp")
    with pytest.raises(InputError, match="Unknown kind of checkers"):
        synthcur.weigh(synthetic, real, checkers="oracle")


def test_labels_keep_their_type_and_columns_may_have_any_name(
    synthetic: pd.DataFrame, real: pd.DataFrame
):
    ids = {label: i for i, label in enumerate(sorted(set(real["label"])))}
    first, second = (
        frame.assign(y=frame["label"].map(ids)).rename(columns={"text": "utterance"})
        for frame in (synthetic, real)
    )
    weighted = synthcur.weigh(first, second, text="utterance", label="y")
    assert weighted["posterior"].dtype == first["y"].dtype
    assert set(weighted["posterior"]) <= set(ids.values())


def test_weigh_reads_pairs(pair_collection: Collection):
    weighted = synthcur.weigh(
        pair_collection.synthetic, pair_collection.real_train, text_pair="text_pair"
    )
    assert weighted["weight"].gt(0).all()


def test_weigh_prints_nothing_and_learns_no_row_of_holdout(
    synthetic: pd.DataFrame,
    real: pd.DataFrame,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    learned = []
    known = scores.task_of

    def watched(role, collection, **vectors):
        learned.extend(collection.real_train["text"])
        return known(role, collection, **vectors)

    monkeypatch.setattr(scores, "task_of", watched)
    synthcur.weigh(synthetic, real)
    assert capfd.readouterr() == ("", "")
    held_out = set(synthcur.holdout(real)["text"])
    assert held_out
    assert set(learned) == set(real["text"]) - held_out


def test_rows_with_a_text_of_validation_are_not_learned(
    synthetic: pd.DataFrame, real: pd.DataFrame, validation: pd.DataFrame
):
    both = pd.concat([real, validation.assign(text=validation["text"].str.upper())])
    kept = synthcur.weigh(synthetic, both, validation=validation)
    pd.testing.assert_frame_equal(kept, synthcur.weigh(synthetic, real, validation=validation))
    with pytest.raises(InputError, match="no row is left to learn"):
        synthcur.weigh(synthetic, real, validation=real)


def test_holdout_and_the_rest_are_disjoint_and_complete_whatever_the_order(real: pd.DataFrame):
    held_out = synthcur.holdout(real)
    rest = real.drop(held_out.index)
    assert len(held_out) + len(rest) == len(real)
    assert not set(held_out["text"]) & set(rest["text"])
    shares = held_out["label"].value_counts() / real["label"].value_counts()
    assert shares.between(0.15, 0.3).all()
    shuffled = synthcur.holdout(real.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(shuffled.sort_index(), held_out)
    pd.testing.assert_frame_equal(synthcur.holdout(real), held_out)


def test_holdout_keeps_equal_texts_together_and_takes_other_shares(real: pd.DataFrame):
    twice = pd.concat([real, real.assign(text=real["text"] + " ")], ignore_index=True)
    held_out = synthcur.holdout(twice, share=0.5)
    assert not set(held_out["text"].str.strip()) & set(
        twice.drop(held_out.index)["text"].str.strip()
    )
    assert len(held_out) == pytest.approx(0.5 * len(twice), abs=4)
    with pytest.raises(InputError, match="share is 1"):
        synthcur.holdout(real, share=1)
    with pytest.raises(InputError, match="none can be held out"):
        synthcur.holdout(real.groupby("label").head(1))


def changed(frame: pd.DataFrame, row: int, **cells: object) -> pd.DataFrame:
    frame = frame.astype(object).copy()
    for column, cell in cells.items():
        frame.iloc[row, frame.columns.get_loc(column)] = cell
    return frame


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"text": None}, "Row 3 of synthetic has no text"),
        ({"text": float("nan")}, "Row 3 of synthetic has no text"),
        ({"text": 7}, "Row 3 of synthetic is a int, not a text"),
        ({"text": "  "}, "Empty text: row 3 of synthetic.*Leave these rows out"),
        ({"label": None}, "Missing label: row 3 of synthetic"),
        ({"label": "refund"}, "Label only in one source .“refund” 1.: row 3 of synthetic"),
        ({"label": "Delivery"}, "several ways .*row 3 of synthetic.*in one way"),
    ],
)
def test_a_synthetic_row_that_cannot_be_used_is_named(
    synthetic: pd.DataFrame, real: pd.DataFrame, cells: dict, message: str
):
    with pytest.raises(InputError, match=message):
        synthcur.weigh(changed(synthetic, 2, **cells), real)


def test_a_real_row_that_cannot_be_used_is_named_by_its_place_in_the_frame(
    synthetic: pd.DataFrame, real: pd.DataFrame
):
    last = len(real) - 1
    for cells, message in (
        ({"text": None}, f"Row {last + 1} of real has no text"),
        ({"text": ""}, f"Row {last + 1} of real has an empty text"),
        ({"label": None}, f"Row {last + 1} of real has no label"),
    ):
        with pytest.raises(InputError, match=message):
            synthcur.weigh(synthetic, changed(real, last, **cells))
    odd = changed(real, last, label="refund")
    with pytest.raises(InputError, match=f"“refund” 1.: row {last + 1} of real"):
        synthcur.weigh(synthetic, odd)


def test_columns_and_frames_that_cannot_be_used_are_named(
    synthetic: pd.DataFrame, real: pd.DataFrame, validation: pd.DataFrame
):
    with pytest.raises(InputError, match=r"synthetic already has “weight”.*nothing is overwritten"):
        synthcur.weigh(synthetic.assign(weight=1), real)
    with pytest.raises(InputError, match=r"real has no column “text”.*Its columns: “label”"):
        synthcur.weigh(synthetic, real[["label"]])
    with pytest.raises(InputError, match="synthetic is a list, not a data frame"):
        synthcur.weigh([], real)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="synthetic has no rows"):
        synthcur.weigh(synthetic.iloc[:0], real)
    with pytest.raises(InputError, match="named for two uses"):
        synthcur.weigh(synthetic, real, label="text")
    twice = pd.concat([synthetic, synthetic["text"]], axis=1)
    with pytest.raises(InputError, match="synthetic has 2 columns “text”"):
        synthcur.weigh(twice, real)
    with pytest.raises(InputError, match=r"“refund” 1.: row 1 of validation"):
        synthcur.weigh(synthetic, real, validation=changed(validation, 0, label="refund"))
    one = [frame[frame["label"] == "pests"] for frame in (synthetic, real)]
    with pytest.raises(InputError, match="Fewer than two labels"):
        synthcur.weigh(*one)


def test_collections_come_from_a_workspace_and_leave_it(
    tmp_path: Path, small_collection: Collection, monkeypatch: pytest.MonkeyPatch
):
    workspace = tmp_path / "ws"
    store = Store(workspace)
    store.add_collection(small_collection)
    add_scores(store, small_collection)
    table = downloads.curated_table(store, "small", checkers="probe")
    store.close()
    loaded = synthcur.load_collection("small", workspace)
    assert isinstance(loaded, synthcur.Collection)
    assert loaded.fingerprint == small_collection.fingerprint
    monkeypatch.setenv("SYNTHCUR_WORKSPACE", str(workspace))
    written = synthcur.export("small", tmp_path / "out")
    assert tmp_path / "out" / "curated.parquet" in written
    pd.testing.assert_frame_equal(
        pd.read_parquet(written[0])[["text", "weight"]],
        table[["text", "weight"]],
        check_dtype=False,
    )
    with pytest.raises(NotFoundError, match="no collection 'other'"):
        synthcur.export("other", tmp_path / "none")
    with pytest.raises(NotFoundError, match="There is no workspace in"):
        synthcur.load_collection("small", tmp_path / "misspelt")
    assert not (tmp_path / "misspelt").exists()
