"""The Presenter: larger type, no settings, and a reset that takes back what was shown."""

import plotly.graph_objects as go

from synthcur.charts.figures import base, enlarged
from synthcur.charts.palette import LIGHT
from synthcur.review.decisions import standing
from tests.ui.test_pages import complaints, open_page


def decide(store, sample_id, number, annotator="me"):
    store.decisions.append(
        "small",
        sample_id=sample_id,
        annotator=annotator,
        action="discard",
        client_id=annotator,
        client_seq=number,
        expected_seq=0,
    )


def test_settings_leave_the_page_and_come_back(fill, small_collection):
    fill(small_collection)
    app = open_page("overview", "small")
    before = [each.value for each in app.subheader]
    assert "Rows" in before
    app.checkbox(key="presenter_switch").check().run()
    assert not complaints(app)
    assert not app.subheader
    assert not app.dataframe
    assert app.title
    app.checkbox(key="presenter_switch").uncheck().run()
    assert [each.value for each in app.subheader] == before


def test_charts_are_enlarged_while_the_tab_presents(fill, small_collection):
    import json

    fill(small_collection)
    app = open_page("overview", "small")
    sizes = []
    for _ in range(2):
        layout = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]
        sizes.append((layout["font"]["size"], layout["height"]))
        app.checkbox(key="presenter_switch").check().run()
    assert sizes[1] == (1.25 * sizes[0][0], 1.25 * sizes[0][1])


def test_reset_takes_back_own_decisions_since_the_switch_and_no_others(fill, small_collection):
    store = fill(small_collection)
    ids = small_collection.synthetic["sample_id"].tolist()
    decide(store, ids[0], 1)
    app = open_page("overview", "small")
    app.checkbox(key="presenter_switch").check().run()
    decide(store, ids[1], 2)
    decide(store, ids[2], 1, annotator="ada")
    decide(store, ids[3], 3)
    app.button(key="presenter_reset").click().run()
    assert not complaints(app)
    assert [row.sample_id for row in standing(store.decisions.log("small"))] == [ids[0], ids[2]]
    assert "2 decisions taken back" in " ".join(each.value for each in app.caption)
    app.button(key="presenter_reset").click().run()
    assert [row.sample_id for row in standing(store.decisions.log("small"))] == [ids[0], ids[2]]


def test_an_enlarged_figure_is_a_copy_with_larger_type_and_the_same_data():
    figure = base(LIGHT, height=200)
    figure.add_scatter(x=[1, 2], y=[3, 4], marker={"size": 9})
    figure.add_annotation(text="here", font={"size": 12})
    larger = enlarged(figure, 1.5)
    assert isinstance(larger, go.Figure)
    assert larger.layout.annotations[0].font.size == 18
    assert larger.layout.xaxis.tickfont.size == 18
    assert larger.layout.height == 300
    assert list(larger.data[0].y) == [3, 4]
    assert larger.data[0].marker.size == 9
    assert figure.layout.annotations[0].font.size == 12
