"""What the method promises: where each loss leads, what weights ignore, and that tests stay unseen.

The fixed points are those of an ideal model that can say anything of every text: trained on texts
whose labels come from Q, plain training reaches Q, IMP-Loss P', DIMP-Loss the normalised square
root of Q P', and weighing by P' alone the normalised product.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from synthcur.arms import ARMS
from synthcur.models import bundled
from synthcur.schema import REAL, TEST, VALIDATION, Collection
from synthcur.settings import RULES, FitSettings, ScoreSettings, TrainSettings, WeightingSettings
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool, read_spool
from synthcur.training.losses import dynamic_weight, weighted_cross_entropy
from synthcur.training.pools import read_pool
from synthcur.training.training_sets import rows_of
from synthcur.weighting.rules import sample_weight
from synthcur.worker import pipeline

TEXTS, LABELS = 4, 3


def normalised(values: np.ndarray) -> np.ndarray:
    return values / values.sum(axis=1, keepdims=True)


QUALITY, DIVERSITY = (
    normalised(np.random.default_rng(seed).uniform(0.1, 1, (TEXTS, LABELS))) for seed in (1, 2)
)
TEXT, LABEL = (each.ravel() for each in np.indices((TEXTS, LABELS)))
"""Every text with every label, a row each; how often it occurs is Q."""


def learn(weigh: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> np.ndarray:
    """Train a table of logits on all rows; return the probabilities it ends with."""
    logits = torch.zeros(TEXTS, LABELS, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.03)
    text, label = torch.tensor(TEXT), torch.tensor(LABEL)
    occurs = torch.tensor(DIVERSITY[TEXT, LABEL])
    for _ in range(1500):
        optimiser.zero_grad()
        rows = logits[text]
        weighted_cross_entropy(rows, label, occurs * weigh(rows, label)).backward()
        optimiser.step()
    return torch.softmax(logits.detach(), dim=1).numpy()


def fixed(rule: str) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    probs = QUALITY[TEXT], DIVERSITY[TEXT]
    weight = torch.tensor(sample_weight(*probs, LABEL, WeightingSettings(rule=rule)))
    return lambda rows, label: weight


def follows_the_model(rows: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    return dynamic_weight(rows, label, torch.tensor(QUALITY[TEXT, LABEL]))


@pytest.mark.parametrize(
    ("weigh", "leads_to"),
    [
        (fixed("ce"), DIVERSITY),
        (fixed("imp"), QUALITY),
        (follows_the_model, normalised(np.sqrt(DIVERSITY * QUALITY))),
        (fixed("p_only"), normalised(DIVERSITY * QUALITY)),
    ],
    ids=["ce", "imp", "dimp", "p_only"],
)
def test_an_ideal_model_ends_where_the_loss_leads(weigh, leads_to):
    np.testing.assert_allclose(learn(weigh), leads_to, atol=0.005)


def test_the_four_ends_are_far_apart():
    ends = [
        *(DIVERSITY, QUALITY, normalised(np.sqrt(DIVERSITY * QUALITY))),
        normalised(DIVERSITY * QUALITY),
    ]
    apart = [np.abs(a - b).max() for i, a in enumerate(ends) for b in ends[:i]]
    assert min(apart) > 0.05


@st.composite
def pools(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P', Q and labels of a few rows."""
    n, k = draw(st.integers(1, 12)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    quality, diversity = (rng.dirichlet(np.full(k, 0.7), n) for _ in range(2))
    return quality, diversity, rng.integers(0, k, n)


@given(pools())
def test_equal_checkers_weigh_every_row_one_under_imp(pool):
    quality, _, labels = pool
    weights = sample_weight(quality, quality, labels, WeightingSettings(rule="imp"))
    np.testing.assert_allclose(weights, 1, atol=1e-9)


SETTINGS = st.builds(
    WeightingSettings,
    rule=st.sampled_from(RULES),
    clip_low=st.sampled_from([None, -2.0]),
    floor=st.sampled_from([0.0, 0.2]),
    normalise=st.booleans(),
)


@given(pools(), SETTINGS, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_labels_changes_no_weight(pool, settings, random):
    quality, diversity, labels = pool
    weights = sample_weight(quality, diversity, labels, settings)
    rows, names = ([*range(n)] for n in quality.shape)
    random.shuffle(rows)
    random.shuffle(names)
    moved = sample_weight(quality[rows], diversity[rows], labels[rows], settings)
    np.testing.assert_allclose(moved, weights[rows], rtol=1e-12)
    place = np.argsort(names)
    renamed = sample_weight(quality[:, names], diversity[:, names], place[labels], settings)
    np.testing.assert_allclose(renamed, weights, rtol=1e-12)


# No test row ever reaches a checker, a weight or the choice of a checkpoint.

WEIGHED = tuple(name for name in ARMS if name != "scheme")
TRAINED = ("ce", "ce_real", "dimp", "consensus", "probe_both")


@dataclass(frozen=True)
class Outcome:
    """All that scoring and training leave behind, to the last bit.

    Attributes
    ----------
    scores, rows
        Arrays of every artefact of scoring, and of what every arm trains on, by name.
    chosen
        Validation figures and best epoch of every run.
    models
        Weights of every kept model, as bytes.
    test_accuracy
        The one thing that test rows may change.
    """

    scores: dict[str, bytes]
    rows: dict[str, bytes]
    chosen: list[tuple]
    models: dict[str, bytes]
    test_accuracy: list[float]


def work_through(collection: Collection, tiny_model: str, folder: Path) -> Outcome:
    """Score with both kinds of checkers, weigh for every arm, train some."""
    folder.mkdir()
    artefacts, spool = Artefacts(folder / "artefacts"), Spool(folder / "spool.jsonl")
    recipe = FitSettings(base_model=tiny_model, epochs=2, learning_rate=3e-3, batch_size=8)
    settings = ScoreSettings(checkers="average", fit=recipe, finetune_folds=2, quality_steps=0)
    names = pipeline.score(collection, settings, artefacts, spool)
    scores = {
        f"{kind}/{path.name}": path.read_bytes()
        for kind, name in names.items()
        for path in (artefacts.root / name).glob("*.npy")
    }
    arms = [ARMS[name] for name in WEIGHED]
    pool = read_pool(collection, [], arms, names, artefacts)
    rows = {}
    for arm in arms:
        own = rows_of(arm, pool)
        rows[f"{arm.name} factor"] = own.factor.tobytes() + own.labels.tobytes()
        rows[f"{arm.name} targets"] = b"" if own.targets is None else own.targets.tobytes()
    job = TrainSettings(arms=TRAINED, seeds=1, fit=recipe)
    pipeline.train(collection, job, names, artefacts, spool, folder)
    done = [each for each in read_spool(folder / "spool.jsonl", 0)[0] if each["t"] == "run_done"]
    return Outcome(
        scores=scores,
        rows=rows,
        chosen=[(each["arm"], each["val_accuracy"], each.get("best_epoch")) for each in done],
        models={
            str(path.relative_to(folder)): path.read_bytes()
            for path in (folder / "models").rglob("*.safetensors")
        },
        test_accuracy=[each["accuracy"] for each in done],
    )


def with_other(collection: Collection, split: str) -> Collection:
    """Change text and label of every real row of a split."""
    rows = collection.rows.copy()
    chosen = (rows["source"] == REAL) & (rows["split"] == split)
    following = dict(zip(collection.labels, np.roll(collection.labels, -1), strict=True))
    rows.loc[chosen, "text"] = [f"the pot of water {i}" for i in range(int(chosen.sum()))]
    rows.loc[chosen, "label"] = rows.loc[chosen, "label"].map(following)
    return replace(collection, rows=rows)


@pytest.fixture
def as_encoder(tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embed with the tiny model."""
    monkeypatch.setattr(bundled, "model_folder", lambda: Path(tiny_model))


@pytest.mark.usefixtures("as_encoder")
def test_other_test_rows_change_nothing_but_the_test_accuracy(
    small_collection: Collection, tiny_model: str, tmp_path: Path
):
    first = work_through(small_collection, tiny_model, tmp_path / "first")
    other = with_other(small_collection, TEST)
    second = work_through(other, tiny_model, tmp_path / "second")
    assert len(first.scores) >= 15
    assert {name.split("/")[1] for name in first.models} == {f"{arm}-0" for arm in TRAINED}
    assert first.scores == second.scores
    assert first.rows == second.rows
    assert first.chosen == second.chosen
    assert first.models == second.models
    assert first.test_accuracy != second.test_accuracy


@pytest.mark.usefixtures("as_encoder")
def test_rows_that_may_decide_do_change_the_outcome(
    small_collection: Collection, tiny_model: str, tmp_path: Path
):
    """The test above would find a leak: what choosing rows change is seen there."""
    first = work_through(small_collection, tiny_model, tmp_path / "first")
    other = with_other(small_collection, VALIDATION)
    second = work_through(other, tiny_model, tmp_path / "second")
    assert first.chosen != second.chosen
    assert first.models != second.models
    probe = [name for name in first.scores if name.startswith(("embeddings", "coordinates"))]
    assert all(first.scores[name] == second.scores[name] for name in probe)
