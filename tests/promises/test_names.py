"""Names that are kept on disks: fingerprints, ids, artefacts, runs. One that changes orphans work.

What release 0.1.0 had has its name of then. A name that differs is a fault of the code, never of
this file; a new field or stage adds lines.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synthcur import demo
from synthcur.arms import ARMS, arm_without
from synthcur.jobs import job_queue
from synthcur.schema import ROW_COLUMNS, Collection, sample_ids
from synthcur.settings import (
    FitSettings,
    ScoreSettings,
    TrainSettings,
    WeightingSettings,
    fingerprint,
)
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.store.store import Store
from synthcur.training.learning_curve import NO_REAL_ROWS, LearningCurveSettings
from synthcur.worker.learning_runs import Subject, runs_with
from synthcur.worker.scoring import VERSIONS, score

FIT = FitSettings(base_model="./m", epochs=3, learning_rate=2e-4, batch_size=16, max_length=64)
LATER_FIT = replace(FIT, steps=500, warmup=0.06, head_first=True, chosen_by="log_loss")
WEIGHTING = WeightingSettings(
    rule="quality_filter",
    quality="calibrated",
    diversity="out_of_fold",
    quality_exponent=0.5,
    diversity_exponent=2.0,
    least_quality=0.25,
    prior_correction=True,
    clip_low=-2.0,
    clip_high=1.5,
    floor=0.1,
    collapse_duplicates=True,
    balance_classes=True,
    normalise=True,
)
FOUR = ("ce", "imp", "dimp", "witnesses")
SIX = ("ce_real", "ce", "ce_both", "imp", "dimp", "witnesses")

SETTINGS = (
    (FitSettings(), "7f5e74aa342dbfd7"),
    (FIT, "fb8f440371767e15"),
    (LATER_FIT, "042302f140ad0c12"),
    (WeightingSettings(), "6b9b68546b50d862"),
    (WEIGHTING, "b7574c31c940ebda"),
    (ScoreSettings(), "85b74f6b985615aa"),
    (ScoreSettings(checkers="finetune"), "6ad55237a3a12758"),
    (
        ScoreSettings(
            checkers="average", fit=FIT, folds=4, finetune_folds=2, quality_steps=99, seed=7
        ),
        "d92b189da1ccb95b",
    ),
    (ScoreSettings(fit=LATER_FIT, recipe="automatic"), "8bd6907a8eba361d"),
    (TrainSettings(arms=FOUR), "5fb77f6afcc8ff5e"),
    (
        TrainSettings(
            arms=("ce_real", "scheme"), seeds=3, fit=FIT, checkers="finetune", weighting=WEIGHTING
        ),
        "8bdd694ab0271bfc",
    ),
    (TrainSettings(arms=FOUR, fit=LATER_FIT, recipe="automatic"), "1ba21bdc0e47c2aa"),
    (LearningCurveSettings(arms=SIX), "ebf3f2ccbce599e6"),
    (
        LearningCurveSettings(
            arms=("ce", "scheme"),
            seeds=2,
            fit=FIT,
            checkers="average",
            weighting=WEIGHTING,
            sizes=(9, 40),
        ),
        "8f387196ddcf8f75",
    ),
    (LearningCurveSettings(arms=FOUR, fit=LATER_FIT, recipe="automatic"), "ef36749fb143bb17"),
)
"""Every class of settings at its defaults, and with other values; arms are named, as the ones that
are offered change with what is known of them."""


@pytest.mark.parametrize(("settings", "name"), SETTINGS)
def test_settings_have_the_name_they_had(settings: Any, name: str):
    assert fingerprint(settings) == name
    assert fingerprint(type(settings).from_dict(settings.to_dict())) == name


@pytest.mark.parametrize("kind", dict.fromkeys(type(each) for each, _ in SETTINGS))
def test_every_field_of_settings_is_named_here_with_another_value(kind: type):
    first, *others = (each for each, _ in SETTINGS if type(each) is kind)
    unnamed = [
        field.name
        for field in fields(kind)
        if all(getattr(each, field.name) == getattr(first, field.name) for each in others)
    ]
    assert not unnamed, "a new field: add settings that have it, and put its first value in _LATER"


@pytest.mark.parametrize(
    ("arm", "column", "value", "name"),
    [
        ("ce_both", "generator", "gpt-4o", "ce_both~generator=gpt-4o"),
        ("ce", "model", "meta-llama/Llama 3.1", "ce~model=meta-llama-Llama-3.1~d4e0"),
        ("witnesses", "prompt id", "x" * 50, f"witnesses~prompt-id~6bd6={'x' * 40}~77cf"),
        ("ce", "generator", "模型", "ce~generator=模型"),
    ],
)
def test_arms_that_leave_rows_out_have_the_name_they_had(
    arm: str, column: str, value: str, name: str
):
    assert arm_without(arm, column, value) == name
    assert fingerprint(TrainSettings(arms=(arm, name))) == fingerprint(
        TrainSettings.from_dict({"arms": [arm, name]})
    )


def test_plain_values_have_the_name_they_had():
    assert fingerprint() == "4f53cda18c2baa0c"
    parts = ("a", 1, 0.5, None, True, ["x", ("y",)], {"b": 1, 2: "c"})
    assert fingerprint(*parts) == "0848d6c669e3282b"


LITERAL = (
    ("synthetic", "train", "Where is my parcel?", None, "delivery"),
    ("synthetic", "train", "Where is my parcel?", None, "delivery"),
    ("synthetic", "train", "à la carte 👩‍👩‍👧 \x1f", "a second text", "naïve"),
    ("real", "train", "where's my parcel", None, "delivery"),
    ("real", "validation", "bugs", "", "naïve"),
    ("real", "test", "", None, "delivery"),
)
LITERAL_IDS = (
    *("026a5a265529772a", "c5d889d9da3b229a", "2544c24f7540d1ba"),
    *("203b7a511ec9502a", "d72b2148a1e70c27", "a2015f87dddc99b5"),
)


@pytest.fixture(scope="module")
def literal() -> Collection:
    columns = ["source", "split", "text", "text_pair", "label"]
    rows = pd.DataFrame(LITERAL, columns=columns, dtype=object).assign(row=[1, 2, 3, 1, 1, 1])
    rows = rows.assign(sample_id=sample_ids(rows))[list(ROW_COLUMNS)]
    further = pd.DataFrame({"flaw": ["none", None, "x", None, None, None], "n": range(6)})
    return Collection(
        name="literal", labels=("delivery", "naïve"), rows=rows, provenance=further, title="t"
    )


def test_rows_have_the_ids_they_had(literal: Collection):
    assert tuple(literal.rows["sample_id"]) == LITERAL_IDS


def test_a_collection_has_the_name_it_had(literal: Collection):
    assert (literal.fingerprint, literal.origin) == ("dc23595305d9bd60", "651174745784bbf3")


@pytest.fixture(scope="module")
def shipped() -> Collection:
    return demo.load_demo()


def test_the_demo_has_the_name_and_ids_it_had(shipped: Collection):
    ids = shipped.rows["sample_id"].tolist()
    assert ids[:2] == ["136fdf10b4b1b8b6", "c4e247be3011bf59"]
    assert hashlib.sha256("".join(ids).encode()).hexdigest()[:16] == "b5e697f73ed89976"
    assert (shipped.fingerprint, shipped.origin) == ("8d204dd259d01165", "95eacd74b9886070")


def test_every_stage_of_scoring_is_at_the_version_it_was():
    assert VERSIONS == {
        "embeddings": 1,
        "coordinates": 1,
        "neighbours": 1,
        "quality": 3,
        "diversity": 3,
        "signals": 2,
        "clusters": 1,
        "coverage": 1,
    }


class Everything(Artefacts):
    """Has everything it is asked for, so that nothing is computed and names come back."""

    def has(self, fingerprint: str) -> bool:
        return True

    def meta(self, fingerprint: str) -> dict[str, Any]:
        return {"trust": {}}


OF_EMBEDDINGS = {
    "embeddings": "a70b51d89073b40b",
    "coordinates": "e8660594c17f97ae",
    "neighbours": "adb27cba1eba65bc",
    "clusters": "244cfee15fb41cbd",
    "coverage": "57215ab8ffa9253b",
}
OF_PROBE = {
    "quality": "f45315abe61fe775",
    "diversity": "7a4f87cba30a5a78",
    "signals": "664c94f957a7b8c5",
}
SCORES = (
    (ScoreSettings(), OF_EMBEDDINGS | OF_PROBE),
    (
        ScoreSettings(folds=4, seed=7),
        {
            "embeddings": "a70b51d89073b40b",
            "coordinates": "a240a4a74d6b226d",
            "neighbours": "209e574488700ff1",
            "quality": "92de1482b4517fc1",
            "diversity": "474c7e81bdc13497",
            "signals": "12c894b13fc5910c",
            "clusters": "ed30c9bb6e4368db",
            "coverage": "b50fcc338e08a8d3",
        },
    ),
    (
        ScoreSettings(checkers="finetune"),
        OF_EMBEDDINGS
        | {
            "quality": "0ecafdc9b8a20a2a",
            "diversity": "752e0b3361caacc8",
            "signals": "e428f58329ccb746",
        },
    ),
    (
        ScoreSettings(checkers="finetune", fit=FIT, finetune_folds=2, quality_steps=99),
        OF_EMBEDDINGS
        | {
            "quality": "9439c484998b3871",
            "diversity": "455e689ba2ed1d5e",
            "signals": "430163c506619c59",
        },
    ),
    (
        ScoreSettings(checkers="average"),
        OF_EMBEDDINGS
        | {
            "quality": "178bc98839bc8557",
            "diversity": "02d07c0693619085",
            "signals": "6e8e658e5e2aee11",
        },
    ),
)


@pytest.mark.parametrize(("settings", "names"), SCORES)
def test_scores_of_the_demo_have_the_names_they_had(
    shipped: Collection, tmp_path: Path, settings: ScoreSettings, names: Mapping[str, str]
):
    spool = Spool(tmp_path / "spool.jsonl")
    assert score(shipped, settings, Everything(tmp_path / "artefacts"), spool) == names


def test_all_that_is_shipped_with_the_demo_is_found_and_nothing_computed_anew(
    shipped: Collection, tmp_path: Path
):
    artefacts = Artefacts(tmp_path / "artefacts", (demo.ARTEFACTS,))
    names = score(shipped, ScoreSettings(), artefacts, Spool(tmp_path / "spool.jsonl"))
    assert not artefacts.root.exists()
    assert demo.shipped_scores()["probe"]["artefacts"] == names
    assert {path.name for path in demo.ARTEFACTS.iterdir()} == set(names.values())


ARRAYS = {
    "embeddings": {"real", "synthetic"},
    "coordinates": {"real", "synthetic"},
    "neighbours": {"real_cosine", "real_index", "synthetic_cosine", "synthetic_index"},
    "quality": {"calibrated", "members", "out_of_fold", "real", "synthetic"},
    "diversity": {"calibrated", "members", "out_of_fold", "real", "synthetic"},
    "signals": {
        "density_ratio",
        "duplicate_group",
        "is_likely_mislabelled",
        "label_quality",
        "uncertainty",
    },
    "clusters": {"centres", "real", "synthetic"},
    "coverage": {"synthetic_cosine", "synthetic_index"},
}
META = {
    "embeddings": {"model"},
    "quality": {"details", "kind", "settings", "trust"},
    "diversity": {"details", "kind", "settings", "trust"},
    "signals": {"real_covered", "real_vs_synthetic", "vendi", "vendi_by_quality"},
    "clusters": {"terms"},
}


@pytest.mark.parametrize("stage", ARRAYS)
def test_an_artefact_of_the_demo_holds_the_arrays_it_held(stage: str):
    name = (OF_EMBEDDINGS | OF_PROBE)[stage]
    assert {path.stem for path in (demo.ARTEFACTS / name).glob("*.npy")} == ARRAYS[stage]
    assert set(Artefacts(demo.ARTEFACTS).meta(name)) == META.get(stage, set())


LEARNING_RUNS = {
    (NO_REAL_ROWS, "ce"): "bb93037b4addcb3f",
    (NO_REAL_ROWS, "focal"): "14b088a49ddddbe2",
    (25, "ce_real"): "7ef029e76a113b02",
    (25, "ce_both"): "5ea087c8fdf65726",
    (25, "imp"): "ea3ee770f1c3b1ef",
    (25, "dimp"): "2ebd8d33d23d726e",
    (25, "p_only"): "c651a97628ecabf1",
    (25, "consensus"): "b3ddff52ecb16bd4",
    (25, "witnesses"): "06146ea454ad09d8",
    (25, "quality_filter"): "418b2b42f2c0c3dc",
    (25, "random_drop"): "e4ba2d5c70393c58",
    (25, "distill"): "1e701b391b1ad69f",
    (25, "rho"): "b6d40c35f1078fa8",
    (25, "votes"): "94ad2217ac9a85a3",
    (25, "scheme"): "b7f948552eb4e1a7",
    (25, "probe_real"): "07f185d2f2e28d80",
    (25, "probe_both"): "040c36203f00a3a7",
}


def test_runs_of_a_learning_curve_of_the_demo_have_the_names_they_had(
    shipped: Collection, tmp_path: Path
):
    settings = LearningCurveSettings(
        arms=tuple(ARMS), sizes=(25,), weighting=WeightingSettings(rule="p_only")
    )
    subject = Subject(
        collection=shipped, settings=settings, artefacts=Everything(tmp_path / "artefacts")
    )
    found = {
        (n_real, run["arm"]): run["predictions"]
        for n_real in (NO_REAL_ROWS, 25)
        for run in runs_with(subject, n_real, 0, tmp_path)
    }
    assert found == LEARNING_RUNS


def test_arms_have_the_names_they_had_and_train_as_they_did():
    found = {name: (arm.rows, arm.weights, arm.targets, arm.dynamic) for name, arm in ARMS.items()}
    assert found == {
        "ce": ("synthetic", "one", "", ""),
        "ce_real": ("real", "one", "", ""),
        "ce_both": ("both", "one", "", ""),
        "probe_real": ("real", "one", "", ""),
        "probe_both": ("both", "one", "", ""),
        "imp": ("synthetic", "imp", "", ""),
        "dimp": ("synthetic", "p_only", "", "dimp"),
        "p_only": ("synthetic", "p_only", "", ""),
        "consensus": ("both", "consensus", "consensus", ""),
        "witnesses": ("both", "one", "witnesses", ""),
        "focal": ("synthetic", "one", "", "focal"),
        "quality_filter": ("synthetic", "quality_filter", "", ""),
        "random_drop": ("synthetic", "random", "", ""),
        "distill": ("synthetic", "one", "quality", ""),
        "rho": ("synthetic", "p_only", "", "rho"),
        "votes": ("synthetic", "votes", "", ""),
        "scheme": ("synthetic", "scheme", "", ""),
    }


@pytest.mark.parametrize(
    ("submit", "settings", "name"),
    [
        (job_queue.submit_score, ScoreSettings(), "14fad9579ff8f66c"),
        (job_queue.submit_train, TrainSettings(arms=FOUR), "0c0d8013d54f568e"),
        (
            job_queue.submit_learning_curve,
            LearningCurveSettings(arms=("ce", "ce_real"), sizes=(25,)),
            "27df275ed76b5564",
        ),
    ],
)
def test_a_job_asked_for_twice_is_known_by_the_name_it_had(
    submit: Any, settings: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Jobs that wait or run while the release is changed are asked for once more after it."""
    monkeypatch.setattr(job_queue, "start_next", lambda store, waiting=None: None)
    store = Store(tmp_path, shipped=(demo.ARTEFACTS,))
    demo.ensure(store)
    job = submit(store, demo.NAME, settings)
    assert submit(store, demo.NAME, settings) == job
    store.close()
    with closing(sqlite3.connect(tmp_path / "synthcur.sqlite3")) as db:
        assert db.execute("SELECT request FROM job").fetchall() == [(name,)]
