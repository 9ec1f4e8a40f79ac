"""One run: what it learns, what it reports, and that it repeats."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from synthcur.errors import InputError, WorkerError
from synthcur.models.classifier import predict_proba
from synthcur.schema import REAL, VALIDATION, Collection
from synthcur.settings import FitSettings
from synthcur.training.history import Row
from synthcur.training.pools import Examples, WeightedExamples
from synthcur.training.recipes import MOST_JUDGED, count_steps
from synthcur.training.trainer import LOG_STEPS, Fit, fit

WORDS = {"late": 0, "parcel": 0, "courier": 0, "aphids": 1, "slugs": 1, "mites": 1}
"""Words of the tiny vocabulary, and the class that a text made of them belongs to."""


def made_of_words(n: int, *, seed: int) -> Examples:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, size=n)
    choices = [[word for word, label in WORDS.items() if label == k] for k in range(2)]
    texts = [" ".join(random.choice(choices[k], size=random.integers(2, 9))) for k in labels]
    return Examples(pd.DataFrame({"text": texts, "text_pair": None}), labels)


def weighted(examples: Examples, factor: np.ndarray, *, dynamic: str = ""):
    return WeightedExamples(examples.rows, examples.labels, factor, dynamic)


def settings(tiny_model: str, **changes: object) -> FitSettings:
    recipe = {"epochs": 3, "learning_rate": 3e-3, "batch_size": 8} | changes
    return FitSettings(base_model=tiny_model, **recipe)


def run(train: WeightedExamples, recipe: FitSettings, *, seed: int = 0, **listeners: object) -> Fit:
    validation = made_of_words(40, seed=99)
    return fit(train, validation, labels=["a", "b"], settings=recipe, seed=seed, **listeners)


def accuracy(result: Fit, examples: Examples) -> float:
    said = predict_proba(result.classifier, examples.rows).argmax(axis=1)
    return float((said == examples.labels).mean())


def test_rows_of_weight_zero_teach_nothing(tiny_model: str):
    right = made_of_words(80, seed=1)
    is_wrong = np.arange(80) % 5 < 4
    labels = np.where(is_wrong, 1 - right.labels, right.labels)
    spoiled = Examples(right.rows, labels)
    believed = run(weighted(spoiled, np.ones(80)), settings(tiny_model, epochs=6))
    weighed = run(weighted(spoiled, (~is_wrong).astype(float)), settings(tiny_model, epochs=6))
    test = made_of_words(60, seed=2)
    assert accuracy(weighed, test) > 0.9
    assert accuracy(believed, test) < 0.5


def test_a_dynamic_run_learns_from_the_rows_that_the_quality_checker_believes(tiny_model: str):
    right = made_of_words(80, seed=1)
    is_wrong = np.arange(80) % 5 < 3
    spoiled = Examples(right.rows, np.where(is_wrong, 1 - right.labels, right.labels))
    quality = np.where(is_wrong, 0.0, 1.0)
    result = run(weighted(spoiled, quality, dynamic="dimp"), settings(tiny_model, epochs=6))
    assert accuracy(result, made_of_words(60, seed=2)) > 0.9


def history(tiny_model: str, *, seed: int, dynamic: str = "") -> tuple[Fit, list[Row]]:
    rows: list[Row] = []
    train = weighted(made_of_words(60, seed=1), np.full(60, 0.5), dynamic=dynamic)
    return run(train, settings(tiny_model), seed=seed, on_row=rows.append), rows


def figures(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "samples_per_s"} for row in rows]


def test_equal_seeds_give_equal_figures_and_other_seeds_others(tiny_model: str):
    first, rows = history(tiny_model, seed=3)
    again, rows_again = history(tiny_model, seed=3)
    _, other = history(tiny_model, seed=4)
    test = made_of_words(30, seed=5)
    assert figures(rows) == figures(rows_again)
    assert figures(rows) != figures(other)
    np.testing.assert_array_equal(
        predict_proba(first.classifier, test.rows), predict_proba(again.classifier, test.rows)
    )


def test_the_history_has_losses_every_ten_steps_and_a_verdict_every_epoch(tiny_model: str):
    _, rows = history(tiny_model, seed=0)
    losses = [row for row in rows if "loss" in row]
    epochs = [row for row in rows if "val_accuracy" in row]
    assert count_steps(60, settings(tiny_model)) == 24
    assert [row["step"] for row in losses] == [LOG_STEPS, 2 * LOG_STEPS]
    assert [row["epoch"] for row in epochs] == [1, 2, 3]
    assert [row["step"] for row in epochs] == [8, 16, 24]
    assert all(row["samples_per_s"] > 0 and math.isfinite(row["loss"]) for row in losses)
    assert all(0 <= row["val_macro_f1"] <= 1 for row in epochs)


def test_of_many_epochs_some_are_judged_and_always_the_last(tiny_model: str):
    rows: list[Row] = []
    train = weighted(made_of_words(8, seed=1), np.ones(8))
    result = run(train, settings(tiny_model, epochs=2 * MOST_JUDGED + 1), on_row=rows.append)
    judged = [row["epoch"] for row in rows if "val_accuracy" in row]
    assert judged == [*range(3, 2 * MOST_JUDGED + 1, 3), 2 * MOST_JUDGED + 1]
    assert sum("ess" in row for row in rows) == len(result.margin) == 2 * MOST_JUDGED + 1
    assert result.best_epoch in judged


def test_the_effective_sample_size_is_that_of_the_weights_of_the_epoch(tiny_model: str):
    _, fixed = history(tiny_model, seed=0)
    _, dynamic = history(tiny_model, seed=0, dynamic="dimp")
    assert [row["ess"] for row in fixed if "ess" in row] == pytest.approx([60, 60, 60])
    assert all(0 < row["ess"] < 60 for row in dynamic if "ess" in row)


def test_the_state_that_is_kept_is_the_best_on_the_validation_rows(tiny_model: str):
    rows: list[Row] = []
    validation = made_of_words(40, seed=99)
    # A learning rate that overshoots makes the last epoch a bad one.
    train = weighted(made_of_words(40, seed=1), np.ones(40))
    recipe = settings(tiny_model, epochs=6, learning_rate=5e-2)
    result = run(train, recipe, on_row=rows.append)
    reached = [row["val_accuracy"] for row in rows if "val_accuracy" in row]
    assert result.val_accuracy == max(reached)
    assert result.best_epoch == reached.index(max(reached)) + 1
    assert accuracy(result, validation) == pytest.approx(result.val_accuracy)


def test_soft_targets_overrule_the_labels(tiny_model: str):
    right = made_of_words(80, seed=1)
    targets = np.eye(2)[right.labels] * 0.9 + 0.05
    train = WeightedExamples(right.rows, 1 - right.labels, np.ones(80), targets=targets)
    result = run(train, settings(tiny_model, epochs=6))
    assert accuracy(result, made_of_words(60, seed=2)) > 0.9


def test_the_dynamics_tell_rows_that_are_learned_from_rows_that_are_not(tiny_model: str):
    right = made_of_words(80, seed=1)
    is_wrong = np.arange(80) % 8 == 0
    spoiled = Examples(right.rows, np.where(is_wrong, 1 - right.labels, right.labels))
    result = run(weighted(spoiled, np.ones(80)), settings(tiny_model, epochs=4))
    assert result.own_probability.shape == result.margin.shape == (4, 80)
    assert not np.isnan(result.margin).any()
    odds = result.own_probability.astype(float)
    np.testing.assert_allclose(np.log(odds / (1 - odds)), result.margin, atol=0.05)
    assert result.margin[:, is_wrong].mean() < 0 < result.margin[:, ~is_wrong].mean()


def test_every_step_is_told(tiny_model: str):
    steps: list[int] = []
    train = weighted(made_of_words(20, seed=1), np.ones(20))
    run(train, settings(tiny_model, epochs=2), on_step=steps.append)
    assert steps == [1, 2, 3, 4, 5, 6]


def test_a_loss_that_is_no_number_stops_the_run_with_the_step_named(tiny_model: str):
    factor = np.ones(24)
    factor[3] = np.inf
    with pytest.raises(WorkerError, match=r"no longer a number at step \d") as caught:
        run(weighted(made_of_words(24, seed=1), factor), settings(tiny_model))
    assert "learning rate" in caught.value.fix


def test_a_full_gpu_is_told_in_words(tiny_model: str, monkeypatch: pytest.MonkeyPatch):
    def refuse(*args: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("synthcur.training.trainer.weighted_cross_entropy", refuse)
    with pytest.raises(WorkerError, match="GPU's memory was not enough for a batch of 8"):
        run(weighted(made_of_words(24, seed=1), np.ones(24)), settings(tiny_model))


def test_an_interruption_passes_through_unchanged(tiny_model: str):
    class Stop(BaseException):
        pass

    def stop(step: int) -> None:
        if step == 2:
            raise Stop

    with pytest.raises(Stop):
        run(
            weighted(made_of_words(40, seed=1), np.ones(40)),
            settings(tiny_model),
            on_step=stop,
        )


def test_a_model_that_is_not_there_is_an_input_error():
    with pytest.raises(InputError):
        run(weighted(made_of_words(8, seed=1), np.ones(8)), settings("/no/such/model"))


@pytest.mark.real
def test_the_bundled_model_learns_the_small_collection(small_collection: Collection):
    def examples(rows: pd.DataFrame) -> Examples:
        return Examples(rows, small_collection.label_ids(rows))

    train = examples(small_collection.synthetic)
    result = fit(
        weighted(train, np.ones(40)),
        examples(small_collection.part(REAL, VALIDATION)),
        labels=small_collection.labels,
        settings=FitSettings(learning_rate=5e-4, batch_size=8, epochs=4),
        seed=0,
    )
    assert accuracy(result, train) > 0.9
    assert result.val_accuracy > 0.5


def test_steps_in_place_of_epochs_end_a_run_within_a_pass(tiny_model: str):
    train = made_of_words(80, seed=1)  # 10 steps a pass
    rows: list[Row] = []
    recipe = settings(tiny_model, epochs=1, steps=25, chosen_by="log_loss")
    result = run(weighted(train, np.ones(80)), recipe, on_row=rows.append)
    assert max(row["step"] for row in rows) == 25
    judged = [row["val_log_loss"] for row in rows if "val_log_loss" in row]
    assert len(judged) == 3, "the pass that is cut short is judged as well"
    assert result.own_probability.shape == (3, 80)
    seen = (~np.isnan(result.own_probability)).sum(axis=1).tolist()
    assert seen == [80, 80, 40]
    assert result.val_log_loss in judged


def test_the_learning_rate_rises_before_it_falls(tiny_model: str, monkeypatch):
    rates: list[float] = []
    step = torch.optim.AdamW.step

    def noted(self: torch.optim.AdamW, *given: object, **named: object) -> object:
        rates.append(self.param_groups[0]["lr"])
        return step(self, *given, **named)

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    recipe = settings(tiny_model, steps=20, warmup=0.2, learning_rate=1e-3)
    run(weighted(made_of_words(80, seed=1), np.ones(80)), recipe)
    assert rates[0] < rates[1] < rates[2]
    assert max(rates) == pytest.approx(1e-3)
    assert rates.index(max(rates)) == 4
    assert rates[4:] == sorted(rates[4:], reverse=True)


def test_by_log_loss_the_last_checkpoint_is_kept_while_it_is_among_the_best(tiny_model: str):
    train = weighted(made_of_words(80, seed=1), np.ones(80))
    result = run(train, settings(tiny_model, epochs=6, chosen_by="log_loss"))
    assert result.best_epoch == 6


def test_by_log_loss_an_earlier_checkpoint_is_kept_where_the_last_is_clearly_worse(
    tiny_model: str,
):
    # Wrong labels that count little for long: they are learned by heart in the end.
    right = made_of_words(40, seed=1)
    labels = np.where(np.arange(40) % 5 < 2, 1 - right.labels, right.labels)
    train = weighted(Examples(right.rows, labels), np.ones(40))
    rows: list[Row] = []
    recipe = settings(tiny_model, epochs=30, learning_rate=5e-3, chosen_by="log_loss")
    result = run(train, recipe, on_row=rows.append)
    losses = [row["val_log_loss"] for row in rows if "val_log_loss" in row]
    assert losses[-1] > 1.2 * min(losses)
    assert result.best_epoch == 1 + losses.index(min(losses)) < 30
    assert result.val_log_loss == min(losses)


def test_how_far_rows_are_learned_is_told_from_nothing_to_all(tiny_model: str):
    train = weighted(made_of_words(160, seed=1), np.ones(160))
    cut = run(train, settings(tiny_model, steps=2, learning_rate=1e-4))
    whole = run(train, settings(tiny_model, epochs=8))
    assert cut.learned < 0.2
    assert whole.learned > 0.9


def test_what_is_learned_of_soft_targets_is_told_against_the_targets(tiny_model: str):
    examples = made_of_words(160, seed=1)
    targets = np.where(np.eye(2)[examples.labels] > 0, 0.8, 0.2)
    train = WeightedExamples(
        examples.rows, examples.labels, np.ones(160), targets=targets.astype(np.float32)
    )
    assert run(train, settings(tiny_model, epochs=8)).learned > 0.8


def test_a_head_fitted_first_starts_from_what_the_encoder_knows(tiny_model: str):
    train, slow = made_of_words(160, seed=1), {"steps": 1, "learning_rate": 1e-8}
    drawn = run(weighted(train, np.ones(160)), settings(tiny_model, **slow))
    fitted = run(weighted(train, np.ones(160)), settings(tiny_model, **slow, head_first=True))
    assert fitted.val_log_loss < 0.7 * drawn.val_log_loss
    assert fitted.val_accuracy > 0.8


def test_a_head_fitted_first_heeds_weights_and_targets(tiny_model: str):
    right = made_of_words(160, seed=1)
    is_wrong = np.arange(160) % 5 < 4
    labels = np.where(is_wrong, 1 - right.labels, right.labels)
    slow = settings(tiny_model, steps=1, learning_rate=1e-8, head_first=True)
    weighed = run(weighted(Examples(right.rows, labels), (~is_wrong).astype(float)), slow)
    targets = np.eye(2)[right.labels].astype(np.float32)
    taught = run(WeightedExamples(right.rows, labels, np.ones(160), targets=targets), slow)
    assert weighed.val_accuracy > 0.8
    assert taught.val_accuracy > 0.8
