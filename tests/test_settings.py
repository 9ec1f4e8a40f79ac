"""Settings are values: checked when made, named by content."""

import pytest

from synthcur.arms import get_arm
from synthcur.errors import InputError
from synthcur.settings import (
    FitSettings,
    ScoreSettings,
    TrainSettings,
    WeightingSettings,
    fingerprint,
)


def test_equal_settings_have_equal_fingerprints_and_others_do_not():
    assert fingerprint(FitSettings()) == fingerprint(FitSettings(epochs=5))
    assert fingerprint(FitSettings()) != fingerprint(FitSettings(epochs=4))
    assert fingerprint("a", FitSettings()) != fingerprint("b", FitSettings())
    assert len(fingerprint()) == 16


def test_what_came_later_names_settings_where_it_is_used():
    names = {
        fingerprint(each)
        for each in (
            FitSettings(),
            FitSettings(steps=100),
            FitSettings(warmup=0.06),
            FitSettings(chosen_by="log_loss"),
        )
    }
    assert len(names) == 4
    assert fingerprint(TrainSettings()) != fingerprint(TrainSettings(recipe="automatic"))
    inside = TrainSettings(fit=FitSettings(steps=100))
    assert fingerprint(inside) != fingerprint(TrainSettings())


@pytest.mark.parametrize(
    "settings",
    [
        ScoreSettings(checkers="finetune", fit=FitSettings(epochs=2)),
        TrainSettings(arms=("ce", "scheme"), weighting=WeightingSettings(floor=0.5)),
    ],
)
def test_settings_survive_a_trip_through_plain_data(settings):
    assert type(settings).from_dict(settings.to_dict()) == settings


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(InputError, match="epoch"):
        FitSettings.from_dict({"epoch": 3})


def test_a_scheme_saved_before_a_setting_was_added_means_what_it_meant():
    saved = {
        **{"rule": "imp", "diversity": "in_sample", "floor": 0.0, "normalise": False},
        **{"quality_exponent": 1.0, "diversity_exponent": 1.0, "clip_low": None, "clip_high": None},
    }
    assert WeightingSettings.from_dict(saved) == WeightingSettings()


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: FitSettings(epochs=0), "epochs is 0"),
        (lambda: FitSettings(learning_rate=float("inf")), "learning_rate is inf"),
        (lambda: FitSettings(base_model=" "), "base_model is empty"),
        (lambda: TrainSettings(arms=()), "No arm"),
        (lambda: TrainSettings(arms=("ce", "ce")), "twice"),
        (lambda: TrainSettings(seeds=0), "seeds is 0"),
        (lambda: TrainSettings(arms=("scheme",)), "no weighting"),
        (lambda: ScoreSettings(checkers="magic"), "magic"),
        (lambda: WeightingSettings(quality="cooked"), "cooked"),
        (lambda: WeightingSettings(diversity="cooked"), "cooked"),
        (lambda: WeightingSettings(clip_low=-745.0), "clip_low is -745"),
        (lambda: WeightingSettings(clip_high=float("inf")), "clip_high is inf"),
    ],
)
def test_settings_that_cannot_run_are_refused(make, what):
    with pytest.raises(InputError, match=what):
        make()


def test_a_floor_too_small_to_mean_anything_is_none():
    assert WeightingSettings(floor=5e-324).floor == 0
    assert WeightingSettings(floor=1e-12).floor == 1e-12


def test_the_label_model_is_named_as_people_call_it_and_stored_as_it_always_was():
    settings = TrainSettings(arms=("ce", "label_model"))
    assert settings.arms == ("ce", "witnesses")
    assert fingerprint(settings) == fingerprint(TrainSettings(arms=("ce", "witnesses")))
    assert get_arm("label_model") is get_arm("witnesses")
    with pytest.raises(InputError, match="label_model"):
        get_arm("witness")
