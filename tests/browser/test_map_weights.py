"""The weights that the browser computes are those of Python."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from synthcur.settings import WeightingSettings
from synthcur.ui.curate import map as row_map
from synthcur.ui.curate.rows import CurateRows
from synthcur.weighting.rules import (
    LOG_WEIGHT_EDGES,
    Facts,
    group_size,
    sample_weight,
    weight_bins,
    weight_histogram,
)
from tests.browser.map_driver import VIEW, Map


def test_a_slider_moves_the_figures_and_the_weights_on_the_map(
    garden_map: Map, garden_rows: CurateRows
) -> None:
    page = garden_map.page
    before = page.locator(".sm-value").first.inner_text()
    page.get_by_role("slider").nth(1).focus()
    for _ in range(4):
        garden_map.after(lambda: page.keyboard.press("ArrowRight"))
    settings = WeightingSettings(diversity_exponent=1.2)
    page.wait_for_function(f"{VIEW}.control.settings.diversity_exponent === 1.2")
    assert np.allclose(browser_weights(garden_map), garden_rows.weights(settings), rtol=1e-9)
    expect(page.locator(".sm-value").first).not_to_have_text(before)


def browser_weights(garden_map: Map) -> np.ndarray:
    return np.array(garden_map.ask(f"Array.from({VIEW}.weights)"))


IMP = WeightingSettings()
CASES = [
    IMP,
    WeightingSettings(rule="ce"),
    WeightingSettings(rule="p_only", quality_exponent=2.5),
    WeightingSettings(rule="dimp", diversity_exponent=0.3),
    WeightingSettings(quality_exponent=0.0),
    WeightingSettings(diversity_exponent=0.0, normalise=True),
    WeightingSettings(quality_exponent=3.0, diversity_exponent=3.0),
    WeightingSettings(clip_low=-2.0, clip_high=0.5),
    WeightingSettings(clip_low=-1.0, floor=0.35, normalise=True),
    WeightingSettings(clip_high=1.5, floor=1.0),
    WeightingSettings(rule="dimp", clip_low=-0.5, clip_high=0.5, floor=0.9, normalise=True),
    WeightingSettings(prior_correction=True),
    WeightingSettings(rule="ce", prior_correction=True, balance_classes=True),
    WeightingSettings(collapse_duplicates=True, normalise=True),
    WeightingSettings(rule="p_only", balance_classes=True),
    WeightingSettings(rule="quality_filter"),
    WeightingSettings(rule="quality_filter", least_quality=0.0, prior_correction=True),
    WeightingSettings(rule="quality_filter", least_quality=0.4, floor=0.1, balance_classes=True),
    WeightingSettings(
        quality_exponent=1.5,
        prior_correction=True,
        clip_low=-2.0,
        clip_high=1.0,
        floor=0.1,
        collapse_duplicates=True,
        balance_classes=True,
        normalise=True,
    ),
]


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_the_browser_weighs_as_python_does(page: Page, settings: WeightingSettings) -> None:
    random = np.random.default_rng(3)
    quality, diversity, labels = probabilities(random)
    facts = Facts(random.dirichlet(np.ones(4)), random.integers(-1, 90, size=len(labels)))
    kept = random.random(len(labels)) < 0.9
    expected = np.full(len(labels), np.nan)
    expected[kept] = sample_weight(
        quality[kept], diversity[kept], labels[kept], settings, facts.of(kept)
    )
    own = np.arange(len(labels)), labels
    page.goto("about:blank")
    found = page.evaluate(
        """async ([source, rows, settings, edges]) => {
            const module = new Blob([source], { type: 'text/javascript' });
            const { logsOf, sampleWeights, weightSteps, stepCounts } = await import(
                URL.createObjectURL(module));
            const [logP, logQ] = [rows.p, rows.q].map((each) => logsOf(Float32Array.from(each)));
            const { weights } = sampleWeights({ ...rows, logP, logQ }, settings);
            const number = (each) => (Number.isNaN(each) ? null : each);
            const numbers = (values) => Array.from(values, number);
            const steps = weightSteps(weights, edges);
            return [weights, steps, stepCounts(weights, steps, edges)].map(numbers);
        }""",
        [
            (row_map.FOLDER / "weights.js").read_text("utf-8"),
            {
                "p": quality[own].tolist(),
                "q": diversity[own].tolist(),
                "label": labels.tolist(),
                "kept": kept.astype(int).tolist(),
                "copies": group_size(facts.duplicate_group, kept).tolist(),
                "realShares": facts.real_shares.tolist(),
            },
            {**settings.to_dict(), "n_labels": quality.shape[1]},
            list(LOG_WEIGHT_EDGES[1:-1]),
        ],
    )
    weights, steps, counts = (np.array(each, dtype=float) for each in found)
    assert np.allclose(weights, expected, rtol=1e-9, atol=0, equal_nan=True)
    assert np.array_equal(steps[kept], weight_bins(expected[kept]))
    assert np.array_equal(counts, weight_histogram(expected[kept]))


def probabilities(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P', Q and labels, with certainties, impossibilities and what lies beyond the clamp."""
    labels = random.integers(0, 4, size=400)
    tables = []
    for extremes in ([0.0, 1.0, 1e-20, 1e-12, 0.5], [1.0, 0.0, 0.5, 1e-30, 1e-20]):
        table = random.dirichlet(np.full(4, 0.4), size=len(labels)).astype(np.float32)
        table[np.arange(5), labels[:5]] = extremes
        tables.append(table)
    return tables[0], tables[1], labels


def test_the_page_weighs_with_all_that_is_known_of_the_rows(
    garden_map: Map, garden_rows: CurateRows
) -> None:
    page = garden_map.page
    for name in ("Correct for label shares", "Duplicates count once", "Balance the labels"):
        box = page.get_by_test_id("stCheckbox").filter(has_text=name)
        garden_map.after(box.locator("label").click)
    settings = WeightingSettings(
        prior_correction=True, collapse_duplicates=True, balance_classes=True
    )
    page.wait_for_function(f"{VIEW}.control.settings.balance_classes")
    assert np.allclose(browser_weights(garden_map), garden_rows.weights(settings), rtol=1e-9)
