"""What the browser sums up of the weights is what Python does, and the page shows it."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from harness.serving import Server
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.ui.curate import map as row_map
from synthcur.ui.curate.rows import CurateRows
from synthcur.weighting import what_if
from synthcur.weighting.rules import (
    Facts,
    effective_sample_size,
    mass_by_group,
    sample_weight,
    top_share,
)
from tests.browser.map_driver import GARDEN_LABELS, VIEW, Map, N
from tests.browser.test_map_weights import CASES, probabilities


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_the_browser_sums_up_as_python_does(page: Page, settings: WeightingSettings) -> None:
    random = np.random.default_rng(4)
    quality, diversity, labels = probabilities(random)
    facts = Facts(random.dirichlet(np.ones(4)), random.integers(-1, 90, size=len(labels)))
    weights = sample_weight(quality, diversity, labels, settings, facts)
    is_kept = random.random(len(weights)) < 0.9
    groups = random.integers(0, 12, size=len(weights))
    own = np.arange(len(labels)), labels
    page.goto("about:blank")
    found = page.evaluate(
        """async ([source, weights, groups, p, q, labels]) => {
            const module = new Blob([source], { type: 'text/javascript' });
            const { effectiveRows, topShare, massByGroup, listed, quadrantOf } = await import(
                URL.createObjectURL(module));
            const values = Float64Array.from(weights, (each) => each ?? NaN);
            const table = massByGroup(values, groups);
            const [ps, qs] = [Float32Array.from(p), Float32Array.from(q)];
            return {
                effective: effectiveRows(values),
                top: topShare(values),
                table,
                short: listed(table, 4),
                quadrants: Array.from(ps, (each, row) => quadrantOf(each, qs[row], labels)),
            };
        }""",
        [
            (row_map.FOLDER / "masses.js").read_text("utf-8"),
            [float(each) if kept else None for each, kept in zip(weights, is_kept, strict=True)],
            groups.tolist(),
            quality[own].tolist(),
            diversity[own].tolist(),
            quality.shape[1],
        ],
    )
    kept = weights[is_kept]
    assert found["effective"] == pytest.approx(effective_sample_size(kept), rel=1e-6)
    assert found["top"] == pytest.approx(top_share(kept), rel=1e-6)
    expected = mass_by_group(kept, groups[is_kept]).set_index("group")
    masses = [group["mass"] for group in found["table"]]
    assert masses == sorted(masses, reverse=True)
    assert len(found["table"]) == len(expected)
    for group in found["table"]:
        row = expected.loc[group["code"]]
        assert group["rows"] == row["rows"]
        for name, of_python in (("before", "share_before"), ("effective", "effective_rows")):
            assert group[name] == pytest.approx(row[of_python], rel=1e-6)
        assert group["mass"] == pytest.approx(row["mass"], rel=1e-6)
    rest, named = found["short"][-1], [group["code"] for group in found["short"][:-1]]
    others = is_kept & ~np.isin(groups, named)
    assert (rest["groups"], rest["rows"]) == (len(expected) - 3, others.sum())
    assert rest["mass"] == pytest.approx(weights[others].sum() / kept.sum(), rel=1e-6)
    assert rest["effective"] == pytest.approx(effective_sample_size(weights[others]), rel=1e-6)
    quadrants, _ = what_if.quadrants(quality[own], diversity[own], quality.shape[1])
    assert found["quadrants"] == quadrants.tolist()


def told(
    page: Page, weights: np.ndarray, labels: np.ndarray, names: list[str], *, published: bool = True
) -> dict:
    """What the browser tells of weights, NaN for rows left out."""
    page.goto("about:blank")
    return page.evaluate(
        """async ([source, weights, labels, names, least, published]) => {
            const module = new Blob([source], { type: 'text/javascript' });
            const { outlookOf, outlookFigures, outlookWarnings } = await import(
                URL.createObjectURL(module));
            const values = Float64Array.from(weights, (each) => each ?? NaN);
            const outlook = outlookOf(values, labels, least);
            return {
                ...outlook,
                figures: outlookFigures(outlook, published),
                warnings: outlookWarnings(outlook, names, least),
            };
        }""",
        [
            "\n".join(
                (row_map.FOLDER / f"{name}.js").read_text("utf-8")
                for name in ("divisions", "panels", "masses", "outlook")
            ),
            [None if np.isnan(each) else float(each) for each in weights],
            labels.tolist(),
            names,
            {"share": what_if.LEAST_SHARE, "rows": what_if.LEAST_ROWS},
            published,
        ],
    )


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_the_figures_and_warnings_are_those_of_python(
    page: Page, settings: WeightingSettings
) -> None:
    random = np.random.default_rng(5)
    quality, diversity, labels = probabilities(random)
    facts = Facts(random.dirichlet(np.ones(4)), random.integers(-1, 90, size=len(labels)))
    weights = sample_weight(quality, diversity, labels, settings, facts)
    weights[random.random(len(weights)) < 0.1] = np.nan
    kept = ~np.isnan(weights)
    names = np.array(["a", "b", "c", "d"], dtype=object)
    expected = what_if.outlook(weights[kept], names[labels[kept]])
    found = told(page, weights, labels, names.tolist())
    assert found["rows"] == expected.rows
    for name, value in (
        ("effective", expected.effective), ("mean", expected.mean), ("topShare", expected.top_share)
    ):  # fmt: skip
        assert found[name] == pytest.approx(value, rel=1e-6)
    pool = [each for each in expected.concerns if each.label is None]
    assert found["isThin"] == bool(pool)
    thin = [(names[each["code"]], each["effective"]) for each in found["thin"]]
    of_python = [(each.label, each.effective) for each in expected.concerns[len(pool) :]]
    assert [name for name, _ in thin] == [name for name, _ in of_python]
    assert [rows for _, rows in thin] == pytest.approx([rows for _, rows in of_python], rel=1e-6)


def test_even_weights_of_large_classes_give_no_warning(page: Page) -> None:
    found = told(page, np.ones(200), np.repeat([0, 1], 100), ["a", "b"])
    assert found["warnings"] == []
    assert found["figures"] == [
        ["Effective rows", "200", "100 % of 200"],
        ["Loss share of top 1 %", "1 %", "2 rows of 200"],
        ["Mean weight", "1.00", "1.00 if Q is calibrated"],
    ]


def test_few_effective_rows_and_thin_classes_are_warned_of(page: Page) -> None:
    weights = np.full(400, 1e-4)
    weights[:20] = 1.0
    found = told(page, weights, np.repeat([0, 1], 200), ["a", "b"], published=False)
    few, thin = found["warnings"]
    assert few.startswith("Only 20 effective rows, under 10 % of 400")
    assert thin == "Under 30 effective rows: a 20."
    assert found["figures"][2] == ["Mean weight", "0.05", "of 400 rows"]


def test_many_thin_classes_are_counted_and_long_names_are_cut(page: Page) -> None:
    (thin,) = told(page, np.ones(8), np.arange(8), ["b" * 100, *"cdefghi"])["warnings"]
    assert thin.endswith("and 3 more.")
    assert "b" * 39 + "…" in thin
    assert "b" * 40 not in thin


def test_a_pool_without_rows_has_no_figures_and_no_warning(page: Page) -> None:
    found = told(page, np.full(3, np.nan), np.zeros(3, dtype=int), ["a"])
    assert found["warnings"] == []
    assert [each[1] for each in found["figures"]] == ["0", "0 %", "none"]


def test_a_quarter_of_the_plane_is_selected_on_the_map_too(
    garden_map: Map, garden_rows: CurateRows
) -> None:
    p, q = (garden_rows.frame[name].to_numpy()[:N] for name in "pq")
    quadrant, sizes = what_if.quadrants(p, q, len(GARDEN_LABELS))
    titles = list(what_if.QUADRANTS.values())
    for number, title in enumerate(titles):
        name = garden_map.page.locator(".sm-quadrant", has_text=title)
        expect(name).to_have_text(f"{title} {sizes[number]}")
        garden_map.after(name.click)
        assert garden_map.selected == np.flatnonzero(quadrant == number).tolist()
    assert (sizes > 0).sum() > 1
    largest = int(sizes.argmax())
    garden_map.after(garden_map.page.locator(".sm-quadrant", has_text=titles[largest]).click)
    garden_map.expect_table_of(int(sizes[largest]))


def test_the_weight_is_told_by_label_and_by_cluster(
    garden_map: Map, garden_rows: CurateRows
) -> None:
    page = garden_map.page
    weights = garden_rows.weights(WeightingSettings())
    table = page.get_by_role("table", name="Weight by Label")
    expected = mass_by_group(weights, garden_rows.labels).sort_values("mass", ascending=False)
    lines = [line.split("\t") for line in table.locator("tbody").inner_text().splitlines()]
    assert [line[0] for line in lines] == [GARDEN_LABELS[each] for each in expected["group"]]
    assert [line[3] for line in lines] == [f"{100 * each:.1f} %" for each in expected["mass"]]
    assert [line[5] for line in lines] == [f"{each:,.0f}" for each in expected["effective_rows"]]
    garden_map.after(lambda: page.get_by_label("By", exact=True).select_option("Cluster"))
    cells = page.get_by_role("table", name="Weight by Cluster").locator("tbody tr")
    assert sum(int(cells.nth(i).locator("td").nth(1).inner_text()) for i in range(3)) == N


def test_gaps_on_the_map_follow_a_slider_and_can_be_hidden(garden_map: Map) -> None:
    page = garden_map.page
    outline = page.locator(".sm-map path.sm-thin")
    before = outline.get_attribute("d")
    assert before
    assert garden_map.ask(f"{VIEW}.control.gaps.of") == 15
    page.get_by_role("slider").first.focus()
    for _ in range(10):
        garden_map.after(lambda: page.keyboard.press("ArrowRight"))
    expect(outline).not_to_have_attribute("d", before)  # the server works out the gaps
    garden_map.after(page.get_by_role("button", name="Gaps").click)
    expect(outline).to_have_count(0)


def test_examples_of_gaps_are_shown_as_characters(
    page: Page, garden_server: Server, hostile_collection: Collection
) -> None:
    Map(page).open(garden_server, "hostile")
    table = page.get_by_role("table", name="Real rows with the least weight around them")
    shown = table.locator("button").evaluate_all("nodes => nodes.map((n) => n.textContent)")
    texts = hostile_collection.real_train["text"]
    assert shown
    assert set(shown) <= {text if len(text) <= 200 else f"{text[:199]}…" for text in texts}
    assert not page.locator(".sm-told img, .sm-told script, .sm-told a").count()
    assert page.evaluate("document.title") != "owned"
