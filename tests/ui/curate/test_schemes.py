from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthcur.arms import ARMS
from synthcur.schema import Collection
from synthcur.settings import TrainSettings, WeightingSettings
from synthcur.store.store import Store
from synthcur.ui.curate import schemes as curate_schemes
from synthcur.weighting.rules import top_share
from tests.ui.curate.test_page import open_page
from tests.ui.curate.test_rows import joined


def compared(collection: str) -> pd.DataFrame:
    app = open_page(collection)
    assert not app.dataframe  # what draws tables would hold up the map
    app.session_state["curate_schemes_open"] = True
    (table,) = app.run().dataframe
    return table.value.set_index("scheme")


def test_saved_schemes_stand_beside_the_rules_with_their_own_figures(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    flat = WeightingSettings(diversity="out_of_fold", clip_high=1.0, floor=0.25)
    store.save_scheme("small", "Flat", flat)
    frame = compared("small")
    rules = ("imp", "dimp", "p_only", "quality_filter")
    assert list(frame.index) == [*(ARMS[rule].title for rule in rules), "Flat"]
    rows = joined(small_collection, measured="out_of_fold")
    weights = rows.weights(flat)
    line = frame.loc["Flat"]
    assert line["effective"] == round(weights.sum() ** 2 / np.square(weights).sum())
    assert line["top"] == pytest.approx(100 * top_share(weights))
    assert line["mean"] == pytest.approx(weights.mean())
    assert line["says"] == "P′/Q, Q out of fold, log weight to 1, 25 % mixed with 1"


def test_runs_that_used_a_scheme_are_counted(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    used, other = WeightingSettings(floor=0.5), WeightingSettings(floor=0.25)
    for name, settings in (("Used", used), ("Other", other)):
        store.save_scheme("small", name, settings)
    trained = TrainSettings(arms=("ce", "scheme"), weighting=used)
    store.add_job("train", "small", settings=asdict(trained), scores={})
    assert compared("small")["runs"][["Used", "Other"]].tolist() == [1, 0]


@pytest.mark.parametrize("field", list(asdict(WeightingSettings())))
def test_every_setting_that_differs_is_said(field: str) -> None:
    other: dict[str, Any] = {"rule": "p_only", "quality": "calibrated", "diversity": "out_of_fold"}
    other |= {"quality_exponent": 2.0, "diversity_exponent": 0.5, "floor": 0.1}
    other |= {"clip_low": -1.0, "clip_high": 1.0, "least_quality": 0.4}
    settings = WeightingSettings(**{field: other.get(field, True)})
    assert curate_schemes.in_words(settings) != curate_schemes.in_words(WeightingSettings())
