from collections.abc import Callable

import numpy as np

from synthcur.schema import Collection
from synthcur.store.store import Store
from synthcur.ui.curate import colours as curate_colours
from synthcur.ui.curate import panel
from synthcur.ui.curate.colours import RunWeights
from synthcur.ui.curate.groupings import Grouping
from synthcur.weighting.rules import weight_bins
from tests.ui.curate.test_rows import joined
from tests.ui.train.test_dynamics import add_run


def named(grouping: Grouping) -> list[str]:
    return [grouping.names[code] for code in grouping.codes]


def test_rows_are_grouped_by_their_verdicts_and_the_undecided_are_grey(
    small_collection: Collection,
) -> None:
    rows = joined(small_collection)
    ids = rows.sample_ids(np.arange(rows.n))
    verdicts = {ids[0]: "keep", ids[1]: "discard", ids[2]: "relabel", ids[3]: "unsure"}
    found = curate_colours.decisions(rows, verdicts)
    assert named(found)[:5] == ["Kept", "Discarded", "Relabelled", "Unsure", "Not decided"]
    assert set(named(found)[4:]) == {"Not decided"}
    assert found.ranks is not None
    assert found.ranks[found.names.index("Not decided")] == curate_colours.GREY


def test_a_row_shows_the_first_sign_of_a_flaw_that_it_has(small_collection: Collection) -> None:
    rows = joined(small_collection)
    random = np.random.default_rng(0)
    mislabelled = random.random(rows.n) < 0.3
    own = np.arange(rows.n), rows.labels
    doubted = (rows.quality[own] < 1 / 3) & (rows.diversity[own] < 1 / 3)
    copies = rows.facts.duplicate_group >= 0
    found = named(curate_colours.flaws(rows, mislabelled))
    for name, flaw, wrong, doubt, copy in zip(
        found, range(rows.n), mislabelled, doubted, copies, strict=True
    ):
        if wrong:
            expected = "Probably mislabelled"
        elif doubt:
            expected = "Both checkers doubt"
        else:
            expected = "Near-duplicate" if copy else "None of these"
        assert name == expected, flaw
    assert len(set(found)) > 2


def test_the_weights_of_a_run_are_those_of_its_rows_wherever_they_stand(
    small_collection: Collection,
) -> None:
    rows = joined(small_collection)
    random = np.random.default_rng(1)
    real = small_collection.real_train["sample_id"].to_numpy(dtype=object)
    synthetic = np.array(rows.sample_ids(np.arange(rows.n)), dtype=object)
    left_out, unseen = synthetic[3], synthetic[4]
    ids = random.permutation(np.concatenate([synthetic[synthetic != left_out], real]))
    weights = np.exp(random.normal(scale=3, size=len(ids)))
    weights[ids == unseen] = np.nan
    found = curate_colours.run_weights(rows, RunWeights(ids, weights, "DIMP, seed 0"))
    of = dict(zip(ids, weights, strict=True))
    for name, code, sample_id in zip(named(found), found.codes, synthetic, strict=True):
        if sample_id in (left_out, unseen):
            assert name == "Not in the run"
        else:
            assert code == weight_bins(np.array([of[sample_id]]))[0]
    assert found.names[0] == "under 0.061"
    assert found.names[5] == "1 to 2"
    assert found.ranks == (*range(10), curate_colours.NO_COLOUR)
    assert found.note == "DIMP, seed 0"


def test_a_newer_run_of_the_same_arm_and_seed_takes_the_place_of_the_older(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store, rows = fill(small_collection), joined(small_collection)
    scores = store.scores(small_collection.name)["probe"]
    history = np.linspace(0.1, 0.9, 3)[:, None].repeat(rows.n, axis=1).astype(np.float16)

    def shown(own: np.ndarray) -> bytes:
        add_run(store, small_collection, own)
        return panel._groupings(small_collection.name, rows, scores)[-1]["codes"]

    assert shown(history) != shown(history[::-1])
