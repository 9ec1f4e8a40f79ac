import base64
import json
import zlib
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcur.charts.palette import DARK, LIGHT
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.ui.curate import map as row_map
from synthcur.ui.curate.bytewise import planes
from synthcur.ui.curate.map import RAMP_DARK, RAMP_LIGHT
from synthcur.ui.curate.places import curve_codes
from synthcur.ui.curate.rows import CurateRows
from tests.ui.curate.test_rows import decided, joined


def unpacked(payload: bytes) -> tuple[dict, dict[str, np.ndarray], list[str] | None]:
    """Read a message of points as its description says it is written."""
    size = int.from_bytes(payload[:4], "little")
    header = json.loads(payload[4 : 4 + size])
    body, offset, columns = zlib.decompress(payload[4 + size :]), 0, {}
    n, rows = header["n"], header["n"] + header["m"]
    kinds = {"steps": "<u4", "p": "<f4", "label": "<u2", "shift": "<u2", "kept": "u1"}
    kinds |= {"q": "<f4", "copies": "<u4"}
    for name, kind in kinds.items():
        length, width = n if name in ("q", "copies") else rows, np.dtype(kind).itemsize
        planes = np.frombuffer(body, "u1", length * width, offset).reshape(width, length)
        columns[name] = np.ascontiguousarray(planes.T).view(kind).ravel()
        offset += planes.size
    return header, columns, json.loads(body[offset:])


def test_the_points_message_holds_every_row_exactly(small_collection: Collection) -> None:
    rows = joined(small_collection, (decided(small_collection, 5, "discard"),))
    header, columns, _ = unpacked(row_map.pack(rows))
    assert (header["n"], header["m"]) == (rows.n, 24)
    assert header["labels"] == list(small_collection.labels)
    own = np.arange(rows.n), rows.labels
    assert np.array_equal(columns["p"][: rows.n], rows.quality[own])
    assert np.array_equal(columns["q"], rows.diversity[own])
    codes = [np.cumsum(part, dtype=np.uint32) for part in np.split(columns["steps"], [rows.n])]
    assert np.array_equal(np.concatenate(codes), curve_codes(rows.places))
    assert np.array_equal(columns["label"], rows.frame["label"])
    assert header["real_shares"] == rows.facts.real_shares.tolist()
    assert sorted(columns["copies"])[-4:] == [2, 2, 2, 2]
    assert np.array_equal(columns["copies"] == 2, rows.facts.duplicate_group >= 0)
    assert np.array_equal((columns["label"] + columns["shift"]) % 3, rows.frame["predicted"])
    (discarded,) = np.flatnonzero(columns["kept"] == 0)
    assert rows.frame["sample_id"][discarded] == small_collection.synthetic["sample_id"][5]


def test_a_row_of_the_message_takes_few_bytes() -> None:
    rows, labels = 20_000, 10
    random = np.random.default_rng(0)
    probs = random.dirichlet(np.full(labels, 0.4), size=(2, rows)).astype("<f4")
    codes = np.sort(random.integers(0, 2**32, size=rows, dtype=np.uint32))
    columns = (np.diff(codes, prepend=np.uint32(0)), *probs[:, :, 0].copy())
    sent = zlib.compress(b"".join(planes(column) for column in columns))
    assert len(sent) / rows < 0.85 * 12


def test_texts_are_cut_to_what_is_shown(hostile_collection: Collection) -> None:
    rows = joined(hostile_collection)
    *_, texts = unpacked(row_map.pack(rows))
    assert texts is not None
    assert max(map(len, texts)) == row_map.TEXT_LENGTH
    assert all(
        text == whole or text == whole[:199] + "…"
        for text, whole in zip(texts, rows.frame["text"], strict=True)
    )


def test_a_large_map_gets_no_texts(
    small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_map, "MOST_TEXTS", 10)
    *_, texts = unpacked(row_map.pack(joined(small_collection)))
    assert texts is None


@given(st.sets(st.integers(0, 63)))
def test_a_selection_comes_back_as_it_was_sent(
    small_collection: Collection, chosen: set[int]
) -> None:
    rows = joined(small_collection)
    positions = np.array(sorted(chosen), dtype=np.int64)
    value = {"map": rows.map_id, "rows": row_map.encode_rows(positions)}
    assert np.array_equal(row_map.reported_rows(value, rows), positions)


def test_rows_that_follow_one_another_travel_as_one() -> None:
    assert len(row_map.encode_rows(np.arange(10, 50_010))) == 12


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
    assert reported([[9, 1], [2, 2], [3, 1], [64, 5], [4_000_000_000, 1]], rows) == [2, 3, 9]
    assert reported([[62, 4_294_967_295], [0, 0]], rows) == [62, 63]


def reported(runs: list[list[int]], rows: CurateRows) -> list[int]:
    text = base64.b64encode(np.array(runs, dtype="<u4").tobytes()).decode()
    found = row_map.reported_rows({"map": rows.map_id, "rows": text}, rows)
    assert found is not None
    return found.tolist()


def test_the_control_message_says_only_what_is_changed(small_collection: Collection) -> None:
    message = row_map.control(
        joined(small_collection),
        WeightingSettings(clip_low=-1.0),
        formula="P′/Q",
        baseline=WeightingSettings(),
    )
    assert message["settings"] == {"clip_low": -1.0}
    assert message["baseline"] == {}
    known = row_map.facts(LIGHT, most_discarded=0)
    assert known["settings"] == asdict(WeightingSettings())
    assert len(known["edges"]) == len(known["colours"]["weight_bins"]) - 1


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


def test_the_link_script_is_small_because_every_message_carries_it() -> None:
    assert len((row_map.FOLDER / "link.js").read_bytes()) < 300
