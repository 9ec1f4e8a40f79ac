import base64
import json
from pathlib import Path

import numpy as np
import pytest

from synthcur.errors import StoreError
from synthcur.palette import DARK, LIGHT
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.ui import map as row_map
from synthcur.ui.map import RAMP_DARK, RAMP_LIGHT
from tests.test_curate_rows import decided, joined


def unpacked(payload: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    size = int.from_bytes(payload[:4], "little")
    header = json.loads(payload[4 : 4 + size])
    rows, offset, arrays = header["n"] + header["m"], 4 + size, {}
    kinds = {**dict.fromkeys("xypq", "<f4"), "label": "<u2", "predicted": "<u2", "kept": "u1"}
    for name, kind in kinds.items():
        arrays[name] = np.frombuffer(payload, kind, rows, offset)
        offset += arrays[name].nbytes
    assert offset == len(payload)
    return header, arrays


def test_the_points_message_holds_every_row_exactly(small_collection: Collection) -> None:
    rows = joined(small_collection, (decided(small_collection, 5, "discard"),))
    header, arrays = unpacked(row_map.pack(rows))
    assert (header["n"], header["m"]) == (rows.n, 24)
    assert header["labels"] == list(small_collection.labels)
    own = np.arange(rows.n), rows.labels
    assert np.array_equal(arrays["p"][: rows.n], rows.quality[own])
    assert np.array_equal(arrays["q"][: rows.n], rows.diversity[own])
    assert np.isnan(arrays["q"][rows.n :]).all()
    assert np.array_equal(np.stack([arrays["x"], arrays["y"]], axis=1), rows.coordinates)
    assert np.array_equal(arrays["predicted"][rows.n :], rows.frame["predicted"][rows.n :])
    assert np.flatnonzero(arrays["kept"] == 0).tolist() == [5]


def test_arrays_start_at_a_multiple_of_four(small_collection: Collection) -> None:
    payload = row_map.pack(joined(small_collection))
    assert (4 + int.from_bytes(payload[:4], "little")) % 4 == 0


def test_texts_are_cut_to_what_is_shown(hostile_collection: Collection) -> None:
    rows = joined(hostile_collection)
    header, _ = unpacked(row_map.pack(rows))
    assert max(map(len, header["texts"])) == row_map.TEXT_LENGTH
    assert all(
        text == whole or text == whole[:199] + "…"
        for text, whole in zip(header["texts"], rows.frame["text"], strict=True)
    )


def test_a_large_map_gets_no_texts(
    small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_map, "MOST_TEXTS", 10)
    header, _ = unpacked(row_map.pack(joined(small_collection)))
    assert header["texts"] is None


def test_a_selection_comes_back_as_it_was_sent(small_collection: Collection) -> None:
    rows = joined(small_collection)
    positions = np.array([0, 3, 63])
    value = {"map": rows.map_id, "rows": row_map.encode_rows(positions)}
    assert np.array_equal(row_map.reported_rows(value, rows), positions)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "rows",
        {"rows": ""},
        {"map": "another map", "rows": ""},
        {"map": None, "rows": "not base64 !"},
        {"map": None, "rows": base64.b64encode(b"odd").decode()},
    ],
)
def test_what_is_no_selection_on_this_map_is_not_read_as_one(
    small_collection: Collection, value: object
) -> None:
    rows = joined(small_collection)
    if isinstance(value, dict) and value.get("map", "") is None:
        value = {**value, "map": rows.map_id}
    assert row_map.reported_rows(value, rows) is None


def test_rows_that_do_not_exist_and_repeated_rows_are_dropped(
    small_collection: Collection,
) -> None:
    rows = joined(small_collection)
    sent = np.array([9, 2, 2, len(rows.frame), 4_000_000_000])
    value = {"map": rows.map_id, "rows": row_map.encode_rows(sent)}
    assert row_map.reported_rows(value, rows).tolist() == [2, 9]


def test_the_control_message_stays_small(small_collection: Collection) -> None:
    message = row_map.control(
        joined(small_collection),
        WeightingSettings(),
        LIGHT,
        formula="P′/Q",
        baseline=WeightingSettings(rule="dimp"),
    )
    assert len(json.dumps(message)) < 2_000
    assert message["settings"]["n_labels"] == 3
    assert len(message["edges"]) == len(message["colours"]["weight_bins"]) - 1


@pytest.mark.parametrize(("ramp", "palette"), [(RAMP_LIGHT, LIGHT), (RAMP_DARK, DARK)])
def test_every_colour_of_a_mark_keeps_three_to_one(ramp: tuple, palette: object) -> None:
    for colour in (*ramp, *palette.weight_bins, *palette.categories, palette.other):
        assert contrast(colour, palette.page) >= 3


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_the_chart_library_is_put_beside_the_app_when_it_is_absent(tmp_path: Path) -> None:
    row_map.ensure_plotly(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["plotly.min.js"]
    assert (tmp_path / "plotly.min.js").stat().st_size > 1_000_000


def test_a_folder_that_cannot_take_the_chart_library_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="make setup"):
        row_map.ensure_plotly(tmp_path / "missing")


def test_the_link_script_is_small_because_every_message_carries_it() -> None:
    assert len((row_map.FOLDER / "link.js").read_bytes()) < 1_000
