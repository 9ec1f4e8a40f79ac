"""The plain recipe: its losses by hand, and the package's training held against it."""

import ast
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import recipe, reference
from harness import samples
from synthcur.arms import ARMS
from synthcur.errors import InputError
from synthcur.models.classifier import Classifier, build
from synthcur.settings import FitSettings
from synthcur.training.losses import dynamic_weight, weighted_cross_entropy
from synthcur.training.pools import Examples, Pool, WeightedExamples
from synthcur.training.training_sets import rows_of

LABELS = ("a", "b")
WORDS = ("late", "parcel", "courier", "aphids", "slugs", "mites")
ROWS, BATCH = 24, 8


class Says(torch.nn.Module):
    """A model whose probabilities of text i are row i of a table."""

    def __init__(self, probs: torch.Tensor) -> None:
        super().__init__()
        self.logits = torch.nn.Parameter(torch.log(probs))

    def forward(self, input_ids: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.logits[input_ids[:, 0]])


PROBS = torch.tensor([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25], [0.1, 0.1, 0.8]])
OWN = torch.tensor([0, 1, 0])
P_PRIME, Q = torch.tensor([0.9, 0.6, 0.05]), torch.tensor([0.6, 0.8, 0.5])
BY_HAND = recipe.Encoded({"input_ids": torch.arange(3).unsqueeze(1)}, OWN)


def giving(own: torch.Tensor) -> Says:
    """A checker that gives every row's own label `own` and shares the rest out evenly."""
    probs = ((1 - own) / 2).unsqueeze(1).repeat(1, 3)
    return Says(probs.scatter(1, OWN.unsqueeze(1), own.unsqueeze(1)))


def test_the_losses_of_the_first_step_are_those_worked_out_by_hand_and_those_of_the_package():
    model, logits = Says(PROBS), torch.log(PROBS)
    loss = recipe.imp(giving(P_PRIME), giving(Q))(model, BY_HAND).item()
    # -log p = 0.3566749439, 0.6931471806, 2.3025850930; P'/Q = 1.5, 0.75, 0.1
    expected = (1.5 * 0.3566749439 + 0.75 * 0.6931471806 + 0.1 * 2.3025850930) / 3
    assert loss == pytest.approx(expected, abs=1e-6)
    assert loss == pytest.approx(weighted_cross_entropy(logits, OWN, P_PRIME / Q).item(), abs=1e-6)

    loss = recipe.dimp(giving(P_PRIME))(model, BY_HAND).item()
    expected = (0.9 / 0.7 * 0.3566749439 + 1.2 * 0.6931471806 + 0.5 * 2.3025850930) / 3
    assert loss == pytest.approx(expected, abs=1e-6)
    weight = dynamic_weight(logits, OWN, P_PRIME)
    assert loss == pytest.approx(weighted_cross_entropy(logits, OWN, weight).item(), abs=1e-6)


def test_the_checkers_are_asked_without_dropout_and_learn_nothing(tiny_model: str):
    quality, diversity = checkers(tiny_model)
    classifier = started(tiny_model, 3)
    model, batch = classifier.model, recipe.encode(classifier, *made_of_words())
    quality.train()
    loss = recipe.imp(quality, diversity)
    model.eval()
    first, again = loss(model, batch), loss(model, batch)
    assert first.item() == again.item()
    first.backward()
    for checker in (quality, diversity):
        assert all(parameter.grad is None for parameter in checker.parameters())
    model.train()
    assert loss(model, batch).item() != loss(model, batch).item(), "no dropout in training"


@pytest.fixture(scope="module")
def without_dropout(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models") / "without-dropout"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


def started(base_model: str, seed: int) -> Classifier:
    torch.manual_seed(seed)
    return build(base_model, LABELS)


def made_of_words(n: int = ROWS) -> tuple[pd.DataFrame, np.ndarray]:
    """Texts of six words each, and labels drawn at random."""
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, size=6)) for _ in range(n)]
    return pd.DataFrame({"text": texts, "text_pair": None}), random.integers(0, 2, size=n)


def checkers(base_model: str) -> tuple[Any, Any]:
    """Two models of different opinions: each with a head of its own."""
    models = started(base_model, 1).model, started(base_model, 2).model
    for model in models:
        torch.nn.init.normal_(model.classifier.weight, std=0.5)  # type: ignore[arg-type]
    return models


def looked_up(
    arm: str, rows: pd.DataFrame, labels: np.ndarray, quality: np.ndarray, diversity: np.ndarray
) -> WeightedExamples:
    """What the package trains the arm on when the checkers have said this of the rows."""
    examples = Examples(rows, labels)
    pool = Pool(examples, examples, LABELS, quality_probs=quality, diversity_probs=diversity)
    return rows_of(ARMS[arm], pool)


def package_loop(
    classifier: Classifier, part: WeightedExamples, loss: Callable, *, learning_rate: float
) -> list[float]:
    """One epoch over the rows in the plain loop's order, unpadded, with the package's loss."""
    model, losses = classifier.model, []
    texts = classifier.tokenizer(part.rows["text"].tolist(), return_tensors="pt")
    labels, factor = torch.as_tensor(part.labels), torch.as_tensor(part.factor)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.0)
    model.train()
    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(5))
    for step, chosen in enumerate(order.split(BATCH)):
        optimizer.param_groups[0]["lr"] = learning_rate * (1 - step * BATCH / ROWS)
        optimizer.zero_grad()
        logits = model(**{name: value[chosen] for name, value in texts.items()}).logits
        value = loss(logits, labels[chosen], factor[chosen])
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(value.item())
    return losses


def fixed_loss(logits, labels, factor):
    return weighted_cross_entropy(logits, labels, factor)


def dynamic_loss(logits, labels, factor):
    return weighted_cross_entropy(logits, labels, dynamic_weight(logits, labels, factor))


@pytest.mark.parametrize(("arm", "package_loss"), [("imp", fixed_loss), ("dimp", dynamic_loss)])
def test_asking_the_checkers_in_every_step_on_padded_texts_learns_what_looked_up_weights_teach(
    without_dropout: str, arm: str, package_loss: Callable
):
    rows, labels = made_of_words()
    plain, package, untouched = (started(without_dropout, 3) for _ in range(3))
    quality, diversity = checkers(without_dropout)
    encoded = recipe.encode(plain, rows, labels)
    assert encoded.inputs["input_ids"].shape == (ROWS, plain.max_length)

    said = [recipe.predict(checker, encoded) for checker in (quality, diversity)]
    part = looked_up(arm, rows, labels, *said)
    assert part.factor.std() > 0.1, "equal weights would show nothing"

    loss = recipe.imp(quality, diversity) if arm == "imp" else recipe.dimp(quality)
    trained = recipe.train(plain.model, loss, encoded, encoded, seed=5, epochs=1, batch_size=BATCH)
    losses = package_loop(package, part, package_loss, learning_rate=recipe.LEARNING_RATE)
    assert trained.losses[0] == pytest.approx(losses[0], abs=1e-6)
    assert trained.losses == pytest.approx(losses, abs=1e-5)

    start = untouched.model.state_dict()
    state = package.model.state_dict()
    moved = max((state[name] - value).abs().max().item() for name, value in start.items())
    assert moved > 1e-4
    for name, value in plain.model.state_dict().items():
        # Softmax takes a key's bias out again: its gradient is rounding, which Adam makes a step.
        if name.endswith("key.bias"):
            continue
        torch.testing.assert_close(value, state[name], atol=1e-5, rtol=0, msg=name)


def test_the_model_is_left_in_its_best_state_on_the_validation_rows(tiny_model: str):
    classifier = started(tiny_model, 0)
    rows, labels = made_of_words(40)
    encoded = recipe.encode(classifier, rows, labels)
    validation = recipe.Encoded(encoded.inputs, 1 - encoded.labels)
    # What fits the rows better fits these ever worse, so an early epoch is the best one.
    trained = recipe.train(
        classifier.model,
        recipe.cross_entropy,
        encoded,
        validation,
        seed=0,
        epochs=6,
        batch_size=BATCH,
        learning_rate=3e-3,
    )
    said = recipe.predict(classifier.model, validation).argmax(axis=1)
    best = max(trained.val_accuracies)
    assert best > trained.val_accuracies[-1]
    assert (said == validation.labels.numpy()).mean() == best
    assert trained.val_accuracies[trained.best_epoch - 1] == best
    assert trained.samples_per_s > 0
    assert len(trained.losses) == 30


def test_the_plain_recipe_takes_nothing_but_the_model_from_the_package():
    source = ast.parse(Path(recipe.__file__).read_text("utf-8"))
    taken = {
        node.module
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("synthcur")
    }
    names = {alias.name for n in ast.walk(source) if isinstance(n, ast.Import) for alias in n.names}
    assert taken == {"synthcur.models.classifier"}
    assert not [name for name in names if name.startswith(("synthcur", "benchmarks"))]


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """A task folder of the sample texts."""
    folder = tmp_path / "nursery"
    folder.mkdir()
    parts = {"synthetic": (samples.SYNTHETIC, slice(None))}
    parts |= {f"real_{name}": (samples.REAL, part) for name, part in samples.REAL_PARTS.items()}
    for name, (texts, part) in parts.items():
        lines = [
            json.dumps({"text": text, "label": label, "generator": "nursery-bot"})
            for label in samples.LABELS
            for text in texts[label][part]
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def setup_of(task: Path, **changes: Any) -> reference.Setup:
    fit = FitSettings(epochs=1)
    return reference.Setup(**{"data": task, "pool": None, "fit": fit, "folder": task} | changes)


def finished(record: dict[str, Any], run: reference.Run, wrong: int, rate: float) -> dict[str, Any]:
    """A run that gets the first `wrong` of the test rows wrong."""
    truth = np.array(record["labels"])
    said = np.where(np.arange(len(truth)) < wrong, (truth + 1) % 3, truth)
    return {
        **vars(run),
        "accuracy": float((said == truth).mean()),
        "val_accuracy": 0.5,
        "best_epoch": 1,
        "samples_per_s": rate,
        "predictions": said.tolist(),
    }


def test_finished_runs_are_not_done_again_and_are_compared_by_seed(
    task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    setup, out = setup_of(task), tmp_path / "out.json"
    record = reference.open_record(out, setup, setup.collection())
    runs = reference.missing_runs(record, ["imp"], 2)
    assert [(run.seed, run.way) for run in runs] == [
        (0, "plain"), (0, "synthcur"), (1, "plain"), (1, "synthcur"),
    ]  # fmt: skip
    record["runs"] = [
        finished(record, run, wrong, rate)
        for run, wrong, rate in zip(runs, (6, 3, 6, 3), (10, 42, 10, 42), strict=True)
    ]
    reference.save_record(out, record)
    again = reference.open_record(out, setup, setup.collection())
    assert reference.missing_runs(again, ["imp"], 2) == []
    assert len(reference.missing_runs(again, ["imp", "dimp"], 3)) == 8

    monkeypatch.setattr(reference, "execute", lambda *_: pytest.fail("nothing was missing"))
    options = ["--data", str(task), "--out", str(out), "--arms", "imp", "--epochs", "1"]
    reference.main([*options, "--seeds", "2"])
    printed = capsys.readouterr().out
    assert "40 synthetic rows, 12 test rows, 2 seeds" in printed
    assert "imp   plain      50.0   0.0   50.0       10.0" in printed
    assert "synthcur − plain: +25.0 points" in printed
    assert "4.2 times the samples/s" in printed


def test_results_of_another_recipe_or_other_rows_are_not_mixed(task: Path, tmp_path: Path):
    setup, out = setup_of(task), tmp_path / "out.json"
    reference.save_record(out, reference.open_record(out, setup, setup.collection()))
    for other in (setup_of(task, pool=30), setup_of(task, fit=FitSettings(epochs=2))):
        with pytest.raises(InputError, match="other rows or of another recipe"):
            reference.open_record(out, other, other.collection())


def test_a_sub_pool_is_drawn_once_and_keeps_the_real_rows(task: Path):
    whole = setup_of(task).collection()
    first, again = (setup_of(task, pool=30).collection() for _ in range(2))
    assert first.synthetic["sample_id"].tolist() == again.synthetic["sample_id"].tolist()
    assert len(first.synthetic) == 30
    assert set(first.synthetic["sample_id"]) < set(whole.synthetic["sample_id"])
    assert len(first.rows) == len(first.provenance) == len(whole.rows) - 10
    pd.testing.assert_frame_equal(first.real_train, whole.real_train)


def test_both_ways_train_on_what_the_same_checkers_said(task: Path, tiny_model: str, tmp_path):
    fit = FitSettings(base_model=tiny_model, epochs=1)
    setup = setup_of(task, fit=fit, folder=tmp_path / "checkers")
    found = reference.train_checkers(setup)
    assert set(found) == {"quality", "diversity"}
    for way in reference.WAYS:
        run = reference.do_run(setup, reference.Run("imp", 0, way))
        assert len(run["predictions"]) == 12
        assert 0 <= run["accuracy"] <= 1
        assert run["samples_per_s"] > 0
