"""The map coloured by cluster and by generator, and clusters that people name."""

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
from PIL import Image
from playwright.sync_api import Page, expect

from harness.collections import CLUSTER_TERMS
from harness.serving import Server
from synthcur.charts.palette import LIGHT
from synthcur.ui.curate import map as row_map
from synthcur.ui.curate.rows import CurateRows
from tests.browser.map_driver import VIEW, M, Map, N, star

NAMES = ["fern, frond", "parcel, late, courier", "Cluster 3"]


def legend(on_map: Map) -> dict[str, str]:
    """Counts by name, as the strip above the map has them."""
    buttons = on_map.page.locator(".sm-strip button")
    names, counts = (buttons.locator(part).all_inner_texts() for part in (".sm-name", ".sm-count"))
    return dict(zip(names, counts, strict=True))


def test_every_mark_has_the_colour_of_its_cluster(
    garden_map: Map, garden_rows: CurateRows, garden_clusters: pd.Series
) -> None:
    garden_map.after(garden_map.page.get_by_role("button", name="Gaps").click)
    garden_map.after(garden_map.page.get_by_role("button", name="Names").click)
    garden_map.show("real")
    garden_map.colour("cluster")
    clusters = garden_clusters[garden_rows.frame["sample_id"]].to_numpy()
    pixels = garden_map.pixels_of(garden_rows.places)
    picture = np.asarray(Image.open(io.BytesIO(garden_map.page.screenshot())).convert("RGB"))
    real = np.arange(N, N + M)
    apart = [
        row
        for row in real[garden_map.is_bare(pixels[real])]
        if np.sort(np.abs(pixels[real] - pixels[row]).max(axis=1))[1] > 9
    ]
    assert len(apart) > 20
    wanted = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in LIGHT.categories])
    for row in apart:
        x, y = np.round(pixels[row]).astype(int)
        nearest = np.abs(wanted - picture[y, x].astype(int)).sum(axis=1).argmin()
        assert nearest == clusters[row]


def test_the_legend_counts_clusters_isolates_them_and_keeps_selection_and_zoom(
    garden_map: Map,
    garden_rows: CurateRows,
    garden_clusters: pd.Series,
    new_page: Callable[..., Page],
) -> None:
    clusters = garden_clusters[garden_rows.frame["sample_id"]].to_numpy()
    sizes = np.bincount(clusters, minlength=len(NAMES))
    garden_map.zoom(1)
    before = garden_map.ranges
    garden_map.colour("cluster")
    assert legend(garden_map) == dict(zip(NAMES, map(str, sizes), strict=True))
    polygon = star(np.random.default_rng(3), garden_map.box)
    garden_map.lasso(polygon)
    selected = garden_map.selected
    inside = np.bincount(clusters[selected], minlength=len(NAMES))
    expected = [f"{one} / {of}" for one, of in zip(inside, sizes, strict=True)]
    garden_map.isolate("parcel")
    assert legend(garden_map) == dict(zip(NAMES, expected, strict=True))
    shown = np.array(garden_map.ask(f"Array.from({VIEW}.visible)"), dtype=bool)
    assert np.array_equal(shown, clusters == 1)
    for mode in ("generator", "weight", "cluster"):
        garden_map.colour(mode)
        assert (garden_map.selected, garden_map.ranges) == (selected, before)
        assert garden_map.ask(f"{VIEW}.state.only") is None

    garden_map.page.wait_for_function("location.search.includes('colour=cluster')")
    again = new_page()
    again.goto(garden_map.page.url)
    again.wait_for_selector(".sm[data-drawn]")
    assert again.get_by_label("Colour", exact=True).input_value() == "cluster"
    assert list(legend(Map(again))) == NAMES


def test_real_rows_have_no_generator_and_are_not_counted(garden_map: Map) -> None:
    garden_map.colour("generator")
    assert legend(garden_map) == {"garden-bot": "200", "nursery-bot": "400"}
    expect(garden_map.page.locator(".sm-key")).to_contain_text("Generator, synthetic rows only")
    garden_map.isolate("nursery-bot")
    shown = np.array(garden_map.ask(f"Array.from({VIEW}.visible)"), dtype=bool)
    assert shown.sum() == 400
    assert not shown[N:].any()


def test_a_name_is_in_the_legend_at_once_and_in_every_tab_as_its_characters(
    garden_map: Map, garden_server: Server
) -> None:
    page, name = garden_map.page, "<b>Late</b> **parcels** :red[x]"
    garden_map.colour("cluster")
    page.get_by_label("By", exact=True).select_option("Cluster")
    page.get_by_role("button", name="Clusters").click()
    field = page.get_by_label("Name of cluster 2")
    field.fill(name)
    field.press("Enter")
    bars = page.get_by_role("table", name="Weight by Cluster")
    expect(page.locator(".sm-strip .sm-name", has_text=name)).to_be_visible()
    expect(bars.get_by_text(name)).to_have_count(1)
    other = Map(page.context.new_page()).open(garden_server)
    other.colour("cluster")
    assert list(legend(other)) == [NAMES[0], name, NAMES[2]]
    field.fill("")
    field.press("Enter")
    expect(page.locator(".sm-strip .sm-name", has_text=NAMES[1])).to_be_visible()
    assert not page.locator(".sm b", has_text="Late").count()


def test_the_rows_of_a_cluster_are_selected_from_the_list(
    garden_map: Map, garden_rows: CurateRows, garden_clusters: pd.Series
) -> None:
    page = garden_map.page
    page.get_by_role("button", name="Clusters").click()
    clusters = garden_clusters[garden_rows.frame["sample_id"]].to_numpy()
    expected = np.flatnonzero(clusters == len(CLUSTER_TERMS) - 1).tolist()
    page.get_by_role("button", name=f"Select its {len(expected)} rows").click()
    garden_map.expect_table_of(len(expected))
    page.wait_for_function(f"{VIEW}.state.selected.length === {len(expected)}")
    assert garden_map.selected == expected
    expect(page.get_by_label("Name of cluster 2")).to_be_hidden()


def test_the_smallest_groups_share_a_grey_and_what_is_not_known_is_not_offered(
    page: Page,
) -> None:
    random = np.random.default_rng(4)
    codes = random.choice(10, size=900, p=np.arange(1, 11) / 55)
    page.goto("about:blank")
    ranks, modes, settled = page.evaluate(
        """async ([sources, codes]) => {
            const module = new Blob(sources, { type: 'text/javascript' });
            const { divisionsOf, colourModes, settled } = await import(URL.createObjectURL(module));
            const points = { labels: ['a', 'b'], label: [0, 1], predicted: [1, 1] };
            const names = [...'abcdefghij'];
            const some = divisionsOf(points, [{ title: 'Cluster', names, codes }]);
            return [
                some.cluster.ranks,
                Object.keys(colourModes(some)),
                [
                    settled({ colour: 'cluster', only: 9 }, some),
                    settled({ colour: 'cluster', only: 12 }, some),
                    settled({ colour: 'generator', only: 0 }, some),
                ],
            ];
        }""",
        [
            [
                (row_map.FOLDER / f"{name}.js").read_text("utf-8")
                for name in ("divisions", "panels")
            ],
            codes.tolist(),
        ],
    )
    largest = np.argsort(-np.bincount(codes), kind="stable")
    assert [ranks[code] for code in largest] == [*range(7), 7, 7, 7]
    assert "cluster" in modes
    assert "generator" not in modes
    assert settled == [
        {"colour": "cluster", "only": 9},
        {"colour": "cluster", "only": None},
        {"colour": "weight", "only": None},
    ]


def test_names_stand_where_their_clusters_are_densest_without_hiding_each_other(
    page: Page,
) -> None:
    random = np.random.default_rng(6)
    middles = np.array([[100, 100], [800, 150], [500, 900], [505, 905]], dtype=float)
    sizes = [400, 300, 200, 50]
    codes = np.repeat(np.arange(4), sizes)
    spread = random.normal(scale=12, size=(len(codes), 2))
    far = random.random(len(codes)) < 0.3
    spread[far] = random.uniform(0, 1000, size=(far.sum(), 2)) - middles[codes[far]]
    rows = middles[codes] + spread
    page.goto("about:blank")
    found, shown, places, moved = page.evaluate(
        """async ([source, x, y, codes]) => {
            const module = new Blob([source], { type: 'text/javascript' });
            const { middlesOf, Names } = await import(URL.createObjectURL(module));
            const names = ['one', '<b>two</b>', 'three', 'four', 'no rows'];
            const ranges = { x: [-50, 1050], y: [-50, 1050] };
            const middles = middlesOf({ x, y }, { names, codes }, ranges);
            const host = document.createElement('div');
            document.body.append(host);
            const layer = new Names(host);
            layer.node.style.cssText = 'position:absolute;inset:0';
            layer.show(middles);
            for (const node of layer.node.children) node.style.position = 'absolute';
            const seen = () => Array.from(layer.node.children).filter(
                (node) => node.style.visibility !== 'hidden').map((node) => node.textContent);
            const boxes = () => Array.from(layer.node.children).map((node) =>
                node.getBoundingClientRect().toJSON());
            const whole = { x0: 0, y0: 0, sx: 0.8, sy: 0.5, width: 800, height: 500 };
            const key = document.createElement('div');
            key.style.cssText = 'position:absolute;left:0;top:0;width:0;height:0';
            host.append(key);
            layer.place(whole, key);
            const [free, places] = [seen(), boxes()];
            key.style.cssText = 'position:absolute;left:20px;top:450px;width:200px;height:1px';
            layer.place(whole, key);
            const [beside, moved] = [seen(), boxes()];
            key.style.height = '300px';
            key.style.top = '200px';
            layer.place(whole, key);
            const under = seen();
            layer.place({ ...whole, x0: 480, y0: 880, sx: 20, sy: 20 }, key);
            return [middles, { free, beside, under, zoomed: seen() }, places, moved];
        }""",
        [
            "\n".join(
                (row_map.FOLDER / f"{name}.js").read_text("utf-8")
                for name in ("memo", "divisions", "panels", "names")
            ),
            *np.clip(rows, 0, 1000).T.tolist(),
            codes.tolist(),
        ],
    )
    assert [each["name"] for each in found] == ["one", "<b>two</b>", "three", "four"]
    assert np.allclose([[each["x"], each["y"]] for each in found], middles, atol=40)
    everyone = ["one", "<b>two</b>", "three", "four"]
    assert shown["free"] == shown["beside"] == everyone
    three, four = places[2:4]
    assert three["bottom"] < four["top"] < three["bottom"] + 12, "the smaller stands below"
    assert not moved[0]["top"] <= 450 <= moved[0]["bottom"], "aside of the key"
    assert moved[1:] == places[1:]
    assert shown["under"] == everyone[1:], "no room is left around the key"
    assert set(shown["zoomed"]) <= {"three", "four"}
    assert shown["zoomed"]
